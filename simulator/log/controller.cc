// SPDX-License-Identifier: Apache-2.0
#include "simulator/log/controller.h"

namespace onceproof::simulator::log {

Controller::Controller(env::Env& env, LogCluster& cluster)
    : env_(env),
      cluster_(cluster),
      state_(cluster.controller()),
      self_(env.network().self().process),
      heard_us_(static_cast<size_t>(cluster.options().brokers), env.now()) {}

void Controller::on_mail(env::Mail& mail) {
  switch (mail.kind) {
    case env::MailKind::start:
      // Sessions are watched only where somebody else could take over.
      if (cluster_.options().replicated()) {
        env_.scheduler().after(cluster_.options().broker.heartbeat_us, env::MailKind::session_check);
      }
      if (cluster_.options().replicated() && cluster_.options().broker.move_leader_us > 0) {
        env_.scheduler().after(cluster_.options().broker.move_leader_us, env::MailKind::move_leader, 0, 1);
      }
      return tell_all();  // what an earlier life decided may not have been told
    case env::MailKind::broker_heartbeat: return on_heartbeat(mail);
    case env::MailKind::alter_partition: return on_alter_partition(mail);
    case env::MailKind::session_check: return check_sessions();
    case env::MailKind::move_leader: return on_move_leader(static_cast<PartitionId>(mail.a), mail.b != 0);
    default: return;
  }
}

template <class Change>
bool Controller::change(const char* why, int32_t broker, Change decide) {
  const env::ProbeArgs args{.value = static_cast<uint64_t>(broker + 1), .text = why};
  env_.probe().hit(env::Point::leader_change, env::Phase::before, args);
  if (!cluster_.alive(self_)) return false;
  if (!decide()) return true;
  env_.probe().hit(env::Point::leader_change, env::Phase::after, args);
  if (!cluster_.alive(self_)) return false;
  tell_all();
  return true;
}

void Controller::on_heartbeat(env::Mail& mail) {
  BrokerHeartbeat beat;
  if (!decode(mail.body, beat) || beat.broker < 0 || beat.broker >= cluster_.options().brokers) return;
  heard_us_[static_cast<size_t>(beat.broker)] = env_.now();
  if (beat.epoch == 0) {
    if (state_.broker_epoch(beat.broker) == 0) {  // its first life: it leads what it was placed to lead
      state_.register_broker(beat.broker, beat.life);
      return tell(beat.broker);
    }
    static_cast<void>(change("registered", beat.broker, [&] { return state_.register_broker(beat.broker, beat.life) != 0; }));
    return;
  }
  if (beat.epoch != state_.broker_epoch(beat.broker)) return;  // of an earlier life
  if (!state_.live(beat.broker)) {
    static_cast<void>(change("back", beat.broker, [&] { return state_.unfence(beat.broker); }));
  } else if (beat.image_version != state_.image().version) {
    tell(beat.broker);
  }
}

void Controller::on_alter_partition(env::Mail& mail) {
  AlterPartition request;
  if (!decode(mail.body, request) || request.partition >= state_.image().partitions.size()) return;
  if (!cluster_.alive(self_)) return;
  const bool changed = state_.alter_isr(request.broker, request.partition, request.leader_epoch, request.version,
                                        request.isr);
  if (changed) return tell_all();
  tell(request.broker);  // so that it asks with what is true now
}

void Controller::check_sessions() {
  env_.scheduler().after(cluster_.options().broker.heartbeat_us, env::MailKind::session_check);
  for (int32_t broker = 0; broker < cluster_.options().brokers; ++broker) {
    const TimeUs heard_us = heard_us_[static_cast<size_t>(broker)];
    if (!state_.live(broker) || env_.now() - heard_us <= cluster_.options().broker.session_timeout_us) continue;
    if (!change("session over", broker, [&] { return state_.fence(broker); })) return;
  }
}

// As an operator asks for, or by itself as a balancer would: every partition's turn comes, away and back.
void Controller::on_move_leader(PartitionId partition, bool by_itself) {
  if (by_itself) {
    partition = next_moved_++ % static_cast<PartitionId>(state_.image().partitions.size());
    env_.scheduler().after(cluster_.options().broker.move_leader_us, env::MailKind::move_leader, 0, 1);
  }
  static_cast<void>(change("moved", kNoBroker, [&] { return state_.move_leader(partition); }));
}

void Controller::tell(int32_t broker) {
  if (state_.broker_epoch(broker) == 0) return;
  env_.network().send({cluster_.processes()[static_cast<size_t>(broker)], env::kMainEndpoint},
                      env::MailKind::metadata_update,
                      encode(MetadataUpdate{state_.life(broker), state_.broker_epoch(broker), state_.image()}));
}

void Controller::tell_all() {
  for (int32_t broker = 0; broker < cluster_.options().brokers; ++broker) tell(broker);
}

}  // namespace onceproof::simulator::log
