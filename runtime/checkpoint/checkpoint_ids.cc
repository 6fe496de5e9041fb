// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/checkpoint_ids.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/checkpoint/durable_counter.h"

namespace onceproof::checkpoint {

CheckpointIds::CheckpointIds(env::Storage& storage, std::string path, uint64_t block)
    : storage_(storage), path_(std::move(path)), block_(std::max<uint64_t>(block, 1)) {}

void CheckpointIds::reserve(env::Storage::Done done) {
  CHECK(!reserving_, "one reservation at a time");
  reserving_ = true;
  reserve_numbers(storage_, path_, block_, [this, done = std::move(done)](const Result<uint64_t>& first) {
    reserving_ = false;
    if (!first.ok()) return done(first.error());
    const Block block{first.value(), first.value() + block_};
    (current_.empty() ? current_ : spare_) = block;
    done({});
  });
}

std::optional<uint64_t> CheckpointIds::take() {
  if (current_.empty()) current_ = std::exchange(spare_, {});
  const uint64_t left = current_.end - current_.next;
  // A reservation that fails is made again by the next take().
  if (left <= block_ / 2 && spare_.empty() && !reserving_) reserve([](const Status&) {});
  if (current_.empty()) return std::nullopt;
  return current_.next++;
}

}  // namespace onceproof::checkpoint
