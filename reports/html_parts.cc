// SPDX-License-Identifier: Apache-2.0
#include "reports/html_parts.h"

#include <fmt/format.h>

#include "reports/text.h"

namespace onceproof::reports {

std::string open_table(std::string_view css, std::string_view caption, const std::vector<Heading>& headings) {
  std::string out =
      fmt::format("<div class=\"scroll {0}\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><table class=\"{0}\">"
                  "<caption>{1}</caption><thead><tr>",
                  css, html_escape(caption));
  for (const Heading& heading : headings) {
    out +=
        fmt::format("<th scope=\"col\"{}>{}</th>", heading.number ? " class=\"num\"" : "", html_escape(heading.text));
  }
  return out + "</tr></thead><tbody>\n";
}

std::string cell(std::string_view html, std::string_view css) {
  return css.empty() ? fmt::format("<td>{}</td>", html) : fmt::format("<td class=\"{}\">{}</td>", css, html);
}
std::string number_cell(std::string_view html) { return cell(html, "num"); }
std::string row_head(std::string_view html) { return fmt::format("<th scope=\"row\">{}</th>", html); }
std::string word_html(std::string_view word) {
  return fmt::format("<span class=\"word\">{}</span>", html_escape(printable(word, 60)));
}

}  // namespace onceproof::reports
