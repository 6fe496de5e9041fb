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
std::vector<int32_t> homes(const History& history, const Reference& reference, const Delivery& delivery) {
  std::vector<int32_t> home(reference.contributions(), kNowhere);
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (!visible(output)) continue;
    for_each_contribution(history, reference, delivery, i, [&](uint32_t index) {
      if (home[index] == output.partition) return;
      home[index] = home[index] == kNowhere ? output.partition : kSeveral;
    });
  }
  return home;
}

// The contribution that speaks for this output, which is sound: its first that came out here for the first time, in no
// other partition as well; none: kNone. All records of a window's result have one rank, and other results have one record.
uint32_t first_time(const History& history, const Reference& reference, const Delivery& delivery, size_t output,
                    const std::vector<int32_t>& home, std::vector<uint8_t>& seen) {
  const Position front = history.outputs[output].lineage.front();
  if (delivery.counts.duplicated == 0) return reference.index_of(front, delivery.result[output]);
  uint32_t speaker = Reference::kNone;
  for_each_contribution(history, reference, delivery, output, [&](uint32_t index) {
    if (std::exchange(seen[index], 1) || home[index] == kSeveral) return;
    if (speaker == Reference::kNone) speaker = index;
  });
  return speaker;
}

}  // namespace

void check_order(const History& history, const Reference& reference, const Delivery& delivery,
                 std::vector<Finding>& out) {
  if (!history.order_claimed) return;
  Findings findings("order", out);
  std::vector<int32_t> home;
  if (delivery.counts.duplicated > 0) home = homes(history, reference, delivery);
  std::vector<uint8_t> seen(reference.contributions(), 0);
  // Results of a window are made from many partitions, and a key's come out in the order of their windows, whichever
  // partition they were made from; what is not windowed keeps the order of each source partition. Results of one such lane
  // are numbered in its order.
  Latest last(history.order_within_producer, reference.lane_count());
  const auto rank = [&](uint32_t index) { return reference.result_of(index); };
  int32_t partition = kNowhere;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.partition != partition) {
      partition = output.partition;
      last.clear();
    }
    if (!delivery.sound[i]) continue;
    const uint32_t lane = reference.results()[delivery.result[i]].lane;
    if (lane == Reference::kNone) continue;
    // A piece that comes out at another time than its result is in the order of its own time, which is nobody's to know.
    if (output.timestamp_us != reference.results()[delivery.result[i]].timestamp_us) continue;
    const uint32_t index = first_time(history, reference, delivery, i, home, seen);
    if (index == Reference::kNone || reference.result_of(index) != delivery.result[i]) continue;
    uint32_t& latest = last.of(output.producer_id, lane);
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
