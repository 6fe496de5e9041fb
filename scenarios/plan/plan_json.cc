// SPDX-License-Identifier: Apache-2.0
// plan.json: every field of a RunPlan by name, nothing left to a default of the reading program.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json.h"
#include "runtime/base/check.h"
#include "scenarios/plan/json_reader.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/pipeline_language.h"
#include "scenarios/plan/plan.h"
#include "scenarios/plan/plan_faults.h"

namespace onceproof::scenarios {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int64_t kPlanSchema = 1;

OrderedJson input_json(const InputPlan& input) {
  OrderedJson out;
  if (input.spec.kind == InputKind::generated) {
    out["generated"] = true;  // its numbers are settings
  } else {
    out["text"] = input.spec.kind == InputKind::file ? input.spec.path : "default";
  }
  out["content_hash"] = input.content_hash;
  return out;
}

OrderedJson stack_json(const RunPlan& plan) {
  const Stack stack = stack_of(plan.job);
  return {{"name", plan.guarantee},
          {"offsets", to_string(stack.offsets)},
          {"checkpoints", stack.checkpoints},
          {"barriers", to_string(stack.barriers)},
          {"sink", to_string(stack.sink)}};
}

OrderedJson bugs_json(const SeededBugs& bugs) {
  OrderedJson out = OrderedJson::array();
  for (int i = 0; i < kSeededBugCount; ++i) {
    if (bugs.has(seeded_bug_info(i).bug)) out.push_back(seeded_bug_info(i).name);
  }
  return out;
}

std::vector<std::string> bug_words() {
  std::vector<std::string> words;
  for (int i = 0; i < kSeededBugCount; ++i) words.push_back(seeded_bug_info(i).name);
  return words;
}

// The texts of a job that name things in the log.
struct NamedText {
  const char* key;
  std::string& (*text)(RunPlan& plan);
};
const NamedText kTexts[] = {
    {"job", [](RunPlan& plan) -> std::string& { return plan.job.name; }},
    {"source_topic", [](RunPlan& plan) -> std::string& { return plan.job.source.topic; }},
    {"group", [](RunPlan& plan) -> std::string& { return plan.job.source.group; }},
    {"sink_topic", [](RunPlan& plan) -> std::string& { return plan.job.sink.topic; }},
    {"transactional_id_prefix", [](RunPlan& plan) -> std::string& { return plan.job.sink.transactional_id_prefix; }},
};

std::vector<std::string> plan_keys() {
  std::vector<std::string> keys = {"schema",   "version", "scenario", "seed",     "stacks", "names",
                                   "pipeline", "input",   "bugs",     "settings", "faults"};
  return keys;
}

void read_settings(const JsonPlace& place, RunPlan& plan) {
  std::vector<std::string> keys;
  for (const Knob& knob : all_knobs()) keys.push_back(knob_path(knob));
  if (!place.object_of(keys, "setting")) return;
  for (const Knob& knob : all_knobs()) {
    const auto value = place.required(knob_path(knob));
    if (!value) continue;
    if (knob.words.empty()) {
      knob.set(plan, value->integer(knob.low, knob.high));
    } else {
      const std::string word = value->word_of(knob.words, knob.name);
      knob.set(plan, std::find(knob.words.begin(), knob.words.end(), word) - knob.words.begin());
    }
  }
}

void read_plan_input(const JsonPlace& place, InputPlan& input) {
  if (!place.object_of({"text", "generated", "content_hash"}, "setting")) return;
  if (const auto generated = place.member("generated")) {
    if (!generated->boolean()) generated->problem("only true makes sense");
    input.spec.kind = InputKind::generated;
  } else if (const auto text = place.required("text")) {
    const std::string path = text->word();
    input.spec.kind = path == "default" ? InputKind::default_text : InputKind::file;
    if (path != "default") input.spec.path = path;
  }
  if (const auto hash = place.required("content_hash")) input.content_hash = hash->word();
}

std::string read_name(const JsonPlace& place) {
  const std::string name = place.word();
  if (place.is_string() && !valid_name(name)) place.problem("a name is 1 to 64 lower-case letters, digits and dashes");
  return name;
}

// As Kafka's legal characters of a topic, without the names of its internal topics.
bool legal_in_log(const std::string& text) {
  constexpr size_t kMost = 249;
  return !text.empty() && text.size() <= kMost && !text.starts_with("__") &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

void read_names(const JsonPlace& place, RunPlan& plan) {
  for (const NamedText& named : kTexts) {
    const auto text = place.required(named.key);
    if (!text) continue;
    named.text(plan) = text->word();
    if (text->is_string() && !legal_in_log(text->word())) {
      text->problem("a name in the log is 1 to 249 of the characters a-z A-Z 0-9 . _ - and does not begin with __");
    }
  }
  if (plan.job.source.topic == plan.job.sink.topic) place.problem("source_topic and sink_topic are the same");
}

RunPlan read_common(const JsonPlace& root) {
  RunPlan plan;
  if (const auto version = root.required("version")) plan.version = version->word();
  if (const auto scenario = root.required("scenario")) plan.scenario = read_name(*scenario);
  if (const auto seed = root.required("seed")) plan.seed = seed->natural();
  if (const auto pipeline = root.required("pipeline")) set_pipeline(plan, read_pipeline(*pipeline));
  if (const auto input = root.required("input")) read_plan_input(*input, plan.input);
  if (const auto settings = root.required("settings")) read_settings(*settings, plan);
  if (const auto names = root.required("names")) read_names(*names, plan);
  if (const auto bugs = root.required("bugs")) {
    for (const JsonPlace& bug : bugs->elements()) plan.job.bugs.add(*seeded_bug_named(bug.word_of(bug_words(), "bug")));
  }
  if (const auto faults = root.required("faults")) plan.faults = read_plan_faults(*faults);
  return plan;
}

}  // namespace

std::string to_json(const PlanFile& file) {
  CHECK(!file.plans.empty(), "a plan file holds at least one plan");
  RunPlan plan = file.plans.front();
  OrderedJson out;
  out["schema"] = kPlanSchema;
  out["version"] = plan.version;
  out["scenario"] = plan.scenario;
  out["seed"] = plan.seed;
  out["stacks"] = OrderedJson::array();
  for (const RunPlan& one : file.plans) out["stacks"].push_back(stack_json(one));
  for (const NamedText& named : kTexts) out["names"][named.key] = named.text(plan);
  out["pipeline"] = pipeline_json(plan.pipeline);
  out["input"] = input_json(plan.input);
  out["bugs"] = bugs_json(plan.job.bugs);
  for (const Knob& knob : all_knobs()) {
    OrderedJson& setting = out["settings"][knob_path(knob)];
    if (knob.words.empty()) {
      setting = knob.get(plan);
    } else {
      setting = knob.words[static_cast<size_t>(knob.get(plan))];
    }
  }
  out["faults"] = plan_faults_json(plan.faults);
  return reports::to_text(out);
}

Result<PlanFile> parse_plan_file(const std::string& text, const std::string& file_name) {
  JsonReader reader(file_name);
  PlanFile file;
  const auto root = reader.parse(text);
  if (root && root->object_of(plan_keys(), "key of a plan")) {
    if (const auto schema = root->required("schema")) schema->integer(kPlanSchema, kPlanSchema);
    const RunPlan common = read_common(*root);
    if (const auto stacks = root->required("stacks")) {
      for (const JsonPlace& place : stacks->elements()) {
        const auto name = place.required("name");
        if (!name) break;
        for (const PartInfo& part : stack_parts()) place.required(part.name);
        const Stack stack = read_parts(place, {"name"});
        for (const RunPlan& other : file.plans) {
          if (other.guarantee == name->word()) name->problem("the name of an earlier stack");
        }
        file.plans.push_back(with_stack(common, read_name(*name), stack));
      }
      if (file.plans.empty()) stacks->problem("a plan needs at least one stack");
    }
  }
  if (!reader.ok()) return reader.error();
  for (const RunPlan& plan : file.plans) {
    const std::optional<Contradiction> problem = find_contradiction(plan);
    if (!problem) continue;
    const std::string place = problem->fault >= 0 ? fmt::format("/faults/{}", problem->fault)
                                                  : "/settings/" + problem->settings.front();
    return Error{ErrorCode::invalid_argument, fmt::format("{}: {} at {}", file_name, problem->message, place)};
  }
  return file;
}

}  // namespace onceproof::scenarios
