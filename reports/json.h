// SPDX-License-Identifier: Apache-2.0
// Json: everything that onceproof writes as JSON goes through to_text(). Key order is the order of writing,
// integers are exact (seeds use all 64 bits), invalid UTF-8 becomes U+FFFD.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "checkers/verdict.h"

namespace onceproof::reports {

using Json = nlohmann::ordered_json;

// The one way to print JSON; ends with a newline. indent -1: one line.
std::string to_text(const nlohmann::ordered_json& value, int indent = 2);

// {"schema":1,"runs":[...]}, one entry for each run, in the order given: verdict.json, and what `run --json` begins with.
Json run_value(const std::vector<checkers::RunReport>& runs);
std::string run_json(const std::vector<checkers::RunReport>& runs, int indent = 2);
nlohmann::ordered_json run_value(const checkers::RunReport& run);  // one entry of "runs", for `sweep` and `replay`

// verdict.json: one run with its findings and the ledger.
std::string verdict_json(const checkers::RunReport& run);

}  // namespace onceproof::reports
