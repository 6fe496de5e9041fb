// SPDX-License-Identifier: Apache-2.0
#include "runtime/graph/execution_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace onceproof::graph {

namespace {

// Flink's StreamingJobGraphGenerator: one stream in, forward, the same parallelism.
bool chains(const LogicalNode& node) {
  return node.inputs.size() == 1 && node.ports == 1 && node.inputs.front().exchange == Exchange::forward &&
         !node.starts_chain;
}

// "map -> sink"; where several read the same, "map -> (sink, filter -> sink)".
std::string chain_name(const ExecutionGraph& graph, const std::vector<int32_t>& vertex_of, int32_t index) {
  std::vector<std::string> behind;
  for (size_t i = 0; i < graph.logical.nodes.size(); ++i) {
    const LogicalNode& node = graph.logical.nodes[i];
    const bool chained = chains(node) && node.inputs.front().from == index;
    if (chained && vertex_of[i] == vertex_of[static_cast<size_t>(index)])
      behind.push_back(chain_name(graph, vertex_of, static_cast<int32_t>(i)));
  }
  const std::string& name = graph.logical.nodes[static_cast<size_t>(index)].name;
  if (behind.empty()) return name;
  if (behind.size() == 1) return fmt::format("{} -> {}", name, behind.front());
  return fmt::format("{} -> ({})", name, fmt::join(behind, ", "));
}

void chain_operators(ExecutionGraph& graph) {
  std::vector<int32_t> vertex_of(graph.logical.nodes.size(), -1);
  for (const int32_t index : topological_order(graph.logical)) {
    const auto i = static_cast<size_t>(index);
    const LogicalNode& node = graph.logical.nodes[i];
    if (chains(node)) {
      vertex_of[i] = vertex_of[static_cast<size_t>(node.inputs.front().from)];
      graph.vertices[static_cast<size_t>(vertex_of[i])].nodes.push_back(index);
      continue;
    }
    vertex_of[i] = static_cast<int32_t>(graph.vertices.size());
    graph.vertices.push_back({"", {index}, graph.logical.parallelism_of(node)});
    for (const Input& input : node.inputs)
      graph.edges.push_back({vertex_of[static_cast<size_t>(input.from)], vertex_of[i], input.from, input});
  }
  for (Vertex& vertex : graph.vertices) vertex.name = chain_name(graph, vertex_of, vertex.nodes.front());
}

// Pipelined exchanges tie subtasks together: whoever has a channel to a failed one must restart with it.
void find_regions(ExecutionGraph& graph) {
  const std::vector<SubtaskId> ids = graph.subtasks();
  std::vector<int32_t> base;  // index of each vertex's first subtask in `ids`
  int32_t total = 0;
  for (const Vertex& vertex : graph.vertices) {
    base.push_back(total);
    total += vertex.parallelism;
  }
  boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> channels(ids.size());
  for (const Edge& edge : graph.edges) {
    const int32_t producers = graph.parallelism_of(edge.from);
    const int32_t consumers = graph.parallelism_of(edge.to);
    const bool pointwise = edge.input.exchange == Exchange::forward;
    // All-to-all joins every subtask of both sides; a star says so with p edges instead of p * p.
    for (int32_t i = 0; i < producers; ++i)
      boost::add_edge(base[edge.from] + i, base[edge.to] + (pointwise ? i : 0), channels);
    for (int32_t i = 1; i < consumers && !pointwise; ++i) boost::add_edge(base[edge.from], base[edge.to] + i, channels);
  }
  std::vector<int32_t> component(ids.size());
  const int count = boost::connected_components(channels, component.data());
  graph.regions.assign(static_cast<size_t>(count), {});
  for (size_t i = 0; i < ids.size(); ++i) graph.regions[component[i]].push_back(ids[i]);
  std::sort(graph.regions.begin(), graph.regions.end());
}

}  // namespace

std::vector<SubtaskId> ExecutionGraph::subtasks() const {
  std::vector<SubtaskId> ids;
  for (size_t v = 0; v < vertices.size(); ++v) {
    for (int32_t s = 0; s < vertices[v].parallelism; ++s) ids.push_back({static_cast<int32_t>(v), s});
  }
  return ids;
}

int32_t ExecutionGraph::region_of(SubtaskId id) const {
  for (size_t r = 0; r < regions.size(); ++r) {
    if (std::binary_search(regions[r].begin(), regions[r].end(), id)) return static_cast<int32_t>(r);
  }
  return -1;
}

int32_t ExecutionGraph::slots() const {
  int32_t most = 0;
  for (const Vertex& vertex : vertices) most = std::max(most, vertex.parallelism);
  return most;
}

const LogicalNode& ExecutionGraph::head_of(int32_t vertex) const {
  return logical.nodes[static_cast<size_t>(vertices[static_cast<size_t>(vertex)].nodes.front())];
}

bool ExecutionGraph::has_sink(int32_t vertex) const {
  const std::vector<int32_t>& nodes = vertices[static_cast<size_t>(vertex)].nodes;
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](int32_t node) { return logical.nodes[static_cast<size_t>(node)].role == Role::sink; });
}

std::vector<const Edge*> ExecutionGraph::outputs_of(int32_t vertex) const {
  std::vector<const Edge*> found;
  for (const Edge& edge : edges) {
    if (edge.from == vertex) found.push_back(&edge);
  }
  return found;
}

std::vector<const Edge*> ExecutionGraph::inputs_of(int32_t vertex) const {
  std::vector<const Edge*> found;
  for (const Edge& edge : edges) {
    if (edge.to == vertex) found.push_back(&edge);
  }
  return found;
}

uint32_t ExecutionGraph::subpartitions(const Edge& edge) const {
  return edge.input.exchange == Exchange::forward ? 1 : static_cast<uint32_t>(parallelism_of(edge.to));
}

std::vector<int32_t> ExecutionGraph::producers(const Edge& edge, int32_t consumer) const {
  if (edge.input.exchange == Exchange::forward) return {consumer};
  std::vector<int32_t> all;
  for (int32_t i = 0; i < parallelism_of(edge.from); ++i) all.push_back(i);
  return all;
}

uint32_t ExecutionGraph::subpartition_of(const Edge& edge, int32_t consumer) const {
  return edge.input.exchange == Exchange::forward ? 0 : static_cast<uint32_t>(consumer);
}

Result<ExecutionGraph> build_execution_graph(LogicalGraph logical) {
  if (Status status = check_graph(logical); !status.ok()) return status.error();
  ExecutionGraph graph;
  graph.logical = std::move(logical);
  chain_operators(graph);
  find_regions(graph);
  return graph;
}

}  // namespace onceproof::graph
