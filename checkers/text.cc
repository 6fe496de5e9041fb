// SPDX-License-Identifier: Apache-2.0
#include "checkers/text.h"

#include <fmt/format.h>

namespace onceproof::checkers {

std::string time_text(TimeUs time_us) {
  const char* sign = time_us < 0 ? "-" : "";
  const uint64_t magnitude = time_us < 0 ? 0 - static_cast<uint64_t>(time_us) : static_cast<uint64_t>(time_us);
  const uint64_t ms = magnitude / 1000;
  if (ms % 1000 == 0) return fmt::format("{}{} s", sign, ms / 1000);
  std::string fraction = fmt::format("{:03}", ms % 1000);
  while (fraction.back() == '0') fraction.pop_back();
  return fmt::format("{}{}.{} s", sign, ms / 1000, fraction);
}

std::string count_text(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string quoted(std::string_view value) {
  constexpr size_t kMost = 40;
  std::string text = "\"";
  size_t end = value.size() > kMost ? kMost : value.size();
  while (end > 0 && end < value.size() && (static_cast<uint8_t>(value[end]) & 0xc0) == 0x80) --end;  // whole characters
  for (const char c : value.substr(0, end)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text + (end < value.size() ? "...\"" : "\"");
}

std::string window_text(const ExpectedResult& result) {
  return fmt::format("[{}, {})", time_text(result.window_start_us), time_text(result.window_end_us));
}

std::string result_text(const Reference& reference, uint32_t result) {
  const ExpectedResult& expected = reference.results()[result];
  const std::string sink = reference.sink_count() > 1 ? fmt::format(" for sink {}", expected.sink + 1) : std::string();
  if (!expected.windowed()) return quoted(expected.value) + sink;
  return fmt::format("{} in window {}{}", quoted(expected.key), window_text(expected), sink);
}

bool counts_records(const ExpectedResult& result) {
  return result.windowed() && result.value == std::to_string(result.count);
}

std::string place_text(Position position) {
  return fmt::format("partition {}, offset {}", partition_of(position), offset_of(position));
}

std::string position_text(Position position, bool counts_words) {
  return counts_words ? fmt::format("{}, word {}", place_text(position), ordinal_of(position) + 1) : place_text(position);
}

std::string contribution_text(const Reference& reference, uint32_t index) {
  const Position position = reference.position(index);
  std::string text = fmt::format("{} from {}", quoted(reference.word(index)), position_text(position, reference.splits()));
  const bool several = reference.contributions_of(position).size() > 1;
  return several ? fmt::format("{}, as part of {}", text, result_text(reference, reference.result_of(index))) : text;
}

std::string output_text(const OutputRecord& output) {
  const std::string shown =
      output.key.empty() ? quoted(output.value) : fmt::format("{}={}", quoted(output.key), quoted(output.value));
  return fmt::format("{} at sink partition {}, offset {}", shown, output.partition, output.offset);
}

const char* noun_of(const Reference& reference) { return reference.splits() ? "word" : "record"; }

}  // namespace onceproof::checkers
