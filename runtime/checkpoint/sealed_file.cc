// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/sealed_file.h"

#include <fmt/format.h>

#include "runtime/base/hash.h"

namespace onceproof::checkpoint {

namespace {
constexpr uint32_t kMagic = 0x504b4331;  // "1CKP"
}  // namespace

Bytes seal(ByteView payload) {
  Bytes out;
  ByteWriter writer(out);
  writer.fixed(kMagic);
  writer.fixed(hash64(payload));
  writer.raw(payload);
  return out;
}

Result<Bytes> unseal(const std::string& path, ByteView file) {
  ByteReader reader(file);
  const auto magic = reader.fixed<uint32_t>();
  const auto checksum = reader.fixed<uint64_t>();
  if (!reader.ok() || magic != kMagic || hash64(reader.rest()) != checksum)
    return Error{ErrorCode::corrupt, fmt::format("{} fails its checksum ({} bytes)", path, file.size())};
  return Bytes(reader.rest());
}

}  // namespace onceproof::checkpoint
