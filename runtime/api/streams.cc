// SPDX-License-Identifier: Apache-2.0
#include "runtime/api/streams.h"

namespace onceproof::api {

Environment::Environment(int32_t parallelism, int32_t max_parallelism) {
  pipeline_.graph.parallelism = parallelism;
  pipeline_.graph.max_parallelism = max_parallelism;
}

int32_t Environment::add(std::string name, graph::Role role, Step step, const std::vector<From>& inputs, bool keyed) {
  graph::LogicalNode node;
  node.uid = std::to_string(pipeline_.graph.nodes.size() + 1) + "-" + name;
  node.name = std::move(name);
  node.role = role;
  node.keyed = keyed;
  std::vector<std::shared_ptr<const KeyOf>> keys;
  for (const From& from : inputs) {
    node.inputs.push_back({from.node, from.exchange, from.output});
    keys.push_back(from.key);
  }
  pipeline_.graph.nodes.push_back(std::move(node));
  pipeline_.steps.push_back(std::move(step));
  pipeline_.keys.push_back(std::move(keys));
  return static_cast<int32_t>(pipeline_.graph.nodes.size()) - 1;
}

}  // namespace onceproof::api
