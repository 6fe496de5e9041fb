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
      if (!state.finished().contains(seed)) firsts_.push_back(seed);
    }
    total_ = seeds.size();
    in_work_.resize(static_cast<size_t>(options.jobs));
    for (const auto& [seed, outcome] : state.finished()) count(outcome);
  }

  SweepEnd run() {
    real::catch_interrupts();
    begin_s_ = real::monotonic_seconds();
    if (!firsts_.empty()) {
      const MemoryFill fill = options_.check_determinism ? MemoryFill::own_pattern : MemoryFill::none;
      if (const Status status = start_workers(pool_, options_.jobs, session_.request(), fill); !status.ok()) {
        end_.error = status.error().message;
        return end_;
      }
      while (end_.error.empty() && !end_.interrupted && violations_ < options_.stop_at && dispatch()) take_event();
    }
    compare_differing();
    if (options_.progress) fmt::print(stderr, "\r\033[K");
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
      case real::WorkerEvent::Kind::all_dead: end_.error = "no worker is left"; break;
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
      end_.error = fmt::format("seed {:#x}: {}", task.seed, event.line);
      return;
    }
    Result<SeedOutcome> parsed = outcome_from_line(event.line.substr(8));
    if (!parsed.ok()) {
      end_.error = parsed.error().message;
      return;
    }
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
    end_.error = fmt::format("a worker {}", real::describe_death(event));
    if (!queue.empty()) end_.error += fmt::format(" in {}", session_.reproduce(queue.front().seed));
  }

  void finish(const SeedOutcome& outcome) {
    count(outcome);
    if (const Status status = state_.add(outcome); !status.ok()) end_.error = status.error().message;
  }

  void count(const SeedOutcome& outcome) {
    for (const StackOutcome& stack : outcome.stacks) violations_ += stack.verdict == "violated";
  }

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
    const size_t done = state_.finished().size();
    const double elapsed_s = now_s - begin_s_;
    const double rate = elapsed_s > 0 ? static_cast<double>(end_.runs) / elapsed_s : 0;
    const size_t now_done = total_ - done < firsts_.size() ? 0 : done;
    const double left_s =
        now_done > 0 ? elapsed_s * static_cast<double>(total_ - done) / static_cast<double>(now_done) : 0;
    fmt::print(stderr, "\r\033[K{} {}/{} seeds  {:.0f} runs/s  {:.0f} s left  violations {}", session_.scenario_name(),
               done, total_, rate, left_s, violations_);
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
  uint64_t violations_ = 0;
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
