// SPDX-License-Identifier: Apache-2.0
// SimulatedDisk: one shared file system with POSIX durability rules. Every file knows how much of it is
// durable and who wrote the rest; a crash of that process keeps a random prefix of the rest, drops it or
// keeps it, and undoes a suffix of the process's renames that no sync_directory made durable. A removal is
// durable at once. Survives every process; all draws come from the disk's own stream.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/env/mail.h"
#include "runtime/env/storage.h"
#include "simulator/options.h"

namespace onceproof::simulator {

// A fault that waits for its victims among the storage's calls; the kernel takes it away when it is healed.
struct DiskFault {
  int fault = 0;
  StorageFault what;
  bool until_healed = true;  // false: over with its last victim
};

class SimulatedDisk {
 public:
  SimulatedDisk(DiskOptions options, RandomStream random) : options_(options), random_(random) {}

  const DiskOptions& options() const { return options_; }

  Status append(env::ProcessId writer, const std::string& path, Bytes data);
  Status sync(const std::string& path);
  Status rename(env::ProcessId writer, const std::string& from, const std::string& to);
  Status sync_directory(const std::string& directory);
  Status remove(const std::string& path);
  std::vector<std::string> list(const std::string& directory) const;
  Result<Bytes> read(const std::string& path) const;
  size_t size(const std::string& path) const;  // 0 when absent

  // The process lost its memory: what it wrote and did not make durable meets its fate.
  void crash(env::ProcessId writer);

  // ---- faults: the storage asks before it carries out a call ---------------------------------------------
  void add_fault(DiskFault fault) { faults_.push_back(std::move(fault)); }
  // The fault that this call suffers from, if any. `to` is empty except for a rename.
  std::optional<DiskFault> strike(StorageCall call, const std::string& process, const std::string& path,
                                  const std::string& to);
  // What a failing append of so many bytes leaves behind.
  size_t torn(size_t bytes) { return random_.below(bytes + 1); }
  void drop_fault(int fault);
  void drop_unhealed();  // those that nothing else takes away

  // ---- what is durable, for those who judge --------------------------------------------------------------
  // The file is there, with all its bytes, and a crash would not change that.
  bool durable(const std::string& path) const;
  // Told whenever a file whose path begins with `prefix` has become durable, and when it is gone. One watcher.
  using Watcher = std::function<void(const std::string& path, bool durable)>;
  void watch(std::string prefix, Watcher watcher) { watched_ = std::move(prefix), watcher_ = std::move(watcher); }

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

  void lose_tail(File& file);
  void undo_renames(env::ProcessId writer);
  bool renamed(const std::string& path) const;  // by a rename that is not durable
  void tell(const std::string& path);

  DiskOptions options_;
  RandomStream random_;
  std::map<std::string, File> files_;
  std::vector<Rename> renames_;  // not durable, oldest first
  std::vector<DiskFault> faults_;
  uint64_t next_id_ = 1;
  std::string watched_;
  Watcher watcher_;
};

}  // namespace onceproof::simulator
