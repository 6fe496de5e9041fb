// SPDX-License-Identifier: Apache-2.0
// HtmlStyle: the look of the HTML report, and the few lines of script that are a comfort, not a need. Both
// are put into the page itself.
#pragma once

#include <string_view>

namespace onceproof::reports {

std::string_view html_css();
std::string_view html_script();  // a filter above long ledgers

}  // namespace onceproof::reports
