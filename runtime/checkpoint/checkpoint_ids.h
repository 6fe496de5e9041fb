// SPDX-License-Identifier: Apache-2.0
// Checkpoint ids: each is used once, by whatever job manager. They come in blocks that are reserved durably before the
// first of them is used (Flink: CheckpointIDCounter); what is left of a block when its job manager dies is a gap. The
// next block is fetched in the background when half of one is used.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/env/storage.h"

namespace onceproof::checkpoint {

class CheckpointIds {
 public:
  // The counter's file is `path`; `block` ids are reserved at a time.
  CheckpointIds(env::Storage& storage, std::string path, uint64_t block);

  // Reserves a block. ok: there are ids. Not while another reservation is under way.
  void reserve(env::Storage::Done done);
  // The next id; nullopt: the blocks are used up and the storage has not given another yet.
  std::optional<uint64_t> take();
  // The next that take() gives: every id that any job manager used so far is below it.
  uint64_t next() const { return current_.next; }

 private:
  struct Block {
    uint64_t next = 0;
    uint64_t end = 0;
    bool empty() const { return next == end; }
  };
  env::Storage& storage_;
  const std::string path_;
  const uint64_t block_;
  Block current_;
  Block spare_;
  bool reserving_ = false;
};

}  // namespace onceproof::checkpoint
