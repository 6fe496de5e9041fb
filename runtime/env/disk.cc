// SPDX-License-Identifier: Apache-2.0
#include "runtime/env/disk.h"

namespace onceproof::env {

const char* to_string(LockLevel level) {
  switch (level) {
    case LockLevel::none: return "none";
    case LockLevel::shared: return "shared";
    case LockLevel::reserved: return "reserved";
    case LockLevel::pending: return "pending";
    case LockLevel::exclusive: return "exclusive";
  }
  return "unknown lock";
}

Status check_disk_path(const std::string& path) {
  const std::string framed = "/" + path + "/";
  for (const char* part : {"//", "/./", "/../"}) {
    if (framed.find(part) == std::string::npos) continue;
    return {ErrorCode::invalid_argument,
            "the path \"" + path + "\" must be relative, without empty parts, \".\" or \"..\""};
  }
  return {};
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace onceproof::env
