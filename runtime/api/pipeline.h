// SPDX-License-Identifier: Apache-2.0
// A pipeline as a value: the logical graph, and what each of its operators does. Built twice, or in every process of a
// cluster, it is the same. The runtime executes it (runtime/operators), the reference interprets it (checkers/reference);
// they share these data and the author's functions, and not a line that executes them.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "runtime/api/functions.h"
#include "runtime/graph/logical_graph.h"

namespace onceproof::api {

// Event-time windows. [start, end), start = timestamp - floor_mod(timestamp, step); Flink's assigners.
enum class WindowKind : uint8_t {
  tumbling,  // of size_us
  sliding,   // of size_us, one every slide_us
  session,   // elements whose distance is at most size_us (the gap); [first, last + gap), touching ones are one
};
struct Windows {
  WindowKind kind = WindowKind::tumbling;
  DurationUs size_us = 0;
  DurationUs slide_us = 0;  // sliding
  bool operator==(const Windows&) const = default;
};

struct SourceStep {};  // reads the source topic
struct MapStep {
  std::shared_ptr<const FlatMap> function;
  // It may make several of one: each contribution then gets its ordinal (ordinals_of()).
  bool splits = false;
};
// Keyed. One result for each key and window, with that key and the time window end - 1.
struct WindowStep {
  Windows windows;
  DurationUs allowed_lateness_us = 0;
  std::shared_ptr<const Aggregate> aggregate;
};
struct SinkStep {};  // writes to the sink topic
using Step = std::variant<SourceStep, MapStep, WindowStep, SinkStep>;

struct Pipeline {
  graph::LogicalGraph graph;
  std::vector<Step> steps;                                 // by node
  std::vector<std::vector<std::shared_ptr<const KeyOf>>> keys;  // by node and input: of streams that are partitioned by key
};

// Lineage. A position names a contribution: source partition, offset, and behind a step that splits the ordinal of the
// result among all that the step made of one element. A result descends from the element that it was made of, and a
// window's from every element in it. Where steps that split follow each other each has bits of its own, so that no two
// contributions have one name: the ordinal of a step stands `shift` bits up, and is below 2^bits.
struct OrdinalBits {
  uint32_t shift = 0;
  uint32_t bits = 0;  // 0: the step does not split
};
std::vector<OrdinalBits> ordinals_of(const Pipeline& pipeline);  // by node

// The last window on the way; null: there is none.
const WindowStep* last_window(const Pipeline& pipeline);
// Keyed state holds a record after the record's result is out, or more than once: what it counts is not what is due.
bool keeps_what_is_out(const Pipeline& pipeline);

}  // namespace onceproof::api
