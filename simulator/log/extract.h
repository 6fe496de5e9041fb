// SPDX-License-Identifier: Apache-2.0
// What a run left in the log, as plain structs for the scenario to turn into the checkers' history: read by the
// world from the leaders' copies. Views point into the copies (or the journal) and live as long as those do. Call
// it when the run is over.
#pragma once

#include <string>
#include <vector>

#include "simulator/log/cluster.h"
#include "simulator/log/reader.h"

namespace onceproof::simulator::log {

enum class Visibility : uint8_t { committed, aborted, open, non_transactional };

struct SinkRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  TimeUs timestamp_us = 0;  // event time
  ByteView key;
  ByteView value;
  ByteView lineage;  // positions in any order
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  Visibility visibility = Visibility::non_transactional;
  TimeUs at_us = 0;        // appended, or seen by the reader
  TimeUs decided_us = -1;  // its transaction's marker was appended to the partition; -1: no marker
  uint64_t transaction = 0;  // the number that the marker names; 0: no marker
};

// Every record of a topic, by partition, then offset. Control markers are left out.
std::vector<SinkRecord> sink_records(const LogCluster& log, const std::string& topic);

// What the reader saw, in the order it saw it. Bytes are those that it was given; producer and visibility
// are looked up in the log as it is now.
std::vector<SinkRecord> observed_records(const LogCluster& log, const ReaderJournal& journal);

// The transaction log, id by id: what it says now, and every transaction that it tells of in the order of their
// beginnings (then by id).
std::map<std::string, TransactionMetadata> transactions(const LogCluster& log);
std::vector<TransactionEntry> transaction_history(const LogCluster& log);

// A partition has an open transaction that its coordinator does not know of or will not end (KIP-664): the last
// stable offset is stuck.
struct HangingTransaction {
  env::TopicPartition partition;
  uint64_t producer_id = 0;
  uint16_t epoch = 0;
  int64_t first_offset = 0;
};
std::vector<HangingTransaction> hanging_transactions(const LogCluster& log);

// The last stable offset has reached the log's end in every partition.
bool quiescent(const LogCluster& log, const std::string& topic);
bool quiescent(const LogCluster& log);
// The reader has been given every record that its isolation lets it see.
bool caught_up(const LogCluster& log, const ReaderJournal& journal);

}  // namespace onceproof::simulator::log
