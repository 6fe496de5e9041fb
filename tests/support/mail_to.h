// SPDX-License-Identifier: Apache-2.0
// Hands an actor its mails one by one, and reads back what it sent.
#pragma once

#include <vector>

#include "tests/support/fake_env.h"

namespace onceproof::tests {

inline void deliver(env::Actor& actor, env::MailKind kind, env::Address from, Bytes body) {
  env::Mail mail;
  mail.kind = kind;
  mail.from = from;
  mail.body = std::move(body);
  actor.on_mail(mail);
}

inline void fire(env::Actor& actor, env::MailKind kind, uint64_t a = 0, uint64_t b = 0) {
  env::Mail mail;
  mail.kind = kind;
  mail.a = a;
  mail.b = b;
  actor.on_mail(mail);
}

// Fires the latest timer of that kind that was armed.
inline void fire_timer(FakeEnv& world, env::Actor& actor, env::MailKind kind) {
  for (auto timer = world.posted.rbegin(); timer != world.posted.rend(); ++timer) {
    if (timer->kind != kind) continue;
    world.now_us += timer->delay_us;
    fire(actor, kind, timer->a, timer->b);
    world.disk.run();
    return;
  }
  ADD_FAILURE() << "no timer " << env::to_string(kind);
}

// Everything of that kind that was sent, decoded; what was sent so far is forgotten.
template <class Message>
std::vector<Message> take_sent(FakeEnv& world, env::MailKind kind) {
  std::vector<Message> messages;
  for (const Sent& sent : world.sent) {
    if (sent.kind != kind) continue;
    EXPECT_TRUE(decode(sent.body, messages.emplace_back()));
  }
  world.sent.clear();
  return messages;
}

}  // namespace onceproof::tests
