// SPDX-License-Identifier: Apache-2.0
#include "checkers/cut.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

constexpr uint32_t kNever = UINT32_MAX;

struct Held {
  uint64_t count = 0;
  uint64_t sum = 0;
  uint64_t placed = 0;
  uint32_t example = Reference::kNone;
};

class Cuts {
 public:
  Cuts(const History& history, const Reference& reference, const Delivery& delivery, const Timeline& timeline,
       Findings& findings)
      : history_(history), reference_(reference), delivery_(delivery), timeline_(timeline), findings_(findings) {
    const size_t partitions = reference.input().partitions.size();
    for (const StoredCheckpoint& stored : history.stored) {
      if (stored.offsets.size() == partitions) cuts_.push_back(&stored);
    }
    std::stable_sort(cuts_.begin(), cuts_.end(), [](auto* a, auto* b) { return a->id < b->id; });
    const auto same = [](auto* a, auto* b) { return a->id == b->id; };
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end(), same), cuts_.end());
  }

  void check() {
    if (cuts_.empty()) return;
    find_results();
    check_flushes();
    check_pending();
    check_contents();
  }

 private:
  // The first cut that a transaction's records belong to: that of the checkpoint that pre-committed it, or of the first
  // durable one behind it, which subsumes it. An aborted one counts only for a checkpoint of its own.
  uint32_t cut_of(const TransactionRecord& transaction) const {
    if (transaction.checkpoint == 0) return kNever;
    const auto found = std::lower_bound(cuts_.begin(), cuts_.end(), transaction.checkpoint,
                                        [](const StoredCheckpoint* cut, uint64_t id) { return cut->id < id; });
    if (found == cuts_.end()) return kNever;
    const bool own = (*found)->id == transaction.checkpoint;
    if (transaction.outcome == TransactionOutcome::aborted && !own) return kNever;
    return static_cast<uint32_t>(found - cuts_.begin());
  }

  // For each contribution the first cut whose transactions have it in a result.
  void find_results() {
    std::vector<uint32_t> cut_of_transaction;
    for (const TransactionRecord& transaction : history_.transactions) cut_of_transaction.push_back(cut_of(transaction));
    result_cut_.assign(reference_.contributions(), kNever);
    output_cut_.assign(history_.outputs.size(), kNever);
    written_.assign(history_.transactions.size(), 0);
    const OutputRecord* last = nullptr;
    uint32_t cut = kNever;
    for (size_t i = 0; i < history_.outputs.size(); ++i) {
      const OutputRecord& output = history_.outputs[i];
      const bool same = last != nullptr && last->producer_id == output.producer_id && last->epoch == output.epoch &&
                        last->transaction == output.transaction;
      if (!same) {
        const auto found = timeline_.transactions.find(output).transaction;
        cut = found ? cut_of_transaction[*found] : kNever;
        if (found) written_[*found] = 1;
      }
      last = &output;
      if (output.visibility == Visibility::non_transactional || cut == kNever) continue;
      output_cut_[i] = cut;
      for_each_contribution(history_, reference_, delivery_, i,
                            [&](uint32_t index) { result_cut_[index] = std::min(result_cut_[index], cut); });
    }
  }

  // What a checkpoint certifies was in the log before the checkpoint was durable.
  void check_flushes() {
    for (size_t i = 0; i < history_.outputs.size(); ++i) {
      if (output_cut_[i] == kNever || history_.outputs[i].at_us <= cuts_[output_cut_[i]]->durable_us) continue;
      const OutputRecord& output = history_.outputs[i];
      const auto transaction = timeline_.transactions.find(output).transaction;
      findings_.add("unflushed", output.at_us, [&] {
        return fmt::format("{} reached the log at {}, but checkpoint {}, which certifies it, was durable at {}",
                           output_text(output), time_text(output.at_us), cuts_[output_cut_[i]]->id,
                           time_text(cuts_[output_cut_[i]]->durable_us));
      }, {Subject::Of::transaction, static_cast<uint32_t>(*transaction)});
    }
  }

  // What a restore of a checkpoint finds pre-committed it commits; what it does not name, it aborts. So a checkpoint names
  // all that was pre-committed for it and not yet decided when it was durable.
  void check_pending() {
    for (size_t i = 0; i < history_.transactions.size(); ++i) {
      const TransactionRecord& transaction = history_.transactions[i];
      if (!written_[i] || transaction.checkpoint == 0) continue;
      const auto first = std::lower_bound(cuts_.begin(), cuts_.end(), transaction.checkpoint,
                                          [](const StoredCheckpoint* cut, uint64_t id) { return cut->id < id; });
      for (auto cut = first; cut != cuts_.end(); ++cut) {
        if (transaction.decided_us >= 0 && transaction.decided_us <= (*cut)->durable_us) break;
        const bool own = (*cut)->id == transaction.checkpoint;
        if (!own && transaction.outcome != TransactionOutcome::committed) break;
        if ((*cut)->pending_known) check_named(**cut, i);
      }
    }
  }
  void check_named(const StoredCheckpoint& cut, size_t index) {
    const TransactionRecord& transaction = history_.transactions[index];
    const auto id = static_cast<int64_t>(transaction.producer_id);
    if (std::find(cut.pending.begin(), cut.pending.end(), id) != cut.pending.end()) return;
    findings_.add("forgotten", cut.durable_us, [&] {
      return fmt::format("checkpoint {}, durable at {}, does not name transaction {}, which checkpoint {} pre-committed: a "
                         "restore would abort it",
                         cut.id, time_text(cut.durable_us), quoted(transaction.transactional_id), transaction.checkpoint);
    }, {Subject::Of::transaction, static_cast<uint32_t>(index)});
  }

  // The first cut whose sources had read this record. Positions ascend, and so do the cuts of one partition.
  uint32_t read_cut(Position position) {
    const uint64_t partition = partition_of(position);
    if (partition != partition_) {
      partition_ = partition;
      read_ = 0;
    }
    const auto offset = static_cast<int64_t>(offset_of(position));
    while (read_ < cuts_.size() && cuts_[read_]->offsets[partition] <= offset) ++read_;
    return read_;
  }

  void check_contents() {
    std::vector<Held> change(cuts_.size() + 1);  // by cut: what it holds beyond the one before
    std::vector<Held> less(cuts_.size() + 1);
    std::vector<uint64_t> places(reference_.results().size());
    for (size_t r = 0; r < places.size(); ++r) {
      places[r] = place_of(reference_.results()[r].key, reference_.results()[r].window_end_us);
    }
    for (uint32_t index = 0; index < reference_.contributions(); ++index) {
      const Position position = reference_.position(index);
      const uint32_t read = read_cut(position);
      const uint32_t result = result_cut_[index];
      if (result < read) tell_early(index, read, result);
      if (read >= cuts_.size() || result <= read) continue;
      const uint64_t mark = mark_of(position);
      const uint64_t placed = placed_mark_of(position, places[reference_.result_of(index)]);
      ++change[read].count;
      change[read].sum += mark;
      change[read].placed += placed;
      if (change[read].example == Reference::kNone) change[read].example = index;
      if (result == kNever) continue;
      ++less[result].count;
      less[result].sum += mark;
      less[result].placed += placed;
    }
    Held due;
    for (uint32_t cut = 0; cut < cuts_.size(); ++cut) {
      due.count += change[cut].count - less[cut].count;
      due.sum += change[cut].sum - less[cut].sum;
      due.placed += change[cut].placed - less[cut].placed;
      due.example = change[cut].example;
      const StoredCheckpoint& stored = *cuts_[cut];
      if (!stored.state_known) continue;
      const bool misplaced = stored.placed_sum != 0 && stored.placed_sum != due.placed;
      if (stored.held != due.count || stored.held_sum != due.sum || misplaced) tell_state(stored, due);
    }
  }

  void tell_early(uint32_t index, uint32_t read, uint32_t result) {
    findings_.add("effect-before-cause", cuts_[result]->durable_us, [&] {
      const std::string when = read < cuts_.size() ? fmt::format("only checkpoint {} had", cuts_[read]->id)
                                                   : std::string("no checkpoint had");
      return fmt::format("checkpoint {} pre-committed a result with {}, which its sources had not read: {}",
                         cuts_[result]->id, contribution_text(reference_, index), when);
    }, {Subject::Of::contribution, index});
  }

  void tell_state(const StoredCheckpoint& stored, const Held& due) {
    findings_.add("wrong-state", stored.durable_us, [&] {
      std::string text = fmt::format("the state of checkpoint {} holds {}, but its sources had read {} that no "
                                     "transaction of it has",
                                     stored.id, count_text(stored.held, noun_of(reference_)),
                                     count_text(due.count, noun_of(reference_)));
      if (stored.held == due.count) {
        text += stored.held_sum == due.sum ? ", and they are not counted where they belong" : ", and they are not the same";
      }
      const bool left = stored.held < due.count && due.example != Reference::kNone;
      if (left) text += fmt::format("; read last: {}", contribution_text(reference_, due.example));
      return text;
    });
  }

  const History& history_;
  const Reference& reference_;
  const Delivery& delivery_;
  const Timeline& timeline_;
  Findings& findings_;
  std::vector<const StoredCheckpoint*> cuts_;  // durable checkpoints of known content, by id
  std::vector<uint32_t> output_cut_;           // for each output: index into cuts_
  std::vector<uint8_t> written_;               // for each transaction: it has records
  std::vector<uint32_t> result_cut_;           // for each contribution: index into cuts_
  uint64_t partition_ = UINT64_MAX;
  uint32_t read_ = 0;
};

}  // namespace

void check_cut(const History& history, const Reference& reference, const Delivery& delivery, const Timeline& timeline,
               std::vector<Finding>& out) {
  // Weaker claims align nothing and pre-commit nothing: their cuts are not consistent, and need not be.
  if (history.claimed != Guarantee::exactly_once || !history.transactional_sink) return;
  Findings findings("cut", out);
  Cuts(history, reference, delivery, timeline, findings).check();
}

}  // namespace onceproof::checkers
