// SPDX-License-Identifier: Apache-2.0
// Faults of the scenario language: one table says which fields each kind takes.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/language_parts.h"
#include "scenarios/nearest_word.h"

namespace onceproof::scenarios {

namespace {

constexpr int64_t kDayMs = 24ll * 3600 * 1000;

struct KindInfo {
  FaultKind kind;
  const char* name;
  std::vector<std::string> fields;
};

const std::vector<KindInfo>& kinds() {
  static const std::vector<KindInfo> table = {
      {FaultKind::crash, "crash", {"target", "restart_after_ms"}},
      {FaultKind::pause, "pause", {"target", "duration_ms"}},
      {FaultKind::partition, "partition", {"target", "peer", "direction", "mode", "duration_ms"}},
      {FaultKind::delay, "delay", {"target", "mail", "count", "delay_ms"}},
      {FaultKind::slow_checkpoint, "slow-checkpoint", {"part", "delay_ms"}},
      {FaultKind::fail_checkpoint, "fail-checkpoint", {"part"}},
  };
  return table;
}

DrawnWord read_words(const JsonPlace& place, const std::vector<std::string>& words, std::string_view what) {
  if (!place.is_array()) return {{place.word_of(words, what)}};
  DrawnWord drawn;
  for (const JsonPlace& element : place.elements()) drawn.choices.push_back(element.word_of(words, what));
  if (drawn.choices.empty()) place.problem("an empty list has nothing to draw");
  return drawn;
}

// A process by name, or a class of processes from which the seed takes one.
void read_process(const JsonPlace& place, bool star, bool hit, DrawnWord& into) {
  static const std::vector<std::string> classes = {"any task-manager", "any broker", "any process"};
  const auto one = [&](const JsonPlace& element) {
    const std::string word = element.word();
    const auto [role, number] = split_process_name(word);
    const bool named = word == "jobmanager" || ((role == "taskmanager" || role == "broker") && number >= 0);
    const bool known = named || std::find(classes.begin(), classes.end(), word) != classes.end() ||
                       (star && word == "*") || (hit && word == "@hit");
    if (!known) {
      std::vector<std::string> words = {"jobmanager", "taskmanager-0", "broker-0"};
      words.insert(words.end(), classes.begin(), classes.end());
      if (star) words.push_back("*");
      if (hit) words.push_back("@hit");
      element.reader().problem(unknown_word("process", word, element.pointer(), words));
    }
    into.choices.push_back(word);
  };
  into.choices.clear();
  if (!place.is_array()) return one(place);
  for (const JsonPlace& element : place.elements()) one(element);
  if (into.choices.empty()) place.problem("an empty list has nothing to draw");
}

void read_trigger(const JsonPlace& place, FaultSpec& fault) {
  const auto at = place.member("at");
  const auto at_ms = place.member("at_ms");
  if (at && at_ms) place.problem("\"at\" (a protocol point) and \"at_ms\" (a time) exclude each other");
  if (!at && !at_ms) place.problem("a fault needs \"at\" (a protocol point) or \"at_ms\" (a time)");
  if (at_ms) fault.at_ms = read_number(*at_ms, 0, kDayMs);
  if (at) {
    const std::string word = at->word_of(point_words(), "protocol point");
    if (place.reader().ok()) fault.at = env::point_named(word);
  }
  for (const char* field : {"when", "subtask", "nth", "by_ms", "by_target"}) {
    if (at_ms && place.member(field)) place.problem(fmt::format("\"{}\" belongs to \"at\", not to \"at_ms\"", field));
  }
  if (const auto when = place.member("when")) {
    const std::string word = when->word_of({"after", "before", "after-durable", "before-durable"}, "phase");
    fault.when = word.starts_with("before") ? env::Phase::before : env::Phase::after;
  }
  if (const auto subtask = place.member("subtask")) {
    if (!subtask->is_string()) {
      fault.any_subtask = false;
      fault.subtask = read_number(*subtask, 0, 63);
    } else {
      fault.any_subtask = subtask->word_of({"any", "drawn"}, "subtask") == "any";
    }
  }
  if (const auto nth = place.member("nth")) fault.nth = read_number(*nth, 1, 1'000'000);
  if (const auto by_ms = place.member("by_ms")) fault.by_ms = read_number(*by_ms, 0, kDayMs);
}

void set_defaults(FaultSpec& fault) {
  fault.target = {{fault.kind == FaultKind::delay ? "*" : fault.at ? "@hit" : "any task-manager"}};
  fault.by_target = {{"any task-manager"}};
  fault.peer = {{"*"}};
  fault.direction = {{"both"}};
  fault.mode = {{"hold"}};
  fault.part = {{fault.kind == FaultKind::slow_checkpoint ? "trigger" : "store"}};
  fault.duration_ms = {8000, 8000, {}};
  fault.delay_ms = {2000, 2000, {}};
  fault.restart_after_ms = {2000, 2000, {}};
}

void read_action(const JsonPlace& place, FaultSpec& fault) {
  const bool hit = fault.at.has_value();
  const bool delay = fault.kind == FaultKind::delay;
  if (const auto target = place.member("target")) read_process(*target, delay, hit && !delay, fault.target);
  if (const auto by_target = place.member("by_target")) read_process(*by_target, false, false, fault.by_target);
  if (const auto peer = place.member("peer")) read_process(*peer, true, false, fault.peer);
  if (const auto direction = place.member("direction")) {
    fault.direction = read_words(*direction, {"both", "to-peer", "from-peer"}, "direction");
  }
  if (const auto mode = place.member("mode")) fault.mode = read_words(*mode, {"hold", "reset"}, "mode");
  if (const auto part = place.member("part")) {
    fault.part = fault.kind == FaultKind::slow_checkpoint
                     ? read_words(*part, {"trigger", "sync", "ack"}, "part")
                     : read_words(*part, {"store", "store-but-written", "task"}, "part");
  }
  if (const auto duration = place.member("duration_ms")) fault.duration_ms = read_number(*duration, 1, kDayMs);
  if (const auto wait = place.member("delay_ms")) fault.delay_ms = read_number(*wait, 1, kDayMs);
  if (const auto restart = place.member("restart_after_ms")) fault.restart_after_ms = read_number(*restart, 0, kDayMs);
  if (const auto count = place.member("count")) fault.count = read_number(*count, 1, 1'000'000);
  if (delay) {
    if (const auto mail = place.required("mail")) fault.mail = read_words(*mail, mail_words(), "mail");
  }
}

FaultSpec read_fault(const JsonPlace& place, bool swarm) {
  FaultSpec fault;
  if (!place.is_object()) {
    place.problem("a fault is an object {...}");
    return fault;
  }
  const auto kind = place.required("kind");
  if (!kind) return fault;
  const std::string word = kind->word_of(fault_kind_words(), "fault");
  if (!place.reader().ok()) return fault;
  const auto info = std::find_if(kinds().begin(), kinds().end(), [&](const KindInfo& k) { return word == k.name; });
  fault.kind = info->kind;
  std::vector<std::string> fields = {"kind", "at", "at_ms", "when", "subtask", "nth", "by_ms", "by_target"};
  fields.insert(fields.end(), info->fields.begin(), info->fields.end());
  if (swarm) fields.push_back("percent");
  if (!place.object_of(fields, "setting of a " + word)) return fault;
  if (const auto percent = place.member("percent")) fault.percent = static_cast<uint32_t>(percent->integer(0, 100));
  read_trigger(place, fault);
  set_defaults(fault);
  read_action(place, fault);
  return fault;
}

}  // namespace

std::vector<std::string> fault_kind_words() {
  std::vector<std::string> words;
  for (const KindInfo& info : kinds()) words.push_back(info.name);
  return words;
}

std::vector<FaultSpec> read_faults(const JsonPlace& place, bool swarm) {
  std::vector<FaultSpec> faults;
  for (const JsonPlace& element : place.elements()) faults.push_back(read_fault(element, swarm));
  return faults;
}

}  // namespace onceproof::scenarios
