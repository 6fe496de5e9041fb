// SPDX-License-Identifier: Apache-2.0
// The command line. Results go to standard output, messages to standard error; exit codes are in exit_codes.h.
#pragma once

namespace onceproof::scenarios::cli {

int run_command_line(int argc, char** argv);

}  // namespace onceproof::scenarios::cli
