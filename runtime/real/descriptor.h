// SPDX-License-Identifier: Apache-2.0
// Descriptor: one open file descriptor, closed exactly once. Only runtime/real includes this.
#pragma once

#include <string_view>
#include <utility>

namespace onceproof::real {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int close();  // 0, or the errno of a close that failed (its data may be lost)

 private:
  int fd_ = -1;
};

// Every byte, through short writes and interrupts: 0 or an errno.
int write_all(int fd, std::string_view bytes);

}  // namespace onceproof::real
