// SPDX-License-Identifier: Apache-2.0
// Actors made of a lambda, and a log of what they got, for tests that need a World and no runtime.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/world.h"

namespace onceproof::test {

using Handler = std::function<void(env::Env&, env::Mail&)>;

class LambdaActor final : public env::Actor {
 public:
  LambdaActor(env::Env& env, Handler handler, std::function<void()> on_destroy = nullptr)
      : env_(env), handler_(std::move(handler)), on_destroy_(std::move(on_destroy)) {}
  ~LambdaActor() override {
    if (on_destroy_) on_destroy_();
  }
  void on_mail(env::Mail& mail) override { handler_(env_, mail); }

 private:
  env::Env& env_;
  Handler handler_;
  std::function<void()> on_destroy_;
};

inline env::ActorFactory actor(Handler handler, std::function<void()> on_destroy = nullptr) {
  return [handler = std::move(handler), on_destroy = std::move(on_destroy)](env::Env& env) {
    return std::make_unique<LambdaActor>(env, handler, on_destroy);
  };
}

inline env::ActorFactory idle_actor() {
  return actor([](env::Env&, env::Mail&) {});
}

// "kind:body" or "kind:a" of each mail except `start`, as it was handled.
struct Inbox {
  std::vector<std::string> mails;
  std::vector<TimeUs> times;
  void add(env::Env& env, const env::Mail& mail) {
    if (mail.kind == env::MailKind::start) return;
    mails.push_back(mail.body.empty() ? fmt::format("{}:{}", env::to_string(mail.kind), mail.a)
                                      : fmt::format("{}:{}", env::to_string(mail.kind), mail.body));
    times.push_back(env.now());
  }
};

inline env::ActorFactory recorder(Inbox& inbox) {
  return actor([&inbox](env::Env& env, env::Mail& mail) { inbox.add(env, mail); });
}

// Sends "1", "2", ... to `to`, one every `every_us`, until `count` are sent.
inline env::ActorFactory counter(env::Address to, DurationUs every_us, uint64_t count) {
  return actor([=](env::Env& env, env::Mail& mail) {
    if (mail.kind == env::MailKind::start && count > 0) env.scheduler().after(every_us, env::MailKind::tick, 1);
    if (mail.kind != env::MailKind::tick) return;
    env.network().send(to, env::MailKind::buffer, std::to_string(mail.a));
    if (mail.a < count) env.scheduler().after(every_us, env::MailKind::tick, mail.a + 1);
  });
}

inline std::vector<std::string> numbered_buffers(uint64_t from, uint64_t to) {
  std::vector<std::string> expected;
  for (uint64_t i = from; i <= to; ++i) expected.push_back("buffer:" + std::to_string(i));
  return expected;
}

inline simulator::Trigger at_time(TimeUs at_us) {
  simulator::Trigger trigger;
  trigger.at_us = at_us;
  return trigger;
}

inline simulator::Trigger at_point(env::Point point, uint32_t nth = 1, env::Phase when = env::Phase::after) {
  simulator::Trigger trigger;
  trigger.point = point;
  trigger.nth = nth;
  trigger.when = when;
  return trigger;
}

// The names of the world's own events, in order.
inline std::vector<std::string> point_names(const simulator::World& world) {
  std::vector<std::string> names;
  for (const auto& point : world.points()) names.push_back(point.name);
  return names;
}

}  // namespace onceproof::test
