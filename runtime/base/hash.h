// SPDX-License-Identifier: Apache-2.0
// Hashes. hash64/hash128 are XXH3 (stable across compilers and machines, so they may be printed and may
// decide order); murmur_int is the one round that Flink uses for key groups. std::hash is banned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onceproof {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};

uint64_t hash64(std::string_view bytes);
Hash128 hash128(const void* data, size_t size);

// 32 lowercase hexadecimal digits, high half first.
std::string to_string(const Hash128& hash);

// The hash of a short name, usable at compile time (FNV-1a); for names of streams and mails only.
constexpr uint64_t name_hash(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return hash;
}

// MathUtils.murmurHash(int) of Flink: never negative.
int32_t murmur_int(int32_t value);

}  // namespace onceproof
