// SPDX-License-Identifier: Apache-2.0
// Seeded bugs: known ways to lose exactly-once, re-created behind switches so that a suite can prove that it
// would have seen them. All off unless a sweep asks for one; each switch is read where the correct line is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace onceproof {

// X(identifier, "printed-name", "what it breaks")
#define ONCEPROOF_SEEDED_BUGS(X)                                                                                 \
  X(no_fencing, "no-fencing", "the log does not check producer epochs and group members")                        \
  X(commit_on_ack, "commit-on-ack", "the sink commits when it acknowledges, not when the checkpoint completes")  \
  X(skip_alignment, "skip-alignment", "tasks do not block channels whose barrier has arrived")                   \
  X(skip_flush, "skip-flush", "the sink acknowledges a checkpoint before the log has acknowledged its records")  \
  X(forget_pending_commit, "forget-pending-commit",                                                              \
    "a restored sink does not commit what the checkpoint pre-committed")                                         \
  X(abort_pre_committed, "abort-pre-committed",                                                                  \
    "a restored sink aborts every transaction it finds, before committing")                                      \
  X(notify_before_store, "notify-before-store", "completion is announced before the checkpoint is in the store") \
  X(snapshot_offset_late, "snapshot-offset-late",                                                                \
    "the source's offset is read after records behind the barrier were emitted")                                 \
  X(no_sequence_check, "no-sequence-check", "the broker does not recognise retried batches")                     \
  X(expose_unstable, "expose-unstable", "read_committed readers see up to the high watermark")                   \
  X(lose_timers, "lose-timers", "event-time timers are not in the snapshot")

enum class SeededBug : uint8_t {
#define X(identifier, name, what) identifier,
  ONCEPROOF_SEEDED_BUGS(X)
#undef X
};
inline constexpr int kSeededBugCount = 0
#define X(identifier, name, what) +1
    ONCEPROOF_SEEDED_BUGS(X)
#undef X
    ;

struct SeededBugInfo {
  SeededBug bug;
  const char* name;
  const char* what;
};
const SeededBugInfo& seeded_bug_info(int index);
std::optional<SeededBug> seeded_bug_named(std::string_view name);

class SeededBugs {
 public:
  bool has(SeededBug bug) const { return (bits_ >> static_cast<int>(bug)) & 1; }
  void add(SeededBug bug) { bits_ |= 1u << static_cast<int>(bug); }
  bool empty() const { return bits_ == 0; }
  template <class Archive>
  void fields(Archive& archive) {
    archive(bits_);
  }

 private:
  uint32_t bits_ = 0;
};

}  // namespace onceproof
