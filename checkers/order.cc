// SPDX-License-Identifier: Apache-2.0
#include "checkers/order.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "checkers/dense_index.h"
#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

constexpr int32_t kNowhere = -1;
constexpr int32_t kSeveral = -2;

// 1 + index of the last first delivery, for each (key, source partition) of the sink partition at hand. What each
// producer wrote stands for itself where the sink fences nobody and repeats nothing: what a zombie still sends arrives
// behind its successor's records, and no configuration of such a sink promises otherwise.
class Latest {
 public:
  Latest(bool by_producer, size_t slots) : by_producer_(by_producer), slots_(by_producer ? 0 : slots, 0) {}
  uint32_t& of(uint64_t producer, size_t slot) {
    if (!by_producer_) return slots_[slot];
    const uint64_t hash = (producer * 0x9e3779b97f4a7c15ull ^ slot) * 0xd6e8feb86659fd93ull;
    const uint32_t number = index_.find_or_add(hash ^ (hash >> 32), [&](uint32_t known) {
      return sparse_[known].producer == producer && sparse_[known].slot == slot;
    });
    if (number == sparse_.size()) sparse_.push_back({producer, slot, 0});
    return sparse_[number].latest;
  }
  void clear() {
    std::fill(slots_.begin(), slots_.end(), 0);
    sparse_.clear();
    index_ = {};
  }

 private:
  struct Sparse {
    uint64_t producer;
    size_t slot;
    uint32_t latest;
  };
  const bool by_producer_;
  std::vector<uint32_t> slots_;
  std::vector<Sparse> sparse_;
  DenseIndex index_;
};

// The one sink partition in which a contribution came out.
std::vector<int32_t> homes(const History& history, const Reference& reference) {
  std::vector<int32_t> home(reference.contributions(), kNowhere);
  for (const OutputRecord& output : history.outputs) {
    if (!visible(output)) continue;
    for (const Position position : output.lineage) {
      const uint32_t index = reference.index_of(position);
      if (index == Reference::kNone || home[index] == output.partition) continue;
      home[index] = home[index] == kNowhere ? output.partition : kSeveral;
    }
  }
  return home;
}

// The contribution that speaks for this output, which is sound: its first that came out here for the first time, in no
// other partition as well; none: kNone. All records of a window's result have one rank, and other results have one record.
uint32_t first_time(const OutputRecord& output, const Reference& reference, const std::vector<int32_t>& home,
                    bool any_came_again, std::vector<uint8_t>& seen) {
  if (!any_came_again) return reference.index_of(output.lineage.front());
  uint32_t speaker = Reference::kNone;
  for (const Position position : output.lineage) {
    const uint32_t index = reference.index_of(position);
    if (std::exchange(seen[index], 1) || home[index] == kSeveral) continue;
    if (speaker == Reference::kNone) speaker = index;
  }
  return speaker;
}

}  // namespace

void check_order(const History& history, const Reference& reference, const Delivery& delivery,
                 std::vector<Finding>& out) {
  if (!history.order_claimed) return;
  Findings findings("order", out);
  std::vector<int32_t> home;
  if (delivery.counts.duplicated > 0) home = homes(history, reference);
  const size_t sources = reference.input().partitions.size();
  std::vector<uint8_t> seen(reference.contributions(), 0);
  // Results of a window are made from many partitions, and a key's come out in the order of their windows, whichever
  // partition they were made from; what is not windowed keeps the order of each source partition.
  const size_t ways = reference.windowed() ? 1 : sources;
  Latest last(history.order_within_producer, reference.key_count() * ways);
  // A key's windows come out by their ends, whatever the order of their records in the source; results are numbered so.
  const auto rank = [&](uint32_t index) { return reference.windowed() ? reference.result_of(index) : index; };
  int32_t partition = kNowhere;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.partition != partition) {
      partition = output.partition;
      last.clear();
    }
    if (!delivery.sound[i]) continue;
    const uint32_t index = first_time(output, reference, home, delivery.counts.duplicated > 0, seen);
    if (index == Reference::kNone) continue;
    const uint32_t key_id = reference.results()[reference.result_of(index)].key_id;
    uint32_t& latest = last.of(output.producer_id, key_id * ways + partition_of(reference.position(index)) % ways);
    if (latest > 0 && rank(latest - 1) > rank(index)) {
      findings.add("out-of-order", -1, [&] {
        return fmt::format("{} first came out in {}, after {}", contribution_text(reference, index), output_text(output),
                           contribution_text(reference, latest - 1));
      });
    }
    if (latest == 0 || rank(index) >= rank(latest - 1)) latest = index + 1;
  }
}

}  // namespace onceproof::checkers
