// SPDX-License-Identifier: Apache-2.0
#include "simulator/bench_loop.h"

#include <queue>
#include <vector>

#include "runtime/base/check.h"
#include "simulator/fault_source.h"
#include "simulator/world.h"

namespace onceproof::simulator {

namespace {

constexpr int kActors = 100;
constexpr int kTimersEach = 10;
constexpr uint64_t kDelayMask = 8191;  // delays of 1 to 8192 us

uint64_t next_delay(uint64_t& state) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return ((state >> 40) & kDelayMask) + 1;
}

class Ticker final : public env::Actor {
 public:
  Ticker(env::Env& env, uint64_t seed) : scheduler_(env.scheduler()), state_(seed) {}
  void on_mail(env::Mail& mail) override {
    const int timers = mail.kind == env::MailKind::start ? kTimersEach : 1;
    for (int i = 0; i < timers; ++i) {
      scheduler_.after(static_cast<DurationUs>(next_delay(state_)), env::MailKind::tick);
    }
  }

 private:
  env::Scheduler& scheduler_;
  uint64_t state_;
};

class Spawner final : public env::Actor {
 public:
  explicit Spawner(env::Env& env) : env_(env) {}
  void on_mail(env::Mail&) override {
    for (int i = 0; i < kActors; ++i) {
      env_.scheduler().spawn("ticker", 100 + static_cast<env::Endpoint>(i), [i](env::Env& env) {
        return std::make_unique<Ticker>(env, static_cast<uint64_t>(i) + 1);
      });
    }
  }

 private:
  env::Env& env_;
};

struct Item {
  TimeUs at_us;
  uint64_t sequence;
  uint64_t payload;
  bool operator<(const Item& other) const {
    return at_us != other.at_us ? at_us > other.at_us : sequence > other.sequence;
  }
};

std::unique_ptr<FaultSource> no_faults(const Fault&) { CHECK(false, "the benchmark has no faults"); }

}  // namespace

uint64_t run_empty_mail_loop(uint64_t events) {
  WorldOptions options;
  options.cpu.per_mail_us = 0;
  World world(std::move(options), &no_faults);
  world.add_process("bench", [](env::Env& env) { return std::make_unique<Spawner>(env); });
  while (world.events() < events && world.step()) {
  }
  return world.trace().hash().low;
}

uint64_t run_bare_heap_loop(uint64_t events) {
  std::priority_queue<Item> queue;
  uint64_t state = 1;
  uint64_t sequence = 0;
  uint64_t sum = 0;
  for (; sequence < kActors * kTimersEach; ++sequence) {
    queue.push({static_cast<TimeUs>(next_delay(state)), sequence, sequence});
  }
  for (uint64_t i = 0; i < events; ++i) {
    const Item item = queue.top();
    queue.pop();
    sum += static_cast<uint64_t>(item.at_us) ^ item.payload;
    queue.push({item.at_us + static_cast<TimeUs>(next_delay(state)), ++sequence, item.payload});
  }
  return sum;
}

}  // namespace onceproof::simulator
