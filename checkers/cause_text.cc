// SPDX-License-Identifier: Apache-2.0
#include "checkers/cause_text.h"

#include <fmt/format.h>

#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

class Words {
 public:
  Words(const History& history, const Reference& reference, const Timeline& timeline, const DamageGroup& group)
      : history_(history), reference_(reference), timeline_(timeline), group_(group), cause_(group.cause) {}

  std::string why() const {
    switch (cause_.kind) {
      case CauseKind::none:
      case CauseKind::vanished:
      case CauseKind::never_read: return "no result that was ever written contains it";
      case CauseKind::transaction_lost:
        return fmt::format("its result was pre-committed by checkpoint {} but its transaction was {}", cause_.checkpoint,
                           fate());
      case CauseKind::transaction_open:
      case CauseKind::transaction_aborted: return hidden();
      case CauseKind::offset_ahead:
        return fmt::format("its offset was committed before {}, and the job went on behind it", after());
      case CauseKind::state_discarded:
        return fmt::format("after {} the job went on without restoring a checkpoint, and what was in flight and in "
                           "window state did not come again",
                           after());
      case CauseKind::not_replayed:
        return fmt::format("after {} neither the state of {} nor the replay from it brought it again", after(), origin());
      case CauseKind::unacknowledged: return unacknowledged();
      case CauseKind::replayed: return fmt::format("{} emitted {} again", replay(), window());
      case CauseKind::zombie:
        return fmt::format("producer {} (epoch {}), which {} should have ended, wrote {} behind its successor",
                           cause_.producer_id, cause_.epoch, after(), window());
      case CauseKind::two_producers:
        return fmt::format("producers {} and {} both delivered {}", first().producer_id, cause_.producer_id, window());
      case CauseKind::written_twice:
        return fmt::format("producer {} wrote {} twice within epoch {}", cause_.producer_id, window(), cause_.epoch);
      case CauseKind::counted_twice:
        return cause_.restart == 0 ? "one result counts it twice"
                                   : fmt::format("one result counts it twice after {}", replay());
    }
    return {};
  }

 private:
  const Restart* restart() const {
    return cause_.restart == 0 ? nullptr : &timeline_.restarts[cause_.restart - 1];
  }
  const OutputRecord& first() const { return history_.outputs[group_.output]; }

  // "the crash of taskmanager-1 at 17.3 s", or the restart itself.
  std::string after() const {
    if (restart() == nullptr) return "the restart";
    const std::string blow = cause_text(history_, restart()->cause);
    return blow.empty() ? "the restart at " + time_text(restart()->at_us) : blow;
  }
  std::string origin() const {
    return restart() == nullptr || restart()->checkpoint == 0 ? "the beginning"
                                                              : fmt::format("checkpoint {}", restart()->checkpoint);
  }
  std::string replay() const {
    const std::string blow = restart() == nullptr ? std::string() : cause_text(history_, restart()->cause);
    if (!blow.empty()) return fmt::format("replay from {} after {}", origin(), blow);
    return restart() == nullptr ? "a replay" : fmt::format("replay from {} at {}", origin(), time_text(restart()->at_us));
  }
  std::string window() const {
    const ExpectedResult& result = reference_.results()[reference_.result_of(group_.first)];
    return result.windowed() ? "window " + window_text(result) : "it";
  }

  std::string fate() const {
    const TransactionRecord& transaction = history_.transactions[cause_.transaction];
    if (transaction.outcome == TransactionOutcome::committed) return "committed without it";
    if (transaction.outcome == TransactionOutcome::open) return "never committed";
    return transaction.timed_out ? "timed out at " + time_text(transaction.decided_us)
                                 : transaction.decided_us < 0 ? "aborted" : "aborted at " + time_text(transaction.decided_us);
  }

  std::string hidden() const {
    const char* state = cause_.kind == CauseKind::transaction_open ? "never committed" : "aborted";
    if (cause_.transaction == kNoTransaction) {
      return fmt::format("its result was written in a transaction that was {}", state);
    }
    const std::string id = quoted(history_.transactions[cause_.transaction].transactional_id);
    std::string text = fmt::format("its result was written in transaction {}, which was {}", id,
                                   cause_.kind == CauseKind::transaction_open ? state : fate());
    if (restart() != nullptr && cause_.kind == CauseKind::transaction_aborted) {
      text += fmt::format(" after {}, and the replay from {} did not bring it again", after(), origin());
    }
    return text;
  }

  std::string unacknowledged() const {
    std::string text = "its result did not reach the log, and the sink awaits no acknowledgement";
    if (cause_.fault == 0) return text;
    const FaultRecord& fault = history_.faults[cause_.fault - 1];
    return text + fmt::format(" ({} at {})", fault.description.empty() ? fault.kind : fault.description,
                              time_text(fault.fired_us));
  }

  const History& history_;
  const Reference& reference_;
  const Timeline& timeline_;
  const DamageGroup& group_;
  const Cause& cause_;
};

}  // namespace

std::string why_text(const History& history, const Reference& reference, const Timeline& timeline,
                     const DamageGroup& group) {
  return Words(history, reference, timeline, group).why();
}

}  // namespace onceproof::checkers
