// SPDX-License-Identifier: Apache-2.0
// Storage: the checkpoint storage, a shared file system with POSIX durability rules. What was appended but
// not synced may be lost, wholly or in part, when the writing process crashes; a rename may be lost until
// the directory is synced. Paths are relative, '/'-separated, without "..". Called from one actor at a time.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace onceproof::env {

class Storage {
 public:
  virtual ~Storage() = default;

  // Creates the file (and its directories) when missing. After an error the file's tail is undefined.
  virtual Status append(const std::string& path, ByteView data) = 0;
  // The file's bytes survive a crash once this returned ok.
  virtual Status sync(const std::string& path) = 0;
  // Atomic replacement. The new name survives a crash only after sync_directory() of its parent.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status sync_directory(const std::string& directory) = 0;
  // ok also when the file does not exist.
  virtual Status remove(const std::string& path) = 0;
  // Full paths of all files below `directory`, sorted. An absent directory lists as empty.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<Bytes> read(const std::string& path) = 0;  // not_found, io_error
};

}  // namespace onceproof::env
