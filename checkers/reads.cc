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

void check_one_read(const OutputRecord& read, const OutputRecord* stored, Findings& findings) {
  if (stored == nullptr) {
    findings.add("vanished", read.at_us, [&] { return output_text(read) + " was read and then vanished from the log"; });
  } else if (!same_content(read, *stored)) {
    findings.add("changed", read.at_us, [&] {
      return fmt::format("{} was read, but the log now holds {}", output_text(read), output_text(*stored));
    });
  } else if (!visible(*stored)) {
    findings.add("aborted-read", read.at_us, [&] {
      return fmt::format("{} was seen by the read_committed reader although its transaction {}", output_text(read),
                         stored->visibility == Visibility::aborted ? "was aborted" : "is still open");
    });
  } else if (read.at_us >= 0 && read.at_us < stored->decided_us) {
    findings.add("early-read", read.at_us, [&] {
      return fmt::format("{} was seen by the read_committed reader at {}, before its transaction was committed at {}",
                         output_text(read), time_text(read.at_us), time_text(stored->decided_us));
    });
  }
}

}  // namespace

std::string check_reads(const History& history, std::vector<Finding>& out) {
  Findings findings("reads", out);
  std::vector<uint8_t> seen(history.outputs.size(), 0);
  std::vector<int64_t> highest;  // for each sink partition: the furthest offset that was read
  OutputFinder finder(history);
  for (const OutputRecord& read : history.observed) {
    const auto number = static_cast<size_t>(read.partition);
    if (number >= highest.size()) highest.resize(number + 1, -1);
    const size_t index = finder.find(read);
    const bool known = index < seen.size();
    check_one_read(read, known ? &history.outputs[index] : nullptr, findings);
    if (known && seen[index]) {
      findings.add("repeated-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader again{}", output_text(read),
                           read.at_us < 0 ? "" : " at " + time_text(read.at_us));
      });
    } else if (read.offset <= highest[number]) {
      findings.add("backward-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader behind offset {}", output_text(read), highest[number]);
      });
    }
    highest[number] = std::max(highest[number], read.offset);
    if (known) seen[index] = 1;
  }
  uint64_t unread = 0;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (seen[i] || !visible(output)) continue;
    const auto partition = static_cast<size_t>(output.partition);
    if (partition < highest.size() && output.offset < highest[partition]) {
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
