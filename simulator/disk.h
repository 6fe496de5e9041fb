// SPDX-License-Identifier: Apache-2.0
// SimulatedDisk: one shared file system with POSIX durability rules. Every file knows how much of it is
// durable and who wrote the rest; a crash of that process keeps a random prefix of the rest, drops it or
// keeps it, and undoes a suffix of the process's renames that no sync_directory made durable. A removal is
// durable at once. Survives every process; all draws come from the disk's own stream.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/env/mail.h"
#include "runtime/env/storage.h"
#include "simulator/options.h"

namespace onceproof::simulator {

enum class DiskCall : uint8_t { append, sync };

// The next matching call fails, once.
struct DiskFailure {
  int fault = 0;
  DiskCall call = DiskCall::sync;
  std::string process_prefix;   // of the calling process's name
  bool effect_happens = false;  // it fails although it did its work
};

class SimulatedDisk {
 public:
  SimulatedDisk(DiskOptions options, RandomStream random) : options_(options), random_(random) {}

  const DiskOptions& options() const { return options_; }

  Status append(env::ProcessId writer, const std::string& process_name, const std::string& path, ByteView data);
  Status sync(const std::string& process_name, const std::string& path);
  Status rename(env::ProcessId writer, const std::string& from, const std::string& to);
  Status sync_directory(const std::string& directory);
  Status remove(const std::string& path);
  std::vector<std::string> list(const std::string& directory) const;
  Result<Bytes> read(const std::string& path) const;

  // The process lost its memory: what it wrote and did not make durable meets its fate.
  void crash(env::ProcessId writer);

  void fail_next(DiskFailure failure) { failures_.push_back(std::move(failure)); }
  void drop_failures() { failures_.clear(); }
  void on_failure_applied(std::function<void(int fault)> callback) { failure_applied_ = std::move(callback); }

  uint64_t draws() const { return random_.position(); }
  uint64_t unsynced_bytes() const;

 private:
  struct File {
    uint64_t id = 0;  // stays with the file through renames
    Bytes data;
    size_t durable_size = 0;
    bool durable_name = false;  // a sync of the file makes its first name durable too
    env::ProcessId writer = 0;  // of what lies behind durable_size
  };
  struct Rename {
    env::ProcessId writer;
    uint64_t file;
    std::string from, to;
    bool replaced;
    File old;  // what `to` was before
  };

  bool take_failure(DiskCall call, const std::string& process_name, DiskFailure& failure);
  void lose_tail(File& file);
  void undo_renames(env::ProcessId writer);

  DiskOptions options_;
  RandomStream random_;
  std::map<std::string, File> files_;
  std::vector<Rename> renames_;  // not durable, oldest first
  std::vector<DiskFailure> failures_;
  std::function<void(int)> failure_applied_;
  uint64_t next_id_ = 1;
};

}  // namespace onceproof::simulator
