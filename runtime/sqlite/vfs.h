// SPDX-License-Identifier: Apache-2.0
// Vfs: Debian's SQLite, unmodified, over an env::Disk. A Vfs belongs to one process of one host and dies with it (so
// does the index of a write-ahead log, which lies in the process's memory); many may live in one program, each under
// a name of its own. It keeps SQLite's contract with its operating system layer: what a sync covers, which directory
// syncs belong to it, what the device's characteristics are, the five locks.
//
// A database in WAL mode is for the connections of one Vfs: the first of them locks the file "<database>-shm", and a
// second process is told busy. SQLite's own VFS does not know that lock: do not open such a database with both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/env/disk.h"

namespace onceproof::sqlite {

struct VfsOptions {
  uint64_t seed = 1;                           // of the bytes that SQLite asks the operating system for
  std::function<int64_t()> unix_ms;            // none: a fixed instant, moved by sleeps alone
  std::function<void(int64_t us)> wait_us;     // how to wait for a lock; none: no time passes in the world
};

class Vfs {
 public:
  Vfs(std::string name, env::Disk& disk, VfsOptions options = {});
  ~Vfs();  // every connection is closed by then
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;

  const std::string& name() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// SQLite has one pseudo-random generator a program (nonces of journals, salts of logs), seeded by the operating
// system. A simulated world seeds it at its beginning; 0 gives it back to the operating system.
void seed_sqlite(uint32_t seed);
// "3.40.1".
const char* sqlite_version();

}  // namespace onceproof::sqlite
