// SPDX-License-Identifier: Apache-2.0
#include "reports/svg.h"

#include <fmt/format.h>

#include "reports/text.h"

namespace onceproof::reports {

namespace {

struct GlyphShape {
  const char* id;
  const char* drawing;  // around the origin, some 10 px across
};

// `currentColor` is the mark's colour; "hollow" shapes are filled with the paper's.
constexpr GlyphShape kGlyphs[] = {
    {"g-dot", "<circle r='2' fill='currentColor'/>"},
    {"g-disc", "<circle r='4.2' fill='currentColor'/>"},
    {"g-ring", "<circle r='3.4' class='hollow'/>"},
    {"g-cross", "<path d='M-3.6-3.6 3.6 3.6M3.6-3.6-3.6 3.6' class='stroke'/>"},
    {"g-saltire", "<path d='M-6-6 6 6M6-6-6 6' class='stroke heavy'/>"},
    {"g-square", "<rect x='-3.4' y='-3.4' width='6.8' height='6.8' fill='currentColor'/>"},
    {"g-box", "<rect x='-3' y='-3' width='6' height='6' class='hollow'/>"},
    {"g-diamond", "<path d='M0-5.4 5.4 0 0 5.4-5.4 0z' fill='currentColor'/>"},
    {"g-gem", "<path d='M0-5 5 0 0 5-5 0z' class='hollow'/>"},
    {"g-right", "<path d='M-3-4.4 5 0-3 4.4z' fill='currentColor'/>"},
    {"g-up", "<path d='M0-5 4.8 4-4.8 4z' fill='currentColor'/>"},
    {"g-tick", "<path d='M0-6.5V6.5' class='stroke'/>"},
    {"g-star", "<path d='M0-6.2 1.6-2 6-1.9 2.6.9 3.8 5.2 0 2.7-3.8 5.2-2.6.9-6-1.9-1.6-2z' fill='currentColor'/>"},
    {"g-barred", "<circle r='4.2' class='hollow'/><path d='M-2.9 2.9 2.9-2.9' class='stroke'/>"},
};

std::string title_element(std::string_view title) {
  return title.empty() ? "" : "<title>" + html_escape(title) + "</title>";
}

}  // namespace

Svg::Svg(std::string_view id, double width, double height, std::string_view title, std::string_view description) {
  out_ = fmt::format(
      "<svg id=\"{0}\" viewBox=\"0 0 {1:.0f} {2:.0f}\" width=\"{1:.0f}\" height=\"{2:.0f}\" role=\"img\" "
      "aria-labelledby=\"{0}-t {0}-d\">\n<title id=\"{0}-t\">{3}</title><desc id=\"{0}-d\">{4}</desc>\n",
      id, width, height, html_escape(title), html_escape(description));
}

void Svg::rect(double x, double y, double width, double height, std::string_view css, std::string_view title) {
  out_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\"", x, y,
                      width < 0 ? 0 : width, height, css);
  out_ += title.empty() ? "/>\n" : ">" + title_element(title) + "</rect>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view css) {
  out_ += fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2, css);
}

void Svg::text(double x, double y, std::string_view words, std::string_view css, std::string_view anchor) {
  out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\"", x, y, css);
  if (anchor != "start") out_ += fmt::format(" text-anchor=\"{}\"", anchor);
  out_ += ">" + html_escape(words) + "</text>\n";
}

void Svg::glyph(Glyph glyph, double x, double y, std::string_view css, std::string_view title) {
  out_ += fmt::format("<use href=\"#{}\" x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\"", kGlyphs[static_cast<int>(glyph)].id,
                      x, y, css);
  out_ += title.empty() ? "/>\n" : ">" + title_element(title) + "</use>\n";
}

std::string Svg::finish() { return out_ + "</svg>\n"; }

double Svg::text_width(std::string_view words, double font_px) {
  return static_cast<double>(display_width(words)) * font_px * 0.6;
}

std::string glyph_definitions() {
  std::string out =
      "<svg width=\"0\" height=\"0\" class=\"definitions\" aria-hidden=\"true\" focusable=\"false\"><defs>\n";
  for (const GlyphShape& shape : kGlyphs) out += fmt::format("<g id='{}'>{}</g>\n", shape.id, shape.drawing);
  out +=
      "<pattern id='h-cut' width='7' height='7' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
      "<path d='M0 0V7' class='hatch cut'/></pattern>\n"
      "<pattern id='h-down' width='5' height='5' patternUnits='userSpaceOnUse' patternTransform='rotate(-45)'>"
      "<path d='M0 0V5' class='hatch down'/></pattern>\n"
      "<pattern id='h-pause' width='6' height='6' patternUnits='userSpaceOnUse'>"
      "<path d='M2 0V6' class='hatch pause'/></pattern>\n"
      "<pattern id='h-undone' width='6' height='6' patternUnits='userSpaceOnUse'>"
      "<circle cx='2' cy='2' r='1.1' class='speck'/></pattern>\n";
  return out + "</defs></svg>\n";
}

std::string glyph_icon(Glyph glyph, std::string_view css) {
  return fmt::format(
      "<svg class=\"icon\" viewBox=\"-8 -8 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\"><use href=\"#{}\" "
      "class=\"{}\"/></svg>",
      kGlyphs[static_cast<int>(glyph)].id, css);
}

}  // namespace onceproof::reports
