// SPDX-License-Identifier: Apache-2.0
// Html: the report of one seed under several guarantees as one self-contained HTML file: no network, no
// fonts, no script needed. Same runs, same bytes. Dense runs are thinned out, and the page says so.
#pragma once

#include <string>
#include <vector>

#include "checkers/verdict.h"
#include "reports/options.h"

namespace onceproof::reports {

std::string html_report(const std::vector<checkers::RunReport>& runs, const ReportContext& context);

}  // namespace onceproof::reports
