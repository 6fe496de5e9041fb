// SPDX-License-Identifier: Apache-2.0
#include "simulator/bench_loop.h"

#include <queue>
#include <vector>

#include "runtime/base/check.h"
#include "simulator/fault_source.h"
#include "simulator/world.h"

namespace onceproof::simulator {

namespace {

constexpr uint32_t kActors = 100;
constexpr uint64_t kDelayMask = 8191;  // delays of 1 to 8192 us
constexpr size_t kPingBytes = 64;
constexpr env::Endpoint kFirstEndpoint = 100;

uint64_t next_delay(uint64_t& state) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return ((state >> 40) & kDelayMask) + 1;
}

class Ticker final : public env::Actor {
 public:
  Ticker(env::Env& env, uint64_t seed, uint32_t timers)
      : scheduler_(env.scheduler()), state_(seed), timers_(timers) {}
  void on_mail(env::Mail& mail) override {
    const uint32_t timers = mail.kind == env::MailKind::start ? timers_ : 1;
    for (uint32_t i = 0; i < timers; ++i) {
      scheduler_.after(static_cast<DurationUs>(next_delay(state_)), env::MailKind::tick);
    }
  }

 private:
  env::Scheduler& scheduler_;
  uint64_t state_;
  const uint32_t timers_;
};

class Pinger final : public env::Actor {
 public:
  Pinger(env::Env& env, env::ProcessId peer, bool begins) : env_(env), peer_(peer), begins_(begins) {}
  void on_mail(env::Mail& mail) override {
    if (mail.kind == env::MailKind::start && !begins_) return;
    if (mail.kind == env::MailKind::start) mail.body.assign(kPingBytes, 'x');
    env_.network().send({peer_, env_.network().self().endpoint}, env::MailKind::tick, std::move(mail.body));
  }

 private:
  env::Env& env_;
  const env::ProcessId peer_;
  const bool begins_;
};

using ActorMaker = std::function<std::unique_ptr<env::Actor>(env::Env&, uint32_t)>;

class Spawner final : public env::Actor {
 public:
  Spawner(env::Env& env, uint32_t actors, ActorMaker make) : env_(env), actors_(actors), make_(std::move(make)) {}
  void on_mail(env::Mail& mail) override {
    if (mail.kind != env::MailKind::start) return;
    for (uint32_t i = 0; i < actors_; ++i) {
      env_.scheduler().spawn("actor", kFirstEndpoint + i, [this, i](env::Env& env) { return make_(env, i); });
    }
  }

 private:
  env::Env& env_;
  const uint32_t actors_;
  const ActorMaker make_;
};

std::unique_ptr<FaultSource> no_faults(const Fault&) { CHECK(false, "the benchmark has no faults"); }

std::unique_ptr<World> new_world() {
  WorldOptions options;
  options.cpu.per_mail_us = 0;
  options.cpu.per_kib_us = 0;
  return std::make_unique<World>(std::move(options), &no_faults);
}

void add_actors(World& world, const std::string& name, uint32_t actors, const ActorMaker& make) {
  world.add_process(name, [actors, make](env::Env& env) { return std::make_unique<Spawner>(env, actors, make); });
}

uint64_t handle(World& world, uint64_t events) {
  const uint64_t end = world.events() + events;
  while (world.events() < end && world.step()) {
  }
  return world.trace().hash().low;
}

struct Item {
  TimeUs at_us;
  uint64_t sequence;
  uint64_t payload;
  bool operator<(const Item& other) const {
    return at_us != other.at_us ? at_us > other.at_us : sequence > other.sequence;
  }
};

}  // namespace

// ---- timers ----------------------------------------------------------------------------------------------

EmptyMailLoop::EmptyMailLoop(uint32_t pending) : world_(new_world()) {
  const uint32_t each = pending / kActors;
  add_actors(*world_, "bench", kActors,
             [each](env::Env& env, uint32_t i) { return std::make_unique<Ticker>(env, i + 1, each); });
  handle(*world_, 2 + kActors);  // the process, its spawner, each ticker's start
}
EmptyMailLoop::~EmptyMailLoop() = default;
uint64_t EmptyMailLoop::run(uint64_t events) { return handle(*world_, events); }

// ---- the baseline ----------------------------------------------------------------------------------------

struct BareHeapLoop::State {
  std::priority_queue<Item> queue;
  uint64_t delays = 1;
  uint64_t sequence = 0;
};

BareHeapLoop::BareHeapLoop(uint32_t pending) : state_(std::make_unique<State>()) {
  for (; state_->sequence < pending; ++state_->sequence) {
    const auto at_us = static_cast<TimeUs>(next_delay(state_->delays));
    state_->queue.push({at_us, state_->sequence, state_->sequence});
  }
}
BareHeapLoop::~BareHeapLoop() = default;

uint64_t BareHeapLoop::run(uint64_t events) {
  State& state = *state_;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < events; ++i) {
    const Item item = state.queue.top();
    state.queue.pop();
    sum += static_cast<uint64_t>(item.at_us) ^ item.payload;
    state.queue.push({item.at_us + static_cast<TimeUs>(next_delay(state.delays)), ++state.sequence, item.payload});
  }
  return sum;
}

// ---- ping-pong -------------------------------------------------------------------------------------------

PingPongLoop::PingPongLoop(uint32_t pairs) : world_(new_world()) {
  for (env::ProcessId process = 0; process < 2; ++process) {
    const auto peer = static_cast<env::ProcessId>(1 - process);
    add_actors(*world_, process == 0 ? "left" : "right", pairs, [peer](env::Env& env, uint32_t) {
      return std::make_unique<Pinger>(env, peer, peer == 0);
    });
  }
  handle(*world_, 2 * (2 + uint64_t{pairs}));
}
PingPongLoop::~PingPongLoop() = default;
uint64_t PingPongLoop::run(uint64_t events) { return handle(*world_, events); }

}  // namespace onceproof::simulator
