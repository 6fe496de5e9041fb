// SPDX-License-Identifier: Apache-2.0
// Cause: why a record was lost or came again, as plain data. Found once, by what the history shows (checkers/damage);
// sentence, ledger, timeline and diagram all render this structure, and none of them looks for a cause of its own.
#pragma once

#include <cstdint>

#include "runtime/base/time.h"

namespace onceproof::checkers {

enum class CauseKind : uint8_t {
  none,  // nothing that is recorded shows one
  // of a loss
  transaction_lost,     // a durable checkpoint had pre-committed its result, which did not become visible all the same
  transaction_aborted,  // its result stands only in a transaction that was aborted, and no replay brought it again
  transaction_open,     // its transaction was not decided at the end
  offset_ahead,         // its offset was committed ahead of it: after the restart the job went on behind it
  state_discarded,      // it had been read; a restart that restored nothing discarded what had become of it
  not_replayed,         // a checkpoint was restored, and neither its state nor the replay brought it again
  unacknowledged,       // the sink awaits no acknowledgement, and its result did not reach the log
  never_read,           // no source ever went past it
  vanished,             // it was read, nothing was restarted since, and no result contains it
  // of a second delivery
  replayed,       // a later deployment wrote again what an earlier one had written
  zombie,         // an earlier deployment's producer wrote it behind its successor
  two_producers,  // two producers of one deployment, or of deployments that are not recorded
  written_twice,  // one producer wrote it twice under one epoch
  counted_twice,  // one result counts it twice
};
inline constexpr uint32_t kNoTransaction = UINT32_MAX;

struct Cause {
  CauseKind kind = CauseKind::none;
  uint32_t restart = 0;   // 1 + index into Timeline::restarts: the one that lost it, or that wrote it again; 0: none
  uint32_t fault = 0;     // 1 + index into History::faults: in force when the log should have got it; 0: none
  uint64_t attempt = 0;   // of the producer, as its pre-commit names it; 0: not recorded
  uint64_t producer_id = 0;  // whose record did not become visible, or came second; 0: none was written
  uint32_t epoch = 0;
  uint32_t transaction = kNoTransaction;  // index into History::transactions
  uint64_t checkpoint = 0;                // the transaction's
  int32_t process = -1;                   // where that producer ran; -1: not recorded
  TimeUs at_us = -1;                      // of the loss (as near as is recorded), or of the second delivery
};

}  // namespace onceproof::checkers
