// SPDX-License-Identifier: Apache-2.0
#include "checkers/protocol.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

bool later(TimeUs one_us, TimeUs other_us) { return one_us >= 0 && other_us >= 0 && one_us > other_us; }

std::string name_of(const TransactionRecord& transaction) {
  return fmt::format("transaction {} (epoch {})", quoted(transaction.transactional_id), transaction.epoch);
}

// The first marker behind each transaction's records in the partition at hand.
struct Marker {
  int32_t partition = -1;
  TimeUs at_us = -1;
};

class Protocol {
 public:
  Protocol(const History& history, const Timeline& timeline, Findings& findings)
      : history_(history), timeline_(timeline), findings_(findings), markers_(history.transactions.size()) {}

  void check() {
    for (const OutputRecord& output : history_.outputs) {
      if (output.visibility == Visibility::non_transactional) continue;
      if (const auto index = transaction_of(output)) check_record(output, *index);
    }
    for (size_t i = 0; i < history_.transactions.size(); ++i) check_times(i);
    check_turns();
  }

 private:
  Subject about(size_t index) const { return {Subject::Of::transaction, static_cast<uint32_t>(index)}; }

  std::optional<size_t> transaction_of(const OutputRecord& output) {  // neighbours are of one transaction
    const std::tuple asked{output.producer_id, output.epoch, output.transaction};
    if (!asked_ || *asked_ != asked) {
      asked_ = asked;
      found_ = timeline_.transactions.find(output).transaction;
    }
    return found_;
  }

  void check_record(const OutputRecord& output, size_t index) {
    const TransactionRecord& transaction = history_.transactions[index];
    // What a zombie still sends between the decision to abort and the marker is aborted with the rest.
    const bool committed = transaction.outcome == TransactionOutcome::committed;
    const bool early = later(transaction.begun_us, output.at_us);
    if (early || (committed && later(output.at_us, transaction.decided_us))) {
      findings_.add("stray-write", output.at_us, [&] {
        return fmt::format("{} was written at {}, {} {} {} at {}", output_text(output), time_text(output.at_us),
                           early ? "before" : "although", name_of(transaction), early ? "began" : "had been decided",
                           time_text(early ? transaction.begun_us : transaction.decided_us));
      }, about(index));
    }
    check_marker(output, index);
  }

  void check_marker(const OutputRecord& output, size_t index) {
    const TransactionRecord& transaction = history_.transactions[index];
    const TimeUs marked_us = output.decided_us;
    if (marked_us < 0) return;
    if (transaction.outcome == TransactionOutcome::open || later(transaction.decided_us, marked_us)) {
      findings_.add("early-marker", marked_us, [&] {
        const std::string when = transaction.outcome == TransactionOutcome::open
                                     ? std::string("which was never decided")
                                     : "which was decided only at " + time_text(transaction.decided_us);
        return fmt::format("the marker behind {} was written at {}, for {}, {}", output_text(output),
                           time_text(marked_us), name_of(transaction), when);
      }, about(index));
    } else if (later(output.at_us, marked_us) || later(marked_us, transaction.completed_us)) {
      findings_.add("late-marker", marked_us, [&] {
        if (later(output.at_us, marked_us)) {
          return fmt::format("{} was written at {}, behind the marker that decides it, of {}", output_text(output),
                             time_text(output.at_us), time_text(marked_us));
        }
        return fmt::format("{} was complete at {}, but the marker behind {} was written at {}", name_of(transaction),
                           time_text(transaction.completed_us), output_text(output), time_text(marked_us));
      }, about(index));
    }
    Marker& first = markers_[index];
    if (first.partition != output.partition) first = {output.partition, marked_us};
    if (first.at_us == marked_us) return;
    findings_.add("two-markers", marked_us, [&] {
      return fmt::format("{} became decided at {}, and other records of {} in the same partition at {}",
                         output_text(output), time_text(marked_us), name_of(transaction), time_text(first.at_us));
    }, about(index));
  }

  void check_times(size_t index) {
    const TransactionRecord& transaction = history_.transactions[index];
    const bool backward = later(transaction.begun_us, transaction.decided_us) ||
                          later(transaction.decided_us, transaction.completed_us) ||
                          (transaction.outcome == TransactionOutcome::open && transaction.completed_us >= 0);
    if (!backward) return;
    findings_.add("disordered", transaction.decided_us, [&] {
      const auto when = [](TimeUs at_us) { return at_us < 0 ? std::string("never") : time_text(at_us); };
      return fmt::format("{} began at {}, was decided at {} and complete at {}", name_of(transaction),
                         when(transaction.begun_us), when(transaction.decided_us), when(transaction.completed_us));
    }, about(index));
  }

  // One id has one transaction at a time: the next one begins when the one before is complete.
  void check_turns() {
    std::vector<size_t> order;
    for (size_t i = 0; i < history_.transactions.size(); ++i) {
      const TransactionRecord& transaction = history_.transactions[i];
      if (transaction.number != 0 && transaction.begun_us >= 0) order.push_back(i);
    }
    const auto turn = [&](size_t i) {
      const TransactionRecord& transaction = history_.transactions[i];
      return std::tie(transaction.transactional_id, transaction.number, transaction.begun_us);
    };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return turn(a) < turn(b); });
    for (size_t i = 1; i < order.size(); ++i) {
      const TransactionRecord& one = history_.transactions[order[i - 1]];
      const TransactionRecord& next = history_.transactions[order[i]];
      if (one.transactional_id != next.transactional_id) continue;
      const bool over = one.decided_us >= 0 && next.begun_us >= std::max(one.decided_us, one.completed_us);
      if (over) continue;
      findings_.add("overlapping", next.begun_us, [&] {
        return fmt::format("{} began at {}, while another one of the same id, begun at {}, was under way", name_of(next),
                           time_text(next.begun_us), time_text(one.begun_us));
      }, about(order[i]));
    }
  }

  const History& history_;
  const Timeline& timeline_;
  Findings& findings_;
  std::vector<Marker> markers_;  // for each transaction
  std::optional<std::tuple<uint64_t, uint32_t, uint64_t>> asked_;
  std::optional<size_t> found_;
};

}  // namespace

void check_protocol(const History& history, const Timeline& timeline, std::vector<Finding>& out) {
  if (!history.transactional_sink) return;
  Findings findings("protocol", out);
  Protocol(history, timeline, findings).check();
}

}  // namespace onceproof::checkers
