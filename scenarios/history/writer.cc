// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "checkers/output_finder.h"
#include "scenarios/history/fields.h"
#include "scenarios/history/json_line.h"

namespace onceproof::scenarios {

namespace {

using namespace checkers;

constexpr size_t kPiece = 1 << 18;  // bytes that are gathered before the sink is called

bool same(const char* a, const char* b) { return std::string_view(a) == b; }
template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}

void append_position(std::string& out, Position position) {
  JsonLine::append_number(out += '[', partition_of(position));
  JsonLine::append_number(out += ',', offset_of(position));
  if (ordinal_of(position) != 0) JsonLine::append_number(out += ',', ordinal_of(position));
  out += ']';
}

// Writes the fields of one object, less those that are as in `base`.
template <class T>
class FieldWriter : public FieldVisitor<FieldWriter<T>> {
 public:
  FieldWriter(JsonLine& line, const T& object, const T& base, const std::vector<std::string>& processes)
      : line_(line), object_(object), base_(base), processes_(processes) {}

  template <class C, class M>
  void visit(const char* name, bool required, M C::*member, const char*, Range) {
    const M& value = object_.*member;
    if (required || !same(value, base_.*member)) put(name, value);
  }

  template <class C>
  void visit_word(const char* name, std::string C::*member, const char*, const std::vector<std::string>&) {
    put(name, object_.*member);
  }

 private:
  template <class M>
  void put(const char* name, const M& value) {
    if constexpr (std::is_enum_v<M>) {
      line_.put(name, words_of(value)[static_cast<size_t>(value)]);
    } else {
      line_.put(name, value);
    }
  }
  void put(const char* name, uint16_t process) {
    if (process < processes_.size())
      line_.put(name, processes_[process]);
    else
      line_.put(name, static_cast<int>(process));
  }
  void put(const char* name, const Lineage& lineage) { line_.put_list(name, lineage, append_position); }
  void put(const char* name, const std::vector<std::string>& texts) { line_.put_list(name, texts, append_json_text); }
  void put(const char* name, const std::vector<int64_t>& numbers) {
    line_.put_list(name, numbers, [](std::string& out, int64_t number) { JsonLine::append_number(out, number); });
  }
  void put(const char* name, const std::vector<Step>& steps) {
    line_.put_list(name, steps, [](std::string& out, Step step) {
      append_json_text(out, words_of(step)[static_cast<size_t>(step)]);
    });
  }
  void put(const char* name, const std::vector<Asked>& steps) {
    line_.put_list(name, steps, [](std::string& out, const Asked& asked) {
      JsonLine::append_number(out += '[', asked.at_us);
      JsonLine::append_number(out += ',', asked.offset);
      out += ']';
    });
  }

  JsonLine& line_;
  const T& object_;
  const T& base_;
  const std::vector<std::string>& processes_;
};

class Writer {
 public:
  Writer(const History& history, const HistorySink& sink) : history_(history), sink_(sink) {}

  void head(const HistoryHead& head, const Pipeline& pipeline) {
    JsonLine line(buffer_);
    line.put("schema", kHistorySchema);
    line.put("version", kHistoryVersion);
    fields_of(writer(line, head, HistoryHead()), static_cast<const HistoryHead*>(nullptr));
    fields_of(writer(line, pipeline, Pipeline()), static_cast<const Pipeline*>(nullptr));
    configuration_fields(writer(line, history_, default_));
    line.end();
  }
  void end() {
    JsonLine line(buffer_);
    line.put("type", kEndLine);
    end_fields(writer(line, history_, default_));
    line.end();
  }
  template <class T>
  void put(const char* type, const T& object, const T& base) {
    JsonLine line(buffer_);
    line.put("type", type);
    fields_of(writer(line, object, base), static_cast<const T*>(nullptr));
    line.end();
    if (buffer_.size() >= kPiece) pass_on();
  }
  template <class T>
  void put(const char* type, const T& object) {
    static const T base;
    put(type, object, base);
  }
  Status flush() {
    pass_on();
    return status_;
  }

 private:
  void pass_on() {
    if (status_.ok()) status_ = sink_(buffer_);
    buffer_.clear();
  }
  template <class T>
  FieldWriter<T> writer(JsonLine& line, const T& object, const T& base) {
    return FieldWriter<T>(line, object, base, history_.processes);
  }

  const History& history_;
  const HistorySink& sink_;
  const History default_ = history_by_default();
  std::string buffer_;
  Status status_;
};

}  // namespace

Status write_history(HistoryHead head, const Pipeline& pipeline, const Input& input, const History& history,
                     const HistorySink& sink) {
  head.source_partitions = static_cast<int32_t>(input.partitions.size());
  head.closed = true;
  Writer writer(history, sink);
  writer.head(head, pipeline);
  writer.put(kBoundsLine, history.bounds);
  for (size_t p = 0; p < input.partitions.size(); ++p) {
    for (size_t o = 0; o < input.partitions[p].size(); ++o) {
      InputLine line{input.partitions[p][o], static_cast<int32_t>(p), static_cast<int64_t>(o)};
      writer.put(kInputLine, line);
    }
  }
  for (size_t p = 0; p < history.asked.size(); ++p) {
    writer.put(kAskedLine, AskedLine{static_cast<int32_t>(p), history.asked[p]});
  }
  for (const OutputRecord& output : history.outputs) writer.put(kOutputLine, output);
  OutputFinder finder(history);
  for (const OutputRecord& read : history.observed) {
    const size_t index = finder.find(read);
    writer.put(kReadLine, read, read_by_default(index < history.outputs.size() ? &history.outputs[index] : nullptr));
  }
  each_list([&](const char* type, auto member, const char*) {
    for (const auto& item : history.*member) writer.put(type, item);
  });
  writer.end();
  return writer.flush();
}

uint64_t count_lines(const Input& input, const History& history) {
  uint64_t lines = 3;  // head, bounds, end
  for (const std::vector<InputRecord>& partition : input.partitions) lines += partition.size();
  lines += history.asked.size() + history.outputs.size() + history.observed.size();
  each_list([&](const char*, auto member, const char*) { lines += (history.*member).size(); });
  return lines;
}

}  // namespace onceproof::scenarios
