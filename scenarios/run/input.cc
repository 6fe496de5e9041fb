// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/input.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"
#include "runtime/base/random.h"
#include "runtime/real/files.h"

namespace onceproof::scenarios {

namespace {

// Text that every Debian has; the project's own page where someone removed it.
constexpr const char* kDefaultTexts[] = {"/usr/share/common-licenses/GPL-3", "README.md"};

std::string limit_text(uint64_t most_bytes) {
  return fmt::format("is above the limit of {} bytes (--input-limit raises it)", most_bytes);
}

// Zipf's law in whole numbers: word k has a share of 1 / (k + 1).
class Zipf {
 public:
  explicit Zipf(int64_t distinct) {
    uint64_t sum = 0;
    for (int64_t k = 1; k <= distinct; ++k) ends_.push_back(sum += (uint64_t{1} << 32) / static_cast<uint64_t>(k));
  }
  uint64_t draw(RandomStream& stream) const {
    const uint64_t at = stream.below(ends_.back());
    return static_cast<uint64_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
  }

 private:
  std::vector<uint64_t> ends_;  // of each word's share
};

Result<std::string> generate(const GeneratedInput& input, uint64_t most_bytes) {
  RandomStream words = RandomStream(1).fork("generated-input");  // the same words for every seed: it is the input
  RandomStream shapes = RandomStream(1).fork("generated-shape");
  RandomStream numbers = RandomStream(1).fork("generated-numbers");
  const Zipf zipf(input.zipf_percent > 0 ? input.distinct : 1);
  std::string text;
  for (int64_t i = 0; i < input.records; ++i) {
    if (text.size() > most_bytes) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("{} of the {} records that /input/generated asks for make {} bytes, which {}", i,
                               input.records, text.size(), limit_text(most_bytes))};
    }
    if (shapes.percent(static_cast<uint32_t>(input.empty_percent))) {
      text += "\n";
    } else if (input.huge_one_in > 0 && shapes.below(static_cast<uint64_t>(input.huge_one_in)) == 0) {
      text.append(static_cast<size_t>(input.huge_bytes), 'h').append("\n");
    } else {
      for (int64_t w = 0; w < input.words; ++w) {
        const bool hot = shapes.percent(static_cast<uint32_t>(input.zipf_percent));
        const uint64_t word = hot ? zipf.draw(words) : words.below(static_cast<uint64_t>(input.distinct));
        text += fmt::format("w{}", word);
        for (int64_t n = 0; n < input.numbers; ++n) text += fmt::format(",{}", numbers.below(1000));
        text += w + 1 < input.words ? " " : "\n";
      }
    }
  }
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
Status check_limits(uint64_t lines, int32_t partitions) {
  if (partitions < 1 || static_cast<uint64_t>(partitions) > kMaxPartition + 1) {
    return {ErrorCode::invalid_argument,
            fmt::format("{} source partitions: 1 to {} are valid", partitions, kMaxPartition + 1)};
  }
  if (lines / static_cast<uint64_t>(partitions) > kMaxOffset) {
    return {ErrorCode::invalid_argument,
            fmt::format("{} lines in {} partitions: a partition holds at most {}", lines, partitions, kMaxOffset + 1)};
  }
  return {};
}

Status check_words(uint64_t line, std::string_view text) {
  if (text.size() <= kMaxOrdinal) return {};  // as many bytes at least as words
  const uint64_t words = count_words(text);
  if (words <= kMaxOrdinal + 1) return {};
  return {ErrorCode::invalid_argument,
          fmt::format("line {} has {} words: at most {} are followed", line, words, kMaxOrdinal + 1)};
}

// Where line `i` of `lines` goes.
int32_t partition_of_line(uint64_t i, uint64_t lines, const InputShape& shape) {
  const auto all = static_cast<uint64_t>(shape.partitions);
  const uint64_t used = all - std::min<uint64_t>(all - 1, static_cast<uint64_t>(shape.empty_partitions));
  const uint64_t busy = used - std::min<uint64_t>(used - 1, static_cast<uint64_t>(shape.idle_partitions));
  uint64_t partition = i % all;
  if (partition >= used) partition = i % used;
  if (partition < busy) return static_cast<int32_t>(partition);
  const bool ends_early = (partition - busy) % 2 == 1;
  const bool idle = ends_early ? i >= lines / 2 : i >= lines / 4 && i < lines / 4 * 3;
  return static_cast<int32_t>(idle ? i % busy : partition);
}

// Event time of a line that is sent at `sent_us`: rounded down to the step, then behind by no more than allowed.
TimeUs event_time(TimeUs sent_us, const InputShape& shape, RandomStream& lags) {
  const TimeUs latest_us = shape.step_us > 0 ? sent_us / shape.step_us * shape.step_us : sent_us;
  const DurationUs most_us = std::min(latest_us, shape.out_of_orderness_us / 100 * shape.disorder_percent);
  if (shape.window_us > 0 && lags.percent(static_cast<uint32_t>(shape.edge_percent))) {
    const TimeUs edge_us = latest_us / shape.window_us * shape.window_us;
    const TimeUs wanted_us = edge_us - static_cast<TimeUs>(lags.below(2));
    if (latest_us - wanted_us <= most_us) return wanted_us;
  }
  return latest_us - static_cast<TimeUs>(lags.below(static_cast<uint64_t>(most_us) + 1));
}

}  // namespace

Result<std::string> load_text(const InputPlan& input, uint64_t most_bytes) {
  const InputSpec& spec = input.spec;
  if (spec.kind == InputKind::generated) return generate(input.generated, most_bytes);
  if (spec.kind == InputKind::given) return bytes_of(*spec.records);
  if (spec.kind == InputKind::file) {
    Result<std::string> text = real::read_file(spec.path, most_bytes);
    if (text.code() != ErrorCode::offset_out_of_range) return text;
    return Error{ErrorCode::invalid_argument, fmt::format("{} {}", spec.path, limit_text(most_bytes))};
  }
  for (const char* path : kDefaultTexts) {
    Result<std::string> text = real::read_file(path);
    if (text.ok()) return text;
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("no default text: neither {} nor {} can be read; name one with --input FILE",
                           kDefaultTexts[0], kDefaultTexts[1])};
}

std::string content_hash(const std::string& text) { return onceproof::to_string(hash128(text.data(), text.size())); }

InputShape input_shape(const RunPlan& plan) {
  const std::shared_ptr<const api::Pipeline> pipeline = pipeline_of(plan);
  InputShape shape;
  shape.partitions = plan.job.source.partitions;
  shape.span_us = plan.input.span_us;
  shape.out_of_orderness_us = plan.job.source.out_of_orderness_us;
  if (const api::WindowStep* window = api::last_window(*pipeline)) shape.window_us = window->windows.size_us;
  shape.backlog_percent = plan.input.backlog_percent;
  shape.disorder_percent = plan.input.disorder_percent;
  shape.edge_percent = plan.input.edge_percent;
  shape.step_us = plan.input.step_us;
  shape.empty_partitions = plan.input.empty_partitions;
  shape.idle_partitions = plan.input.idle_partitions;
  return shape;
}

Result<ShapedInput> shape_input(const std::string& text, const InputShape& shape) {
  const auto newlines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  std::vector<std::string_view> lines(newlines + (!text.empty() && text.back() != '\n' ? 1 : 0));
  std::string_view rest = text;
  for (std::string_view& line : lines) line = next_line(rest);
  return shape_records(lines, shape);
}

Result<ShapedInput> shape_records(const std::vector<std::string_view>& records, const InputShape& shape) {
  const uint64_t lines = records.size();
  if (const Status status = check_limits(lines, shape.partitions); !status.ok()) return status.error();
  ShapedInput input;
  input.records.partitions.resize(static_cast<size_t>(shape.partitions));
  input.visible_us.resize(static_cast<size_t>(shape.partitions));
  RandomStream lags = RandomStream(1).fork("input-lags");  // the same for every seed: it is the input
  const uint64_t backlog = lines * static_cast<uint64_t>(shape.backlog_percent) / 100;
  for (uint64_t i = 0; i < lines; ++i) {
    const auto share = static_cast<unsigned __int128>(i) * static_cast<uint64_t>(shape.span_us) / lines;
    const auto sent_us = static_cast<TimeUs>(share);
    const auto partition = static_cast<size_t>(partition_of_line(i, lines, shape));
    if (const Status status = check_words(i + 1, records[i]); !status.ok()) return status.error();
    input.records.partitions[partition].push_back({std::string(records[i]), event_time(sent_us, shape, lags)});
    input.visible_us[partition].push_back(i < backlog ? 0 : sent_us);
  }
  return input;
}

std::string bytes_of(const std::vector<std::string>& records) {
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const std::string& record : records) writer.string(record);
  return bytes;
}

Result<checkers::Input> split_input(const std::string& text, int32_t partitions, DurationUs span_us) {
  InputShape shape;
  shape.partitions = partitions;
  shape.span_us = span_us;
  Result<ShapedInput> input = shape_input(text, shape);
  if (!input.ok()) return input.error();
  return std::move(input.value().records);
}

}  // namespace onceproof::scenarios
