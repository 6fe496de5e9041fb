// SPDX-License-Identifier: Apache-2.0
// The history as a document: what is written is read again, what is absent has its default, and whatever is wrong is
// told with its place.
#include "scenarios/history/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scenarios/history/fields.h"
#include "scenarios/history/json_line.h"
#include "scenarios/history/schema.h"
#include "tests/support/history_builder.h"
#include "tests/support/history_text.h"

namespace onceproof::scenarios {
namespace {

using checkers::Outcome;
using tests::document_of;
using tests::error_of;
using tests::kinds_of;
using tests::text_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHeader =
    R"({"schema":"onceproof-history","version":1,"claimed":"exactly-once",)"
    R"("steps":["split-words","key-by-value","count-per-window"],"window_us":10000000,"processes":["jobmanager"]})"
    "\n";
constexpr const char* kInput = R"({"type":"input","timestamp_us":1000000,"value":"the cat"})"
                               "\n";
constexpr const char* kCat =
    R"({"type":"output","offset":0,"timestamp_us":9999999,"key":"cat","value":"1","from":[[0,0,1]]})"
    "\n";
constexpr const char* kThe =
    R"({"type":"output","offset":1,"timestamp_us":9999999,"key":"the","value":"1","from":[[0,0,0]]})"
    "\n";

std::string smallest() { return std::string(kHeader) + kInput + kCat + kThe; }

checkers::Verdict verdict_of(const std::string& text) {
  auto document = document_of(text);
  EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().message);
  return judge_document(document.take()).verdict;
}

TEST(HistoryText, KeepsAnyBytesAndLeavesTextReadable) {
  std::vector<std::string> texts = {"", "plain", "quo\"te", "back\\slash", "tab\there", "\xc3\xa4", "\xed\xa0\x80",
                                    "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xc0\xaf", "\xe2\x82", "\\xff", "a\xff\\"};
  for (int c = 0; c < 256; ++c) texts.push_back("<" + std::string(1, static_cast<char>(c)) + ">");
  for (const std::string& text : texts) {
    std::string json;
    append_json_text(json, text);
    const std::string seen = nlohmann::json::parse(json).get<std::string>();
    EXPECT_EQ(seen, encode_text(text));
    EXPECT_EQ(decode_text(seen), text);
  }
  EXPECT_EQ(encode_text("\xc3\xa4 \xff"), "\xc3\xa4 \\xff");
  for (const char* bad : {"\\", "\\x", "\\xf", "\\xfg", "\\n", "a\\"}) EXPECT_FALSE(decode_text(bad)) << bad;
}

TEST(HistoryDocument, TheSmallestOneIsAValidRun) {
  const checkers::Verdict verdict = verdict_of(smallest());
  EXPECT_EQ(verdict.outcome, Outcome::valid) << verdict.evidence << verdict.why;
  EXPECT_EQ(verdict.counts.expected, 2u);
}

TEST(HistoryDocument, AnAlteredOneHasTheAlteredVerdict) {
  EXPECT_THAT(kinds_of(verdict_of(std::string(kHeader) + kInput + kCat)), ElementsAre("lost", "missing"));
}

TEST(HistoryDocument, TheOrderOfOutputsAndEventsIsThatOfTheirPlacesAndTimes) {
  const std::string late = R"({"type":"event","at_us":9,"process":"jobmanager","point":"job.status"})" "\n";
  const std::string early = R"({"type":"event","at_us":3,"process":0,"point":"leader.elect"})" "\n";
  auto document = document_of(kHeader + late + kThe + early + kCat + kInput);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const checkers::History& history = document.value().history;
  EXPECT_EQ(history.outputs[0].key, "cat");
  EXPECT_EQ(history.outputs[1].key, "the");
  EXPECT_STREQ(history.events[0].point, "leader.elect");
  EXPECT_EQ(history.events[1].at_us, 9);
  EXPECT_EQ(judge_document(document.take()).verdict.outcome, Outcome::valid);
}

TEST(HistoryDocument, AReadIsOfWhatTheLogHoldsUnlessItSaysOtherwise) {
  const std::string log = smallest();
  EXPECT_EQ(verdict_of(log + R"({"type":"read","offset":0,"at_us":5})" "\n" R"({"type":"read","offset":1})").outcome,
            Outcome::valid);
  EXPECT_EQ(verdict_of(log + R"({"type":"read","offset":0})").outcome, Outcome::inconclusive) << "one is unread";
  EXPECT_THAT(kinds_of(verdict_of(log + R"({"type":"read","offset":0,"value":"2"})")), ElementsAre("changed"));
  EXPECT_THAT(kinds_of(verdict_of(log + R"({"type":"read","offset":7})")), testing::Contains("vanished"));
}

TEST(HistoryDocument, AReaderThatReadNothingIsSaidByTheHeader) {
  std::string text = smallest();
  text.insert(1, R"("reads_recorded":true,)");
  EXPECT_EQ(verdict_of(text).outcome, Outcome::inconclusive);
}

// All that a field can hold at its limits, and bytes that are no text.
TEST(HistoryDocument, EveryFieldSurvivesBeingWrittenAndRead) {
  tests::HistoryBuilder run;
  const checkers::Reference reference(tests::input_of({{{1, "a\xff\\ b\nc"}, {2, ""}}, {}}), tests::word_count());
  run.everything(reference);
  run.transaction("sink\xfe\x01", 7, 2);
  run.count("b", 10, {tests::at(0, 0, 1), tests::at(0, 0, 1), tests::at(255, kMaxOffset, kMaxOrdinal)});
  run.commit(6).completed(7, 5).deployed(1).crash(2, 3).recovered(2, 7, 4);
  checkers::History history = run.build();
  history.outputs[0].producer_id = history.outputs[0].transaction = UINT64_MAX;
  history.outputs[0].epoch = UINT32_MAX;
  history.observed[0].value = "other";
  history.observed[0].partition = 3;
  history.store_recorded = true;
  history.stored = {{7, 5, -1, {"a file", "\xff"}}};
  history.slow = {{1, 2}};
  history.asked = {{{1, 0}, {2, 5}}, {}};
  history.vertices = {{"source", 64}};
  history.bounds.result_us = kMostUs;
  history.events.back().process = 77;
  history.events.back().value = UINT64_MAX;
  history.events.back().before = true;
  history.events.back().text = std::string("\0\xff", 2);
  history.job = checkers::JobStatus::failed;
  history.job_reason = "because";
  history.quiescent = false;
  history.order_claimed = false;
  const std::string text = text_of({}, tests::word_count_steps(), reference.input(), history);
  auto document = document_of(text);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const HistoryDocument& back = document.value();
  EXPECT_EQ(back.history.outputs[0].producer_id, UINT64_MAX);
  EXPECT_EQ(back.history.events.back().process, 77);
  EXPECT_EQ(back.history.events.back().text, std::string("\0\xff", 2));
  EXPECT_EQ(back.input->partitions[0][0].value, "a\xff\\ b\nc");
  EXPECT_EQ(back.history.outputs.back().lineage, history.outputs.back().lineage);
  EXPECT_EQ(text_of({}, back.pipeline, *back.input, back.history), text);
}

TEST(HistoryDocument, WhatCannotBeReadIsToldWithItsPlace) {
  const std::string log = smallest();
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "h: the document is empty"},
      {"plainly not", "h:1: column 1: not JSON"},
      {"[1]", "h:1: the top level must be an object"},
      {"{}", R"(h:1: "schema" is missing)"},
      {R"({"schema":"else","version":1})", R"(a history's first line says "onceproof-history")"},
      {R"({"schema":"onceproof-history","version":2,"claimed":"none","steps":[]})", "2 is out of range, 1 to 1"},
      {R"({"schema":"onceproof-history","version":1,"steps":[]})", R"("claimed" is missing)"},
      {R"({"schema":"onceproof-history","version":1,"claimed":"exactly-onc","steps":[]})",
       R"(at /claimed; did you mean "exactly-once"?)"},
      {R"({"schema":"onceproof-history","version":1,"claimed":"none","steps":["key-by-value","split-words"]})",
       "only the first step may be split-words"},
      {R"({"schema":"onceproof-history","version":1,"claimed":"none","steps":["count-per-window"]})", "window_us"},
      {R"({"schema":"onceproof-history","version":1,"claimed":"none","steps":["count-per-window","map-prefix"],"window_us":1})",
       "nothing follows count-per-window"},
      {R"({"schema":"onceproof-history","version":1,"claimed":"none","steps":[],"processes":["a","b","a"]})",
       "two processes have the same name"},
      {log + "{\"type\":\"output\"", "h:5: column"},
      {log + R"({"type":"outptu"})", R"(h:5: unknown type of line "outptu" at /type; did you mean "output"?)"},
      {log + R"({"tipe":"output"})", R"(h:5: "type" is missing)"},
      {log + R"({"type":"output","ofset":3})", R"("offset" is missing)"},
      {log + R"({"type":"output","offset":3,"kee":"x"})", R"(h:5: unknown field "kee" at /kee; did you mean "key"?)"},
      {log + R"({"type":"output","offset":3,"offset":4})", R"(the key "offset" stands twice)"},
      {log + R"({"type":"output","offset":0})", "two outputs at partition 0, offset 0, on the lines 3 and 5"},
      {log + R"({"type":"output","offset":-1})", "-1 is out of range"},
      {log + R"({"type":"output","offset":1.5})", "a whole number is needed at /offset"},
      {log + R"({"type":"output","offset":99999999999999999999999})", "is out of range, 0 to"},
      {log + R"({"type":"output","offset":9,"partition":4294967296})", "0 to 65535 is valid"},
      {log + R"({"type":"output","offset":9,"producer_id":-3})", "-3 is out of range, 0 to 18446744073709551615 is valid at /producer_id"},
      {log + R"({"type":"output","offset":9,"visibility":"comitted"})", R"(did you mean "committed"?)"},
      {log + R"({"type":"output","offset":9,"at_us":-2})", "-2 is out of range"},
      {log + R"({"type":"output","offset":9,"from":[[0]]})", "2 or 3 numbers are needed at /from/0"},
      {log + R"({"type":"output","offset":9,"from":[[0,1],[256,0]]})", "256 is out of range, 0 to 255 is valid at /from/1/0"},
      {log + R"({"type":"output","offset":9,"from":5})", "an array [...] is needed at /from"},
      {log + R"({"type":"output","offset":9,"value":"a\\q"})", "in a text a backslash is"},
      {log + R"({"type":"read","offset":0})" "\n" R"({"type":"output","offset":9})", "h:6: outputs stand before the reads"},
      {log + R"({"type":"input","offset":5,"value":"x"})", "offset 5 is not the next one of partition 0, which is 1"},
      {log + R"({"type":"input","partition":256,"value":"x"})", "0 to 255 is valid"},
      {log + R"({"type":"asked","partition":0,"steps":[[5,1],[4,2]]})", "steps must ascend"},
      {log + R"({"type":"asked","partition":0,"steps":[[5,1,2]]})", "2 numbers are needed at /steps/0"},
      {log + R"({"type":"event","at_us":1,"process":"jobmanger","point":"job.status"})", R"(did you mean "jobmanager"?)"},
      {log + R"({"type":"event","at_us":1,"process":0,"point":"restore.begn"})",
       R"(h:5: unknown event "restore.begn" at /point; did you mean "restore.begin"?)"},
      {log + R"({"type":"event","at_us":100000000000000001,"process":0,"point":"job.status"})", "is out of range"},
      {log + R"({"type":"condition","kind":"recovry"})", R"(did you mean "recovery"?)"},
      {log + R"({"type":"end"})" "\n" R"({"type":"bounds"})", "h:6: nothing follows the end line"},
      {log + R"({"type":"end","job":"finnished"})", R"(did you mean "finished"?)"},
      {log + "{\"type\":\"input\",\"value\":\"\xff\"}", "not JSON"},
  };
  for (const auto& [text, message] : bad) EXPECT_THAT(error_of(text), HasSubstr(message)) << text;
}

TEST(HistoryDocument, OneThatWasCutOffIsRefused) {
  const checkers::Reference reference(tests::input_of({{{1, "the cat"}}}), tests::word_count());
  const std::string text =
      text_of({}, tests::word_count_steps(), reference.input(), tests::HistoryBuilder().everything(reference).build());
  ASSERT_EQ(error_of(text), "");
  for (size_t lines = 0; lines + 1 < static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); ++lines) {
    size_t end = 0;
    for (size_t i = 0; i <= lines; ++i) end = text.find('\n', end) + 1;
    EXPECT_THAT(error_of(text.substr(0, end)), HasSubstr("cut off")) << lines;
  }
  for (size_t bytes = 0; bytes + 2 < text.size(); ++bytes) EXPECT_NE(error_of(text.substr(0, bytes)), "") << bytes;
}

TEST(HistoryDocument, ASinkThatCannotTakeMoreEndsTheWriting) {
  const checkers::Reference reference(tests::input_of({{{1, "the cat"}}}), tests::word_count());
  const Status status = write_history({}, tests::word_count_steps(), reference.input(), checkers::History(),
                                      [](std::string_view) { return Status(ErrorCode::disk_full, "full"); });
  EXPECT_EQ(status.code(), ErrorCode::disk_full);
}

// ---- the table has all ---------------------------------------------------------------------------------------

struct Anything {
  template <class T>
  operator T() const;  // declared only: asked whether it would do
};
template <class T, class... Given>
constexpr size_t members_of() {
  if constexpr (requires { T{Given{}..., Anything{}}; }) {
    return members_of<T, Given..., Anything>();
  } else {
    return sizeof...(Given);
  }
}

class Counter : public FieldVisitor<Counter> {
 public:
  template <class C, class M>
  void visit(const char*, bool, M C::*, const char*, Range) {
    ++fields;
  }
  template <class C>
  void visit_word(const char*, std::string C::*, const char*, const std::vector<std::string>&) {
    ++fields;
  }
  size_t fields = 0;
};
template <class T>
size_t fields_in_table() {
  Counter counter;
  fields_of(counter, static_cast<const T*>(nullptr));
  return counter.fields;
}

// A member that is added to a history, and not to the table, would be judged in a run and not in its document.
TEST(HistoryTable, EveryMemberOfAHistoryIsInIt) {
  EXPECT_EQ(fields_in_table<InputLine>(), members_of<checkers::InputRecord>() + 2) << "its partition and its offset";
  EXPECT_EQ(fields_in_table<checkers::OutputRecord>(), members_of<checkers::OutputRecord>());
  EXPECT_EQ(fields_in_table<checkers::Pipeline>(), members_of<checkers::Pipeline>());
  EXPECT_EQ(fields_in_table<checkers::Bounds>(), members_of<checkers::Bounds>());
  Counter whole;
  configuration_fields(whole);
  end_fields(whole);
  whole.fields += 4;  // outputs, observed, asked and bounds have lines of their own
  const checkers::History history;
  each_list([&](const char* name, auto member, const char*) {
    using T = typename std::remove_cvref_t<decltype(history.*member)>::value_type;
    EXPECT_EQ(fields_in_table<T>(), members_of<T>()) << name;
    ++whole.fields;
  });
  EXPECT_EQ(whole.fields, members_of<checkers::History>());
}

TEST(HistorySchema, HasEveryLineAndField) {
  const auto schema = history_schema();
  size_t properties = 0;
  for (const auto& line : schema["oneOf"]) properties += line["properties"].size();
  EXPECT_EQ(schema["oneOf"].size(), history_lines().size());
  EXPECT_EQ(properties, history_fields().size() + history_lines().size() - 1) << "each line but the first has a type";
  for (const HistoryField& field : history_fields()) EXPECT_FALSE(field.meaning.empty()) << field.name;
}

}  // namespace
}  // namespace onceproof::scenarios
