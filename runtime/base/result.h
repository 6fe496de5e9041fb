// SPDX-License-Identifier: Apache-2.0
// Result<T> and Status: expected failures as values. Every fallible function of the seams returns one.
// The codes are the ones that the protocols distinguish; Kafka's names are kept where they are Kafka's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "runtime/base/check.h"

namespace onceproof {

enum class ErrorCode : uint8_t {
  ok,
  invalid_argument,  // bad input: a user's file, scenario or flag
  not_found,
  io_error,         // a disk or an operating system said no
  disk_full,        // no room left: nothing, or a prefix, was written
  busy,             // somebody else holds the lock; try again
  timed_out,        // outcome unknown: it may have happened
  connection_lost,  // outcome unknown as well
  corrupt,          // bytes that do not decode
  // Kafka's transactional log, retriable inside the client:
  concurrent_transactions,
  coordinator_not_available,
  coordinator_load_in_progress,
  not_coordinator,
  not_leader_or_follower,
  not_enough_replicas,
  unstable_offset_commit,
  // Kafka's transactional log, fatal for the producer or the group member:
  producer_fenced,
  invalid_producer_epoch,
  invalid_producer_id_mapping,
  invalid_txn_state,
  invalid_transaction_timeout,
  out_of_order_sequence,
  fenced_instance_id,
  offset_out_of_range,
  unknown_topic_or_partition,
  transactional_id_not_found,
  unsupported_version,
};

const char* to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::ok;
  std::string message;  // a full sentence for people: what, where, nearest valid word
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): reads as `return Error{..}`
  Status(ErrorCode code, std::string message) : error_{code, std::move(message)} {}

  bool ok() const { return error_.code == ErrorCode::ok; }
  ErrorCode code() const { return error_.code; }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}     // NOLINT(google-explicit-constructor)
  Result(Error error) : value_(std::move(error)) {  // NOLINT(google-explicit-constructor)
    CHECK(std::get<Error>(value_).code != ErrorCode::ok, "an error needs a code");
  }

  bool ok() const { return std::holds_alternative<T>(value_); }
  ErrorCode code() const { return ok() ? ErrorCode::ok : std::get<Error>(value_).code; }
  const Error& error() const { return std::get<Error>(value_); }
  T& value() {
    CHECK(ok(), "value() of an error");
    return std::get<T>(value_);
  }
  const T& value() const {
    CHECK(ok(), "value() of an error");
    return std::get<T>(value_);
  }
  T take() { return std::move(value()); }

 private:
  std::variant<T, Error> value_;
};

}  // namespace onceproof
