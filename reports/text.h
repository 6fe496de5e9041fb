// SPDX-License-Identifier: Apache-2.0
// Text: what every report does to strings before they meet a reader. Words come from arbitrary files, so
// nothing here trusts its input to be UTF-8 or printable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"

namespace onceproof::reports {

// Bytes that are not UTF-8 become U+FFFD, one for each maximal bad sequence (as browsers do).
std::string valid_utf8(std::string_view text);

// Valid UTF-8 with control characters made visible (U+2400 block) and bidirectional overrides replaced; at most
// `max_characters` code points, then an ellipsis. For words shown to people; 0: no limit.
std::string printable(std::string_view text, size_t max_characters = 0);

// Escapes for HTML text and for double-quoted attributes. Input may be any bytes; output is valid UTF-8.
std::string html_escape(std::string_view text);

// Escapes for XML 1.0: characters that XML cannot hold at all (most controls, U+FFFE, U+FFFF) become U+FFFD.
std::string xml_escape(std::string_view text);

// Columns on a terminal: combining marks take none, wide East Asian characters and most emoji take two.
size_t display_width(std::string_view utf8);

// Breaks at spaces so that no line is wider than `width` columns (a longer word stands alone). Lines only, no
// newline characters; newlines of the input start a line.
std::vector<std::string> wrap(std::string_view text, size_t width);

// "1 234 567" with `separator` between groups of three.
std::string grouped(uint64_t number, std::string_view separator = ",");

// "12.034 s", "3.2 ms", "480 µs"; "-" for a negative duration: it is not known.
std::string duration_text(DurationUs duration_us);
// "12.034 s" since the start of the run, to the millisecond; "-" for -1.
std::string instant_text(TimeUs at_us);

}  // namespace onceproof::reports
