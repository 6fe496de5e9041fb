// SPDX-License-Identifier: Apache-2.0
// HostDisk: one host's own disk (env::Disk) with the page cache in front of it: what was not synced is an overlay that
// a power failure resolves, sector by sector, by draws from the disk's own stream. Outlives the host's processes.
//
// The rules, ext4's with its journal of metadata, and POSIX's where ext4 is kinder than it promises:
//  * Bytes. Each write is cut into sectors, and each sector of each write made since the file's last sync is kept,
//    dropped, torn (a first or a last part of it was written) or garbled (anything), in the order of the writes, so
//    that a sector ends as any of the states that it went through, or as none. With powersafe_overwrite nothing outside
//    of the write's own bytes changes; without, a garbled sector loses its neighbours' bytes too.
//  * Size. A sector that was dropped may have made the file longer nevertheless, by zeros or by garbage, unless
//    safe_append.
//  * Metadata. Creations, renames, removals and truncations are journalled in order: of those that no sync covered a
//    prefix survives (without metadata_in_order names and each file's truncations go their own ways, as POSIX lets
//    them). What was written to a file after a truncation survives only if the truncation does.
//  * Names. sync_directory() covers all that happened to names before it. A file's sync covers its truncations but no
//    name, unless sync_covers_names says so (as ext4 does in fact). A file whose name did not survive is gone.
//  * Locks, open files and whatever the process had in memory die with the process; the overlay does not: a process
//    that is killed loses nothing that it wrote.
//  * A failed sync has made durable nothing or everything; what it has not stays in the overlay.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/env/disk.h"

namespace onceproof::simulator {

enum class UnsyncedWrites : uint8_t {
  draw,    // each sector by itself, with the weights below
  prefix,  // all changes of the disk in the order in which they were made, up to a point; the one at the point is torn
  keep,
  drop,
};

struct HostDiskOptions {
  env::DiskTraits traits{.sector_bytes = 512};
  bool sync_covers_names = false;
  bool metadata_in_order = true;
  UnsyncedWrites unsynced = UnsyncedWrites::draw;  // traits.sequential makes a prefix of it
  // Weights of a sector's fate.
  uint32_t kept = 50, dropped = 35, torn = 10, garbled = 5;
  uint64_t capacity_bytes = 0;  // 0: never full
};

enum class HostDiskCall : uint8_t {
  open,
  read,
  write,
  truncate,
  sync,
  size,
  lock,
  remove,
  rename,
  sync_directory,
  exists,
  list,
};

// The next matching call fails, once.
struct HostDiskFault {
  HostDiskCall call = HostDiskCall::sync;
  std::string path_part;  // of the path, anywhere in it; "" matches all
  uint64_t skip = 0;      // so many matching calls pass before
  ErrorCode code = ErrorCode::io_error;
  bool effect_happens = false;  // it fails although it did its work
  bool short_read = false;      // read: ok, but with fewer bytes than there are
};

class HostDisk : public env::Disk {
 public:
  HostDisk(std::string host, HostDiskOptions options, RandomStream random);
  ~HostDisk() override;

  env::DiskTraits traits() const override { return options_.traits; }
  Result<std::unique_ptr<env::DiskFile>> open(const std::string& path, env::OpenMode mode) override;
  Status remove(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;

  const std::string& host() const { return host_; }
  HostDiskOptions& options() { return options_; }

  // ---- what the world does to it ----
  // The host's processes died; the machine did not. Open files answer io_error from here on.
  void kill_processes();
  // The machine lost its power, and its processes with it: the overlay meets its fate.
  void power_failure();
  // The n-th call from now (1: the next one) is the last one that reaches the disk, perhaps in part; it and every call
  // after it fail until kill_processes() or power_failure(). 0: never.
  void die_at_call(uint64_t n);
  bool dead() const { return dead_; }
  void fail_next(HostDiskFault fault) { faults_.push_back(std::move(fault)); }
  void drop_faults() { faults_.clear(); }
  // Data at rest decays: one bit of the file, durable and cached; false when there is no such bit.
  bool flip_bit(const std::string& path, uint64_t bit);

  uint64_t calls() const { return calls_; }
  uint64_t faults_applied() const { return faults_applied_; }
  uint64_t unsynced_bytes() const;
  uint64_t draws() const { return random_.position(); }

 private:
  struct Change {
    uint64_t sequence;
    bool truncates;
    uint64_t offset;  // or the size that it was truncated to
    Bytes data;
  };
  struct Lock {
    env::LockLevel level;
    bool reserved;  // it came by way of reserved
  };
  struct Inode {
    Bytes now;      // as every call sees it
    Bytes durable;  // as it lies on the medium
    std::vector<Change> changes;
    std::map<uint64_t, Lock> locks;  // of open files, by their id
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;
  struct NameChange {
    uint64_t sequence;
    std::string erased;  // "" for none
    std::string set;     // "" for none
    InodePtr inode;
  };
  // What is to become of a call: whether it does its work (perhaps in part), and what it answers.
  struct Ruling {
    bool effect = true;
    bool partial = false;
    bool short_read = false;
    Status answer;
  };
  class File;

  Ruling enter(HostDiskCall call, const std::string& path);
  Ruling refuse(const HostDiskFault& fault, const std::string& path);
  Result<uint64_t> room_for(const Inode& inode, uint64_t end) const;
  void change_name(std::string erased, std::string set, InodePtr inode);
  static void apply(Names& names, const NameChange& change);
  void make_names_durable();

  // host_disk_power.cc
  static void make_durable(Inode& inode);
  static void overwrite(Bytes& bytes, uint64_t offset, ByteView data);
  void resolve_names(uint64_t cut);
  void resolve(Inode& inode, uint64_t cut);
  void resolve_prefix(Inode& inode, uint64_t cut);
  void resolve_write(Inode& inode, const Change& change);
  void resolve_sector(Bytes& bytes, uint64_t offset, ByteView data);
  void grow(Bytes& bytes, uint64_t size);
  void garble(Bytes& bytes, uint64_t begin, uint64_t end);
  uint64_t draw_cut(bool metadata_alone);
  bool in_order() const { return options_.unsynced == UnsyncedWrites::prefix || options_.traits.sequential; }

  std::string host_;
  HostDiskOptions options_;
  RandomStream random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  // not durable, oldest first
  std::vector<HostDiskFault> faults_;
  uint64_t sequence_ = 0;
  uint64_t calls_ = 0;
  uint64_t dies_at_ = 0;  // a number of calls_; 0: never
  bool dead_ = false;
  uint64_t generation_ = 0;  // of the host's processes
  uint64_t next_file_ = 1;
  uint64_t faults_applied_ = 0;
  int open_files_ = 0;
};

}  // namespace onceproof::simulator
