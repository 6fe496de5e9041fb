// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/hash.h"

#include <bit>
#include <limits>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace onceproof {

uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 hash128(const void* data, size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(data, size);
  return {hash.low64, hash.high64};
}

std::string to_string(const Hash128& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[15 - i] = kDigits[(hash.high >> (4 * i)) & 15];
    text[31 - i] = kDigits[(hash.low >> (4 * i)) & 15];
  }
  return text;
}

int32_t murmur_int(int32_t value) {
  uint32_t code = static_cast<uint32_t>(value);
  code *= 0xcc9e2d51u;
  code = std::rotl(code, 15);
  code *= 0x1b873593u;
  code = std::rotl(code, 13);
  code = code * 5 + 0xe6546b64u;
  code ^= 4;
  code ^= code >> 16;
  code *= 0x85ebca6bu;
  code ^= code >> 13;
  code *= 0xc2b2ae35u;
  code ^= code >> 16;
  const auto hash = static_cast<int32_t>(code);
  if (hash >= 0) return hash;
  return hash == std::numeric_limits<int32_t>::min() ? 0 : -hash;
}

}  // namespace onceproof
