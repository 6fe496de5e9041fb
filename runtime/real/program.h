// SPDX-License-Identifier: Apache-2.0
// Facts about this program and the machine it runs on.
#pragma once

#include <string>

namespace onceproof::real {

std::string program_path();     // the running executable, absolute
int cpu_count();                // processors that this process may use (affinity respected); at least 1
std::string build_info();       // "g++ 12.2.0, -O2": compiler and optimisation; the same for every build of a preset
const char* program_version();  // "0.1.0"

// Once, before anything is opened or printed: a standard stream that is closed stays a stream that cannot be used (no
// file that is opened later takes its place), and a file that grows beyond its limit is an error of the write.
void hold_standard_streams();
// At once, without destructors and without flushing what is buffered.
[[noreturn]] void end_process(int exit_code);

// From here on SIGINT and SIGTERM only set a flag (and interrupt blocking calls); a second one ends the program
// at once. Asked for at loop heads: `if (interrupted()) return 130`.
void catch_interrupts();
bool interrupted();

}  // namespace onceproof::real
