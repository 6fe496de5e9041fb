// SPDX-License-Identifier: Apache-2.0
#include "checkers/reads.h"

#include <algorithm>

#include <fmt/format.h>

#include "checkers/delivery.h"
#include "checkers/findings.h"
#include "checkers/output_finder.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

bool same_content(const OutputRecord& a, const OutputRecord& b) {
  return a.timestamp_us == b.timestamp_us && a.key == b.key && a.value == b.value && a.lineage == b.lineage;
}

// For each output from when on a read_committed reader may be given it: it and all before it in its partition are decided.
// Only by what was recorded; kMaxTimeUs behind a record that is undecided at the end.
std::vector<TimeUs> readable_us(const History& history) {
  std::vector<TimeUs> readable(history.outputs.size(), -1);
  int32_t partition = -1;
  TimeUs latest_us = -1;
  for (size_t i = 0; i < readable.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (output.partition != partition) {
      partition = output.partition;
      latest_us = -1;
    }
    const bool open = output.visibility == Visibility::open;
    latest_us = open ? kMaxTimeUs : std::max({latest_us, output.at_us, output.decided_us});
    readable[i] = latest_us;
  }
  return readable;
}

class Reads {
 public:
  Reads(const History& history, const Timeline& timeline, Findings& findings)
      : history_(history), timeline_(timeline), findings_(findings), readable_us_(readable_us(history)) {}

  void check_content(const OutputRecord& read, const OutputRecord* stored) {
    if (stored == nullptr) {
      findings_.add("vanished", read.at_us,
                    [&] { return output_text(read) + " was read and then vanished from the log"; });
    } else if (!same_content(read, *stored)) {
      findings_.add("changed", read.at_us, [&] {
        return fmt::format("{} was read, but the log now holds {}", output_text(read), output_text(*stored));
      });
    } else if (!visible(*stored)) {
      findings_.add("aborted-read", read.at_us, [&] {
        return fmt::format("{} was seen by the read_committed reader although its transaction {}", output_text(read),
                           stored->visibility == Visibility::aborted ? "was aborted" : "is still open");
      });
    } else if (read.at_us >= 0) {
      check_time(read, static_cast<size_t>(stored - history_.outputs.data()));
    }
  }

 private:
  void check_time(const OutputRecord& read, size_t index) {
    const OutputRecord& stored = history_.outputs[index];
    if (read.at_us < readable_us_[index]) {
      findings_.add("early-read", read.at_us, [&] {
        const char* why = read.at_us < stored.at_us        ? "before it was written"
                          : read.at_us < stored.decided_us ? "before its transaction was committed"
                                                           : "before all that stands before it was decided";
        const TimeUs from_us = readable_us_[index];
        return fmt::format("{} was seen by the read_committed reader at {}, {}{}", output_text(read),
                           time_text(read.at_us), why, from_us == kMaxTimeUs ? "" : " at " + time_text(from_us));
      });
    } else if (const TransactionRecord* transaction = uncertified(read, stored)) {
      findings_.add("uncertified-read", read.at_us, [&] {
        return fmt::format("{} was seen by the read_committed reader at {}, but checkpoint {}, which pre-committed it, {}",
                           output_text(read), time_text(read.at_us), transaction->checkpoint,
                           certified_us_ ? "was durable only at " + time_text(*certified_us_)
                                         : std::string("never was durable"));
      }, {Subject::Of::transaction, static_cast<uint32_t>(transaction - history_.transactions.data())});
    }
  }

  // Its transaction, when no durable checkpoint stood behind it at the time of the read; else null.
  const TransactionRecord* uncertified(const OutputRecord& read, const OutputRecord& stored) {
    const bool told = history_.store_recorded || !history_.checkpoints.empty();  // which checkpoints there were
    if (!told || !history_.transactional_sink) return nullptr;
    if (last_ == nullptr || last_->producer_id != stored.producer_id || last_->epoch != stored.epoch ||
        last_->transaction != stored.transaction) {
      last_ = &stored;
      transaction_ = timeline_.transactions.of(stored);
      const bool named = transaction_ != nullptr && transaction_->checkpoint != 0;
      certified_us_ = named ? timeline_.committable_us(transaction_->checkpoint) : std::nullopt;
      if (!named) transaction_ = nullptr;  // the transactions checker's to tell
    }
    return transaction_ != nullptr && (!certified_us_ || read.at_us < *certified_us_) ? transaction_ : nullptr;
  }

  const History& history_;
  const Timeline& timeline_;
  Findings& findings_;
  const std::vector<TimeUs> readable_us_;
  // Of the last record's transaction: neighbours are of one.
  const OutputRecord* last_ = nullptr;
  const TransactionRecord* transaction_ = nullptr;
  std::optional<TimeUs> certified_us_;
};

}  // namespace

std::string check_reads(const History& history, const Timeline& timeline, std::vector<Finding>& out) {
  Findings findings("reads", out);
  std::vector<uint8_t> seen(history.outputs.size(), 0);
  struct Furthest {
    int64_t offset = -1;
    TimeUs at_us = -1;
  };
  std::vector<Furthest> highest;  // for each sink partition: how far it was read
  Reads reads(history, timeline, findings);
  OutputFinder finder(history);
  for (const OutputRecord& read : history.observed) {
    const auto number = static_cast<size_t>(read.partition);
    if (number >= highest.size()) highest.resize(number + 1);
    const size_t index = finder.find(read);
    const bool known = index < seen.size();
    reads.check_content(read, known ? &history.outputs[index] : nullptr);
    if (known && seen[index]) {
      findings.add("repeated-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader again{}", output_text(read),
                           read.at_us < 0 ? "" : " at " + time_text(read.at_us));
      });
    } else if (read.offset <= highest[number].offset) {
      findings.add("backward-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader behind offset {}", output_text(read), highest[number].offset);
      });
    } else if (read.at_us >= 0 && read.at_us < highest[number].at_us) {
      findings.add("backward-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader behind offset {}, and yet earlier: at {}, not after {}",
                           output_text(read), highest[number].offset, time_text(read.at_us),
                           time_text(highest[number].at_us));
      });
    }
    highest[number] = {std::max(highest[number].offset, read.offset), std::max(highest[number].at_us, read.at_us)};
    if (known) seen[index] = 1;
  }
  uint64_t unread = 0;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (seen[i] || !visible(output)) continue;
    const auto partition = static_cast<size_t>(output.partition);
    if (partition < highest.size() && output.offset < highest[partition].offset) {
      findings.add("skipped-read", -1, [&] {
        return fmt::format("{} was committed, but the read_committed reader went past it without seeing it",
                           output_text(output));
      });
    } else {
      ++unread;
    }
  }
  if (unread == 0 || !history.reads_recorded) return {};
  return fmt::format(
      "the read_committed reader had not read {} at the end, so aborted and torn reads could not be "
      "excluded",
      count_text(unread, "visible record"));
}

}  // namespace onceproof::checkers
