// SPDX-License-Identifier: Apache-2.0
// HtmlStories: what happened to the data, by cause: what the claim forbids first, one record followed from its source to
// its loss or second delivery, and everything else with that cause counted under it.
#pragma once

#include <string>

#include "checkers/verdict.h"

namespace onceproof::reports {

std::string stories_html(const checkers::RunReport& run);

}  // namespace onceproof::reports
