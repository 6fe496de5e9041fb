// SPDX-License-Identifier: Apache-2.0
#include "scenarios/history/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "scenarios/history/fields.h"

namespace onceproof::scenarios {

namespace {

using namespace checkers;
using Json = nlohmann::ordered_json;

constexpr const char* kHeader = "header";
constexpr const char* kAsInTheLog = "as the log has it";

// How a member's type looks in the document.
struct Form {
  std::string words;
  Json schema;
  Json fallback;
};

Form whole_number(int64_t low, uint64_t high, Json fallback) {
  const bool unbounded = high >= static_cast<uint64_t>(kMostUs);
  return {unbounded ? fmt::format("whole number from {}", low) : fmt::format("whole number, {} to {}", low, high),
          {{"type", "integer"}, {"minimum", low}, {"maximum", high}},
          std::move(fallback)};
}
template <class M>
Form form_of(const M& base, Range range) {
  if constexpr (std::is_enum_v<M>) {
    const std::vector<std::string>& words = words_of(base);
    return {fmt::format("{}", fmt::join(words, ", ")), {{"enum", words}}, words[static_cast<size_t>(base)]};
  } else if constexpr (std::is_same_v<M, bool>) {
    return {"true or false", {{"type", "boolean"}}, base};
  } else {
    const auto most = static_cast<uint64_t>(std::numeric_limits<M>::max());
    return whole_number(range.low, std::min(range.high, most), base);
  }
}
Form form_of(const uint16_t&, Range) {
  return {"process", {{"anyOf", {{{"type", "string"}}, {{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}}}}, 0};
}
Form form_of(const std::string& base, Range) { return {"text", {{"type", "string"}}, base}; }
Form form_of(const std::vector<std::string>&, Range) {
  return {"list of texts", {{"type", "array"}, {"items", {{"type", "string"}}}}, Json::array()};
}
Form form_of(const std::vector<int64_t>&, Range) {
  const Json number = {{"type", "integer"}, {"minimum", -1}, {"maximum", kOffset.high}};
  return {"list of whole numbers", {{"type", "array"}, {"items", number}}, Json::array()};
}
Form form_of(const std::vector<Step>&, Range) {
  const std::vector<std::string>& words = words_of(Step());
  return {fmt::format("list of {}", fmt::join(words, ", ")),
          {{"type", "array"}, {"items", {{"enum", words}}}},
          Json::array()};
}
Json tuple_of(const std::vector<uint64_t>& most, size_t least) {
  Json items = Json::array();
  for (const uint64_t high : most) items.push_back({{"type", "integer"}, {"minimum", 0}, {"maximum", high}});
  return {{"type", "array"}, {"prefixItems", items}, {"items", false}, {"minItems", least}};
}
Form form_of(const Lineage&, Range) {
  return {"list of positions",
          {{"type", "array"}, {"items", tuple_of({kMaxPartition, kMaxOffset, kMaxOrdinal}, 2)}},
          Json::array()};
}
Form form_of(const std::vector<Asked>&, Range) {
  return {"list of pairs", {{"type", "array"}, {"items", tuple_of({kSince.high, kOffset.high}, 2)}}, Json::array()};
}
Form form_of(const char* const&, Range) { return {"event", {{"enum", event_points()}}, ""}; }

// Tells each field of one line to `each`(name, required, form, meaning).
template <class T, class Each>
class FieldLister : public FieldVisitor<FieldLister<T, Each>> {
 public:
  FieldLister(const T& base, const Each& each) : base_(base), each_(each) {}
  template <class C, class M>
  void visit(const char* name, bool required, M C::*member, const char* meaning, Range range) {
    each_(name, required, form_of(base_.*member, range), meaning);
  }
  template <class C>
  void visit_word(const char* name, std::string C::*, const char* meaning, const std::vector<std::string>& words) {
    each_(name, true, Form{fmt::format("{}", fmt::join(words, ", ")), {{"enum", words}}, nullptr}, meaning);
  }

 private:
  const T& base_;
  const Each& each_;
};

template <class T, class Each>
void list_fields(const Each& each, const T& base = {}) {
  fields_of(FieldLister<T, Each>(base, each), static_cast<const T*>(nullptr));
}

// Calls line(name, meaning) and then field(...) for each of its fields, in the order of writing.
template <class Line, class Field>
void walk(const Line& line, const Field& field) {
  const History base = history_by_default();
  line(kHeader, "the first line");
  list_fields<HistoryHead>(field);
  list_fields<Pipeline>(field);
  configuration_fields(FieldLister<History, Field>(base, field));
  line(kBoundsLine, "how long things may take while nothing excuses a delay; 0: not judged");
  list_fields<Bounds>(field);
  line(kInputLine, "a record of the source topic");
  list_fields<InputLine>(field);
  line(kAskedLine, "what the sources asked of one partition; without such a line for each, late results are not judged");
  list_fields<AskedLine>(field);
  line(kOutputLine, "a record of the sink topic, as its log holds it at the end");
  list_fields<OutputRecord>(field);
  line(kReadLine, "a record that a read_committed reader was given during the run, in the order in which it was");
  const auto as_in_the_log = [&](const char* name, bool required, Form form, const char* meaning) {
    const std::string_view place = name;
    if (place != "partition" && place != "at_us") form.fallback = nullptr;
    field(name, required, std::move(form), meaning);
  };
  list_fields<OutputRecord>(as_in_the_log);
  each_list([&](const char* name, auto member, const char* meaning) {
    using T = typename std::remove_reference_t<decltype(base.*member)>::value_type;
    line(name, meaning);
    list_fields<T>(field);
  });
  line(kEndLine, "how it all ended; the last line. Without it the job finished and its log is quiescent");
  end_fields(FieldLister<History, Field>(base, field));
}

}  // namespace

std::vector<HistoryLine> history_lines() {
  std::vector<HistoryLine> lines;
  walk([&](const char* name, const char* meaning) { lines.push_back({name, meaning}); },
       [](const char*, bool, const Form&, const char*) {});
  return lines;
}

std::vector<HistoryField> history_fields() {
  std::vector<HistoryField> fields = {
      {kHeader, "schema", kHistorySchema, "required", "what this document is"},
      {kHeader, "version", fmt::format("{}", kHistoryVersion), "required", "of its schema"}};
  std::string line;
  const auto add = [&](const char* name, bool required, const Form& form, const char* meaning) {
    const std::string fallback = form.fallback.is_null() ? kAsInTheLog : form.fallback.dump();
    fields.push_back({line, name, form.words, required ? "required" : fallback, meaning});
  };
  walk([&](const char* name, const char*) { line = name; }, add);
  return fields;
}

Json history_schema() {
  Json lines = Json::array();
  walk(
      [&](const std::string& name, const char* meaning) {
        Json properties = {{"type", {{"const", name}}}};
        Json required = {"type"};
        if (name == kHeader) {
          properties = {{"schema", {{"const", kHistorySchema}}}, {"version", {{"const", kHistoryVersion}}}};
          required = {"schema", "version"};
        }
        lines.push_back({{"title", name}, {"description", meaning}, {"type", "object"}, {"properties", properties},
                         {"required", required}, {"additionalProperties", false}});
      },
      [&](const char* name, bool required, const Form& form, const char* meaning) {
        Json property = {{"description", meaning}};
        property.update(form.schema);
        if (!required && !form.fallback.is_null()) property["default"] = form.fallback;
        lines.back()["properties"][name] = std::move(property);
        if (required) lines.back()["required"].push_back(name);
      });
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "onceproof history, one line"},
          {"description", "Each line of the document is one of these objects; the first is a header."},
          {"oneOf", lines}};
}

}  // namespace onceproof::scenarios
