// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <istream>
#include <tuple>

#include "scenarios/history/field_reader.h"
#include "scenarios/history/pipeline.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios {

namespace {

using namespace checkers;

constexpr size_t kMostOfALine = size_t{1} << 28;       // bytes
constexpr size_t kMostOfTheFirstLine = size_t{1} << 20;

// ---- lines ---------------------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) { document_.history = history_by_default(); }

  Status head(const std::string& text);
  Status line(const std::string& text, size_t number);
  Status finish(size_t lines);
  HistoryDocument take() {
    document_.input = std::make_shared<const Input>(std::move(input_));
    return std::move(document_);
  }

 private:
  template <class T>
  FieldReader<T> reader(const JsonPlace& line, T& object, std::vector<std::string>& names) {
    return FieldReader<T>(line, object, document_.history.processes, names);
  }
  template <class T>
  void read(const JsonPlace& line, T& object) {
    std::vector<std::string> names = {"type"};
    fields_of(reader(line, object, names), static_cast<const T*>(nullptr));
    line.object_of(names, "field");
  }
  void typed_line(const JsonPlace& line, const std::string& type);
  void check_pipeline(const JsonPlace& line);
  void input_line(const JsonPlace& line);
  void asked_line(const JsonPlace& line);
  void output_line(const JsonPlace& line);
  void read_line(const JsonPlace& line);
  void settle_outputs(const JsonPlace& line);
  void end_line(const JsonPlace& line);
  template <class T>
  void list_line(const JsonPlace& line, std::vector<T>& list) {
    read(line, list.emplace_back());
  }

  const std::string name_;
  HistoryDocument document_;
  Input input_;
  std::vector<size_t> output_lines_;  // for each output: where it stands, until they are in the log's order
  bool settled_ = false;              // they are
  bool ended_ = false;
  size_t number_ = 1;
};

Status Reader::head(const std::string& text) {
  JsonReader json(name_, 1);
  const auto line = json.parse(text);
  if (!line) return json.error();
  const auto schema = line->required("schema");
  if (schema && schema->word() != kHistorySchema) {
    schema->problem(fmt::format("a history's first line says \"{}\"; this is another document", kHistorySchema));
  }
  const auto version = line->required("version");
  if (version) version->integer(kHistoryVersion, kHistoryVersion);
  std::vector<std::string> names = {"schema", "version"};
  fields_of(reader(*line, document_.head, names), static_cast<const HistoryHead*>(nullptr));
  fields_of(reader(*line, document_.pipeline, names), static_cast<const Pipeline*>(nullptr));
  configuration_fields(reader(*line, document_.history, names));
  line->object_of(names, "field");
  check_pipeline(*line);
  std::vector<std::string> processes = document_.history.processes;
  std::sort(processes.begin(), processes.end());
  if (std::adjacent_find(processes.begin(), processes.end()) != processes.end()) {
    line->problem("two processes have the same name");
  }
  input_.partitions.resize(static_cast<size_t>(document_.head.source_partitions));
  if (!json.ok()) return json.error();
  return {};
}

// What the reference can interpret.
void Reader::check_pipeline(const JsonPlace& line) {
  const std::vector<Step>& steps = document_.pipeline.steps;
  if (!document_.pipeline.text.empty()) {
    if (!steps.empty()) return line.problem("a pipeline is told by its steps or by its text, not by both");
    const Status status = check_pipeline_text(document_.pipeline.text);
    if (!status.ok()) line.problem(status.error().message);
    return;
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == Step::split_words && i > 0) line.problem("only the first step may be split-words");
    if (steps[i] == Step::count_per_window && i + 1 < steps.size()) line.problem("nothing follows count-per-window");
    if (steps[i] == Step::count_per_window && document_.pipeline.window_us == 0) {
      line.problem("count-per-window needs a \"window_us\"");
    }
  }
}

Status Reader::line(const std::string& text, size_t number) {
  number_ = number;
  JsonReader json(name_, number);
  const auto line = json.parse(text);
  if (!line) return json.error();
  if (ended_) line->problem("nothing follows the end line; there is a line");
  const auto type = line->required("type");
  if (type) typed_line(*line, type->word());
  if (!json.ok()) return json.error();
  return {};
}

void Reader::typed_line(const JsonPlace& line, const std::string& type) {
  if (type == kInputLine) return input_line(line);
  if (type == kAskedLine) return asked_line(line);
  if (type == kOutputLine) return output_line(line);
  if (type == kReadLine) return read_line(line);
  if (type == kBoundsLine) return read(line, document_.history.bounds);
  if (type == kEndLine) return end_line(line);
  std::vector<std::string> known = {kInputLine, kAskedLine, kOutputLine, kReadLine, kBoundsLine, kEndLine};
  bool found = false;
  each_list([&](const char* name, auto member, const char*) {
    known.emplace_back(name);
    if (type != name) return;
    found = true;
    list_line(line, document_.history.*member);
  });
  if (!found) line.reader().problem(unknown_word("type of line", type, "/type", known));
}

void Reader::input_line(const JsonPlace& line) {
  InputLine record;
  read(line, record);
  if (record.partition < 0) return;
  const auto partition = static_cast<size_t>(record.partition);
  const auto partitions = static_cast<size_t>(document_.head.source_partitions);
  if (partitions != 0 && partition >= partitions) {
    line.problem(fmt::format("the source topic has partitions 0 to {}, not {},", partitions - 1, partition));
    return;
  }
  if (partition >= input_.partitions.size()) input_.partitions.resize(partition + 1);
  std::vector<InputRecord>& records = input_.partitions[partition];
  if (record.offset >= 0 && static_cast<size_t>(record.offset) != records.size()) {
    line.problem(fmt::format("offset {} is not the next one of partition {}, which is {}", record.offset, partition,
                             records.size()));
  }
  if (records.size() >= kMaxOffset) line.problem(fmt::format("a partition holds at most {} records", kMaxOffset));
  if (record.value.size() > kMaxOrdinal) {  // as many bytes at least as words
    line.problem(fmt::format("a record's text is at most {} bytes long", kMaxOrdinal));
  }
  records.push_back(std::move(record));
}

void Reader::asked_line(const JsonPlace& line) {
  AskedLine asked;
  read(line, asked);
  if (asked.partition < 0) return;
  const auto partition = static_cast<size_t>(asked.partition);
  std::vector<std::vector<Asked>>& all = document_.history.asked;
  if (partition >= all.size()) all.resize(partition + 1);
  if (!all[partition].empty()) line.problem(fmt::format("partition {} has two asked lines", partition));
  all[partition] = std::move(asked.steps);
}

void Reader::output_line(const JsonPlace& line) {
  if (settled_) line.problem("outputs stand before the reads; this one stands behind them");
  read(line, document_.history.outputs.emplace_back());
  output_lines_.push_back(number_);
}

// Into the log's order, whatever order they stand in.
void Reader::settle_outputs(const JsonPlace& line) {
  if (std::exchange(settled_, true)) return;
  std::vector<OutputRecord>& outputs = document_.history.outputs;
  const auto place = [&](size_t i) { return std::tie(outputs[i].partition, outputs[i].offset); };
  std::vector<size_t> order(outputs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto before = [&](size_t a, size_t b) { return place(a) < place(b); };
  const bool sorted = std::is_sorted(order.begin(), order.end(), before);
  if (!sorted) std::stable_sort(order.begin(), order.end(), before);
  for (size_t i = 1; i < order.size(); ++i) {
    if (place(order[i - 1]) != place(order[i])) continue;
    line.reader().problem(fmt::format("two outputs at partition {}, offset {}, on the lines {} and {}",
                                      outputs[order[i]].partition, outputs[order[i]].offset,
                                      output_lines_[order[i - 1]], output_lines_[order[i]]));
  }
  if (!sorted) {
    std::vector<OutputRecord> ordered;
    ordered.reserve(outputs.size());
    for (const size_t i : order) ordered.push_back(std::move(outputs[i]));
    outputs = std::move(ordered);
  }
  output_lines_.clear();
}

void Reader::read_line(const JsonPlace& line) {
  settle_outputs(line);
  History& history = document_.history;
  history.reads_recorded = true;
  OutputRecord place;  // where it was read comes first: the rest is as the log has it there, unless it is said
  read(line, place);
  const auto found = std::lower_bound(history.outputs.begin(), history.outputs.end(), place,
                                      [](const OutputRecord& a, const OutputRecord& b) {
                                        return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
                                      });
  const bool there = found != history.outputs.end() && found->partition == place.partition &&
                     found->offset == place.offset;
  OutputRecord& record = history.observed.emplace_back(read_by_default(there ? &*found : nullptr));
  read(line, record);
}

void Reader::end_line(const JsonPlace& line) {
  ended_ = true;
  std::vector<std::string> names = {"type"};
  end_fields(reader(line, document_.history, names));
  line.object_of(names, "field");
}

Status Reader::finish(size_t lines) {
  if (document_.head.closed && !ended_) {
    return {ErrorCode::invalid_argument,
            fmt::format("{}:{}: the document was cut off: its first line says that it is closed, and its last one is no "
                        "end line",
                        name_, lines)};
  }
  JsonReader json(name_);
  const auto nowhere = json.parse("{}");
  settle_outputs(*nowhere);
  if (!json.ok()) return json.error();
  History& history = document_.history;
  history.store_recorded |= !history.stored.empty();
  for (const StoredCheckpoint& stored : history.stored) {
    if (stored.offsets.empty() || stored.offsets.size() == input_.partitions.size()) continue;
    return {ErrorCode::invalid_argument,
            fmt::format("{}: stored checkpoint {} has {} offsets, but the source topic has {} partitions", name_, stored.id,
                        stored.offsets.size(), input_.partitions.size())};
  }
  const auto in_time = [](const Event& a, const Event& b) { return a.at_us < b.at_us; };
  if (!std::is_sorted(history.events.begin(), history.events.end(), in_time)) {
    std::stable_sort(history.events.begin(), history.events.end(), in_time);
  }
  return {};
}

// The lines of a stream, in pieces of memory that do not grow with it.
class Lines {
 public:
  explicit Lines(std::istream& text) : text_(text) {}

  // One line without its end; false at the end of the text, or when the line has more than `most` bytes.
  bool next(std::string& line, size_t most) {
    line.clear();
    while (at_ < end_ || fill()) {
      const char* begin = piece_.data() + at_;
      const void* newline = std::memchr(begin, '\n', end_ - at_);
      const size_t length = newline == nullptr ? end_ - at_ : static_cast<size_t>(static_cast<const char*>(newline) - begin);
      line.append(begin, std::min(length, most + 1 - line.size()));
      if (line.size() > most) return false;
      at_ += length;
      if (newline == nullptr) continue;
      ++at_;
      return true;
    }
    return !line.empty();
  }

 private:
  bool fill() {
    text_.read(piece_.data(), static_cast<std::streamsize>(piece_.size()));
    at_ = 0;
    end_ = static_cast<size_t>(text_.gcount());
    return end_ > 0;
  }

  std::istream& text_;
  std::string piece_ = std::string(1 << 16, '\0');
  size_t at_ = 0, end_ = 0;
};

}  // namespace

Result<HistoryDocument> read_history(std::istream& text, const std::string& name) {
  Reader reader(name);
  Lines lines(text);
  size_t number = 0;
  std::string line;
  while (true) {
    const size_t most = number == 0 ? kMostOfTheFirstLine : kMostOfALine;
    const bool more = lines.next(line, most);
    if (line.size() > most) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("{}:{}: a line of more than {} bytes: this is no history", name, number + 1, most)};
    }
    if (!more) break;
    ++number;
    if (number > 1 && line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Status status = number == 1 ? reader.head(line) : reader.line(line, number);
    if (!status.ok()) return status.error();
  }
  if (text.bad()) return Error{ErrorCode::io_error, fmt::format("{} cannot be read behind line {}", name, number)};
  if (number == 0) return Error{ErrorCode::invalid_argument, name + ": the document is empty"};
  if (const Status status = reader.finish(number); !status.ok()) return status.error();
  return reader.take();
}

}  // namespace onceproof::scenarios
