// SPDX-License-Identifier: Apache-2.0
// The program. Everything is in scenarios/cli; exceptions stop there.
#include "scenarios/cli/cli.h"

int main(int argc, char** argv) { return onceproof::scenarios::cli::run_command_line(argc, argv); }
