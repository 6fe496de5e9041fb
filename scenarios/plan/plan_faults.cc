// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/plan_faults.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/base/check.h"
#include "scenarios/plan/language_parts.h"

namespace onceproof::scenarios {

namespace {

using namespace simulator;  // NOLINT: this file translates that namespace, name by name
using OrderedJson = nlohmann::ordered_json;

constexpr int64_t kMax = 1'000'000'000'000'000;  // times: 31 years; sums of a few of them stay within 64 bits

template <class T>
struct Word {
  T value;
  const char* word;
};
constexpr Word<Direction> kDirections[] = {
    {Direction::both, "both"}, {Direction::to_peer, "to-peer"}, {Direction::from_peer, "from-peer"}};
constexpr Word<CutMode> kModes[] = {{CutMode::hold, "hold"}, {CutMode::reset, "reset"}};
constexpr Word<Notice> kNotices[] = {{Notice::reset, "reset"}, {Notice::silent, "silent"}};
constexpr Word<SlowPart> kSlow[] = {{SlowPart::trigger, "trigger"}, {SlowPart::sync, "sync"}, {SlowPart::ack, "ack"}};
constexpr Word<FailPart> kFail[] = {
    {FailPart::store, "store"}, {FailPart::store_but_written, "store-but-written"}, {FailPart::task, "task"}};

template <class T, size_t N>
const char* word_for(const Word<T> (&words)[N], T value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  CHECK(false, "an enumerator without a word");
}

// Problem unless the member is there and one of the words.
template <class T, size_t N>
T value_of(const JsonPlace& place, const char* key, const Word<T> (&words)[N]) {
  std::vector<std::string> all;
  for (const auto& entry : words) all.push_back(entry.word);
  const auto member = place.required(key);
  if (!member) return words[0].value;
  const std::string found = member->word_of(all, key);
  for (const auto& [value, word] : words) {
    if (found == word) return value;
  }
  return words[0].value;
}

// 0 unless the member is there and one of the words.
size_t index_of(const JsonPlace& place, const char* key, const std::vector<std::string>& words) {
  const auto member = place.required(key);
  if (!member) return 0;
  const auto found = std::find(words.begin(), words.end(), member->word_of(words, key));
  return found == words.end() ? 0 : static_cast<size_t>(found - words.begin());
}

int64_t number(const JsonPlace& place, const char* key, int64_t low, int64_t high = kMax) {
  const auto member = place.required(key);
  return member ? member->integer(low, high) : low;
}

std::string text(const JsonPlace& place, const char* key) {
  const auto member = place.required(key);
  return member ? member->word() : "";
}

OrderedJson trigger_json(const Trigger& trigger) {
  OrderedJson out;
  if (trigger.at_us) out["at_us"] = *trigger.at_us;
  if (trigger.point) {
    out["at"] = env::info(*trigger.point).name;
    out["when"] = trigger.when == env::Phase::before ? "before" : "after";
    out["subtask"] = trigger.subtask;
    out["nth"] = trigger.nth;
    if (trigger.after_us) out["after_us"] = *trigger.after_us;
    if (trigger.after) out["after"] = {{"at", env::info(trigger.after->point).name}, {"nth", trigger.after->nth}};
  }
  if (trigger.by_us) out["by_us"] = *trigger.by_us;
  if (!trigger.by_target.empty()) out["by_target"] = trigger.by_target;
  return out;
}

Trigger read_trigger(const JsonPlace& place) {
  Trigger trigger;
  if (const auto at = place.member("at_us")) trigger.at_us = at->integer(0, kMax);
  if (const auto by = place.member("by_us")) trigger.by_us = by->integer(0, kMax);
  if (const auto by = place.member("by_target")) trigger.by_target = by->word();
  if (const auto at = place.member("at")) {
    trigger.point = env::point_named(at->word_of(point_words(), "protocol point"));
    constexpr Word<env::Phase> kPhases[] = {{env::Phase::before, "before"}, {env::Phase::after, "after"}};
    trigger.when = value_of(place, "when", kPhases);
    trigger.subtask = static_cast<int32_t>(number(place, "subtask", -1, 1000));
    trigger.nth = static_cast<uint32_t>(number(place, "nth", 1, 1'000'000));
    if (const auto after = place.member("after_us")) trigger.after_us = after->integer(0, kMax);
    if (const auto after = place.member("after")) {
      const auto point = after->required("at");
      const auto known = env::point_named(point ? point->word_of(point_words(), "protocol point") : "");
      if (known) trigger.after = EarlierHit{*known, static_cast<uint32_t>(number(*after, "nth", 1, 1'000'000))};
    }
  }
  if (!trigger.at_us && !trigger.point) place.problem("a trigger needs \"at\" or \"at_us\"");
  return trigger;
}

struct ActionWriter {
  OrderedJson& out;
  void operator()(const CrashFault& f) {
    out["target"] = f.target;
    out["restart_after_us"] = f.restart_after_us;
    out["notice"] = word_for(kNotices, f.notice);
  }
  void operator()(const PauseFault& f) {
    out["target"] = f.target;
    out["duration_us"] = f.duration_us;
  }
  void operator()(const PartitionFault& f) {
    out["target"] = f.target;
    out["peer"] = f.peer;
    out["direction"] = word_for(kDirections, f.direction);
    out["mode"] = word_for(kModes, f.mode);
    out["duration_us"] = f.duration_us;
  }
  void operator()(const DelayFault& f) {
    out["target"] = f.target;
    out["mail"] = env::to_string(f.mail);
    out["count"] = f.count;
    out["delay_us"] = f.delay_us;
  }
  void operator()(const SlowCheckpointFault& f) {
    out["part"] = word_for(kSlow, f.part);
    out["delay_us"] = f.delay_us;
  }
  void operator()(const FailCheckpointFault& f) { out["part"] = word_for(kFail, f.part); }
  void operator()(const StorageFault& f) {
    out["target"] = f.target;
    out["call"] = storage_call_words()[static_cast<size_t>(f.call)];
    out["effect"] = storage_effect_words()[static_cast<size_t>(f.effect)];
    out["path"] = f.path;
    out["skip"] = f.skip;
    out["count"] = f.count;
    out["duration_us"] = f.duration_us;
    out["delay_us"] = f.delay_us;
  }
  void operator()(const StallFault& f) {
    out["target"] = f.target;
    out["delay_us"] = f.delay_us;
  }
  void operator()(const SlowFault& f) {
    out["target"] = f.target;
    out["cpu_percent"] = f.cpu_percent;
    out["duration_us"] = f.duration_us;
  }
  void operator()(const ReconnectFault& f) {
    out["target"] = f.target;
    out["mail"] = env::to_string(f.mail);
    out["count"] = f.count;
    out["delay_us"] = f.delay_us;
  }
  void operator()(const MoveLeaderFault& f) {
    out["topic"] = log_topic_words()[static_cast<size_t>(f.topic)];
    out["partition"] = f.partition;
    out["duration_us"] = f.duration_us;
  }
};

DelayFault read_delay(const JsonPlace& place) {
  DelayFault fault;
  fault.target = text(place, "target");
  if (const auto mail = place.required("mail")) {
    if (const auto known = env::mail_kind(mail->word_of(mail_words(), "mail"))) fault.mail = *known;
  }
  fault.count = static_cast<uint32_t>(number(place, "count", 1, 1'000'000));
  fault.delay_us = number(place, "delay_us", 1);
  return fault;
}

FaultAction read_action(const JsonPlace& place, const std::string& kind) {
  if (kind == "crash") {
    CrashFault fault{text(place, "target"), number(place, "restart_after_us", 0)};
    // Plans of before this was a choice have no word for it.
    if (place.member("notice")) fault.notice = value_of(place, "notice", kNotices);
    return fault;
  }
  if (kind == "pause") return PauseFault{text(place, "target"), number(place, "duration_us", 1)};
  if (kind == "partition") {
    PartitionFault fault;
    fault.target = text(place, "target");
    fault.peer = text(place, "peer");
    fault.direction = value_of(place, "direction", kDirections);
    fault.mode = value_of(place, "mode", kModes);
    fault.duration_us = number(place, "duration_us", 1);
    return fault;
  }
  if (kind == "delay") return read_delay(place);
  if (kind == "slow-checkpoint") {
    const SlowPart part = value_of(place, "part", kSlow);
    return SlowCheckpointFault{part, number(place, "delay_us", 1)};
  }
  if (kind == "storage") {
    StorageFault fault;
    fault.target = text(place, "target");
    fault.call = static_cast<StorageCall>(index_of(place, "call", storage_call_words()));
    fault.effect = static_cast<StorageEffect>(index_of(place, "effect", storage_effect_words()));
    fault.path = text(place, "path");
    fault.skip = static_cast<uint32_t>(number(place, "skip", 0, 1'000'000));
    fault.count = static_cast<uint32_t>(number(place, "count", 1, 1'000'000));
    fault.duration_us = number(place, "duration_us", 1);
    fault.delay_us = number(place, "delay_us", 1);
    return fault;
  }
  if (kind == "stall") return StallFault{text(place, "target"), number(place, "delay_us", 1)};
  if (kind == "slow") {
    const auto cpu_percent = static_cast<uint32_t>(number(place, "cpu_percent", 1, 100'000));
    return SlowFault{text(place, "target"), cpu_percent, number(place, "duration_us", 1)};
  }
  if (kind == "reconnect") {
    const DelayFault like = read_delay(place);
    return ReconnectFault{like.target, like.mail, like.count, like.delay_us};
  }
  if (kind == "move-leader") {
    MoveLeaderFault fault;
    fault.topic = static_cast<LogTopic>(index_of(place, "topic", log_topic_words()));
    fault.partition = static_cast<int32_t>(number(place, "partition", 0, 1000));
    fault.duration_us = number(place, "duration_us", 1);
    return fault;
  }
  return FailCheckpointFault{value_of(place, "part", kFail)};
}

}  // namespace

OrderedJson plan_faults_json(const FaultPlan& faults) {
  OrderedJson out = OrderedJson::array();
  for (const Fault& fault : faults) {
    OrderedJson one;
    one["kind"] = plan_fault_kind_words()[fault.action.index()];
    std::visit(ActionWriter{one}, fault.action);
    one["trigger"] = trigger_json(fault.trigger);
    out.push_back(std::move(one));
  }
  return out;
}

FaultPlan read_plan_faults(const JsonPlace& place) {
  FaultPlan faults;
  for (const JsonPlace& element : place.elements()) {
    const auto kind = element.required("kind");
    const auto trigger = element.required("trigger");
    if (!kind || !trigger) return faults;
    const std::string word = kind->word_of(plan_fault_kind_words(), "fault");
    Fault fault;
    fault.trigger = read_trigger(*trigger);
    fault.action = read_action(element, word);
    faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace onceproof::scenarios
