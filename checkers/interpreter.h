// SPDX-License-Identifier: Apache-2.0
// Interpreter: what a pipeline makes of an input, naively: one thread, each operator after those that feed it, plain
// vectors, no channels and no watermarks. It calls the author's functions and shares no line with the operators of the
// runtime that call them too. No record is late for it. Used by the reference alone.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkers/interpretation.h"
#include "checkers/panes.h"
#include "runtime/api/pipeline.h"

namespace onceproof::checkers {

// One source for a pipeline that has one; several each get their own.
std::vector<SourceRange> sources_of(const api::Pipeline& pipeline, std::vector<SourceRange> given, size_t partitions);

// `input` must outlive the result.
Interpretation interpret(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources);

class Interpreter {
 public:
  // All three must outlive it, and what it made.
  Interpreter(const api::Pipeline& pipeline, const Input& input, const std::vector<SourceRange>& sources);

  // Only these records, each once, sorted: their positions of ordinal 0.
  void restrict_to(std::vector<Position> records);
  // Only these operators (empty: all). What others give out is what was put there.
  void run(const std::vector<uint8_t>& active = {});

  // What flows into a window, with the numbers of its keys. May throw what the author's functions throw.
  std::vector<Member> members_of(size_t node);
  const std::vector<ByteView>& keys() const { return keys_; }  // of members_of(), by number
  std::vector<Item>& output_of(size_t node) { return streams_[node].front(); }
  Interpretation& made() { return made_; }

 private:
  using Stream = std::vector<Item>;
  class Results;

  const std::string& name(size_t node) const { return pipeline_.graph.nodes[node].name; }
  Stream& stream_of(const graph::Input& input) { return streams_[static_cast<size_t>(input.from)][input.output]; }
  const api::KeyOf* selector(size_t node, size_t input) const;
  ByteView settled(ByteView bytes, const Item& item);
  uint32_t origins() const;
  void fail(std::string why);

  void run_node(size_t node);
  void read(size_t node);
  void apply(size_t node, const api::MapStep& map);
  void give(size_t node, uint32_t output, const Item& from, uint32_t ordinal, ByteView key, ByteView value);
  void fire(size_t node, const api::WindowStep& step);
  void fire(size_t node, const api::WindowStep& step, const Panes& panes);

  template <class F>
  void for_each_item(size_t node, F f);
  uint32_t route_of(const Item& item, size_t node, size_t input);
  uint32_t along(uint32_t route, std::string step);

  const api::Pipeline& pipeline_;
  const Input& input_;
  const std::vector<SourceRange>& sources_;
  const std::vector<api::OrdinalBits> ordinals_;
  bool restricted_ = false;
  std::vector<Position> records_;
  std::vector<std::vector<Stream>> streams_;   // by node and output
  std::vector<std::vector<uint32_t>> unread_;  // by node and output: readers that are still to come
  std::vector<uint32_t> number_of_sink_;       // by node
  std::vector<ByteView> keys_;                 // of the window at hand
  std::map<std::pair<uint32_t, std::string>, uint32_t> routes_;
  Interpretation made_;
};

api::Element element_of(const Item& item);

}  // namespace onceproof::checkers
