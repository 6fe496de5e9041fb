// SPDX-License-Identifier: Apache-2.0
// A sealed file: magic, XXH3-64 of the payload, payload. Torn and damaged ones are recognised.
#pragma once

#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace onceproof::checkpoint {

Bytes seal(ByteView payload);
Result<Bytes> unseal(const std::string& path, ByteView file);  // corrupt; `path` is for the message

}  // namespace onceproof::checkpoint
