// SPDX-License-Identifier: Apache-2.0
#include "checkers/producers.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace onceproof::checkers {

namespace {

using Key = std::pair<uint64_t, uint32_t>;

void note_time(Producer& producer, TimeUs at_us) {
  if (at_us >= 0 && (producer.first_us < 0 || at_us < producer.first_us)) producer.first_us = at_us;
}

}  // namespace

Producers::Producers(const History& history, const Timeline& timeline) {
  std::map<Key, Producer> found;
  Producer* last = nullptr;
  const auto of = [&](uint64_t id, uint32_t epoch) -> Producer& {
    if (last != nullptr && last->id == id && last->epoch == epoch) return *last;
    last = &found[{id, epoch}];
    last->id = id;
    last->epoch = epoch;
    return *last;
  };
  for (const OutputRecord& output : history.outputs) note_time(of(output.producer_id, output.epoch), output.at_us);
  for (const Event& event : history.events) {
    if (event.point[0] != 't' || std::string_view(event.point) != "txn.init") continue;
    const auto known = found.find({event.value, event.epoch});
    if (known != found.end()) note_time(known->second, event.at_us);
  }
  for (const PreCommit& pre : timeline.pre_commits) {
    const auto known = found.find({pre.producer_id, pre.epoch});
    if (known == found.end()) continue;
    known->second.attempt = pre.attempt;
    known->second.process = pre.process;
  }
  producers_.reserve(found.size());
  for (auto& [key, producer] : found) {
    producer.deployment = timeline.restarts_before(producer.first_us);
    producers_.push_back(producer);
  }
}

const Producer* Producers::find(uint64_t id, uint32_t epoch) const {
  const Key wanted{id, epoch};
  const auto at = std::lower_bound(producers_.begin(), producers_.end(), wanted, [](const Producer& each, const Key& key) {
    return Key{each.id, each.epoch} < key;
  });
  return at == producers_.end() || Key{at->id, at->epoch} != wanted ? nullptr : &*at;
}

}  // namespace onceproof::checkers
