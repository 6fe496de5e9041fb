// SPDX-License-Identifier: Apache-2.0
#include "simulator/fault_plan.h"

#include <fmt/core.h>

namespace onceproof::simulator {

namespace {

std::string duration(DurationUs us) {
  if (us % 1'000'000 == 0) return fmt::format("{} s", us / 1'000'000);
  if (us % 1'000 == 0 && us < 10'000'000) return fmt::format("{} ms", us / 1'000);
  return fmt::format("{}.{:03} s", us / 1'000'000, us % 1'000'000 / 1'000);
}

std::string ordinal(uint32_t n) {
  const uint32_t tens = n % 100;
  const char* suffix = "th";
  if (tens < 11 || tens > 13) {
    if (n % 10 == 1) suffix = "st";
    if (n % 10 == 2) suffix = "nd";
    if (n % 10 == 3) suffix = "rd";
  }
  return fmt::format("{}{}", n, suffix);
}

std::string when(const Trigger& trigger) {
  std::string words;
  if (trigger.point) {
    words = fmt::format(" {} the {} {}", trigger.when == env::Phase::before ? "just before" : "at",
                        ordinal(trigger.nth), env::info(*trigger.point).name);
    if (trigger.subtask >= 0) words += fmt::format(" of subtask {}", trigger.subtask);
    if (trigger.after_us) words += fmt::format(" after {}", duration(*trigger.after_us));
    if (trigger.after) {
      words += fmt::format(" after the {} {}", ordinal(trigger.after->nth), env::info(trigger.after->point).name);
    }
    if (trigger.by_us) words += fmt::format(" (by {} at the latest)", duration(*trigger.by_us));
    if (trigger.at_us) words += fmt::format(" or at {}", duration(*trigger.at_us));
    return words;
  }
  if (trigger.at_us) return fmt::format(" at {}", duration(*trigger.at_us));
  if (trigger.by_us) return fmt::format(" at {}", duration(*trigger.by_us));
  return " never";
}

std::string who(const std::string& target) {
  if (target == "@hit") return "the process that hits it";
  return target == "*" ? "anyone" : target;
}

struct Describe {
  std::string at;

  std::string operator()(const CrashFault& fault) const {
    return fmt::format("crash {}{}{}, restart after {}", who(fault.target), at,
                       fault.notice == Notice::silent ? " without a word to anyone" : "",
                       duration(fault.restart_after_us));
  }
  std::string operator()(const PauseFault& fault) const {
    return fmt::format("pause {}{} for {}", who(fault.target), at, duration(fault.duration_us));
  }
  std::string operator()(const PartitionFault& fault) const {
    const char* way = fault.direction == Direction::both      ? "and"
                      : fault.direction == Direction::to_peer ? "to"
                                                              : "from";
    return fmt::format("partition {} {} {}{} for {}, {}", who(fault.target), way,
                       fault.peer == "*" ? "everyone else" : fault.peer, at, duration(fault.duration_us),
                       fault.mode == CutMode::hold ? "holding messages" : "resetting connections");
  }
  std::string operator()(const DelayFault& fault) const {
    const std::string mail = fault.mail == env::MailKind::none ? "" : fmt::format(" {}", env::to_string(fault.mail));
    return fmt::format("delay the next {}{} message{} of {}{} by {}", fault.count, mail, fault.count == 1 ? "" : "s",
                       who(fault.target), at, duration(fault.delay_us));
  }
  std::string operator()(const SlowCheckpointFault& fault) const {
    const char* part = fault.part == SlowPart::trigger ? "the next trigger to one subtask is"
                       : fault.part == SlowPart::sync  ? "the next snapshot of a task is"
                                                       : "the next acknowledgement is";
    return fmt::format("slow checkpoint{}: {} {} late", at, part, duration(fault.delay_us));
  }
  std::string operator()(const FailCheckpointFault& fault) const {
    const char* part = fault.part == FailPart::store ? "the next write of the checkpoint store fails"
                       : fault.part == FailPart::store_but_written
                           ? "the next write of the checkpoint store says it failed, and did not"
                           : "the next write of a task's state fails";
    return fmt::format("fail checkpoint{}: {}", at, part);
  }
  std::string operator()(const StorageFault& fault) const {
    constexpr const char* kCalls[] = {"append", "sync", "rename", "directory sync", "remove", "list", "read"};
    const bool slow = fault.effect == StorageEffect::slow;
    const std::string effect = slow ? fmt::format("slow by {}", duration(fault.delay_us))
                               : fault.effect == StorageEffect::hangs ? "hanging"
                               : fault.effect == StorageEffect::fails ? "failing"
                                                                      : "done, and reported as failed";
    const std::string count = fault.count == 1 ? "1 call" : fmt::format("up to {} calls", fault.count);
    return fmt::format("storage{} for {}: {} of {}{} by {}{}", at, duration(fault.duration_us), effect,
                       kCalls[static_cast<size_t>(fault.call)],
                       fault.path.empty() ? "" : fmt::format(" on \"{}...\"", fault.path), who(fault.target),
                       fmt::format(", {}{}", count, fault.skip == 0 ? "" : fmt::format(" after {}", fault.skip)));
  }
  std::string operator()(const StallFault& fault) const {
    return fmt::format("stall {}{} for {}", fault.target == "@hit" ? "the actor that hits it" : fault.target, at,
                       duration(fault.delay_us));
  }
  std::string operator()(const SlowFault& fault) const {
    return fmt::format("slow {}{}: everything takes {} % of its time for {}", who(fault.target), at, fault.cpu_percent,
                       duration(fault.duration_us));
  }
  std::string operator()(const ReconnectFault& fault) const {
    return fmt::format("reconnect{}: the next {} {} message{} of {} arrive{} {} late, on a connection that is lost", at,
                       fault.count, env::to_string(fault.mail), fault.count == 1 ? "" : "s", who(fault.target),
                       fault.count == 1 ? "s" : "", duration(fault.delay_us));
  }
  std::string operator()(const MoveLeaderFault& fault) const {
    constexpr const char* kTopics[] = {"the source topic", "the sink topic", "the transaction log", "the offsets log"};
    return fmt::format("move the leader of partition {} of {}{}, back after {}", fault.partition,
                       kTopics[static_cast<size_t>(fault.topic)], at, duration(fault.duration_us));
  }
};

struct Kind {
  const char* operator()(const CrashFault&) const { return "crash"; }
  const char* operator()(const PauseFault&) const { return "pause"; }
  const char* operator()(const PartitionFault&) const { return "partition"; }
  const char* operator()(const DelayFault&) const { return "delay"; }
  const char* operator()(const SlowCheckpointFault&) const { return "slow-checkpoint"; }
  const char* operator()(const FailCheckpointFault&) const { return "fail-checkpoint"; }
  const char* operator()(const StorageFault&) const { return "storage"; }
  const char* operator()(const StallFault&) const { return "stall"; }
  const char* operator()(const SlowFault&) const { return "slow"; }
  const char* operator()(const ReconnectFault&) const { return "reconnect"; }
  const char* operator()(const MoveLeaderFault&) const { return "move-leader"; }
};

}  // namespace

const char* kind_of(const Fault& fault) { return std::visit(Kind{}, fault.action); }
std::string describe(const Fault& fault) { return std::visit(Describe{when(fault.trigger)}, fault.action); }

}  // namespace onceproof::simulator
