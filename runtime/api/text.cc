// SPDX-License-Identifier: Apache-2.0
#include "runtime/api/text.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "runtime/base/check.h"

namespace onceproof::api {

namespace {

constexpr int64_t kMillion = 1'000'000;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

ByteView field_of(ByteView text, int64_t index) {
  for (; index > 0; --index) {
    const size_t comma = text.find(',');
    if (comma == ByteView::npos) return {};
    text.remove_prefix(comma + 1);
  }
  return text.substr(0, text.find(','));
}

ByteView json_member(ByteView text, ByteView path, Bytes& scratch) {
  const auto document = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  const nlohmann::json* at = &document;
  while (at != nullptr && !path.empty()) {
    const size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    path = dot == ByteView::npos ? ByteView() : path.substr(dot + 1);
    const auto found = at->is_object() ? at->find(name) : at->end();
    at = at->is_object() && found != at->end() ? &*found : nullptr;
  }
  if (at == nullptr || at->is_null() || at->is_discarded()) return {};
  scratch = at->is_string() ? at->get<std::string>() : at->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return scratch;
}

// In millionths; what is no number is 0, what is too large the largest.
int64_t millionths(ByteView text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  __int128 whole = 0;
  constexpr __int128 kMost = INT64_MAX;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) whole = std::min(kMost, whole * 10 + (text[i] - '0'));
  whole = std::min(kMost, whole * kMillion);
  if (i < text.size() && text[i] == '.') {
    int64_t place = kMillion / 10;
    for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, place /= 10) whole += (text[i] - '0') * place;
  }
  whole = std::min(kMost, whole);
  return static_cast<int64_t>(negative ? -whole : whole);
}

void append_number(int64_t in_millionths, Bytes& out) {
  const bool negative = in_millionths < 0;
  const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(in_millionths) : static_cast<uint64_t>(in_millionths);
  if (negative) out += '-';
  out += std::to_string(magnitude / kMillion);
  uint64_t fraction = magnitude % kMillion;
  if (fraction == 0) return;
  std::string digits = std::to_string(fraction + kMillion).substr(1);
  while (digits.back() == '0') digits.pop_back();
  out += '.' + digits;
}

int64_t add_saturating(int64_t a, int64_t b) {
  const __int128 sum = static_cast<__int128>(a) + b;
  return static_cast<int64_t>(std::clamp<__int128>(sum, INT64_MIN, INT64_MAX));
}

class SplitWords : public FlatMap {
 public:
  void apply(const Element& element, Collector& out) const override {
    const char* at = element.value.data();
    const char* const end = at + element.value.size();
    for (;;) {
      while (at != end && is_space(*at)) ++at;
      if (at == end) return;
      const char* word = at;
      while (at != end && !is_space(*at)) ++at;
      out.collect({}, ByteView(word, static_cast<size_t>(at - word)));
    }
  }
};

class MapValue : public FlatMap {
 public:
  explicit MapValue(Expression to) : to_(std::move(to)) {}
  void apply(const Element& element, Collector& out) const override {
    Bytes scratch;
    out.collect(element.key, evaluate(to_, element, scratch));
  }

 private:
  const Expression to_;
};

class Filter : public FlatMap {
 public:
  Filter(Expression what, Comparison comparison, std::string with)
      : what_(std::move(what)), comparison_(comparison), with_(std::move(with)), number_(millionths(with_)) {}
  void apply(const Element& element, Collector& out) const override {
    Bytes scratch;
    if (holds(evaluate(what_, element, scratch))) out.collect(element.key, element.value);
  }

 private:
  bool holds(ByteView text) const {
    switch (comparison_) {
      case Comparison::equals: return text == with_;
      case Comparison::differs: return text != with_;
      case Comparison::contains: return text.find(with_) != ByteView::npos;
      case Comparison::at_least: return millionths(text) >= number_;
      case Comparison::at_most: return millionths(text) <= number_;
    }
    CHECK(false, "no such comparison");
  }
  const Expression what_;
  const Comparison comparison_;
  const std::string with_;
  const int64_t number_;
};

class ExpressionKey : public KeyOf {
 public:
  explicit ExpressionKey(Expression what) : what_(std::move(what)) {}
  ByteView key_of(const Element& element, Bytes& scratch) const override { return evaluate(what_, element, scratch); }

 private:
  const Expression what_;
};

// Count, and one number: the sum, or the extreme.
class TextAggregate : public Aggregate {
 public:
  TextAggregate(Statistic statistic, Expression of) : statistic_(statistic), of_(std::move(of)) {}
  void create(Bytes& accumulator) const override { accumulator.assign(sizeof(Pair), '\0'); }
  void add(Bytes& accumulator, const Element& element) const override {
    Pair own = read(accumulator);
    Bytes scratch;
    combine(own, {1, statistic_ == Statistic::count ? 0 : millionths(evaluate(of_, element, scratch))});
    store(accumulator.data(), own);
  }
  void merge(Bytes& accumulator, ByteView other) const override {
    Pair own = read(accumulator);
    combine(own, read(other));
    store(accumulator.data(), own);
  }
  void result(ByteView accumulator, Bytes& value) const override {
    const Pair own = read(accumulator);
    value.clear();
    if (statistic_ == Statistic::count) {
      value = std::to_string(own.count);
    } else if (statistic_ == Statistic::average) {
      append_number(own.count == 0 ? 0 : own.number / static_cast<int64_t>(own.count), value);
    } else {
      append_number(own.number, value);
    }
  }

 private:
  struct Pair {
    uint64_t count;
    int64_t number;
  };
  static Pair read(ByteView accumulator) { return load<Pair>(accumulator.data()); }
  void combine(Pair& own, const Pair& other) const {
    if (other.count == 0) return;
    const bool first = own.count == 0;
    own.count += other.count;
    switch (statistic_) {
      case Statistic::count: return;
      case Statistic::sum:
      case Statistic::average: own.number = add_saturating(own.number, other.number); return;
      case Statistic::min: own.number = first ? other.number : std::min(own.number, other.number); return;
      case Statistic::max: own.number = first ? other.number : std::max(own.number, other.number); return;
    }
  }
  const Statistic statistic_;
  const Expression of_;
};

}  // namespace

ByteView evaluate(const Expression& expression, const Element& element, Bytes& scratch) {
  switch (expression.kind) {
    case Expression::Kind::value: return element.value;
    case Expression::Kind::key: return element.key;
    case Expression::Kind::field: return field_of(element.value, expression.index);
    case Expression::Kind::json: return json_member(element.value, expression.text, scratch);
    case Expression::Kind::constant: return expression.text;
    case Expression::Kind::concat: {
      Bytes whole, part;
      for (const Expression& each : expression.parts) whole += evaluate(each, element, part);
      scratch = std::move(whole);
      return scratch;
    }
  }
  CHECK(false, "no such expression");
}

const char* to_string(Statistic statistic) {
  switch (statistic) {
    case Statistic::count: return "count";
    case Statistic::sum: return "sum";
    case Statistic::min: return "min";
    case Statistic::max: return "max";
    case Statistic::average: return "average";
  }
  CHECK(false, "no such statistic");
}

std::shared_ptr<const FlatMap> split_words() { return std::make_shared<SplitWords>(); }
std::shared_ptr<const FlatMap> map_value(Expression to) { return std::make_shared<MapValue>(std::move(to)); }
std::shared_ptr<const FlatMap> filter(Expression what, Comparison comparison, std::string with) {
  return std::make_shared<Filter>(std::move(what), comparison, std::move(with));
}
std::shared_ptr<const KeyOf> key_by(Expression what) { return std::make_shared<ExpressionKey>(std::move(what)); }
std::shared_ptr<const Aggregate> aggregate(Statistic statistic, Expression of) {
  return std::make_shared<TextAggregate>(statistic, std::move(of));
}

}  // namespace onceproof::api
