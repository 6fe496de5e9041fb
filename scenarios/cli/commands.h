// SPDX-License-Identifier: Apache-2.0
// The subcommands, one function and one file each; their options are plain data that cli.cc fills. Each
// returns an exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/options.h"
#include "runtime/base/result.h"
#include "scenarios/search/session.h"

namespace onceproof::scenarios::cli {

// Options as text, so that a flag, an environment variable and a line of onceproof.json are checked alike.
struct Options {
  std::string target;  // scenario, file, plan or topic of `list`
  std::string guarantee = "all";
  std::string seed = "1";
  std::string input;
  std::string profile = "stock";
  std::string out = "runs";
  std::vector<std::string> bugs;
  bool json = false;
  bool check_determinism = false;
  // sweep
  std::string seeds = "1000";
  std::string first_seed = "1";
  std::string jobs;     // empty: one a processor
  std::string stop_at;  // empty: never
  std::string shard;    // "1/4"
  std::string resume;   // state file
  // disk
  std::string crashes = "10000";
  std::string journal;      // empty: all
  std::string synchronous;  // empty: all that promise something, and off as the control
  std::string overwrite = "usual";
  std::string effective_every = "200";
  // list points --coverage
  bool coverage = false;
  std::string coverage_seeds = "60";
  // list claims
  std::string runs;    // empty: the stored evidence alone
  std::string search;  // seeds of each small job; empty: none
  // bench
  std::string rounds = "31";
};

int list_command(const Options& options);
int coverage_command(const Options& options);  // list points --coverage
int claims_command(const Options& options);    // list claims
int run_command(const Options& options);
int replay_command(const Options& options);
int check_command(const Options& options);
int sweep_command(const Options& options);
int bench_command(const Options& options);
int disk_command(const Options& options);
int explain_command(const Options& options);
int version_command(const Options& options);
int worker_command();  // the other end of a sweep's pipe; hidden

// ---- shared by the commands (common.cc) ------------------------------------------------------------------

void print(const std::string& text);    // standard output
void message(const std::string& text);  // standard error, "onceproof: " in front
int usage_error(const std::string& text);
reports::TextOptions text_options();  // of the terminal on standard output

// Whole numbers, decimal or 0x..; `what` names the option in the error.
Result<uint64_t> parse_number(const std::string& text, const std::string& what, uint64_t low, uint64_t high);
// The session that the options describe; its errors are usage errors.
Result<Session> open_session(const Options& options);
Request request_of(const Options& options);

}  // namespace onceproof::scenarios::cli
