// SPDX-License-Identifier: Apache-2.0
// Schema: the JSON schema of the scenario language, printed from the tables by which the parser reads, so that the
// two cannot differ. For editors, and for `onceproof list schema`.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace onceproof::scenarios {

nlohmann::ordered_json scenario_schema();

}  // namespace onceproof::scenarios
