// SPDX-License-Identifier: Apache-2.0
#include "scenarios/plan/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scenarios/plan/catalogue.h"
#include "scenarios/plan/fault_fields.h"
#include "scenarios/plan/knobs.h"
#include "scenarios/plan/language_parts.h"
#include "scenarios/plan/schema.h"

namespace onceproof::scenarios {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr const char* kPipeline = R"("pipeline": [{"source": "log"}, {"sink": "log"}])";

// The error of a scenario whose members beside the name and a pipeline are `members`; empty: it is valid.
std::string error_of(const std::string& members) {
  const auto scenario = parse_scenario("{\"name\": \"x\", " + std::string(kPipeline) + members + "}", "x.json");
  return scenario.ok() ? "" : scenario.error().message;
}
std::string error_of_fault(const std::string& fault) { return error_of(", \"faults\": [" + fault + "]"); }
std::string error_of_pipeline(const std::string& steps) {
  const auto scenario = parse_scenario("{\"name\": \"x\", \"pipeline\": [" + steps + "]}", "x.json");
  return scenario.ok() ? "" : scenario.error().message;
}

TEST(ScenarioLanguage, EveryScenarioOfTheCatalogueIsValid) {
  EXPECT_THAT(catalogue_names(), Contains("word-count"));
  EXPECT_THAT(catalogue_names(), Contains("transform"));
  for (const std::string& name : catalogue_names()) {
    const auto scenario = load_scenario(name);
    ASSERT_TRUE(scenario.ok()) << scenario.error().message;
    EXPECT_EQ(scenario.value().name, name);
    EXPECT_FALSE(scenario.value().description.empty());
  }
}

TEST(ScenarioLanguage, AnUnknownFaultNamesItsPlaceAndTheNearestWord) {
  EXPECT_EQ(error_of_fault(R"({"kind": "cras", "at_ms": 1})"),
            "x.json: unknown fault \"cras\" at /faults/0/kind; did you mean \"crash\"?");
}

TEST(ScenarioLanguage, ASyntaxErrorNamesLineAndColumn) {
  const auto scenario = parse_scenario("{\n  \"name\": \"x\",\n  oops\n}", "x.json");
  ASSERT_FALSE(scenario.ok());
  EXPECT_THAT(scenario.error().message, HasSubstr("x.json: 3:"));
  EXPECT_THAT(scenario.error().message, HasSubstr("not JSON"));
}

TEST(ScenarioLanguage, UnknownKeysAreRefusedWithTheNearestOne) {
  EXPECT_THAT(error_of(R"(, "paralelism": 2)"), HasSubstr("did you mean \"parallelism\"?"));
  EXPECT_THAT(error_of(R"(, "checkpoint": {"intervall_ms": 2})"),
              HasSubstr("unknown setting \"intervall_ms\" at /checkpoint/intervall_ms; did you mean \"interval_ms\"?"));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at_ms": 1, "restart_after_ms": 1})"),
              HasSubstr("unknown setting of a pause \"restart_after_ms\" at /faults/0/restart_after_ms"));
}

TEST(ScenarioLanguage, AKeyThatStandsTwiceIsRefused) {
  EXPECT_THAT(error_of(R"(, "parallelism": 1, "parallelism": 2)"), HasSubstr("\"parallelism\" stands twice"));
}

TEST(ScenarioLanguage, NumbersHaveRanges) {
  EXPECT_EQ(error_of(R"(, "parallelism": 2)"), "");
  EXPECT_EQ(error_of(R"(, "parallelism": [1, 3])"), "");
  EXPECT_EQ(error_of(R"(, "parallelism": {"one_of": [1, 3]})"), "");
  EXPECT_THAT(error_of(R"(, "parallelism": 0)"), HasSubstr("0 is out of range, 1 to 64 is valid at /parallelism"));
  EXPECT_THAT(error_of(R"(, "parallelism": 1.5)"), HasSubstr("whole number is needed at /parallelism"));
  EXPECT_THAT(error_of(R"(, "parallelism": [3, 1])"), HasSubstr("begins with its lower number"));
  EXPECT_THAT(error_of(R"(, "parallelism": [1, 2, 3])"), HasSubstr("a range has two numbers"));
  EXPECT_THAT(error_of(R"(, "parallelism": {"one_of": []})"), HasSubstr("nothing to draw"));
  EXPECT_THAT(error_of(R"(, "parallelism": 18446744073709551615)"), HasSubstr("out of range"));
}

TEST(ScenarioLanguage, AFaultNeedsOneTrigger) {
  EXPECT_THAT(error_of_fault(R"({"kind": "pause"})"), HasSubstr("a fault needs \"at\""));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at": "sink.commit", "at_ms": 1})"), HasSubstr("exclude each other"));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at_ms": 1, "nth": 2})"), HasSubstr("\"nth\" belongs to \"at\""));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at_ms": 1, "after_ms": 2})"), HasSubstr("\"after_ms\" belongs"));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at": "sink.commit", "after": {"at": "sink.comit"}})"),
              HasSubstr("did you mean \"sink.commit\"?"));
  EXPECT_THAT(error_of_fault(R"({"kind": "pause", "at": "sink.comit"})"), HasSubstr("did you mean \"sink.commit\"?"));
}

TEST(ScenarioLanguage, ProcessesAndMailsAreCheckedByName) {
  EXPECT_THAT(error_of_fault(R"({"kind": "crash", "target": "any task-manger", "at_ms": 1})"),
              HasSubstr("did you mean \"any task-manager\"?"));
  EXPECT_THAT(error_of_fault(R"({"kind": "crash", "target": "@hit", "at_ms": 1})"), HasSubstr("unknown process"));
  EXPECT_THAT(error_of_fault(R"({"kind": "delay", "mail": "log-requst", "at_ms": 1})"),
              HasSubstr("did you mean \"log-request\"?"));
  EXPECT_THAT(error_of_fault(R"({"kind": "delay", "at_ms": 1})"), HasSubstr("\"mail\" is missing at /faults/0"));
}

TEST(ScenarioLanguage, ASwizzleBeginsAtATime) {
  EXPECT_EQ(error_of_fault(R"({"kind": "swizzle", "at_ms": 1, "what": "pause", "share_percent": [20, 80]})"), "");
  EXPECT_THAT(error_of_fault(R"({"kind": "swizzle", "at": "sink.commit"})"), HasSubstr("begins at \"at_ms\""));
}

TEST(ScenarioLanguage, ASettingOfAnotherRestartStrategyIsRefused) {
  EXPECT_EQ(error_of(R"(, "restart": {"attempts": 3, "delay_ms": 5})"), "");
  EXPECT_EQ(error_of(R"(, "restart": {"strategy": "failure-rate", "delay_ms": 5, "max_failures_per_interval": 2})"), "");
  EXPECT_EQ(error_of(R"(, "restart": {"strategy": {"one_of": ["fixed-delay", "exponential-delay"]}, "max_backoff_ms": 5,
                                      "attempts": 3})"),
            "");
  EXPECT_THAT(error_of(R"(, "restart": {"strategy": "failure-rate", "attempts": 3})"),
              HasSubstr("it belongs to the restart strategy fixed-delay, and restart.strategy is failure-rate at "
                        "/restart/attempts"));
  EXPECT_THAT(error_of(R"(, "restart": {"jitter_percent": 3})"),
              HasSubstr("it belongs to the restart strategy exponential-delay, and restart.strategy is fixed-delay"));
  EXPECT_THAT(error_of(R"(, "restart": {"strategy": "exponential"})"), HasSubstr("did you mean \"exponential-delay\"?"));
}

TEST(ScenarioLanguage, PipelinesHaveAnOrder) {
  EXPECT_EQ(error_of_pipeline(R"({"source":"log"},{"split":"words"},{"map":{"prefix":"processed_"}},{"sink":"log"})"),
            "");
  const std::string window = R"({"key_by":"value"},{"window":{"tumbling_ms":10}},{"aggregate":"count"},{"sink":"log"})";
  const std::string map = R"({"map":{"prefix":"processed_"}},)";
  EXPECT_EQ(error_of_pipeline(R"({"source":"log"},{"key_by":"value"},)" + map + window), "");
  EXPECT_THAT(error_of_pipeline(R"({"source":"log"},{"key_by":"value"},)" + window), HasSubstr("/pipeline/1"));
  EXPECT_THAT(error_of_pipeline(R"({"source":"log"},{"key_by":"value"},)" + map + R"({"sink":"log"})"),
              HasSubstr("key_by without a window behind it at /pipeline/1"));
  EXPECT_THAT(error_of_pipeline(R"({"split":"words"},{"sink":"log"})"), HasSubstr("begins with"));
  EXPECT_THAT(error_of_pipeline(R"({"source":"log"})"), HasSubstr("pipeline"));
  EXPECT_THAT(error_of_pipeline(R"({"source":"log"},{"key_by":"value"},{"sink":"log"})"), HasSubstr("/pipeline/1"));
  EXPECT_EQ(error_of_pipeline(R"({"source":"log"},{"map":{"prefix":"processed_"}},{"split":"words"},{"split":"words"},{"sink":"log"})"),
            "");
  EXPECT_THAT(error_of_pipeline(R"({"source":"log"},{"split":"wrods"},{"sink":"log"})"),
              HasSubstr("unknown split \"wrods\" at /pipeline/1/split; did you mean \"words\"?"));
}

TEST(ScenarioLanguage, HostileDocumentsAreRefusedNotCrashedOn) {
  EXPECT_FALSE(parse_scenario("", "x").ok());
  EXPECT_FALSE(parse_scenario("[]", "x").ok());
  EXPECT_FALSE(parse_scenario("null", "x").ok());
  EXPECT_FALSE(parse_scenario(std::string("\0\xff\xfe", 3), "x").ok());
  EXPECT_FALSE(parse_scenario(R"({"name": 7, "pipeline": {}})", "x").ok());
  EXPECT_FALSE(parse_scenario(R"({"name": "../x", "pipeline": []})", "x").ok()) << "a name becomes a folder";
}

TEST(ScenarioLanguage, AWordSettingTakesItsWordsAlone) {
  EXPECT_EQ(error_of(R"(, "sink": {"lost_transaction": "continue"})"), "");
  EXPECT_EQ(error_of(R"(, "swarm": {"configuration": {"sink.lost_transaction": {"one_of": ["fail-job", "continue"]}}})"),
            "");
  EXPECT_THAT(error_of(R"(, "sink": {"lost_transaction": "continu"})"), HasSubstr("did you mean \"continue\"?"));
  EXPECT_THAT(error_of(R"(, "sink": {"lost_transaction": 1})"), HasSubstr("/sink/lost_transaction"));
  EXPECT_THAT(error_of(R"(, "sink": {"lost_transaction": {"one_of": []}})"), HasSubstr("nothing to draw"));
}

TEST(ScenarioLanguage, TheSchemaKnowsEveryWordThatTheParserKnows) {
  const nlohmann::json schema = scenario_schema();
  const auto& properties = schema["properties"];
  for (const Knob& knob : all_knobs()) {
    std::string place = "/properties";  // "input.generated" lies inside "input"
    for (std::string_view rest = knob.section; !rest.empty();) {
      place += "/" + std::string(rest.substr(0, rest.find('.'))) + "/properties";
      rest.remove_prefix(std::min(rest.size(), rest.substr(0, rest.find('.')).size() + 1));
    }
    ASSERT_TRUE(schema.contains(nlohmann::json::json_pointer(place + "/" + knob.name))) << knob_path(knob);
    const auto& holder = schema[nlohmann::json::json_pointer(place)];
    EXPECT_FALSE(holder[knob.name]["description"].get<std::string>().empty());
    const auto& plain = holder[knob.name]["anyOf"][0];
    if (knob.words.empty()) {
      EXPECT_EQ(plain["minimum"], knob.low) << knob_path(knob);
      EXPECT_EQ(plain["maximum"], knob.high) << knob_path(knob);
    } else {
      EXPECT_EQ(plain["enum"], nlohmann::json(knob.words)) << knob_path(knob);
    }
    EXPECT_TRUE(properties["swarm"]["properties"]["configuration"]["properties"].contains(knob_path(knob)));
  }
  const auto& kinds = properties["faults"]["items"]["anyOf"];
  ASSERT_EQ(kinds.size(), fault_kind_words().size());
  for (size_t i = 0; i < kinds.size(); ++i) {
    const auto& fields = kinds[i]["properties"];
    EXPECT_EQ(fields["kind"]["const"], fault_kind_words()[i]);
    for (const FaultField& field : fault_kinds()[i].fields) EXPECT_TRUE(fields.contains(field.name)) << field.name;
    EXPECT_EQ(fields.contains("at"), !fault_kinds()[i].drawn_only);
    if (fault_kinds()[i].drawn_only) continue;
    const auto points = fields["at"]["anyOf"][0]["enum"].get<std::vector<std::string>>();
    for (const std::string& point : point_words()) EXPECT_THAT(points, Contains(point));
    for (const std::string& point : drawn_point_words()) EXPECT_THAT(points, Contains(point));
    EXPECT_TRUE(fields.contains("percent"));
  }
}

// The order of the table is the order of FaultKind and of the actions of a plan, whose words are found by index.
TEST(ScenarioLanguage, TheTableOfFaultKindsIsInTheirOrder) {
  ASSERT_EQ(plan_fault_kind_words().size(), std::variant_size_v<simulator::FaultAction>);
  for (size_t i = 0; i < plan_fault_kind_words().size(); ++i) EXPECT_EQ(plan_fault_kind_words()[i], fault_kinds()[i].name);
  for (size_t i = 0; i < fault_kinds().size(); ++i) EXPECT_EQ(static_cast<size_t>(fault_kinds()[i].kind), i);
}

// A field that the table names but the parser does not place would be read and forgotten.
TEST(ScenarioLanguage, EveryFieldOfAFaultGoesSomewhere) {
  for (const FaultKindInfo& kind : fault_kinds()) {
    for (const FaultField& field : kind.fields) {
      const bool number = field.number != nullptr || field.optional_number != nullptr;
      EXPECT_TRUE(number || field.drawn_word != nullptr) << kind.name << " " << field.name;
      EXPECT_STRNE(field.what, "") << kind.name << " " << field.name;
    }
  }
}

}  // namespace
}  // namespace onceproof::scenarios
