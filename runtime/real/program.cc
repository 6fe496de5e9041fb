// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <climits>
#include <utility>

namespace onceproof::real {
namespace {

volatile sig_atomic_t interrupt_seen = 0;

void on_interrupt(int) { interrupt_seen = 1; }

}  // namespace

std::string program_path() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "/proc/self/exe";
}

int cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}

std::string build_info() {
#if defined(__clang__)
  const char* compiler = "clang++ " __clang_version__;
#else
  const char* compiler = "g++ " __VERSION__;
#endif
#if defined(__SANITIZE_ADDRESS__)
  const char* kind = ", address sanitizer";
#else
  const char* kind = "";
#endif
#if defined(__OPTIMIZE__)
  return fmt::format("{}, optimised{}", compiler, kind);
#else
  return fmt::format("{}, not optimised{}", compiler, kind);
#endif
}

const char* program_version() { return ONCEPROOF_VERSION; }

void hold_standard_streams() {
  // In this order each open() takes the number that is closed. The wrong mode on purpose: reading or writing fails.
  for (const auto& [fd, mode] : {std::pair{0, O_WRONLY}, {1, O_RDONLY}, {2, O_RDONLY}}) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", mode));
  }
  ::signal(SIGXFSZ, SIG_IGN);
}

void end_process(int exit_code) { ::_exit(exit_code); }

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  // RESETHAND: the second interrupt kills. No SA_RESTART: a blocked poll must return to see the flag.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_seen != 0; }

}  // namespace onceproof::real
