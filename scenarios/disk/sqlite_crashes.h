// SPDX-License-Identifier: Apache-2.0
// Crashes a bank in SQLite on a simulated host disk at random file-system calls, again and again, and says what is
// there afterwards. One disk lives through several lives of its process; each ends by a power failure, a kill or an
// injected fault, at any call, also while it recovers from the last one. A disk is a function of its setup and seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/hash.h"
#include "runtime/sqlite/database.h"

namespace onceproof::scenarios::disk {

// What SQLite's documentation promises after a power failure. A kill without one loses nothing under any of them.
enum class Promise : uint8_t {
  durable,       // every acknowledged commit is there, nothing else but, perhaps, the one in flight
  all_but_last,  // the last acknowledged commit may be rolled back; otherwise as durable
  consistent,    // a state that was: commits may be missing at the end
  nothing,       // the database may be corrupt
};
const char* to_string(Promise promise);  // "durable", "all but the last", ...

// Whether a sector that was being written at a power failure may lose bytes outside of the write, and SQLite is told.
enum class Overwrite : uint8_t {
  usual,      // a rollback journal meets both kinds of disks, a write-ahead log only powersafe ones (docs/disk.md)
  powersafe,  // what SQLite takes a disk for on Linux
  plain,
};
const char* to_string(Overwrite overwrite);

struct CrashSetup {
  sqlite::Journal journal = sqlite::Journal::wal;
  sqlite::Synchronous synchronous = sqlite::Synchronous::full;
  Overwrite overwrite = Overwrite::usual;
  bool operator==(const CrashSetup&) const = default;
};
Promise promise_of(const CrashSetup& setup);
// Every journal mode with each setting that promises durability, those that promise less, and off: the control.
std::vector<CrashSetup> all_setups();

struct Tally {
  CrashSetup setup;
  uint64_t disks = 0;
  uint64_t crashes = 0;  // that ended a life: the three below
  uint64_t power_failures = 0;
  uint64_t kills = 0;
  uint64_t faulted = 0;    // of the kills and power failures: after an injected fault had struck
  uint64_t calls = 0;      // of the file system
  uint64_t committed = 0;  // acknowledged transactions
  uint64_t in_doubt = 0;   // looks at which a transaction's outcome was open
  uint64_t happened = 0;   // ... and it was there
  uint64_t lost = 0;       // acknowledged transactions that were not there
  uint64_t lossy_crashes = 0;
  uint64_t corrupt = 0;     // crashes that left no state that ever was, or a database that cannot be read
  uint64_t violations = 0;  // of the promise, and of the isolation between connections
  std::string story;        // of the first violation
  uint64_t story_seed = 0;  // of its disk
  std::string damage;       // of the first loss or corruption that was allowed
  Hash128 digest;           // of everything that was done
};

inline constexpr uint64_t kCrashesOfADisk = 8;
// One disk with up to `crashes` crashes.
void crash_one_disk(const CrashSetup& setup, uint64_t seed, uint64_t crashes, Tally& tally);
// Whole disks with the seeds `seed`, `seed` + 1, ... until there were at least `crashes` crashes.
Tally crash_disks(const CrashSetup& setup, uint64_t seed, uint64_t crashes);

}  // namespace onceproof::scenarios::disk
