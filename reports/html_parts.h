// SPDX-License-Identifier: Apache-2.0
// HtmlParts: the pieces of which every table of the HTML report is made. Texts given as `html` are escaped already.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace onceproof::reports {

struct Heading {
  std::string_view text;
  bool number = false;
};
std::string open_table(std::string_view css, std::string_view caption, const std::vector<Heading>& headings);
inline constexpr const char* kCloseTable = "</tbody></table></div>\n";

std::string cell(std::string_view html, std::string_view css = {});
std::string number_cell(std::string_view html);
std::string row_head(std::string_view html);
std::string word_html(std::string_view word);  // any bytes

}  // namespace onceproof::reports
