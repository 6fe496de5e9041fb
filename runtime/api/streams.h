// SPDX-License-Identifier: Apache-2.0
// What the author of a pipeline writes against. A word count:
//
//   Environment job;
//   job.from_log<std::string>()
//       .flat_map<std::string>([](const std::string& line, auto& out) { for (auto word : words(line)) out(word); })
//       .key_by([](const std::string& word) { return word; })
//       .window(tumbling(seconds(10)))
//       .aggregate(count())
//       .to_log();
//   api::Pipeline pipeline = job.pipeline();
//
// Streams are handles into their environment, which must outlive them. Functions have no side effects; what they throw
// fails the task with the record's place. Types need a codec (codec.h).
#pragma once

#include <concepts>
#include <functional>
#include <utility>

#include "runtime/api/codec.h"
#include "runtime/api/pipeline.h"

namespace onceproof::api {

// A result with the key that it belongs to: of windows. A log sink writes both.
template <class K, class V>
struct Keyed {
  K key;
  V value;
  bool operator==(const Keyed&) const = default;
};

// ---- between typed values and elements -----------------------------------------------------------------

template <class T>
struct ElementCodec {
  static T read(const Element& element) { return decode_value<T>(element.value); }
  static void write(const T& value, Bytes& key, Bytes& bytes) {
    key.clear();
    encode_value(value, bytes);
  }
};
template <class K, class V>
struct ElementCodec<Keyed<K, V>> {
  static Keyed<K, V> read(const Element& element) {
    return {decode_value<K>(element.key), decode_value<V>(element.value)};
  }
  static void write(const Keyed<K, V>& value, Bytes& key, Bytes& bytes) {
    encode_value(value.key, key);
    encode_value(value.value, bytes);
  }
};

// Takes the results of a flat map: out(result), out.side(1, result).
template <class T>
class Out {
 public:
  explicit Out(Collector& to) : to_(to) {}
  void operator()(const T& value) {
    ElementCodec<T>::write(value, key_, bytes_);
    to_.collect(key_, bytes_);
  }
  template <class S>
  void side(uint32_t output, const S& value) {
    ElementCodec<S>::write(value, key_, bytes_);
    to_.collect_side(output, key_, bytes_);
  }

 private:
  Collector& to_;
  Bytes key_, bytes_;
};

template <class T, class R, class F>
class TypedFlatMap : public FlatMap {
 public:
  explicit TypedFlatMap(F function) : function_(std::move(function)) {}
  void apply(const Element& element, Collector& to) const override {
    Out<R> out(to);
    function_(ElementCodec<T>::read(element), out);
  }

 private:
  const F function_;
};

template <class T, class F>
class TypedKey : public KeyOf {
 public:
  explicit TypedKey(F function) : function_(std::move(function)) {}
  ByteView key_of(const Element& element, Bytes& scratch) const override {
    encode_value(function_(ElementCodec<T>::read(element)), scratch);
    return scratch;
  }

 private:
  const F function_;
};

// ---- aggregates ----------------------------------------------------------------------------------------

// What an aggregate() of a window takes: values of type Input, with the members of Flink's AggregateFunction.
//   Accumulator create() const;  void add(Accumulator&, const T&) const;
//   void merge(Accumulator&, const Accumulator&) const;  Result result(const Accumulator&) const;
struct Count {
  using Accumulator = uint64_t;
  Accumulator create() const { return 0; }
  template <class T>
  void add(Accumulator& count, const T&) const { ++count; }
  void merge(Accumulator& count, const Accumulator& other) const { count += other; }
  uint64_t result(const Accumulator& count) const { return count; }
};
inline Count count() { return {}; }

template <class F>
struct Sum {
  F of;
  template <class T>
  using Number = std::decay_t<std::invoke_result_t<F, const T&>>;
};
// The sum of a number of each value.
template <class F>
Sum<F> sum(F of) { return {std::move(of)}; }

template <class F>
struct Reduce {
  F combine;
};
// All values of a window combined into one of the same type; combine(a, b) must not depend on their order.
template <class F>
Reduce<F> reduce(F combine) { return {std::move(combine)}; }

// What each of them is for values of type T.
template <class T, class A>
struct AggregateFor : A {
  using Accumulator = typename A::Accumulator;
  explicit AggregateFor(A aggregate) : A(std::move(aggregate)) {}
};
template <class T, class F>
struct AggregateFor<T, Sum<F>> {
  using Accumulator = typename Sum<F>::template Number<T>;
  explicit AggregateFor(Sum<F> sum) : of(std::move(sum.of)) {}
  Accumulator create() const { return {}; }
  void add(Accumulator& total, const T& value) const { total += of(value); }
  void merge(Accumulator& total, const Accumulator& other) const { total += other; }
  Accumulator result(const Accumulator& total) const { return total; }
  F of;
};
template <class T, class F>
struct AggregateFor<T, Reduce<F>> {
  using Accumulator = std::optional<T>;
  explicit AggregateFor(Reduce<F> reduce) : combine(std::move(reduce.combine)) {}
  Accumulator create() const { return std::nullopt; }
  void add(Accumulator& all, const T& value) const { all = all ? combine(*all, value) : value; }
  void merge(Accumulator& all, const Accumulator& other) const {
    if (other) add(all, *other);
  }
  T result(const Accumulator& all) const { return *all; }
  F combine;
};

template <class T, class A>
class TypedAggregate : public Aggregate {
 public:
  using For = AggregateFor<T, A>;
  using Accumulator = typename For::Accumulator;
  using Result = std::decay_t<decltype(std::declval<const For&>().result(std::declval<const Accumulator&>()))>;
  explicit TypedAggregate(A aggregate) : aggregate_(std::move(aggregate)) {}
  void create(Bytes& accumulator) const override { encode_value(aggregate_.create(), accumulator); }
  void add(Bytes& accumulator, const Element& element) const override {
    auto own = decode_value<Accumulator>(accumulator);
    aggregate_.add(own, ElementCodec<T>::read(element));
    encode_value(own, accumulator);
  }
  void merge(Bytes& accumulator, ByteView other) const override {
    auto own = decode_value<Accumulator>(accumulator);
    aggregate_.merge(own, decode_value<Accumulator>(other));
    encode_value(own, accumulator);
  }
  void result(ByteView accumulator, Bytes& value) const override {
    encode_value(aggregate_.result(decode_value<Accumulator>(accumulator)), value);
  }

 private:
  const For aggregate_;
};

// ---- windows -------------------------------------------------------------------------------------------

inline Windows tumbling(DurationUs size_us) { return {WindowKind::tumbling, size_us, 0}; }
inline Windows sliding(DurationUs size_us, DurationUs slide_us) { return {WindowKind::sliding, size_us, slide_us}; }
inline Windows session(DurationUs gap_us) { return {WindowKind::session, gap_us, 0}; }

// ---- streams -------------------------------------------------------------------------------------------

// What an operator reads: nobody but streams and their environment looks into it.
struct From {
  int32_t node = 0;
  uint32_t output = 0;
  graph::Exchange exchange = graph::Exchange::forward;
  std::shared_ptr<const KeyOf> key = {};
};

template <class T>
class Stream;

// Collects the operators. The order of the calls is the order of the nodes, and names their state unless uid() does.
class Environment {
 public:
  explicit Environment(int32_t parallelism = 2, int32_t max_parallelism = 128);
  // The source topic's records, each decoded as a T.
  template <class T>
  Stream<T> from_log(std::string name = "source");
  Pipeline pipeline() const { return pipeline_; }

 private:
  template <class T>
  friend class Stream;
  template <class K, class T>
  friend class WindowedStream;
  int32_t add(std::string name, graph::Role role, Step step, const std::vector<From>& inputs, bool keyed = false);
  graph::LogicalNode& node(int32_t index) { return pipeline_.graph.nodes[static_cast<size_t>(index)]; }
  Pipeline pipeline_;
};

template <class K, class T>
class WindowedStream {
 public:
  // One result for each key and window that has records.
  template <class A>
  Stream<Keyed<K, typename TypedAggregate<T, A>::Result>> aggregate(A aggregate, std::string name = "window") const {
    WindowStep step{windows_, 0, std::make_shared<TypedAggregate<T, A>>(std::move(aggregate))};
    return {*job_, job_->add(std::move(name), graph::Role::transformation, std::move(step), from_, true)};
  }

 private:
  template <class, class>
  friend class KeyedStream;
  WindowedStream(Environment& job, std::vector<From> from, Windows windows)
      : job_(&job), from_(std::move(from)), windows_(windows) {}
  Environment* job_;
  std::vector<From> from_;
  Windows windows_;
};

template <class K, class T>
class KeyedStream {
 public:
  WindowedStream<K, T> window(Windows windows) const { return {*job_, from_, windows}; }

 private:
  template <class>
  friend class Stream;
  KeyedStream(Environment& job, std::vector<From> from) : job_(&job), from_(std::move(from)) {}
  Environment* job_;
  std::vector<From> from_;
};

template <class T>
class Stream {
 public:
  // out(result) for every result of a value; none, one or many.
  template <class R, class F>
  Stream<R> flat_map(F function, std::string name = "flat map") const {
    return transform<R>(std::make_shared<TypedFlatMap<T, R, F>>(std::move(function)), true, std::move(name));
  }
  template <class F>
  auto map(F function, std::string name = "map") const {
    using R = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    const auto each = [function = std::move(function)](const T& value, Out<R>& out) { out(function(value)); };
    return transform<R>(std::make_shared<TypedFlatMap<T, R, decltype(each)>>(each), false, std::move(name));
  }
  template <class F>
    requires std::predicate<const F&, const T&>
  Stream filter(F keep, std::string name = "filter") const {
    const auto each = [keep = std::move(keep)](const T& value, Out<T>& out) {
      if (keep(value)) out(value);
    };
    return transform<T>(std::make_shared<TypedFlatMap<T, T, decltype(each)>>(each), false, std::move(name));
  }
  template <class F>
  auto key_by(F key) const {
    using K = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    auto from = from_;
    for (auto& each : from) {
      each.exchange = graph::Exchange::hash;
      each.key = std::make_shared<TypedKey<T, F>>(key);
    }
    return KeyedStream<K, T>(*job_, std::move(from));
  }
  Stream union_with(const Stream& other) const {
    Stream both = *this;
    both.from_.insert(both.from_.end(), other.from_.begin(), other.from_.end());
    return both;
  }
  Stream rebalance() const { return exchanged(graph::Exchange::rebalance); }
  Stream broadcast() const { return exchanged(graph::Exchange::broadcast); }
  void to_log(std::string name = "sink") const { job_->add(std::move(name), graph::Role::sink, SinkStep{}, from_); }

  // Of the operator that makes this stream.
  Stream& uid(std::string uid) { return job_->node(from_.front().node).uid = std::move(uid), *this; }
  Stream& parallelism(int32_t subtasks) { return job_->node(from_.front().node).parallelism = subtasks, *this; }

 private:
  friend class Environment;
  template <class>
  friend class Stream;
  template <class, class>
  friend class WindowedStream;
  Stream(Environment& job, int32_t node, uint32_t output = 0)
      : job_(&job), from_{From{node, output}} {}
  template <class R>
  Stream<R> transform(std::shared_ptr<const FlatMap> function, bool splits, std::string name) const {
    return {*job_, job_->add(std::move(name), graph::Role::transformation, MapStep{std::move(function), splits}, from_)};
  }
  Stream exchanged(graph::Exchange exchange) const {
    Stream other = *this;
    for (auto& each : other.from_) each.exchange = exchange;
    return other;
  }
  Environment* job_;
  std::vector<From> from_;
};

template <class T>
Stream<T> Environment::from_log(std::string name) {
  return {*this, add(std::move(name), graph::Role::source, SourceStep{}, {})};
}

}  // namespace onceproof::api
