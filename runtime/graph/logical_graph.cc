// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/logical_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <map>
#include <set>

#include "runtime/base/check.h"
#include "runtime/graph/key_groups.h"

namespace onceproof::graph {

namespace {

std::string named(const LogicalGraph& graph, size_t index) {
  return fmt::format("operator {} ({})", index + 1, graph.nodes[index].name);
}

Error wrong(const LogicalGraph& graph, size_t index, std::string_view what) {
  return {ErrorCode::invalid_argument, fmt::format("{}: {}", named(graph, index), what)};
}

Status check_parallelism(const LogicalGraph& graph) {
  if (graph.max_parallelism < 1 || graph.max_parallelism > kMaxMaxParallelism)
    return {ErrorCode::invalid_argument, fmt::format("max_parallelism is {}; it must be between 1 and {}",
                                                     graph.max_parallelism, kMaxMaxParallelism)};
  if (graph.parallelism < 1 || graph.parallelism > graph.max_parallelism)
    return {ErrorCode::invalid_argument, fmt::format("parallelism is {}; it must be between 1 and max_parallelism, {}",
                                                     graph.parallelism, graph.max_parallelism)};
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int32_t own = graph.nodes[i].parallelism;
    if (own < 0 || own > graph.max_parallelism)
      return wrong(graph, i, fmt::format("its parallelism is {}; it must be between 1 and max_parallelism, {}", own,
                                         graph.max_parallelism));
  }
  return {};
}

Status check_uids(const LogicalGraph& graph) {
  std::map<std::string, size_t> users;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::string& uid = graph.nodes[i].uid;
    if (uid.empty()) return wrong(graph, i, "it has no uid to name its state by");
    const auto [user, first] = users.emplace(uid, i);
    if (!first)
      return wrong(graph, i, fmt::format("its uid \"{}\" is that of {}; each names the state of one", uid,
                                         named(graph, user->second)));
  }
  return {};
}

// What the stream itself must be like.
Status check_input(const LogicalGraph& graph, size_t to, const Input& input) {
  const LogicalNode& node = graph.nodes[to];
  if (input.from < 0 || static_cast<size_t>(input.from) >= graph.nodes.size())
    return wrong(graph, to, fmt::format("it reads from operator {}, which does not exist", input.from + 1));
  const auto from = static_cast<size_t>(input.from);
  const LogicalNode& producer = graph.nodes[from];
  if (producer.role == Role::sink) return wrong(graph, to, fmt::format("it reads from {}, which is a sink", named(graph, from)));
  if (input.output >= producer.outputs)
    return wrong(graph, to, fmt::format("it reads side output {} of {}, which has {}", input.output, named(graph, from),
                                        producer.outputs - 1));
  if (input.port >= node.ports)
    return wrong(graph, to, fmt::format("it has {} inputs, and something is given to input {}", node.ports, input.port + 1));
  const int32_t ahead = graph.parallelism_of(producer), behind = graph.parallelism_of(node);
  if (input.exchange == Exchange::forward && ahead != behind)
    return wrong(graph, to, fmt::format("a forward exchange joins equal parallelisms, and {} has {} where this has {}; rebalance",
                                        named(graph, from), ahead, behind));
  if (node.keyed && input.exchange != Exchange::hash && input.exchange != Exchange::broadcast && !input.partitioned)
    return wrong(graph, to, fmt::format("its state is by key, so a key by must stand between {} and it", named(graph, from)));
  return {};
}

Status check_ends(const LogicalGraph& graph) {
  std::vector<bool> read(graph.nodes.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const LogicalNode& node = graph.nodes[i];
    if (node.role == Role::source && !node.inputs.empty()) return wrong(graph, i, "a source has no input");
    std::set<uint32_t> fed;
    for (const Input& input : node.inputs) {
      if (Status status = check_input(graph, i, input); !status.ok()) return status;
      fed.insert(input.port);
      if (input.output == 0) read[static_cast<size_t>(input.from)] = true;
    }
    if (node.role == Role::source) continue;
    if (node.inputs.empty()) return wrong(graph, i, "nothing feeds it");
    for (uint32_t port = 0; port < node.ports; ++port) {
      if (!fed.contains(port)) return wrong(graph, i, fmt::format("nothing feeds its input {} of {}", port + 1, node.ports));
    }
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].role != Role::sink && !read[i]) return wrong(graph, i, "its results go nowhere: nothing reads them");
  }
  return {};
}

Status check_cycles(const LogicalGraph& graph) {
  boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS> streams(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const Input& input : graph.nodes[i].inputs) {
      if (static_cast<size_t>(input.from) == i) return wrong(graph, i, "it reads its own results: streams cannot go in a circle");
      boost::add_edge(static_cast<size_t>(input.from), i, streams);
    }
  }
  std::vector<int32_t> component(graph.nodes.size());
  boost::strong_components(streams, component.data());
  std::map<int32_t, std::vector<size_t>> members;
  for (size_t i = 0; i < graph.nodes.size(); ++i) members[component[i]].push_back(i);
  for (const auto& [id, circle] : members) {
    if (circle.size() < 2) continue;
    std::string names;
    for (const size_t index : circle) names += (names.empty() ? "" : ", ") + named(graph, index);
    return wrong(graph, circle.front(), "streams cannot go in a circle, and these do: " + names);
  }
  return {};
}

}  // namespace

const char* to_string(Exchange exchange) {
  switch (exchange) {
    case Exchange::forward: return "forward";
    case Exchange::hash: return "hash";
    case Exchange::rebalance: return "rebalance";
    case Exchange::broadcast: return "broadcast";
  }
  CHECK(false, "unnamed exchange");
}

Status check_graph(const LogicalGraph& graph) {
  if (graph.nodes.empty())
    return {ErrorCode::invalid_argument, "the pipeline has no operators; it needs at least a source and a sink"};
  if (Status status = check_parallelism(graph); !status.ok()) return status;
  if (Status status = check_uids(graph); !status.ok()) return status;
  if (Status status = check_ends(graph); !status.ok()) return status;
  return check_cycles(graph);
}

std::vector<int32_t> topological_order(const LogicalGraph& graph) {
  std::vector<size_t> unread(graph.nodes.size());
  std::set<int32_t> ready;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    unread[i] = graph.nodes[i].inputs.size();
    if (unread[i] == 0) ready.insert(static_cast<int32_t>(i));
  }
  std::vector<int32_t> order;
  while (!ready.empty()) {
    const int32_t next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(next);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const Input& input : graph.nodes[i].inputs) {
        if (input.from == next && --unread[i] == 0) ready.insert(static_cast<int32_t>(i));
      }
    }
  }
  CHECK(order.size() == graph.nodes.size(), "a circle among operators that were checked");
  return order;
}

}  // namespace onceproof::graph
