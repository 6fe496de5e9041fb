// SPDX-License-Identifier: Apache-2.0
// Bytes and a little-endian codec over them. Writers append; readers never read past the end: after the
// first short read `ok()` is false and every further value is zero or empty, so check once at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace onceproof {

using Bytes = std::string;
using ByteView = std::string_view;

static_assert(std::endian::native == std::endian::little, "the codec stores integers as they lie in memory");

template <class T>
inline T load(const char* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
inline void store(char* to, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof value);
}

// Appends to `out`, which the caller owns and which must outlive the writer.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <class T>
  void fixed(T value) {
    char raw[sizeof(T)];
    store(raw, value);
    out_.append(raw, sizeof raw);
  }
  void varint(uint64_t value) {
    char raw[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) raw[size++] = static_cast<char>(value | 0x80);
    raw[size++] = static_cast<char>(value);
    out_.append(raw, size);
  }
  void string(ByteView value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(ByteView value) { out_.append(value); }

 private:
  Bytes& out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  template <class T>
  T fixed() {
    if (in_.size() < sizeof(T)) return fail(), T{};
    T value = load<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !in_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(in_.front());
      in_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return fail(), 0;
  }
  ByteView string() { return raw(varint()); }
  ByteView raw(uint64_t size) {
    if (in_.size() < size) return fail(), ByteView{};
    ByteView value = in_.substr(0, size);
    in_.remove_prefix(size);
    return value;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  ByteView rest() const { return in_; }

 private:
  void fail() {
    ok_ = false;
    in_ = {};
  }
  ByteView in_;
  bool ok_ = true;
};

// One way to write and read a control message: a struct lists its members once,
//   template <class Archive> void fields(Archive& archive) { archive(id, name, offsets); }
// and encode()/decode<T>() do the rest. Integers are fixed width, containers are counted. The members are gone through
// twice, to count their bytes and to write them, so that a message is allocated once and at its size.
class SizeCounter {
 public:
  template <class T>
  void fixed(T) {
    size_ += sizeof(T);
  }
  void varint(uint64_t value) { size_ += static_cast<size_t>(std::bit_width(value | 1) + 6) / 7; }
  void raw(ByteView value) { size_ += value.size(); }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

class MemoryWriter {
 public:
  explicit MemoryWriter(char* to) : to_(to) {}
  template <class T>
  void fixed(T value) {
    store(to_, value);
    to_ += sizeof(T);
  }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *to_++ = static_cast<char>(value | 0x80);
    *to_++ = static_cast<char>(value);
  }
  void raw(ByteView value) {
    if (!value.empty()) std::memcpy(to_, value.data(), value.size());
    to_ += value.size();
  }

 private:
  char* to_;
};

template <class Writer>
class FieldWriter {
 public:
  template <class... Argument>
  explicit FieldWriter(Argument... argument) : writer_(argument...) {}
  template <class... T>
  void operator()(const T&... value) {
    (put(value), ...);
  }
  const Writer& writer() const { return writer_; }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      writer_.fixed(value);
    } else {
      const_cast<T&>(value).fields(*this);  // fields() is shared with Decoder, so it is not const
    }
  }
  void put(const std::string& value) {
    writer_.varint(value.size());
    writer_.raw(value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    writer_.varint(values.size());
    for (const T& value : values) put(value);
  }
  template <class K, class V>
  void put(const std::map<K, V>& values) {
    writer_.varint(values.size());
    for (const auto& [key, value] : values) {
      put(key);
      put(value);
    }
  }
  Writer writer_;
};

// Appends to `out`, which the caller owns and which must outlive the encoder.
class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}
  template <class... T>
  void operator()(const T&... value) {
    FieldWriter<SizeCounter> counter;
    counter(value...);
    const size_t at = out_.size();
    out_.resize(at + counter.writer().size());
    FieldWriter<MemoryWriter> writer(out_.data() + at);
    writer(value...);
  }

 private:
  Bytes& out_;
};

class Decoder {
 public:
  explicit Decoder(ByteView in) : reader_(in) {}
  template <class... T>
  void operator()(T&... value) {
    (get(value), ...);
  }
  bool ok() const { return reader_.ok() && reader_.at_end(); }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      value = reader_.fixed<T>();
    } else {
      value.fields(*this);
    }
  }
  void get(std::string& value) { value.assign(reader_.string()); }
  template <class T>
  void get(std::vector<T>& values) {
    values.clear();
    for (uint64_t n = reader_.varint(); n > 0 && reader_.ok(); --n) get(values.emplace_back());
  }
  template <class K, class V>
  void get(std::map<K, V>& values) {
    values.clear();
    for (uint64_t n = reader_.varint(); n > 0 && reader_.ok(); --n) {
      K key{};
      get(key);
      get(values[std::move(key)]);
    }
  }
  ByteReader reader_;
};

template <class T>
Bytes encode(const T& value) {
  Bytes out;
  Encoder encoder(out);
  encoder(value);
  return out;
}

// False when the bytes are too short, too long or both; `value` is then half-filled and must not be used.
template <class T>
[[nodiscard]] bool decode(ByteView in, T& value) {
  Decoder decoder(in);
  decoder(value);
  return decoder.ok();
}

}  // namespace onceproof
