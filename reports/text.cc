// SPDX-License-Identifier: Apache-2.0
#include "reports/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace onceproof::reports {

namespace {

constexpr char32_t kBad = 0xfffd;
constexpr char32_t kInvalid = 0xffffffff;  // take() found a bad sequence

// Takes one code point off the front of `in` (not empty), after the table of well-formed sequences in Unicode 3.9.
char32_t take(std::string_view& in) {
  const auto byte = [&](size_t i) { return i < in.size() ? static_cast<uint8_t>(in[i]) : uint8_t{0}; };
  const uint8_t first = byte(0);
  size_t length = 1;
  uint8_t low = 0x80, high = 0xbf;  // of the second byte
  char32_t point = first;
  if (first >= 0xc2 && first <= 0xdf)
    length = 2, point = first & 0x1f;
  else if (first >= 0xe0 && first <= 0xef)
    length = 3, point = first & 0x0f;
  else if (first >= 0xf0 && first <= 0xf4)
    length = 4, point = first & 0x07;
  else if (first >= 0x80)
    length = 0;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  size_t got = 1;
  while (got < length && byte(got) >= low && byte(got) <= high) {
    point = (point << 6) | (byte(got) & 0x3f);
    low = 0x80, high = 0xbf;
    ++got;
  }
  in.remove_prefix(got);
  return got == length ? point : kInvalid;
}

void put(std::string& out, char32_t point) {
  const auto byte = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xc0 | (point >> 6)), byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    byte(0xe0 | (point >> 12)), byte(0x80 | ((point >> 6) & 0x3f)), byte(0x80 | (point & 0x3f));
  } else {
    byte(0xf0 | (point >> 18)), byte(0x80 | ((point >> 12) & 0x3f));
    byte(0x80 | ((point >> 6) & 0x3f)), byte(0x80 | (point & 0x3f));
  }
}

// Reordering the text around them is how such characters lie to a reader.
bool is_bidi_control(char32_t point) {
  return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
         point == 0x200f;
}

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

bool is_combining(char32_t point) {
  return (point >= 0x300 && point <= 0x36f) || (point >= 0x483 && point <= 0x489) ||
         (point >= 0x591 && point <= 0x5bd) || (point >= 0x64b && point <= 0x65f) ||
         (point >= 0x1ab0 && point <= 0x1aff) || (point >= 0x1dc0 && point <= 0x1dff) ||
         (point >= 0x20d0 && point <= 0x20ff) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xfe20 && point <= 0xfe2f);
}

bool is_wide(char32_t point) {
  return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0x303e) ||
         (point >= 0x3041 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3) ||
         (point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) ||
         (point >= 0xff00 && point <= 0xff60) || (point >= 0xffe0 && point <= 0xffe6) ||
         (point >= 0x1f300 && point <= 0x1f64f) || (point >= 0x1f900 && point <= 0x1f9ff) ||
         (point >= 0x20000 && point <= 0x3fffd);
}

// XML 1.0, production [2] Char.
bool is_xml(char32_t point) {
  return point == 0x9 || point == 0xa || point == 0xd || (point >= 0x20 && point <= 0xd7ff) ||
         (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

void put_escaped(std::string& out, char32_t point) {
  switch (point) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    default: put(out, point);
  }
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t point = take(text);
    put(out, point == kInvalid ? kBad : point);
  }
  return out;
}

std::string printable(std::string_view text, size_t max_characters) {
  std::string out;
  size_t count = 0;
  while (!text.empty()) {
    if (max_characters != 0 && count == max_characters) {
      out += "…";
      break;
    }
    char32_t point = take(text);
    if (point == kInvalid || is_bidi_control(point))
      point = kBad;
    else if (point < 0x20)
      point += 0x2400;  // the "control pictures" block
    else if (point == 0x7f)
      point = 0x2421;
    else if (is_control(point))
      point = kBad;
    put(out, point);
    ++count;
  }
  return out;
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const char32_t point = take(text);
    const bool bad = point == kInvalid || (is_control(point) && point != '\n' && point != '\t');
    put_escaped(out, bad ? kBad : point);
  }
  return out;
}

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const char32_t point = take(text);
    if (point == '\n' || point == '\r' || point == '\t') {
      out += fmt::format("&#{};", static_cast<uint32_t>(point));  // an attribute would turn them into spaces
    } else {
      put_escaped(out, point != kInvalid && is_xml(point) ? point : kBad);
    }
  }
  return out;
}

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  while (!utf8.empty()) {
    const char32_t point = take(utf8);
    if (point == kInvalid)
      ++width;
    else if (is_control(point) || is_combining(point))
      continue;
    else
      width += is_wide(point) ? 2 : 1;
  }
  return width;
}

std::vector<std::string> wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  size_t used = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    const size_t word_width = display_width(word);
    if (!word.empty()) {
      if (used > 0 && used + 1 + word_width > width) {
        lines.emplace_back();
        used = 0;
      }
      if (used > 0) lines.back() += ' ', ++used;
      lines.back() += word;
      used += word_width;
    }
    if (end == text.size()) break;
    if (text[end] == '\n') {
      lines.emplace_back();
      used = 0;
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string grouped(uint64_t number, std::string_view separator) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string duration_text(DurationUs duration_us) {
  if (duration_us < 0) return "-";
  if (duration_us < 1'000) return fmt::format("{} µs", duration_us);
  if (duration_us < 10'000) return fmt::format("{}.{} ms", duration_us / 1'000, duration_us / 100 % 10);
  if (duration_us < seconds(1)) return fmt::format("{} ms", duration_us / 1'000);
  return fmt::format("{}.{:03} s", duration_us / seconds(1), duration_us / 1'000 % 1'000);
}

std::string instant_text(TimeUs at_us) {
  if (at_us < 0) return "-";
  return fmt::format("{}.{:03} s", at_us / seconds(1), at_us / 1'000 % 1'000);
}

}  // namespace onceproof::reports
