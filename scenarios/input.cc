// SPDX-License-Identifier: Apache-2.0
#include "scenarios/input.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/hash.h"
#include "runtime/base/random.h"
#include "runtime/real/files.h"

namespace onceproof::scenarios {

namespace {

// Text that every Debian has; the project's own page where someone removed it.
constexpr const char* kDefaultTexts[] = {"/usr/share/common-licenses/GPL-3", "README.md"};

std::string generate(int64_t records, int64_t distinct) {
  RandomStream words = RandomStream(1).fork("generated-input");  // the same words for every seed: it is the input
  std::string text;
  text.reserve(static_cast<size_t>(records) * 8);
  for (int64_t i = 0; i < records; ++i) text += fmt::format("w{}\n", words.below(static_cast<uint64_t>(distinct)));
  return text;
}

std::string_view next_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

uint64_t count_words(std::string_view line) {
  uint64_t words = 0;
  bool inside = false;
  for (const char c : line) {
    words += !space(c) && !inside;
    inside = !space(c);
  }
  return words;
}

// Offsets, ordinals and partitions are packed into 64 bits; what does not fit is refused here, not truncated there.
Status check_limits(uint64_t lines, const std::vector<uint64_t>& words, int32_t partitions) {
  if (partitions < 1 || static_cast<uint64_t>(partitions) > kMaxPartition + 1) {
    return {ErrorCode::invalid_argument,
            fmt::format("{} source partitions: 1 to {} are valid", partitions, kMaxPartition + 1)};
  }
  if (lines / static_cast<uint64_t>(partitions) > kMaxOffset) {
    return {ErrorCode::invalid_argument,
            fmt::format("{} lines in {} partitions: a partition holds at most {}", lines, partitions, kMaxOffset + 1)};
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] > kMaxOrdinal + 1) {
      return {ErrorCode::invalid_argument,
              fmt::format("line {} has {} words: at most {} are followed", i + 1, words[i], kMaxOrdinal + 1)};
    }
  }
  return {};
}

}  // namespace

const std::vector<GeneratedSetting>& generated_settings() {
  static const std::vector<GeneratedSetting> settings = {
      {"records", &InputSpec::records, 0, 10'000'000, true, "one-word records"},
      {"distinct", &InputSpec::distinct, 1, 1'000'000, false, "different words"},
  };
  return settings;
}

Result<std::string> load_text(const InputSpec& spec) {
  if (spec.kind == InputKind::generated) return generate(spec.records, spec.distinct);
  if (spec.kind == InputKind::file) return real::read_file(spec.path);
  for (const char* path : kDefaultTexts) {
    Result<std::string> text = real::read_file(path);
    if (text.ok()) return text;
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("no default text: neither {} nor {} can be read; name one with --input FILE",
                           kDefaultTexts[0], kDefaultTexts[1])};
}

std::string content_hash(const std::string& text) { return onceproof::to_string(hash128(text.data(), text.size())); }

Result<checkers::Input> split_input(const std::string& text, int32_t partitions, DurationUs span_us) {
  const auto newlines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const uint64_t lines = newlines + (!text.empty() && text.back() != '\n' ? 1 : 0);
  std::vector<uint64_t> words;
  for (std::string_view rest = text; !rest.empty();) words.push_back(count_words(next_line(rest)));
  if (const Status status = check_limits(lines, words, partitions); !status.ok()) return status.error();

  checkers::Input input;
  input.partitions.resize(static_cast<size_t>(partitions));
  std::string_view rest = text;
  for (uint64_t i = 0; i < lines; ++i) {
    const auto share = static_cast<unsigned __int128>(i) * static_cast<uint64_t>(span_us) / lines;
    checkers::InputRecord record{std::string(next_line(rest)), static_cast<TimeUs>(share)};
    input.partitions[i % static_cast<uint64_t>(partitions)].push_back(std::move(record));
  }
  return input;
}

checkers::Pipeline checker_pipeline(const std::vector<graph::LogicalOperator>& operators) {
  checkers::Pipeline pipeline;
  for (const graph::LogicalOperator& op : operators) {
    switch (op.kind) {
      case graph::OperatorKind::split: pipeline.steps.push_back(checkers::Step::split_words); break;
      case graph::OperatorKind::map_prefix: pipeline.steps.push_back(checkers::Step::map_prefix); break;
      case graph::OperatorKind::key_by: pipeline.steps.push_back(checkers::Step::key_by_value); break;
      case graph::OperatorKind::window_count:
        pipeline.steps.push_back(checkers::Step::count_per_window);
        pipeline.window_us = op.window_us;
        break;
      case graph::OperatorKind::log_source:
      case graph::OperatorKind::log_sink: break;
    }
  }
  return pipeline;
}

}  // namespace onceproof::scenarios
