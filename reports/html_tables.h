// SPDX-License-Identifier: Apache-2.0
// HtmlTables: the parts of the HTML report that are tables. Each returns a piece of HTML, complete and
// escaped; an empty table becomes a sentence that says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkers/verdict.h"
#include "reports/options.h"
#include "reports/timeline.h"

namespace onceproof::reports {

std::string comparison_table(const std::vector<const checkers::RunReport*>& runs);
std::string checkpoints_table(const checkers::History& history);
std::string transactions_table(const checkers::History& history);
std::string faults_table(const checkers::History& history);
std::string events_table(const Timeline& timeline, const std::vector<const checkers::Event*>& events,
                         std::string_view caption);
std::string configuration_table(const ReportContext& context);

}  // namespace onceproof::reports
