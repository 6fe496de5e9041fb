// SPDX-License-Identifier: Apache-2.0
// Reader: an actor in a process of its own that reads every partition of a topic, read_committed, while the
// run goes on, and writes down what it saw and when. The journal outlives the reader's crashes, so a restarted
// reader goes on where it stopped. For scenarios and tests; compared with the log's final content by checkers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/env/env.h"
#include "simulator/log/cluster.h"

namespace onceproof::simulator::log {

// One fetch response that carried records.
struct Observation {
  TimeUs at_us = 0;
  int32_t partition = 0;
  env::RecordBatch batch;
};

struct ReaderJournal {
  std::string topic;
  std::vector<int64_t> next_offset;       // by partition
  std::vector<Observation> observations;  // in the order of seeing
  uint64_t records = 0;
};

struct ReaderOptions {
  uint32_t max_bytes = 64 * 1024;
  DurationUs max_wait_us = seconds(16);
  DurationUs retry_us = seconds(1);  // after an error that the client gave up on
};

class Reader final : public env::Actor {
 public:
  Reader(env::Env& env, ReaderJournal& journal, ReaderOptions options = {})
      : env_(env), journal_(journal), options_(options) {}
  void on_mail(env::Mail& mail) override;

 private:
  void poll(int32_t partition);

  env::Env& env_;
  ReaderJournal& journal_;
  ReaderOptions options_;
  std::unique_ptr<env::Log> log_;
};

// Adds the process "reader". The cluster's topic must exist; the journal must outlive the world.
env::ProcessId add_reader(World& world, const LogCluster& cluster, const std::string& topic, ReaderJournal& journal,
                          ReaderOptions options = {});

}  // namespace onceproof::simulator::log
