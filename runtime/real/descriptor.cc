// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/descriptor.h"

#include <unistd.h>

#include <cerrno>

namespace onceproof::real {

int Descriptor::close() {
  if (fd_ < 0) return 0;
  const int fd = std::exchange(fd_, -1);
  // Linux frees the descriptor even when close() is interrupted, so it is never repeated.
  return ::close(fd) == 0 || errno == EINTR ? 0 : errno;
}

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

}  // namespace onceproof::real
