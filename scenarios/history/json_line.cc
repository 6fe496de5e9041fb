// SPDX-License-Identifier: Apache-2.0
#include "scenarios/history/json_line.h"

#include <algorithm>
#include <cstdint>

namespace onceproof::scenarios {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

// The length of the UTF-8 character of more than one byte that `text` begins with; 0: it begins with none. Overlong
// forms, surrogates and what lies beyond U+10FFFF are none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const uint8_t lead = byte(0);
  size_t length = 0;
  uint8_t low = 0x80, high = 0xbf;  // of the second byte
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  if (length == 0 || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// Calls plain(character) for what stays, backslash() for one, bad(byte) for a byte that is no text.
template <class Plain, class Backslash, class Bad>
void walk(std::string_view bytes, Plain plain, Backslash backslash, Bad bad) {
  for (size_t i = 0; i < bytes.size();) {
    size_t length = 1;
    if (bytes[i] == '\\') {
      backslash();
    } else if (static_cast<uint8_t>(bytes[i]) < 0x80) {
      plain(bytes.substr(i, 1));
    } else if ((length = character_length(bytes.substr(i))) > 0) {
      plain(bytes.substr(i, length));
    } else {
      bad(static_cast<uint8_t>(bytes[i]));
      length = 1;
    }
    i += length;
  }
}

void append_hexadecimal(std::string& out, uint8_t byte) { (out += kDigits[byte >> 4]) += kDigits[byte & 15]; }

int hexadecimal(char c) {
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const size_t at = kDigits.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string encode_text(std::string_view bytes) {
  std::string out;
  walk(
      bytes, [&](std::string_view character) { out += character; }, [&] { out += "\\\\"; },
      [&](uint8_t byte) { append_hexadecimal(out += "\\x", byte); });
  return out;
}

std::optional<std::string> decode_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out += text[++i];
    } else {
      if (i + 3 >= text.size() || text[i + 1] != 'x') return std::nullopt;
      const int high = hexadecimal(text[i + 2]), low = hexadecimal(text[i + 3]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 3;
    }
  }
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += text;
  } else {
    const auto plain = [&](std::string_view character) {
      const char c = character.front();
      if (c == '"') {
        out += "\\\"";
      } else if (static_cast<uint8_t>(c) < 0x20) {
        append_hexadecimal(out += "\\u00", static_cast<uint8_t>(c));
      } else {
        out += character;
      }
    };
    walk(
        text, plain, [&] { out += "\\\\\\\\"; }, [&](uint8_t byte) { append_hexadecimal(out += "\\\\x", byte); });
  }
  out += '"';
}

}  // namespace onceproof::scenarios
