// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/real/files.h"

namespace onceproof::real {
namespace {

constexpr int kTries = 100;  // each is lost only to another process that removes or makes the file at that moment

// Whether the open file is still the one under its name: its owner may have removed it while we waited for it.
bool still_named(const Descriptor& file, const std::string& path) {
  struct stat open_one {}, named_one {};
  if (::fstat(file.get(), &open_one) != 0 || ::stat(path.c_str(), &named_one) != 0) return false;
  return open_one.st_dev == named_one.st_dev && open_one.st_ino == named_one.st_ino;
}

// A piece of the first line, from a program that was stopped, or whose disk was full, while it made the file.
bool never_finished(const std::string& content, const std::string& first_line) {
  return content.find('\n') == std::string::npos && first_line.starts_with(content);
}

// Whole or not at all, and never in the place of a file that another process has just made.
Status make_file(const std::string& path, const std::string& content) {
  const std::string unlinked = fmt::format("{}.{}.new", path, ::getpid());
  if (Status written = write_file_atomically(unlinked, content); !written.ok()) return written;
  int error = ::link(unlinked.c_str(), path.c_str()) == 0 || errno == EEXIST ? 0 : errno;
  if (error == EPERM) error = ::rename(unlinked.c_str(), path.c_str()) == 0 ? 0 : errno;  // a file system without links
  ::unlink(unlinked.c_str());
  return error == 0 ? Status() : Status(system_error("create", path, error));
}

}  // namespace

Result<AppendFile> AppendFile::open(const std::string& path, const std::string& first_line) {
  for (int tries = 0; tries < kTries; ++tries) {
    AppendFile opened;
    opened.path_ = path;
    opened.file_ = Descriptor(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    if (!opened.file_.open()) {
      if (errno != ENOENT) return system_error("open", path, errno);
      if (Status made = make_file(path, first_line + "\n"); !made.ok()) return made.error();
      continue;
    }
    if (::flock(opened.file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return Error{ErrorCode::busy, path + " is in use by another process"};
      return system_error("lock", path, errno);
    }
    if (!still_named(opened.file_, path)) continue;
    Result<std::string> content = read_file(path);
    if (!content.ok()) return content.error();
    if (never_finished(content.value(), first_line)) {  // replaced under our lock: whoever waits for it looks again
      if (Status made = write_file_atomically(path, first_line + "\n"); !made.ok()) return made.error();
      continue;
    }
    opened.content_ = content.take();
    opened.content_.resize(opened.content_.rfind('\n') + 1);  // 0 where there is none
    if (!opened.content_.empty() && ::ftruncate(opened.file_.get(), static_cast<off_t>(opened.content_.size())) != 0) {
      return system_error("repair", path, errno);
    }
    return opened;
  }
  return Error{ErrorCode::busy, path + " is made and removed by other processes all the time"};
}

Status AppendFile::append(std::string_view line) {
  std::string whole(line);
  whole.push_back('\n');
  const int error = write_all(file_.get(), whole);
  return error == 0 ? Status() : Status(system_error("append to", path_, error));
}

Status AppendFile::remove() {
  return ::unlink(path_.c_str()) == 0 || errno == ENOENT ? Status() : Status(system_error("remove", path_, errno));
}

}  // namespace onceproof::real
