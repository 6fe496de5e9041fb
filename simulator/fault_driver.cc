// SPDX-License-Identifier: Apache-2.0
#include "simulator/fault_driver.h"

#include <algorithm>

namespace onceproof::simulator {

namespace {
constexpr uint64_t kTriggerTag = 0;     // the fault's own time has come
constexpr uint64_t kEffectOverTag = 1;  // an effect that applied() announced is over
constexpr uint64_t kFirstSourceTag = 2;
}  // namespace

FaultDriver::FaultDriver(FaultLevers& levers, FaultPlan plan, FaultSourceFactory make_source) : levers_(levers) {
  for (Fault& fault : plan) {
    status_.push_back({.description = describe(fault), .kind = kind_of(fault)});
    std::unique_ptr<FaultSource> source = make_source(fault);
    CHECK(source != nullptr, "a fault without a source");
    count_waiting(fault.trigger, 1);
    entries_.push_back({.fault = std::move(fault), .source = std::move(source)});
  }
}

void FaultDriver::arm() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Trigger& trigger = entries_[i].fault.trigger;
    if (trigger.at_us) levers_.call_fault_back(*trigger.at_us, static_cast<int>(i), kTriggerTag);
    if (trigger.by_us) levers_.call_fault_back(*trigger.by_us, static_cast<int>(i), kTriggerTag);
  }
}

void FaultDriver::match(env::ProcessId process, env::Point point, env::Phase phase, int32_t subtask) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    const Trigger& trigger = entry.fault.trigger;
    if (entry.state != State::waiting || !trigger.point) continue;
    // A hit does not arm what it would set off.
    const bool armed = (!trigger.after || entry.earlier >= trigger.after->nth) &&
                       (!trigger.after_us || levers_.now() >= *trigger.after_us);
    if (trigger.after && trigger.after->point == point && phase == env::Phase::after) ++entry.earlier;
    if (!armed || trigger.point != point || trigger.when != phase) continue;
    if (trigger.subtask >= 0 && trigger.subtask != subtask) continue;
    if (++entry.seen == trigger.nth) fire(i, process);
  }
}

void FaultDriver::count_waiting(const Trigger& trigger, uint32_t by) {
  if (!trigger.point) return;
  waiting_for_[static_cast<size_t>(*trigger.point)] += by;
  if (trigger.after) waiting_for_[static_cast<size_t>(trigger.after->point)] += by;
}

void FaultDriver::leave_waiting(Entry& entry, State state) {
  entry.state = state;
  count_waiting(entry.fault.trigger, ~0u);  // one less
}

void FaultDriver::fire(size_t index, std::optional<env::ProcessId> hit) {
  Entry& entry = entries_[index];
  FaultStatus& status = status_[index];
  leave_waiting(entry, State::fired);
  status.fired = true;
  status.fired_us = levers_.now();
  FaultControl control(*this, levers_, static_cast<int>(index), hit);
  if (entry.source->fire(control)) return;
  entry.state = State::disarmed;
  status.in_force = false;
  status.fired = false;
  status.fired_us = -1;
}

void FaultDriver::on_timer(int fault, uint64_t tag) {
  const auto index = static_cast<size_t>(fault);
  Entry& entry = entries_[index];
  if (tag == kTriggerTag) {
    if (entry.state == State::waiting) fire(index, levers_.process_named(entry.fault.trigger.by_target));
  } else if (tag == kEffectOverTag) {
    over(fault);
  } else {
    FaultControl control(*this, levers_, fault, std::nullopt);
    entry.source->on_timer(control, tag - kFirstSourceTag);
  }
}

void FaultDriver::disarm() {
  for (Entry& entry : entries_) {
    if (entry.state == State::waiting) leave_waiting(entry, State::disarmed);
  }
}

void FaultDriver::over(int fault) {
  status_[static_cast<size_t>(fault)].in_force = false;
  status_[static_cast<size_t>(fault)].healed_us = levers_.now();
}

void FaultDriver::applied(int fault, TimeUs until_us) {
  effective(fault);
  in_force(fault);
  if (until_us <= levers_.now()) return over(fault);
  levers_.call_fault_back(until_us, fault, kEffectOverTag);
}

bool FaultDriver::quiet() const {
  const bool to_come = std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    const bool timed = entry.fault.trigger.at_us || entry.fault.trigger.by_us;
    return entry.state == State::waiting && timed;
  });
  return !to_come && std::none_of(status_.begin(), status_.end(), [](const FaultStatus& each) { return each.in_force; });
}

TimeUs FaultDriver::last_heal_us() const {
  TimeUs last_us = 0;
  for (const FaultStatus& status : status_) last_us = std::max({last_us, status.fired_us, status.healed_us});
  return last_us;
}

// ---- FaultControl ----------------------------------------------------------------------------------------

TimeUs FaultControl::now() const { return levers_.now(); }

std::optional<env::ProcessId> FaultControl::process(const std::string& target) const {
  return target == "@hit" ? hit_ : levers_.process_named(target);
}

bool FaultControl::alive(env::ProcessId process) const { return levers_.alive(process); }
const std::string& FaultControl::name(env::ProcessId process) const { return levers_.names()[process]; }
RandomStream FaultControl::random() const {
  return levers_.stream("faults").fork(driver_.status()[static_cast<size_t>(fault_)].kind,
                                       static_cast<uint64_t>(fault_));
}
void FaultControl::effective() { driver_.effective(fault_); }
void FaultControl::in_force() { driver_.in_force(fault_); }
void FaultControl::over() { driver_.over(fault_); }
void FaultControl::call_back(TimeUs at_us, uint64_t tag) {
  levers_.call_fault_back(at_us, fault_, tag + kFirstSourceTag);
}
void FaultControl::crash(env::ProcessId process, bool silent) { levers_.crash(process, silent); }
void FaultControl::restart(env::ProcessId process) { levers_.restart(process); }
void FaultControl::pause(env::ProcessId process) { levers_.pause(process, fault_); }
bool FaultControl::resume(env::ProcessId process) { return levers_.resume(process, fault_); }

std::vector<env::ProcessId> FaultControl::processes(const std::string& target) const {
  const char* prefix = target == "*"                    ? ""
                       : target == "every broker"       ? "broker-"
                       : target == "every task-manager" ? "taskmanager-"
                                                        : nullptr;
  std::vector<env::ProcessId> found;
  if (prefix == nullptr) {
    if (const auto one = process(target)) found.push_back(*one);
    return found;
  }
  for (env::ProcessId id = 0; id < levers_.names().size(); ++id) {
    if (levers_.names()[id].starts_with(prefix)) found.push_back(id);
  }
  return found;
}

void FaultControl::cut(const std::vector<env::ProcessId>& targets, const std::string& peer, Direction direction,
                       CutMode mode) {
  std::vector<std::pair<env::ProcessId, env::ProcessId>> directions;
  for (const env::ProcessId target : targets) {
    for (const env::ProcessId other : processes(peer)) {
      if (other == target) continue;
      if (direction != Direction::from_peer) directions.emplace_back(target, other);
      if (direction != Direction::to_peer) directions.emplace_back(other, target);
    }
    levers_.record({.at_us = now(), .process = target, .name = "network.partition", .text = peer});
  }
  std::sort(directions.begin(), directions.end());
  directions.erase(std::unique(directions.begin(), directions.end()), directions.end());
  levers_.cut(fault_, std::move(directions), mode);
}

void FaultControl::heal_cut(const std::vector<env::ProcessId>& targets, const std::string& peer) {
  for (const env::ProcessId target : targets) {
    levers_.record({.at_us = now(), .process = target, .name = "network.heal", .text = peer});
  }
  levers_.heal_cut(fault_);
}

bool FaultControl::stall(env::ProcessId process, bool hitting, DurationUs delay_us) {
  return levers_.stall(process, hitting, delay_us);
}
void FaultControl::slow_down(env::ProcessId process, uint32_t cpu_percent) {
  levers_.set_cpu_percent(process, fault_, cpu_percent);
}
void FaultControl::speed_up(env::ProcessId process) { levers_.set_cpu_percent(process, fault_, std::nullopt); }
bool FaultControl::busy_since(env::ProcessId process, TimeUs since_us) const {
  return levers_.busy_since(process, since_us);
}

void FaultControl::delay_next(std::optional<env::ProcessId> sender, env::MailKind mail, uint32_t count,
                              DurationUs delay_us) {
  levers_.delay_next({fault_, sender, mail, count, delay_us, false});
}
void FaultControl::reconnect_next(std::optional<env::ProcessId> sender, env::MailKind mail, uint32_t count,
                                  DurationUs delay_us) {
  levers_.delay_next({fault_, sender, mail, count, delay_us, true});
}
std::optional<int32_t> FaultControl::leader(LogTopic topic, int32_t partition) const {
  const LogLevers* log = levers_.log();
  return log == nullptr ? std::nullopt : log->leader(topic, partition);
}
void FaultControl::move_leader(LogTopic topic, int32_t partition) {
  if (LogLevers* log = levers_.log()) log->move_leader(topic, partition);
}
void FaultControl::stall_next(env::Point point, DurationUs delay_us) { levers_.stall_next(fault_, point, delay_us); }
void FaultControl::fail_storage(StorageFault what) { levers_.fail_storage({fault_, std::move(what), true}); }
void FaultControl::fail_storage_once(StorageFault what) { levers_.fail_storage({fault_, std::move(what), false}); }
void FaultControl::heal_storage() { levers_.heal_storage(fault_); }

}  // namespace onceproof::simulator
