// SPDX-License-Identifier: Apache-2.0
// The subcommands, one function and one file each; their options are plain data that cli.cc fills. Each
// returns an exit code.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/options.h"
#include "runtime/base/result.h"
#include "runtime/real/wall_clock.h"
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
  std::string input_limit;  // empty: kInputLimit
  std::string event_limit;  // empty: the scenario's
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
  std::string keep = "3";
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
  // Flags that were not given: "--seed" -> "ONCEPROOF_SEED", whatever it was that decided them.
  std::map<std::string, std::string> decided_by;
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

// Standard output. That it could not be written is kept, and told by finish_output(): the exit code of a command whose
// result got lost is kNotWritten. `code` otherwise.
void print(const std::string& text);
void flush_output();
int finish_output(int code);
// Standard error: a line, with "onceproof: " in front for message().
void say(const std::string& line);
void message(const std::string& text);
int usage_error(const std::string& text);
int failure(const Error& error);  // kNotWritten when a disk or the system said no, else kUsage
reports::TextOptions text_options();  // of the terminal on standard output

std::string wrapped(const std::string& sentence);  // lines as wide as that terminal

// One line on a terminal's standard error, at most once a second, so that what is quick shows none.
class Progress {
 public:
  void show(const std::string& line);
  void clear();

 private:
  double shown_s_ = real::monotonic_seconds();
  bool shown_ = false;
};

// What a person wrote to decide this flag: "--seed", or the variable or setting that stands in for it.
std::string decider(const Options& options, const std::string& flag);

// Whole numbers, decimal or 0x..; `what` names the option in the error.
Result<uint64_t> parse_number(const std::string& text, const std::string& what, uint64_t low, uint64_t high);
// As parse_number(), with K, M or G for powers of 1024 behind it.
Result<uint64_t> parse_size(const std::string& text, const std::string& what, uint64_t low, uint64_t high);
// What the options ask for, and the session of it; the errors are usage errors and name who decided a wrong word.
Result<Request> request_of(const Options& options);
Result<Session> open_session(const Options& options, const Request& request);
// Refuses a pipe as the input of a command that reads it in several processes; "" is no file.
Status check_rereadable(const std::string& path);

}  // namespace onceproof::scenarios::cli
