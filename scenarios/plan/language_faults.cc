// SPDX-License-Identifier: Apache-2.0
// Faults of the scenario language, read by the table of their kinds and fields.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/plan/fault_fields.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

constexpr int64_t kDayMs = 24ll * 3600 * 1000;
constexpr int64_t kMaxSubtask = 63;
constexpr int64_t kMaxCount = 1'000'000;
const std::vector<std::string> kPhases = {"after", "before", "after-durable", "before-durable", "drawn"};
const std::vector<std::string> kSubtasks = {"any", "drawn"};

FaultField number(const char* name, DrawnNumber FaultSpec::*into, int64_t low, int64_t high, const char* what) {
  return {.name = name, .shape = FieldShape::number, .what = what, .low = low, .high = high, .number = into};
}
FaultField milliseconds_field(const char* name, DrawnNumber FaultSpec::*into, int64_t low, const char* what) {
  return number(name, into, low, kDayMs, what);
}
FaultField words(const char* name, DrawnWord FaultSpec::*into, std::vector<std::string> all, const char* what) {
  return {.name = name, .shape = FieldShape::words, .what = what, .words = std::move(all), .drawn_word = into};
}
FaultField process(const char* name, DrawnWord FaultSpec::*into, std::vector<std::string> more, const char* what) {
  return {.name = name, .shape = FieldShape::process, .what = what, .words = std::move(more), .drawn_word = into};
}
FaultField text(const char* name, DrawnWord FaultSpec::*into, const char* what) {
  return {.name = name, .shape = FieldShape::text, .what = what, .drawn_word = into};
}
FaultField required(FaultField field) {
  field.required = true;
  return field;
}

DrawnWord read_words(const JsonPlace& place, const std::vector<std::string>& words, std::string_view what) {
  if (!place.is_array()) return {{place.word_of(words, what)}};
  DrawnWord drawn;
  for (const JsonPlace& element : place.elements()) drawn.choices.push_back(element.word_of(words, what));
  if (drawn.choices.empty()) place.problem("an empty list has nothing to draw");
  return drawn;
}

DrawnWord read_texts(const JsonPlace& place) {
  if (!place.is_array()) return {{place.word()}};
  DrawnWord drawn;
  for (const JsonPlace& element : place.elements()) drawn.choices.push_back(element.word());
  if (drawn.choices.empty()) place.problem("an empty list has nothing to draw");
  return drawn;
}

// A process by name, or a class of processes from which the seed takes one. "@hit" needs a hit.
void read_process(const JsonPlace& place, const std::vector<std::string>& more, bool hit, DrawnWord& into) {
  const auto one = [&](const JsonPlace& element) {
    const std::string word = element.word();
    const auto [role, number] = split_process_name(word);
    std::vector<std::string> valid = process_classes();
    for (const std::string& other : more) {
      if (other != "@hit" || hit) valid.push_back(other);
    }
    const bool alone = word == "jobmanager" || word == "controller" || word == "reader";
    const bool named = alone || ((role == "taskmanager" || role == "broker") && number >= 0);
    if (!named && std::find(valid.begin(), valid.end(), word) == valid.end()) {
      valid.insert(valid.begin(), {"jobmanager", "controller", "taskmanager-0", "broker-0"});
      element.reader().problem(unknown_word("process", word, element.pointer(), valid));
    }
    into.choices.push_back(word);
  };
  into.choices.clear();
  if (!place.is_array()) return one(place);
  for (const JsonPlace& element : place.elements()) one(element);
  if (into.choices.empty()) place.problem("an empty list has nothing to draw");
}

// Reads the fields that the table can place by itself; the others have been read.
void read_fields(const JsonPlace& place, const std::vector<FaultField>& fields, FaultSpec& fault) {
  for (const FaultField& field : fields) {
    const auto value = field.required ? place.required(field.name) : place.member(field.name);
    if (!value) continue;
    if (field.number != nullptr) fault.*field.number = read_number(*value, field.low, field.high);
    if (field.optional_number != nullptr) fault.*field.optional_number = read_number(*value, field.low, field.high);
    if (field.drawn_word == nullptr) continue;
    if (field.shape == FieldShape::process) {
      read_process(*value, field.words, fault.at.has_value(), fault.*field.drawn_word);
    } else if (field.shape == FieldShape::text) {
      fault.*field.drawn_word = read_texts(*value);
    } else {
      fault.*field.drawn_word = read_words(*value, field.words, field.name);
    }
  }
}

std::vector<std::string> known_points() {
  std::vector<std::string> words = point_words();
  for (const std::string& word : drawn_point_words()) words.push_back(word);
  return words;
}

// A point, a class of points, or a list of both, from which the seed takes one.
void read_point(const JsonPlace& place, FaultSpec& fault) {
  std::vector<env::Point> points;
  for (const std::string& word : read_words(place, known_points(), "protocol point").choices) {
    for (const env::Point point : points_named(word)) points.push_back(point);
  }
  if (points.empty()) return;
  fault.at = points.front();
  if (points.size() > 1) fault.any_at = std::move(points);
}

void read_trigger(const JsonPlace& place, FaultSpec& fault) {
  const auto at = place.member("at");
  const bool timed = place.member("at_ms") || place.member("at_percent");
  if (place.member("at_ms") && place.member("at_percent")) place.problem("\"at_ms\" and \"at_percent\" exclude each other");
  if (at && timed) place.problem("\"at\" (a protocol point) and \"at_ms\" (a time) exclude each other");
  if (!at && !timed) place.problem("a fault needs \"at\" (a protocol point) or \"at_ms\" (a time)");
  if (at) read_point(*at, fault);
  for (const char* field : {"when", "subtask", "nth", "after_ms", "after", "by_ms", "by_target"}) {
    if (timed && place.member(field)) place.problem(fmt::format("\"{}\" belongs to \"at\", not to \"at_ms\"", field));
  }
  if (const auto when = place.member("when")) {
    const std::string word = when->word_of(kPhases, "phase");
    fault.any_when = word == "drawn";
    fault.when = word.starts_with("before") ? env::Phase::before : env::Phase::after;
  }
  if (const auto after = place.member("after")) {
    if (!after->object_of({"at", "nth"}, "part of an earlier hit")) return;
    if (const auto point = after->required("at")) {
      const std::string word = point->word_of(point_words(), "protocol point");
      if (place.reader().ok()) fault.after = env::point_named(word);
    }
    if (const auto nth = after->member("nth")) fault.after_nth = read_number(*nth, 1, kMaxCount);
  }
  if (const auto subtask = place.member("subtask")) {
    if (!subtask->is_string()) {
      fault.any_subtask = false;
      fault.subtask = read_number(*subtask, 0, kMaxSubtask);
    } else {
      fault.any_subtask = subtask->word_of(kSubtasks, "subtask") == "any";
    }
  }
}

void set_defaults(FaultSpec& fault) {
  const bool anyone = fault.kind == FaultKind::delay || fault.kind == FaultKind::reconnect ||
                      fault.kind == FaultKind::storage;
  fault.target = {{anyone ? "*" : fault.at ? "@hit" : "any task-manager"}};
  fault.call = {{"sync"}};
  fault.effect = {{"fails"}};
  fault.path = {{""}};
  fault.by_target = {{"any task-manager"}};
  if (fault.kind == FaultKind::swizzle) fault.target = {{"*"}};
  fault.topic = {log_topic_words()};
  fault.what = {{"partition"}};
  fault.peer = {{"*"}};
  fault.direction = {{"both"}};
  fault.mode = {{"hold"}};
  fault.notice = {{"reset"}};
  if (fault.kind == FaultKind::reconnect) fault.mail = {{"log-request"}};
  fault.part = {{fault.kind == FaultKind::slow_checkpoint ? "trigger" : "store"}};
  fault.duration_ms = {8000, 8000, {}};
  fault.delay_ms = {2000, 2000, {}};
  fault.restart_after_ms = {2000, 2000, {}};
}

FaultSpec read_fault(const JsonPlace& place) {
  FaultSpec fault;
  if (!place.is_object()) {
    place.problem("a fault is an object {...}");
    return fault;
  }
  const auto kind = place.required("kind");
  if (!kind) return fault;
  const std::string word = kind->word_of(fault_kind_words(), "fault");
  if (!place.reader().ok()) return fault;
  const auto info =
      std::find_if(fault_kinds().begin(), fault_kinds().end(), [&](const auto& known) { return word == known.name; });
  fault.kind = info->kind;
  std::vector<std::string> names = {"kind"};
  for (const FaultField& field : fault_trigger_fields()) names.push_back(field.name);
  for (const FaultField& field : info->fields) names.push_back(field.name);
  names.push_back("percent");
  if (!place.object_of(names, "setting of a " + word)) return fault;
  if (const auto percent = place.member("percent")) fault.percent = static_cast<uint32_t>(percent->integer(0, 100));
  read_trigger(place, fault);
  if (fault.kind == FaultKind::swizzle && fault.at) {
    place.problem("a swizzle has times of its own and begins at \"at_ms\" or \"at_percent\", not \"at\" a protocol point");
  }
  set_defaults(fault);
  read_fields(place, fault_trigger_fields(), fault);
  read_fields(place, info->fields, fault);
  return fault;
}

}  // namespace

const std::vector<std::string>& process_classes() {
  static const std::vector<std::string> classes = {"any task-manager", "any broker", "any process"};
  return classes;
}

// clang-format off
const std::vector<FaultField>& fault_trigger_fields() {
  static const std::vector<FaultField> fields = {
      {.name = "at", .shape = FieldShape::words, .what = "strikes at a hit of this protocol point (onceproof list points); any sink point: of one of them", .words = known_points()},
      {.name = "at_ms", .shape = FieldShape::number, .what = "strikes at this virtual time", .high = kDayMs, .optional_number = &FaultSpec::at_ms},
      {.name = "at_percent", .shape = FieldShape::number, .what = "strikes when so much of the input's span is over", .high = 1000, .optional_number = &FaultSpec::at_percent},
      {.name = "when", .shape = FieldShape::word, .what = "a point with a durable effect is hit before and after it; drawn: the seed takes one", .words = kPhases},
      {.name = "subtask", .shape = FieldShape::subtask, .what = "only hits of this subtask; drawn: of one that the seed draws", .words = kSubtasks, .high = kMaxSubtask},
      number("nth", &FaultSpec::nth, 1, kMaxCount, "strikes at this hit, counted from 1"),
      {.name = "after_ms", .shape = FieldShape::number, .what = "hits before this time do not count", .high = kDayMs, .optional_number = &FaultSpec::after_ms},
      {.name = "after", .shape = FieldShape::hit, .what = "hits before the nth hit of this other point do not count", .words = point_words(), .low = 1, .high = kMaxCount},
      {.name = "by_ms", .shape = FieldShape::number, .what = "strikes at this time at the latest, where the point was not hit before", .high = kDayMs, .optional_number = &FaultSpec::by_ms},
      process("by_target", &FaultSpec::by_target, {}, "whom \"@hit\" means when by_ms strikes instead"),
  };
  return fields;
}

const std::vector<FaultKindInfo>& fault_kinds() {
  static const FaultField target = process("target", &FaultSpec::target, {"@hit"}, "the process; @hit: the one that hit the point");
  static const FaultField duration = milliseconds_field("duration_ms", &FaultSpec::duration_ms, 1, "how long it lasts");
  static const FaultField delay = milliseconds_field("delay_ms", &FaultSpec::delay_ms, 1, "by how much it is late");
  static const std::vector<FaultKindInfo> table = {
      {FaultKind::crash, "crash", "the process dies with its memory and its unsynced data",
       {target, milliseconds_field("restart_after_ms", &FaultSpec::restart_after_ms, 0, "when it comes back"),
        words("notice", &FaultSpec::notice, {"reset", "silent"}, "reset: the peers learn that the connections are gone; silent: the host is lost and nobody is told")}},
      {FaultKind::pause, "pause", "the process stops and does not know it: the zombie", {target, duration}},
      {FaultKind::partition, "partition", "no message passes between two processes",
       {process("target", &FaultSpec::target, {"@hit", "every broker", "every task-manager"}, "one side; @hit: the process that hit the point"),
        process("peer", &FaultSpec::peer, {"*", "every broker", "every task-manager"}, "the other side; *: everyone"),
        words("direction", &FaultSpec::direction, {"both", "to-peer", "from-peer"}, "which messages are held up"),
        words("mode", &FaultSpec::mode, {"hold", "reset"}, "hold: delivered after the healing; reset: lost, and both sides are told"),
        duration}},
      {FaultKind::delay, "delay", "the next messages of one kind leave late",
       {process("target", &FaultSpec::target, {"*"}, "the sender; *: anyone"),
        required(words("mail", &FaultSpec::mail, mail_words(), "the kind of message (onceproof list mails)")),
        number("count", &FaultSpec::count, 1, kMaxCount, "how many messages"), delay}},
      {FaultKind::slow_checkpoint, "slow-checkpoint", "one checkpoint is slow",
       {words("part", &FaultSpec::part, {"trigger", "sync", "ack"}, "trigger: one source is told late; sync: a task stalls; ack: an acknowledgement is late"),
        delay}},
      {FaultKind::fail_checkpoint, "fail-checkpoint", "one checkpoint's data are not written",
       {words("part", &FaultSpec::part, {"store", "store-but-written", "task"}, "store: the metadata; store-but-written: it says so but has written; task: a task's state")}},
      {FaultKind::storage, "storage", "calls of the checkpoint storage fail, hang or are slow while it is in force",
       {process("target", &FaultSpec::target, {"*", "@hit"}, "whose calls; *: anyone's"),
        words("call", &FaultSpec::call, storage_call_words(), "which calls"),
        words("effect", &FaultSpec::effect, storage_effect_words(), "fails-but-written: done, and reported as failed; hangs: until the fault is over"),
        text("path", &FaultSpec::path, "how their path begins; empty: any"),
        number("skip", &FaultSpec::skip, 0, kMaxCount, "how many calls are spared first"),
        number("count", &FaultSpec::count, 1, kMaxCount, "how many calls suffer"), duration, delay}},
      {FaultKind::stall, "stall", "the actor that hits the point is held there; of a process that is named, its main actor",
       {target, delay}},
      {FaultKind::slow, "slow", "a process computes slowly",
       {target, number("cpu_percent", &FaultSpec::cpu_percent, 1, 100'000, "how much of its time everything takes: 300 is three times as long"),
        duration}},
      {FaultKind::reconnect, "reconnect", "log clients lose the connections of their next requests, which still arrive, late",
       {process("target", &FaultSpec::target, {"*"}, "whose log clients; *: anyone's"),
        words("mail", &FaultSpec::mail, {"log-request"}, "the kind of message"),
        number("count", &FaultSpec::count, 1, kMaxCount, "how many messages"), delay}},
      {FaultKind::move_leader, "move-leader", "another copy of a partition leads for a while; of an internal topic: coordinates",
       {words("topic", &FaultSpec::topic, log_topic_words(), "of the source, the sink, the transaction log or the offsets log; one is drawn unless it is named"),
        {.name = "partition", .shape = FieldShape::number, .what = "of that topic; drawn unless it is named", .high = 255, .optional_number = &FaultSpec::partition},
        duration}},
      {FaultKind::swizzle, "swizzle", "some processes are cut off or paused one by one, and healed in another order (FoundationDB's swizzle-clogging)",
       {process("target", &FaultSpec::target, {"*", "every broker", "every task-manager"}, "among whom; *: all of the cluster's processes"),
        words("what", &FaultSpec::what, {"partition", "pause"}, "partition: from everyone else; pause: as the fault of that name"),
        words("mode", &FaultSpec::mode, {"hold", "reset"}, "of a partition"),
        number("share_percent", &FaultSpec::share_percent, 1, 100, "each process is taken with this chance, and at least two are where there are two"),
        milliseconds_field("stop_ms", &FaultSpec::stop_ms, 0, "within this time they are stopped one after the other"),
        milliseconds_field("duration_ms", &FaultSpec::duration_ms, 1, "then all stay stopped for so long"),
        milliseconds_field("heal_ms", &FaultSpec::heal_ms, 0, "within this time they are healed one after the other")}, true},
  };
  return table;
}
// clang-format on

std::vector<std::string> fault_kind_words() {
  std::vector<std::string> words;
  for (const FaultKindInfo& info : fault_kinds()) words.push_back(info.name);
  return words;
}

std::vector<std::string> storage_call_words() {
  return {"append", "sync", "rename", "sync-directory", "remove", "list", "read"};
}

std::vector<std::string> plan_fault_kind_words() {
  std::vector<std::string> words;
  for (const FaultKindInfo& info : fault_kinds()) {
    if (!info.drawn_only) words.push_back(info.name);
  }
  return words;
}

std::vector<std::string> log_topic_words() { return {"source", "sink", "transactions", "offsets"}; }

std::vector<std::string> storage_effect_words() { return {"fails", "fails-but-written", "hangs", "slow"}; }

std::vector<FaultSpec> read_faults(const JsonPlace& place) {
  std::vector<FaultSpec> faults;
  for (const JsonPlace& element : place.elements()) faults.push_back(read_fault(element));
  return faults;
}

}  // namespace onceproof::scenarios
