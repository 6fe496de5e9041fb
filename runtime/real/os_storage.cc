// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/os_storage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/real/descriptor.h"
#include "runtime/real/files.h"

namespace onceproof::real {
namespace {

// Of a path relative to the root: empty for what lies in the root itself.
std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

Status OsStorage::check(const std::string& path) const {
  const bool escapes = path.starts_with('/') || ("/" + path + "/").find("/../") != std::string::npos;
  if (!escapes) return {};
  return {ErrorCode::invalid_argument, fmt::format("storage path {} must be relative and without \"..\"", path)};
}

template <class Answer, class Value>
void OsStorage::answer(Answer callback, Value value) {
  post_([callback = std::move(callback), value = std::move(value)] { callback(value); });
}

void OsStorage::append(const std::string& path, ByteView data, Done done) {
  answer(std::move(done), append_now(path, data));
}
void OsStorage::sync(const std::string& path, Done done) { answer(std::move(done), sync_now(path)); }
void OsStorage::rename(const std::string& from, const std::string& to, Done done) {
  answer(std::move(done), rename_now(from, to));
}
void OsStorage::sync_directory(const std::string& directory, Done done) {
  answer(std::move(done), sync_directory_now(directory));
}
void OsStorage::remove(const std::string& path, Done done) { answer(std::move(done), remove_now(path)); }
void OsStorage::list(const std::string& directory, Reply<Paths> reply) {
  answer(std::move(reply), list_now(directory));
}
void OsStorage::read(const std::string& path, Reply<Bytes> reply) { answer(std::move(reply), read_now(path)); }

Status OsStorage::append_now(const std::string& path, ByteView data) {
  if (Status bad = check(path); !bad.ok()) return bad;
  const std::string full = absolute(path);
  Descriptor file(::open(full.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) {
    if (Status made = make_directories(folder_of(full)); !made.ok()) return made;
    file = Descriptor(::open(full.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    new_files_.insert(path);
  }
  if (!file.open()) return system_error("append to", full, errno);
  int error = write_all(file.get(), data);
  if (error == 0) error = file.close();
  return error == 0 ? Status() : Status(system_error("append to", full, error));
}

Status OsStorage::sync_now(const std::string& path) {
  if (Status bad = check(path); !bad.ok()) return bad;
  const std::string full = absolute(path);
  Descriptor file(::open(full.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() || ::fsync(file.get()) != 0) return system_error("sync", full, errno);
  if (!new_files_.contains(path)) return {};
  for (std::string directory = path; !directory.empty();) {
    directory = folder_of(directory);
    if (Status synced = real::sync_directory(absolute(directory)); !synced.ok()) return synced;
  }
  new_files_.erase(path);
  return {};
}

Status OsStorage::rename_now(const std::string& from, const std::string& to) {
  if (Status bad = check(from); !bad.ok()) return bad;
  if (Status bad = check(to); !bad.ok()) return bad;
  if (Status made = make_directories(folder_of(absolute(to))); !made.ok()) return made;
  if (Status moved = rename_path(absolute(from), absolute(to)); !moved.ok()) return moved;
  new_files_.erase(from);
  return {};
}

Status OsStorage::sync_directory_now(const std::string& directory) {
  if (Status bad = check(directory); !bad.ok()) return bad;
  return real::sync_directory(absolute(directory));
}

Status OsStorage::remove_now(const std::string& path) {
  if (Status bad = check(path); !bad.ok()) return bad;
  const std::string full = absolute(path);
  new_files_.erase(path);
  if (::unlink(full.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  return system_error("remove", full, errno);
}

Result<OsStorage::Paths> OsStorage::list_now(const std::string& directory) {
  if (Status bad = check(directory); !bad.ok()) return bad.error();
  return files_below(absolute(directory), root_);
}

Result<Bytes> OsStorage::read_now(const std::string& path) {
  if (Status bad = check(path); !bad.ok()) return bad.error();
  return read_file(absolute(path));
}

}  // namespace onceproof::real
