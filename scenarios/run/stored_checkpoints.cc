// SPDX-License-Identifier: Apache-2.0
#include "scenarios/run/stored_checkpoints.h"

#include <charconv>

#include "runtime/checkpoint/completed_store.h"
#include "runtime/checkpoint/sealed_file.h"
#include "simulator/disk.h"

namespace onceproof::scenarios {

namespace {

constexpr std::string_view kPrefix = "checkpoints/completed/chk-";
constexpr std::string_view kSuffix = ".meta";

// 0: not the metadata of a checkpoint.
uint64_t id_of(std::string_view path) {
  if (!path.starts_with(kPrefix) || !path.ends_with(kSuffix)) return 0;
  path.remove_prefix(kPrefix.size());
  path.remove_suffix(kSuffix.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), id);
  return error == std::errc() && end == path.data() + path.size() ? id : 0;
}

}  // namespace

StoredCheckpoints::StoredCheckpoints(simulator::World& world, const graph::ExecutionGraph& graph, ContentOptions options)
    : world_(world), graph_(graph), options_(options) {
  world_.disk().watch(std::string(kPrefix),
                      [this](const std::string& path, bool durable) { on_change(path, durable); });
}

void StoredCheckpoints::on_change(const std::string& path, bool durable) {
  const uint64_t id = id_of(path);
  if (id == 0) return;
  if (!durable) {
    const auto gone = there_.extract(id);
    if (!gone.empty()) stored_[gone.mapped()].gone_us = world_.now();
    return;
  }
  if (there_.contains(id)) return;
  const Result<Bytes> file = world_.disk().read(path);
  if (!file.ok()) return;
  const Result<Bytes> payload = checkpoint::unseal(path, file.value());
  checkpoint::CompletedCheckpoint checkpoint;
  if (!payload.ok() || !decode(payload.value(), checkpoint) || checkpoint.id != id) return;  // torn: nobody can read it
  there_[id] = stored_.size();
  checkers::StoredCheckpoint& stored = stored_.emplace_back();
  stored.id = id;
  stored.durable_us = world_.now();
  for (const checkpoint::TaskState& state : checkpoint.states) {
    if (!state.file.empty() && !world_.disk().durable(state.file)) stored.missing.push_back(state.file + " is not durable");
  }
  read_content(world_.disk(), graph_, options_, checkpoint, stored);
}

}  // namespace onceproof::scenarios
