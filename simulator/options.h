// SPDX-License-Identifier: Apache-2.0
// Options of a world: plain data, integers only, defaults of an ordinary data centre.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <utility>

#include "runtime/base/time.h"
#include "runtime/env/probe.h"
#include "simulator/fault_plan.h"

namespace onceproof::simulator {

// Latency of one message: uniform in [min, typical], and in one of `tail_one_in` cases uniform in
// [typical, tail] instead (a queue somewhere, a retransmission). Order within a connection is kept.
struct NetworkOptions {
  DurationUs min_us = 100;
  DurationUs typical_us = 500;
  DurationUs tail_us = 20'000;
  uint32_t tail_one_in = 100;  // 0: never
  DurationUs loopback_us = 5;
};

// What handling a mail costs its actor, before the process's own factor.
struct CpuOptions {
  DurationUs per_mail_us = 2;
  DurationUs per_kib_us = 4;
  // What Scheduler::charge() costs; nothing unless overload is to be expressed.
  DurationUs per_record_ns = 0;
  DurationUs per_record_byte_ns = 0;
};

// What a crash does to the bytes that the crashed process wrote and did not sync, file by file.
enum class UnsyncedData : uint8_t { random_prefix, drop, keep };
struct DiskOptions {
  UnsyncedData unsynced = UnsyncedData::random_prefix;
  bool undo_renames = true;   // renames that were not followed by sync_directory may be undone by a crash
  DurationUs append_us = 20;  // costs of the calls, paid by the calling actor
  DurationUs per_kib_us = 5;
  DurationUs sync_us = 1'000;
  DurationUs read_us = 100;
};

struct WorldOptions {
  uint64_t seed = 1;
  NetworkOptions network;
  CpuOptions cpu;
  DiskOptions disk;
  FaultPlan faults;
  bool record_points = true;
  std::bitset<env::kPointCount> skipped_points;  // of those that are recorded by default: counted, not kept
  DurationUs slow_step_us = 500'000;  // what takes longer is noted (World::slow_steps)
  uint32_t ladder_stride = 64;  // the trace keeps the hash after every so many events
  // Events [first, second) are recorded in full, to name the first event in which two runs differ.
  std::optional<std::pair<uint64_t, uint64_t>> detail;
};

}  // namespace onceproof::simulator
