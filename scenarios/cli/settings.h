// SPDX-License-Identifier: Apache-2.0
// Settings: what stands behind a flag that was not given: an ONCEPROOF_* variable, then a line of
// onceproof.json in the working directory, then the default that Options has.
#pragma once

#include "runtime/base/result.h"
#include "scenarios/cli/commands.h"

namespace onceproof::scenarios::cli {

// Call before the flags are parsed. Errors name the file and the place.
Status apply_settings(Options& options);

}  // namespace onceproof::scenarios::cli
