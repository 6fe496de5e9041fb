// SPDX-License-Identifier: Apache-2.0
// Svg: builds one inline SVG figure. Coordinates are pixels with one decimal; colours come from CSS classes,
// so that light, dark and print share the drawing. Glyphs are drawn once a page (glyph_definitions).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onceproof::reports {

// Every kind of mark has its own shape: colour only repeats what shape and label say.
enum class Glyph : uint8_t {
  dot,
  disc,
  ring,
  cross,
  saltire,
  square,
  box,
  diamond,
  gem,
  right,
  up,
  tick,
  star,
  barred
};

class Svg {
 public:
  // `id` is unique in the page; title and description are for screen readers.
  Svg(std::string_view id, double width, double height, std::string_view title, std::string_view description);

  void rect(double x, double y, double width, double height, std::string_view css, std::string_view title = {});
  void line(double x1, double y1, double x2, double y2, std::string_view css);
  // anchor: "start", "middle" or "end".
  void text(double x, double y, std::string_view words, std::string_view css, std::string_view anchor = "start");
  void glyph(Glyph glyph, double x, double y, std::string_view css, std::string_view title = {});
  std::string finish();

  static double text_width(std::string_view words, double font_px);  // an estimate, on the safe side

 private:
  std::string out_;
};

// A hidden SVG with the glyphs and the hatches that all figures of the page use. Once a page, before them.
std::string glyph_definitions();
// A glyph by itself, for the legend.
std::string glyph_icon(Glyph glyph, std::string_view css);

}  // namespace onceproof::reports
