// SPDX-License-Identifier: Apache-2.0
// Junit: verdicts as JUnit XML, the form that CI servers read. One testsuite a scenario, one testcase a
// guarantee; violated is a failure with its stories, inconclusive an error with its reason: never green by
// silence (a skipped test would be).
#pragma once

#include <string>
#include <vector>

#include "checkers/verdict.h"

namespace onceproof::reports {

std::string junit_xml(const std::vector<checkers::RunReport>& runs);

}  // namespace onceproof::reports
