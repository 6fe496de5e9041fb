// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "runtime/real/descriptor.h"

namespace onceproof::real {
namespace {

Error too_large(const std::string& path, uint64_t most_bytes) {
  return {ErrorCode::offset_out_of_range, fmt::format("{} has more than {} bytes", path, most_bytes)};
}

// mkdtemp makes a directory for its owner alone; a run's folder is as open as any other.
mode_t file_mode_mask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

// The file's bytes are on disk when this returns 0; otherwise an errno.
int write_synced(const std::string& path, std::string_view content) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.open()) return errno;
  if (const int error = write_all(file.get(), content)) return error;
  if (::fsync(file.get()) != 0) return errno;
  return file.close();
}

}  // namespace

Error system_error(const std::string& what, const std::string& path, int error_number) {
  const std::string message =
      fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(error_number));
  switch (error_number) {
    case ENOENT: return {ErrorCode::not_found, message};
    case ENOSPC:
    case EDQUOT: return {ErrorCode::disk_full, message};
    case EEXIST:
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG: return {ErrorCode::invalid_argument, message};
    default: return {ErrorCode::io_error, message};
  }
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> read_file(const std::string& path, uint64_t most_bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return system_error("read", path, errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return system_error("read", path, errno);
  if (S_ISDIR(about.st_mode)) return system_error("read", path, EISDIR);
  if (about.st_size > 0 && static_cast<uint64_t>(about.st_size) > most_bytes) return too_large(path, most_bytes);
  std::string content;
  if (about.st_size > 0) content.reserve(static_cast<size_t>(about.st_size));
  char chunk[1 << 16];
  for (;;) {  // until the end, not until st_size: pipes and /proc tell no size
    const ssize_t count = ::read(file.get(), chunk, sizeof chunk);
    if (count == 0) return content;
    if (count > 0) {
      content.append(chunk, static_cast<size_t>(count));
      if (content.size() > most_bytes) return too_large(path, most_bytes);
    } else if (errno != EINTR) {
      return system_error("read", path, errno);
    }
  }
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  // The process id keeps two programs that write the same path from writing into one temporary file.
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  int error = write_synced(temporary, content);
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    return system_error("write", path, error);
  }
  return sync_directory(parent_of(path));
}

Status append_to_file(const std::string& path, std::string_view content) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  int error = file.open() ? write_all(file.get(), content) : errno;
  if (error == 0) error = file.close();
  return error == 0 ? Status() : Status(system_error("append to", path, error));
}

Status make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? Status(system_error("create the directory", path, error.value())) : Status();
}

std::string first_missing(const std::string& path) {
  std::string missing;
  for (std::string at = path; !at.empty() && at != "." && at != "/" && !exists(at); at = parent_of(at)) missing = at;
  return missing;
}

void remove_empty_directories(const std::string& path, const std::string& outermost) {
  if (outermost.empty()) return;
  for (std::string at = path; at.size() >= outermost.size(); at = parent_of(at)) {
    if (::rmdir(at.c_str()) != 0 && errno != ENOENT) return;  // somebody else's files are in it
  }
}

Result<std::string> make_unique_directory(const std::string& prefix) {
  const std::string parent = parent_of(prefix);
  std::string path = prefix + "XXXXXX";
  for (int tries = 0; tries < 100; ++tries) {
    if (const Status status = make_directories(parent); !status.ok()) return status.error();
    if (::mkdtemp(path.data()) != nullptr) {
      ::chmod(path.c_str(), 0777 & ~file_mode_mask());
      return path;
    }
    if (errno != ENOENT) break;  // another program took its empty parent away: once more
    path = prefix + "XXXXXX";
  }
  return system_error("create a directory in", parent, errno);
}

Status rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_error(fmt::format("rename {} to", from), to, errno);
}

Status sync_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open()) return system_error("sync the directory", path, errno);
  // Some file systems cannot sync a directory and say EINVAL: their renames are as durable as they get.
  if (::fsync(directory.get()) != 0 && errno != EINVAL) return system_error("sync the directory", path, errno);
  return {};
}

Status remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? Status(system_error("remove", path, error.value())) : Status();
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool is_directory(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

bool is_pipe_or_device(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

Result<std::vector<std::string>> files_below(const std::string& directory, const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  if (error) {
    if (error.value() == ENOENT || error.value() == ENOTDIR) return paths;
    return system_error("list", directory, error.value());
  }
  for (const fs::recursive_directory_iterator end; entry != end && !error; entry.increment(error)) {
    std::error_code vanished;  // a file that is removed meanwhile is no error
    if (entry->is_regular_file(vanished)) paths.push_back(entry->path().lexically_relative(root).string());
  }
  if (error) return system_error("list", directory, error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return system_error("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  const int error = errno;  // readdir says end and error alike by null
  ::closedir(directory);
  if (error != 0) return system_error("list", path, error);
  std::sort(names.begin(), names.end());
  return names;
}

std::string current_directory() {
  std::error_code error;
  const std::string path = std::filesystem::current_path(error).string();
  return error ? "." : path;
}

std::string absolute_path(const std::string& path) {
  return path.starts_with('/') ? path : current_directory() + "/" + path;
}

}  // namespace onceproof::real
