// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/schema.h"

#include <nlohmann/json.hpp>

#include "scenarios/plan/fault_fields.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/pipeline_language.h"

namespace onceproof::scenarios {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kProcessPattern = "^(jobmanager|controller|reader|taskmanager-[0-9]{1,4}|broker-[0-9]{1,4})$";

OrderedJson integer(int64_t low, int64_t high) { return {{"type", "integer"}, {"minimum", low}, {"maximum", high}}; }

OrderedJson list_of(OrderedJson items, int least, int most = 0) {
  OrderedJson list = {{"type", "array"}, {"items", std::move(items)}, {"minItems", least}};
  if (most > 0) list["maxItems"] = most;
  return list;
}

OrderedJson object_of(OrderedJson properties, std::vector<std::string> required = {}) {
  OrderedJson object = {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) object["required"] = std::move(required);
  return object;
}

OrderedJson any_of(std::vector<OrderedJson> choices) { return {{"anyOf", std::move(choices)}}; }

OrderedJson described(const std::string& what, const OrderedJson& value) {
  OrderedJson out = {{"description", what}};
  out.update(value);
  return out;
}

OrderedJson number(int64_t low, int64_t high) {
  return any_of({integer(low, high), list_of(integer(low, high), 2, 2),
                 object_of({{"one_of", list_of(integer(low, high), 1)}}, {"one_of"})});
}

OrderedJson enumerated(const std::vector<std::string>& words) { return {{"enum", words}}; }

OrderedJson knob(const Knob& knob) {
  if (knob.words.empty()) return described(knob.what, number(knob.low, knob.high));
  const OrderedJson word = enumerated(knob.words);
  return described(knob.what, any_of({word, object_of({{"one_of", list_of(word, 1)}}, {"one_of"})}));
}

OrderedJson field(const FaultField& field) {
  const auto one_or_many = [](const OrderedJson& one) { return any_of({one, list_of(one, 1)}); };
  switch (field.shape) {
    case FieldShape::number: return described(field.what, number(field.low, field.high));
    case FieldShape::words: return described(field.what, one_or_many(enumerated(field.words)));
    case FieldShape::word: return described(field.what, enumerated(field.words));
    case FieldShape::subtask:
      return described(field.what, any_of({number(field.low, field.high), enumerated(field.words)}));
    case FieldShape::text: return described(field.what, one_or_many({{"type", "string"}}));
    case FieldShape::hit:
      return described(field.what, object_of({{"at", enumerated(field.words)}, {"nth", number(field.low, field.high)}},
                                             {"at"}));
    case FieldShape::process: break;
  }
  std::vector<std::string> words = process_classes();
  words.insert(words.end(), field.words.begin(), field.words.end());
  const OrderedJson named = {{"type", "string"}, {"pattern", kProcessPattern}};
  return described(field.what, one_or_many(any_of({enumerated(words), named})));
}

OrderedJson fault(const FaultKindInfo& kind) {
  OrderedJson properties = {{"kind", described(kind.what, {{"const", kind.name}})}};
  std::vector<std::string> required = {"kind"};
  const auto add = [&](const FaultField& one) {
    properties[one.name] = field(one);
    if (one.required) required.push_back(one.name);
  };
  for (const FaultField& one : fault_trigger_fields()) {
    const bool timed = std::string(one.name) == "at_ms" || std::string(one.name) == "at_percent";
    if (timed || !kind.drawn_only) add(one);
  }
  for (const FaultField& one : kind.fields) add(one);
  properties["percent"] = described("in how many of a hundred seeds it strikes", integer(0, 100));
  OrderedJson object = object_of(std::move(properties), std::move(required));
  object["anyOf"] = {{{"required", {"at_ms"}}}, {{"required", {"at_percent"}}}};
  if (!kind.drawn_only) object["anyOf"].push_back({{"required", {"at"}}});
  return object;
}

OrderedJson faults() {
  std::vector<OrderedJson> kinds;
  for (const FaultKindInfo& kind : fault_kinds()) kinds.push_back(fault(kind));
  return list_of(any_of(std::move(kinds)), 0);
}

OrderedJson expression_setting(const StepSetting& setting) {
  OrderedJson value = {{"type", "string"}};
  if (setting.shape == ArgumentShape::number) value = integer(setting.low, setting.high);
  return object_of({{setting.name, described(setting.what, value)}}, {setting.name});
}

OrderedJson expression() {
  std::vector<OrderedJson> simple = {enumerated(expression_words())};
  for (const StepSetting& setting : expression_settings()) simple.push_back(expression_setting(setting));
  std::vector<OrderedJson> all = simple;
  const OrderedJson parts = list_of(any_of(std::move(simple)), 0);
  all.push_back(object_of({{"concat", described("one behind the other", parts)}}, {"concat"}));
  return any_of(std::move(all));
}

OrderedJson step_setting(const StepSetting& setting) {
  switch (setting.shape) {
    case ArgumentShape::number: return described(setting.what, integer(setting.low, setting.high));
    case ArgumentShape::text: return described(setting.what, {{"type", "string"}});
    case ArgumentShape::expression: return described(setting.what, expression());
  }
  return {};
}

OrderedJson step(const StepInfo& step) {
  std::vector<OrderedJson> arguments;
  if (!step.words.empty()) arguments.push_back(enumerated(step.words));
  if (step.takes_expression) arguments.push_back(expression());
  if (!step.settings.empty()) {
    OrderedJson settings;
    for (const StepSetting& setting : step.settings) settings[setting.name] = step_setting(setting);
    OrderedJson object = object_of(std::move(settings));
    for (const std::vector<std::string>& form : step.forms) object["anyOf"].push_back({{"required", form}});
    arguments.push_back(std::move(object));
  }
  const OrderedJson argument = arguments.size() == 1 ? arguments.front() : any_of(std::move(arguments));
  return object_of({{step.word, described(step.what, argument)}}, {step.word});
}

OrderedJson pipeline() {
  std::vector<OrderedJson> steps;
  for (const StepInfo& one : pipeline_steps()) steps.push_back(step(one));
  return list_of(any_of(std::move(steps)), 2);
}

OrderedJson parts() {
  OrderedJson properties;
  for (const PartInfo& part : stack_parts()) {
    properties[part.name] =
        described(part.what, part.words.empty() ? OrderedJson{{"type", "boolean"}} : enumerated(part.words));
  }
  return object_of(std::move(properties));
}

OrderedJson swarm_properties() {
  OrderedJson settings = {
      {"percent", described("how often each setting below leaves its value", integer(0, 100))}};
  for (const Knob& one : all_knobs()) settings[knob_path(one)] = knob(one);
  const OrderedJson configuration = object_of(std::move(settings));
  const OrderedJson family = object_of({{"name", {{"type", "string"}}},
                                        {"percent", described("in how many of a hundred seeds it is on", integer(0, 100))},
                                        {"configuration", described("settings that are drawn over the swarm's where it is on", configuration)},
                                        {"faults", faults()}},
                                       {"name", "faults"});
  return {{"configuration", configuration},
          {"faults", faults()},
          {"families", described("faults that are switched off together", list_of(family, 0))}};
}

OrderedJson profile() {
  OrderedJson properties = swarm_properties();
  properties["description"] = {{"type", "string"}};
  properties["own"] =
      object_of({{"faults_percent", described("in how many of a hundred seeds the scenario's own faults strike", integer(0, 100))},
                 {"swarm_percent", described("and its own swarm is drawn from", integer(0, 100))}});
  return object_of(std::move(properties));
}

OrderedJson knobs_of(const std::string& section) {
  OrderedJson properties;
  for (const Knob& one : all_knobs()) {
    if (section == one.section) properties[one.name] = knob(one);
  }
  return properties;
}

OrderedJson section(const std::string& name) {
  OrderedJson object = object_of(knobs_of(name));
  if (name != "input") return object;
  object["properties"]["text"] =
      described("a file, or \"default\": a text that the system has", {{"type", "string"}, {"minLength", 1}});
  object["properties"]["generated"] = described("records that are made", object_of(knobs_of("input.generated"), {"records"}));
  object["not"] = {{"required", {"text", "generated"}}};
  return object;
}

}  // namespace

nlohmann::ordered_json scenario_schema() {
  OrderedJson properties = {
      {"$schema", {{"type", "string"}}},
      {"name", described("1 to 64 lower-case letters, digits and dashes",
                         {{"type", "string"}, {"pattern", "^[a-z0-9-]{1,64}$"}})},
      {"description", {{"type", "string"}}},
      {"pipeline", described("the steps in order: source first, sink last; a window stands behind a key_by and in front of "
                             "its aggregate",
                             pipeline())},
      {"parts", described("parts of its own instead of the three consistent stacks; the guarantee follows from them",
                          parts())},
      {"faults", described("faults, each with its trigger, in every seed unless they have a percent", faults())},
      {"swarm", described("what only some seeds get", object_of(swarm_properties()))},
      {"profiles", described("other ways to draw from this scenario, by name (--profile); \"swarm\" and \"calm\" replace the "
                             "program's own",
                             {{"type", "object"}, {"additionalProperties", profile()}})},
  };
  for (const std::string& name : knob_sections()) {
    if (!name.empty() && name.find('.') == std::string::npos) properties[name] = section(name);
  }
  for (const Knob& one : all_knobs()) {
    if (*one.section == '\0') properties[one.name] = knob(one);
  }
  OrderedJson schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"title", "onceproof scenario"},
                        {"description", "A pipeline, a cluster and the faults that it must survive. Where a number may "
                                        "be drawn it is a number, a range [low, high] or {\"one_of\": [..]}."}};
  schema.update(object_of(std::move(properties), {"name", "pipeline"}));
  return schema;
}

}  // namespace onceproof::scenarios
