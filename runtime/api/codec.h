// SPDX-License-Identifier: Apache-2.0
// Codecs: how an author's types become the bytes of records, keys and state. There is one for integers, bool, floating
// point, strings, vectors, optionals, pairs, tuples and enums; a plain struct gets one by naming its members, once:
//
//   template <> inline constexpr auto onceproof::api::members<Bid> = std::tuple(&Bid::auction, &Bid::price);
//
// Integers are fixed width and little-endian, containers counted. A type without a codec is a compile error that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"

namespace onceproof::api {

// The members of a plain struct, as pointers to members. Specialise it for a type of your own.
template <class T>
inline constexpr auto members = nullptr;

template <class T>
inline constexpr bool has_members = !std::is_same_v<std::remove_const_t<decltype(members<T>)>, std::nullptr_t>;

template <class T>
struct Codec {
  static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T> || has_members<T>,
                "onceproof: this type has no codec. Name its members: template <> inline constexpr auto "
                "onceproof::api::members<Type> = std::tuple(&Type::first, &Type::second); or specialise "
                "onceproof::api::Codec<Type>");
  static void write(const T& value, ByteWriter& out) {
    if constexpr (has_members<T>) {
      std::apply([&](auto... member) { (Codec<std::decay_t<decltype(value.*member)>>::write(value.*member, out), ...); },
                 members<T>);
    } else {
      out.fixed(value);
    }
  }
  static T read(ByteReader& in) {
    if constexpr (has_members<T>) {
      T value{};
      std::apply([&](auto... member) { ((value.*member = Codec<std::decay_t<decltype(value.*member)>>::read(in)), ...); },
                 members<T>);
      return value;
    } else {
      return in.fixed<T>();
    }
  }
};

template <>
struct Codec<std::string> {
  static void write(const std::string& value, ByteWriter& out) { out.string(value); }
  static std::string read(ByteReader& in) { return std::string(in.string()); }
};

template <class T>
struct Codec<std::vector<T>> {
  static void write(const std::vector<T>& values, ByteWriter& out) {
    out.varint(values.size());
    for (const T& value : values) Codec<T>::write(value, out);
  }
  static std::vector<T> read(ByteReader& in) {
    std::vector<T> values;
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) values.push_back(Codec<T>::read(in));
    return values;
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static void write(const std::optional<T>& value, ByteWriter& out) {
    out.fixed<uint8_t>(value ? 1 : 0);
    if (value) Codec<T>::write(*value, out);
  }
  static std::optional<T> read(ByteReader& in) {
    if (in.fixed<uint8_t>() == 0) return std::nullopt;
    return Codec<T>::read(in);
  }
};

template <class... T>
struct Codec<std::tuple<T...>> {
  static void write(const std::tuple<T...>& value, ByteWriter& out) {
    std::apply([&](const T&... part) { (Codec<T>::write(part, out), ...); }, value);
  }
  static std::tuple<T...> read(ByteReader& in) { return std::tuple<T...>{Codec<T>::read(in)...}; }
};

template <class A, class B>
struct Codec<std::pair<A, B>> {
  static void write(const std::pair<A, B>& value, ByteWriter& out) {
    Codec<A>::write(value.first, out);
    Codec<B>::write(value.second, out);
  }
  static std::pair<A, B> read(ByteReader& in) {
    A first = Codec<A>::read(in);
    return {std::move(first), Codec<B>::read(in)};
  }
};

// A whole value: a string is its own bytes, anything else what its codec writes. decode() throws std::runtime_error when
// the bytes are not those of a T, which fails the task with the place of the record.
template <class T>
void encode_value(const T& value, Bytes& out) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out.assign(std::string_view(value));
  } else {
    out.clear();
    ByteWriter writer(out);
    Codec<T>::write(value, writer);
  }
}

template <class T>
T decode_value(ByteView bytes) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return T(bytes);
  } else {
    ByteReader reader(bytes);
    T value = Codec<T>::read(reader);
    // tidy: allow(exception) an author's function asks for the value: what it throws is told with the record's place
    if (!reader.ok() || !reader.at_end()) throw std::runtime_error("the bytes of the value are not those of its type");
    return value;
  }
}

}  // namespace onceproof::api
