// SPDX-License-Identifier: Apache-2.0
#include "scenarios/history/field_reader.h"

#include <fmt/format.h>

#include "scenarios/history/json_line.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

using namespace checkers;

namespace {

std::string text_at(const JsonPlace& place) {
  const std::string word = place.word();
  if (word.find('\\') == std::string::npos) return word;
  std::optional<std::string> bytes = decode_text(word);
  if (!bytes) place.problem("in a text a backslash is \\\\ and a byte that is no UTF-8 is \\xHH (in JSON with two backslashes for each)");
  return bytes.value_or("");
}

// Two or three whole numbers.
std::vector<int64_t> numbers_at(const JsonPlace& place, const std::vector<Range>& ranges, size_t least) {
  std::vector<int64_t> numbers;
  const std::vector<JsonPlace> elements = place.elements();
  if (elements.size() < least || elements.size() > ranges.size()) {
    place.problem(fmt::format("{} numbers are needed", least == ranges.size() ? fmt::format("{}", least)
                                                                             : fmt::format("{} or {}", least, ranges.size())));
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto high = static_cast<int64_t>(ranges[i].high);
    numbers.push_back(i < elements.size() ? elements[i].integer(ranges[i].low, high) : 0);
  }
  return numbers;
}

}  // namespace

void read_value(const JsonPlace& place, std::string& out) { out = text_at(place); }
void read_value(const JsonPlace& place, std::vector<std::string>& out) {
  out.clear();
  for (const JsonPlace& element : place.elements()) out.push_back(text_at(element));
}
void read_value(const JsonPlace& place, std::vector<int64_t>& out) {
  out.clear();
  for (const JsonPlace& element : place.elements()) {
    out.push_back(element.integer(-1, static_cast<int64_t>(kOffset.high)));
  }
}
void read_value(const JsonPlace& place, std::vector<Step>& out) {
  out.clear();
  for (const JsonPlace& element : place.elements()) out.push_back(word_at<Step>(element));
}
void read_value(const JsonPlace& place, Lineage& out) {
  out.clear();
  for (const JsonPlace& element : place.elements()) {
    const auto position = numbers_at(element, {{0, kMaxPartition}, {0, kMaxOffset}, {0, kMaxOrdinal}}, 2);
    out.push_back(make_position(static_cast<uint64_t>(position[0]), static_cast<uint64_t>(position[1]),
                                static_cast<uint64_t>(position[2])));
  }
  out.sort();
}
void read_value(const JsonPlace& place, std::vector<Asked>& out) {
  out.clear();
  for (const JsonPlace& element : place.elements()) {
    const auto step = numbers_at(element, {kSince, kOffset}, 2);
    const Asked asked{step[0], step[1]};
    if (!out.empty() && (asked.at_us < out.back().at_us || asked.offset <= out.back().offset)) {
      element.problem("steps must ascend, in time and in offset; this one does not");
    }
    out.push_back(asked);
  }
}
void read_value(const JsonPlace& place, const char*& out) {
  const std::string word = place.word();
  for (const char* point : event_points()) {
    if (word == point) {
      out = point;
      return;
    }
  }
  const std::vector<std::string> words(event_points().begin(), event_points().end());
  place.reader().problem(unknown_word("event", word, place.pointer(), words));
}
uint16_t process_at(const JsonPlace& place, const std::vector<std::string>& processes) {
  if (!place.is_string()) return static_cast<uint16_t>(place.integer(0, std::numeric_limits<uint16_t>::max()));
  const std::string name = text_at(place);
  const auto found = std::find(processes.begin(), processes.end(), name);
  if (found != processes.end()) return static_cast<uint16_t>(found - processes.begin());
  place.reader().problem(unknown_word("process", name, place.pointer(), processes));
  return 0;
}

}  // namespace onceproof::scenarios
