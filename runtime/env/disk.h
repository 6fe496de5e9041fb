// SPDX-License-Identifier: Apache-2.0
// Disk: a host's own random-access disk, for what lives in files with pages (a database). Every call blocks until it
// is answered, as a file system's calls do. Called from one process of one host; not for several threads.
//
// Durability is POSIX's, without mercy: what was written, truncated, created, renamed or removed is seen by every
// later call at once, and is durable only after the sync that covers it: DiskFile::sync() for a file's bytes and size,
// Disk::sync_directory() for the names in a directory (a name is not covered by a sync of its file). What a power
// failure does to the rest is the implementation's; traits() tells what it promises never to do.
//
// Errors: io_error (a device said no: a write or truncate may have happened in part, a sync has made nothing durable
// for certain), disk_full (a prefix may have been written), not_found, busy (locks), invalid_argument (a path). After a
// failed sync nobody may believe that trying again heals it. Paths are relative, '/'-separated, without "..";
// directories come into being with their first file and are durable at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace onceproof::env {

// Advisory locks on a whole file, between open files (two opens of one process exclude each other too), with SQLite's
// five levels:
//   none       does not read
//   shared     reads; any number, while nobody is pending or exclusive
//   reserved   one that will write; others may read and begin to read
//   pending    wants exclusive: no new readers; those who read may finish. Never asked for: what is left of an attempt
//   exclusive  alone
enum class LockLevel : uint8_t { none, shared, reserved, pending, exclusive };
const char* to_string(LockLevel level);

enum class OpenMode : uint8_t {
  read_only,
  read_write,
  create,            // read_write; made empty when it does not exist
  create_exclusive,  // read_write; invalid_argument when it exists
};

// What the device promises; a database chooses its precautions by it.
struct DiskTraits {
  uint32_t sector_bytes = 4096;     // a write in flight at a power failure may damage whole sectors of this size
  bool powersafe_overwrite = true;  // ... but never a byte outside of what was being written
  bool safe_append = false;         // a file never grows before the bytes that it grew by are there
  bool sequential = false;          // writes reach the medium in the order in which they were made
};

// An open file; closing it (the destructor) releases its locks and makes nothing durable. It stays usable when its
// name is removed or given to another file.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  // Up to `size` bytes to `buffer`: how many there were; fewer only at the end of the file.
  virtual Result<size_t> read_at(uint64_t offset, char* buffer, size_t size) = 0;
  // All of it, or an error. What lies between the old end and `offset` reads as zeros.
  virtual Status write_at(uint64_t offset, ByteView data) = 0;
  virtual Status truncate(uint64_t size) = 0;  // shorter, or longer with zeros
  virtual Status sync() = 0;
  virtual Result<uint64_t> size() = 0;

  // Raises this file's lock. busy when another's lock forbids it; a failed exclusive may leave pending behind, so that
  // trying again succeeds once the readers are gone. reserved and exclusive need shared first; a lower level than the
  // present one is ok and changes nothing. invalid_argument: pending.
  virtual Status lock(LockLevel level) = 0;
  virtual Status unlock(LockLevel level) = 0;  // lowers it, to shared or none
  // Whether anybody, this file included, took reserved and has not fallen below since. One that goes from shared to
  // exclusive at once, as SQLite does to roll a journal back, does not count: others must not take it for a writer.
  virtual Result<bool> reserved() = 0;
  virtual LockLevel level() const = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;

  virtual DiskTraits traits() const = 0;
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status remove(const std::string& path) = 0;  // not_found when there is none
  // Atomic: after a crash the new name has the old or the new file, never none.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status sync_directory(const std::string& directory) = 0;  // "" is the root
  virtual Result<bool> exists(const std::string& path) = 0;
  // Full paths of all files below `directory`, sorted. An absent directory lists as empty.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
};

// Relative, without empty, "." or ".." parts.
Status check_disk_path(const std::string& path);
// "a/b" of "a/b/c"; "" of a name in the root.
std::string directory_of(const std::string& path);

}  // namespace onceproof::env
