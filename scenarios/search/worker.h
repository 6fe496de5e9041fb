// SPDX-License-Identifier: Apache-2.0
// Worker: the two ends of a sweep's pipe. A line in, a line out:
//   setup FILL REQUEST      -> ok                 (FILL: allocation pattern, REQUEST: session.h's line)
//   run SEED                -> outcome LINE       (seed_outcome.h)
//   ladder SEED STACK       -> ladder HASH ...
//   detail SEED STACK B E   -> detail LINE        (a JSON array of "index hash words")
// Anything that cannot be done is answered by `error MESSAGE`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/search/session.h"

namespace onceproof::real {
class WorkerPool;
}

namespace onceproof::scenarios {

class Worker {
 public:
  std::string answer(const std::string& line);

 private:
  std::string setup(const std::string& rest);
  Result<RunResult> run_stack(uint64_t seed, const std::string& stack,
                              std::optional<std::pair<uint64_t, uint64_t>> window = std::nullopt);
  std::string run(uint64_t seed);

  std::optional<Session> session_;
};

// Runs every plan of the seed and summarises; what a worker does for `run`.
Result<struct SeedOutcome> run_seed(Session& session, uint64_t seed);

// Of a scenario with parts of its own: runs the weaker stacks beside it, and adds their verdicts for the control.
Status add_control_runs(Session& session, uint64_t seed, std::vector<checkers::Verdict>& verdicts);

// Names the first event in which this process and a worker differ, for a seed and a stack whose hashes differ.
std::string name_difference(Session& session, uint64_t seed, const std::string& stack, real::WorkerPool& pool,
                            int worker);

// What fresh memory holds in a worker. Filling it costs a twentieth of a sweep, and shows something only when two
// workers run the same seed.
enum class MemoryFill : uint8_t { none, own_pattern };

// Starts `count` workers on the request and waits until all are set up.
Status start_workers(real::WorkerPool& pool, int count, const Request& request, MemoryFill fill);
Status set_up_worker(real::WorkerPool& pool, int worker, const Request& request, MemoryFill fill);

}  // namespace onceproof::scenarios
