// SPDX-License-Identifier: Apache-2.0
#include "runtime/env/log.h"

namespace onceproof::env {

ErrorClass classify(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok: return ErrorClass::none;
    case ErrorCode::concurrent_transactions:
    case ErrorCode::coordinator_not_available:
    case ErrorCode::coordinator_load_in_progress:
    case ErrorCode::not_coordinator:
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::unstable_offset_commit: return ErrorClass::retriable;
    case ErrorCode::timed_out:
    case ErrorCode::connection_lost: return ErrorClass::unknown;
    case ErrorCode::out_of_order_sequence:
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::offset_out_of_range:
    case ErrorCode::fenced_instance_id:
    case ErrorCode::not_found:
    case ErrorCode::io_error:
    case ErrorCode::corrupt: return ErrorClass::abortable;
    case ErrorCode::invalid_argument:
    case ErrorCode::producer_fenced:
    case ErrorCode::invalid_producer_epoch:
    case ErrorCode::invalid_producer_id_mapping:
    case ErrorCode::invalid_txn_state:
    case ErrorCode::invalid_transaction_timeout:
    case ErrorCode::transactional_id_not_found:
    case ErrorCode::unsupported_version: return ErrorClass::fatal;
  }
  return ErrorClass::fatal;
}

}  // namespace onceproof::env
