// SPDX-License-Identifier: Apache-2.0
#include "scenarios/search/sweep.h"

#include <fmt/format.h>

#include <cstdio>
#include <deque>

#include "runtime/real/program.h"
#include "runtime/real/wall_clock.h"
#include "runtime/real/workers.h"
#include "scenarios/search/worker.h"

namespace onceproof::scenarios {

namespace {

constexpr size_t kAhead = 2;  // seeds in a worker's pipe: one in work, one waiting

struct Task {
  uint64_t seed = 0;
  int first_worker = -1;  // of a second run; -1: this is the first
};

class Sweep {
 public:
  Sweep(Session& session, const std::vector<uint64_t>& seeds, const SweepOptions& options, SweepState& state)
      : session_(session), options_(options), state_(state), pool_({"worker"}) {
    for (const uint64_t seed : seeds) {
      if (!state.finished(seed)) firsts_.push_back(seed);
    }
    total_ = seeds.size();
    in_work_.resize(static_cast<size_t>(options.jobs));
  }

  SweepEnd run() {
    real::catch_interrupts();
    begin_s_ = real::monotonic_seconds();
    if (!firsts_.empty()) {
      const MemoryFill fill = options_.check_determinism ? MemoryFill::own_pattern : MemoryFill::none;
      if (const Status status = start_workers(pool_, options_.jobs, session_.request(), fill); !status.ok()) {
        fail(ErrorCode::connection_lost, status.error().message);
        return end_;
      }
      while (!end_.error && !end_.interrupted && violations() < options_.stop_at && dispatch()) take_event();
    }
    compare_differing();
    if (options_.progress) std::fputs("\r\033[K", stderr);
    return end_;
  }

 private:
  // The next task that this worker may do: second runs go to another process than the first.
  bool next_task(int worker, Task& task) {
    for (auto second = seconds_.begin(); second != seconds_.end(); ++second) {
      if (second->first_worker == worker && options_.jobs > 1) continue;
      task = *second;
      seconds_.erase(second);
      return true;
    }
    if (firsts_.empty()) return false;
    task = {firsts_.front(), -1};
    firsts_.pop_front();
    return true;
  }

  // False when nothing is in work any more.
  bool dispatch() {
    bool busy = false;
    for (int worker = 0; worker < options_.jobs; ++worker) {
      std::deque<Task>& queue = in_work_[static_cast<size_t>(worker)];
      Task task;
      while (queue.size() < kAhead && next_task(worker, task)) {
        queue.push_back(task);
        pool_.send(worker, fmt::format("run {}", task.seed));  // a dead worker is told by its event
      }
      busy |= !queue.empty();
    }
    return busy;
  }

  void take_event() {
    const real::WorkerEvent event = pool_.next(milliseconds(200));
    switch (event.kind) {
      case real::WorkerEvent::Kind::line: on_line(event); break;
      case real::WorkerEvent::Kind::died: on_death(event); break;
      case real::WorkerEvent::Kind::interrupted: end_.interrupted = true; break;
      case real::WorkerEvent::Kind::all_dead: fail(ErrorCode::connection_lost, "no worker is left"); break;
      case real::WorkerEvent::Kind::timed_out: break;
    }
    if (real::interrupted()) end_.interrupted = true;
    if (options_.progress) show_progress();
  }

  void on_line(const real::WorkerEvent& event) {
    std::deque<Task>& queue = in_work_[static_cast<size_t>(event.worker)];
    const Task task = queue.front();
    queue.pop_front();
    if (!event.line.starts_with("outcome ")) {
      const std::string words = event.line.starts_with("error ") ? event.line.substr(6) : event.line;
      return fail(ErrorCode::invalid_argument, fmt::format("seed {:#x}: {}", task.seed, words));
    }
    Result<SeedOutcome> parsed = outcome_from_line(event.line.substr(8));
    if (!parsed.ok()) return fail(ErrorCode::connection_lost, parsed.error().message);
    SeedOutcome outcome = parsed.take();
    end_.runs += outcome.stacks.size();
    if (!options_.check_determinism) return finish(outcome);
    if (task.first_worker < 0) {
      first_outcomes_[task.seed] = std::move(outcome);
      seconds_.push_back({task.seed, event.worker});
      return;
    }
    SeedOutcome first = std::move(first_outcomes_[task.seed]);
    first_outcomes_.erase(task.seed);
    for (size_t i = 0; i < first.stacks.size(); ++i) {
      if (first.stacks[i].trace_hash == outcome.stacks[i].trace_hash) continue;
      first.nondeterminism = first.stacks[i].stack;  // named in words when the workers are idle
      differing_.push_back(first);
      return;
    }
    finish(first);
  }

  void on_death(const real::WorkerEvent& event) {
    const std::deque<Task>& queue = in_work_[static_cast<size_t>(event.worker)];
    std::string words = fmt::format("a worker {}", real::describe_death(event));
    if (!queue.empty()) words += fmt::format(" in {}", session_.reproduce(queue.front().seed));
    fail(ErrorCode::connection_lost, words);
  }

  void fail(ErrorCode code, std::string words) {
    if (!end_.error) end_.error = Error{code, std::move(words)};
  }

  void finish(const SeedOutcome& outcome) {
    if (const Status status = state_.add(outcome); !status.ok()) fail(status.code(), status.error().message);
  }

  uint64_t violations() const { return state_.tally().violating.total(); }

  // Finding the first differing event talks to one worker alone, so it waits until the others have been heard.
  void compare_differing() {
    for (SeedOutcome& outcome : differing_) {
      real::WorkerPool pool({"worker"});
      const Status status = start_workers(pool, 1, session_.request(), MemoryFill::own_pattern);
      outcome.nondeterminism = status.ok() ? name_difference(session_, outcome.seed, outcome.nondeterminism, pool, 0)
                                           : "the traces differ: " + status.error().message;
      finish(outcome);
    }
  }

  void show_progress() {
    const double now_s = real::monotonic_seconds();
    if (now_s - shown_s_ < 0.1) return;
    shown_s_ = now_s;
    const size_t done = state_.finished_count();
    const double elapsed_s = now_s - begin_s_;
    const double rate = elapsed_s > 0 ? static_cast<double>(end_.runs) / elapsed_s : 0;
    const size_t now_done = total_ - done < firsts_.size() ? 0 : done;
    const double left_s =
        now_done > 0 ? elapsed_s * static_cast<double>(total_ - done) / static_cast<double>(now_done) : 0;
    const std::string line =
        fmt::format("\r\033[K{} {}/{} seeds  {:.0f} runs/s  {:.0f} s left  violations {}", session_.scenario_name(),
                    done, total_, rate, left_s, violations());
    std::fputs(line.c_str(), stderr);  // a terminal that has gone is no reason to stop
    std::fflush(stderr);
  }

  Session& session_;
  const SweepOptions options_;
  SweepState& state_;
  real::WorkerPool pool_;
  size_t total_ = 0;
  std::deque<uint64_t> firsts_;                     // not yet sent
  std::deque<Task> seconds_;                        // first run done, second not yet sent
  std::vector<std::deque<Task>> in_work_;           // by worker
  std::map<uint64_t, SeedOutcome> first_outcomes_;  // waiting for their second run
  std::vector<SeedOutcome> differing_;
  double begin_s_ = 0;
  double shown_s_ = 0;
  SweepEnd end_;
};

}  // namespace

SweepEnd run_sweep(Session& session, const std::vector<uint64_t>& seeds, const SweepOptions& options,
                   SweepState& state) {
  return Sweep(session, seeds, options, state).run();
}

}  // namespace onceproof::scenarios
