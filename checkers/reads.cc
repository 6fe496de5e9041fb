// SPDX-License-Identifier: Apache-2.0
#include "checkers/reads.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "checkers/delivery.h"
#include "checkers/findings.h"
#include "checkers/text.h"

namespace onceproof::checkers {

namespace {

// What the reader has seen of one sink partition.
struct Partition {
  int64_t highest = -1;  // offset
  size_t next = 0;       // where the next read is likely to be found in the outputs
};

// The index of the record that was read, or the number of outputs. `guess` saves the search when reads come in order.
size_t find_output(const History& history, const OutputRecord& read, size_t guess) {
  const std::vector<OutputRecord>& outputs = history.outputs;
  const auto is_it = [&](const OutputRecord& o) { return o.partition == read.partition && o.offset == read.offset; };
  if (guess < outputs.size() && is_it(outputs[guess])) return guess;
  const auto found =
      std::lower_bound(outputs.begin(), outputs.end(), read, [](const OutputRecord& a, const OutputRecord& b) {
        return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
      });
  if (found == outputs.end() || !is_it(*found)) return outputs.size();
  return static_cast<size_t>(found - outputs.begin());
}

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
  std::vector<Partition> partitions;
  for (const OutputRecord& read : history.observed) {
    const auto number = static_cast<size_t>(read.partition);
    if (number >= partitions.size()) partitions.resize(number + 1);
    Partition& partition = partitions[number];
    const size_t index = find_output(history, read, partition.next);
    const bool known = index < seen.size();
    check_one_read(read, known ? &history.outputs[index] : nullptr, findings);
    if (known && seen[index]) {
      findings.add("repeated-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader again{}", output_text(read),
                           read.at_us < 0 ? "" : " at " + time_text(read.at_us));
      });
    } else if (read.offset <= partition.highest) {
      findings.add("backward-read", read.at_us, [&] {
        return fmt::format("{} was given to the reader behind offset {}", output_text(read), partition.highest);
      });
    }
    partition.highest = std::max(partition.highest, read.offset);
    if (!known) continue;
    seen[index] = 1;
    partition.next = index + 1;
  }
  uint64_t unread = 0;
  for (size_t i = 0; i < history.outputs.size(); ++i) {
    const OutputRecord& output = history.outputs[i];
    if (seen[i] || !visible(output)) continue;
    const auto partition = static_cast<size_t>(output.partition);
    if (partition < partitions.size() && output.offset < partitions[partition].highest) {
      findings.add("skipped-read", -1, [&] {
        return fmt::format("{} was committed, but the read_committed reader went past it without seeing it",
                           output_text(output));
      });
    } else {
      ++unread;
    }
  }
  if (unread == 0) return {};
  return fmt::format(
      "the read_committed reader had not read {} at the end, so aborted and torn reads could not be "
      "excluded",
      count_text(unread, "visible record"));
}

}  // namespace onceproof::checkers
