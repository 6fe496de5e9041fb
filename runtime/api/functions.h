// SPDX-License-Identifier: Apache-2.0
// What the author of a pipeline writes, over bytes: functions without side effects, which the runtime's operators and the
// reference call alike. Nobody sees buffers, lineage or subtasks. A function may throw; the task then fails with the place
// of the record. Every function is const and is called by one thread at a time for each operator's subtask.
#pragma once

#include "runtime/base/bytes.h"
#include "runtime/base/time.h"

namespace onceproof::api {

// A record as functions see it. `key` is what the step before gave it (a window gives its key); a source's may be empty.
struct Element {
  ByteView key;
  ByteView value;
  TimeUs timestamp_us = 0;
};

// Takes the results of a function. Their time is that of the element, window or timer that they were made of.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual void collect(ByteView key, ByteView value) = 0;
  virtual void collect_side(uint32_t output, ByteView key, ByteView value) = 0;  // side outputs count from 1
};

// One element in, any number out: map, filter, flat map.
class FlatMap {
 public:
  virtual ~FlatMap() = default;
  virtual void apply(const Element& element, Collector& out) const = 0;
};

// `scratch` is room for a key that does not lie in the element; the key is good until either changes.
class KeyOf {
 public:
  virtual ~KeyOf() = default;
  virtual ByteView key_of(const Element& element, Bytes& scratch) const = 0;
};

// Flink: AggregateFunction. An accumulator is bytes; add and merge give the same result in whatever order they come,
// or the pipeline's results depend on interleaving.
class Aggregate {
 public:
  virtual ~Aggregate() = default;
  virtual void create(Bytes& accumulator) const = 0;
  virtual void add(Bytes& accumulator, const Element& element) const = 0;
  virtual void merge(Bytes& accumulator, ByteView other) const = 0;  // of two sessions that became one
  virtual void result(ByteView accumulator, Bytes& value) const = 0;
};

}  // namespace onceproof::api
