// SPDX-License-Identifier: Apache-2.0
// Storage: the checkpoint storage, a shared file system with POSIX durability rules. What was appended but
// not synced may be lost, wholly or in part, when the writing process crashes; a rename may be lost until
// the directory is synced. Paths are relative, '/'-separated, without "..".
//
// Every call returns at once and is answered by mail: the callback runs later, inside the caller's own handler, never
// within the call; or never, when the actor ends or its process dies first. A call whose answer is missing may be
// executed or not, and a storage that hangs answers when it is well again: no actor waits for it. The calls of one
// actor on one path take effect in the order in which they were made; other calls may overtake each other, so that
// whoever needs an order makes the next call from the answer to the last.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace onceproof::env {

class Storage {
 public:
  using Done = std::function<void(Status)>;
  template <class T>
  using Reply = std::function<void(Result<T>)>;
  using Paths = std::vector<std::string>;

  virtual ~Storage() = default;

  // io_error, everywhere: the call failed and its effect may have happened all the same.

  // Creates the file (and its directories) when missing. After an error the file's tail is undefined. Takes a copy.
  virtual void append(const std::string& path, ByteView data, Done done) = 0;
  // The file's bytes survive a crash once this answered ok. not_found.
  virtual void sync(const std::string& path, Done done) = 0;
  // Atomic replacement. The new name survives a crash only after sync_directory() of its parent. not_found.
  virtual void rename(const std::string& from, const std::string& to, Done done) = 0;
  virtual void sync_directory(const std::string& directory, Done done) = 0;
  // ok also when the file does not exist.
  virtual void remove(const std::string& path, Done done) = 0;
  // Full paths of all files below `directory`, sorted. An absent directory lists as empty.
  virtual void list(const std::string& directory, Reply<Paths> reply) = 0;
  virtual void read(const std::string& path, Reply<Bytes> reply) = 0;  // not_found, io_error
};

}  // namespace onceproof::env
