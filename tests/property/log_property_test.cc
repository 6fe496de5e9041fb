// SPDX-License-Identifier: Apache-2.0
// Laws of the log under random interleavings of producers, thieves of transactional ids, crashes, resets and
// delays: a read_committed reader gets exactly the committed transactions' records, in log order.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/log_calls.h"
#include "tests/support/simulated_log.h"

namespace onceproof {
namespace {

using env::Isolation;
using test::SimulatedLog;

constexpr int32_t kPartitions = 4;
constexpr int kSlots = 3;

// What the producer knows of its transaction.
enum class Belief { open, committed, not_committed, unknown };
struct Written {
  Belief belief = Belief::open;
  std::map<std::string, std::pair<int32_t, bool>> values;  // value -> partition, acknowledged
};

class Chaos {
 public:
  Chaos(uint64_t seed, const std::vector<uint32_t>& faults, SeededBugs bugs = {})
      : log_(options(seed, faults, bugs)), calls_(log_) {
    log_.create_topic("out", kPartitions);
    for (int32_t partition = 0; partition < kPartitions; ++partition) watch(partition, 0);
    for (int slot = 0; slot < kSlots; ++slot) init(slot, slot);
  }

  void act(uint32_t choice) {
    log_.advance(static_cast<DurationUs>(choice >> 8 & 0x3ff) * 300);
    const int slot = static_cast<int>(choice % kSlots);
    const auto partition = static_cast<int32_t>(choice >> 20 & 3);
    switch (choice >> 4 & 15) {
      case 0:
      case 1:
      case 2:
      case 3: return end(slot, true);
      case 4: return end(slot, false);
      case 5: return init(slot, static_cast<int>(choice >> 22) % kSlots);  // steals, when it is another client
      default: return append(slot, partition);
    }
  }

  // Everything heals, every id is taken over once more, and the log comes to rest.
  void finish() {
    log_.advance(seconds(70));
    for (int slot = 0; slot < kSlots; ++slot) {
      // An init is sent once: when its outcome is unknown it is the caller's to repeat.
      for (int tries = 0; tries < 10 && !calls_.try_init(3, id(slot)).ok(); ++tries) log_.advance(seconds(1));
    }
    log_.advance(seconds(5));
  }

  void check() {
    RC_ASSERT(simulator::log::quiescent(log_.cluster()));
    RC_ASSERT(simulator::log::hanging_transactions(log_.cluster()).empty());
    std::set<std::string> visible;
    for (int32_t partition = 0; partition < kPartitions; ++partition) check_partition(partition, visible);
    for (const auto& [number, written] : written_) check_transaction(written, visible);
  }

 private:
  static SimulatedLog::Options options(uint64_t seed, const std::vector<uint32_t>& faults, SeededBugs bugs) {
    SimulatedLog::Options options;
    options.seed = seed;
    options.cluster.bugs = bugs;
    for (const uint32_t choice : faults) {
      simulator::Trigger trigger;
      trigger.at_us = static_cast<TimeUs>(choice >> 8 & 0xfff) * 1500;
      const std::string broker = (choice & 1) != 0 ? "broker-1" : "broker-0";
      const std::string client = "client-" + std::to_string(choice >> 1 & 3);
      const DurationUs duration_us = milliseconds(100) + static_cast<DurationUs>(choice >> 20) * 1500;
      switch (choice >> 4 & 7) {
        case 0:
        case 1: options.faults.push_back({trigger, simulator::CrashFault{broker, duration_us}}); break;
        case 2:
          options.faults.push_back({trigger, simulator::DelayFault{"*", env::MailKind::log_response, 2, seconds(4)}});
          break;
        case 3:
          options.faults.push_back(
              {trigger, simulator::DelayFault{"*", env::MailKind::transaction_markers, 2, seconds(1)}});
          break;
        case 4:
          options.faults.push_back({trigger, simulator::DelayFault{client, env::MailKind::log_request, 1, seconds(4)}});
          break;
        case 5:
          trigger.at_us = {};
          trigger.point = (choice & 2) != 0 ? env::Point::txn_prepare : env::Point::txn_marker;
          trigger.nth = 1 + (choice >> 8 & 3);
          options.faults.push_back({trigger, simulator::CrashFault{"@hit", duration_us}});
          break;
        default:
          options.faults.push_back(
              {trigger, simulator::PartitionFault{
                            broker, (choice & 8) != 0 ? "*" : client, simulator::Direction::both,
                            (choice & 128) != 0 ? simulator::CutMode::hold : simulator::CutMode::reset, duration_us}});
      }
    }
    return options;
  }

  // A read_committed reader that looks all the time.
  void watch(int32_t partition, int64_t offset) {
    log_.client(3).fetch({"out", partition}, offset, Isolation::read_committed, 1 << 20, seconds(5),
                         [this, partition, offset](Result<env::FetchResult> result) {
                           if (!result.ok()) return watch(partition, offset);
                           for (std::string& value : test::values_of(result.value().batch))
                             seen_[partition].push_back(std::move(value));
                           watch(partition, result.value().next_offset);
                         });
  }

  static std::string id(int slot) { return "t" + std::to_string(slot); }

  struct Slot {
    int client = 0;
    uint64_t generation = 0;  // of the init that the slot waits for or works with
    bool ready = false;
    env::ProducerIdentity producer;
    uint64_t transaction = 0;  // number in written_; 0: none
  };

  void init(int slot, int client) {
    Slot& mine = slots_[slot];
    if (mine.transaction != 0 && written_[mine.transaction].belief == Belief::open)
      written_[mine.transaction].belief = Belief::not_committed;
    const uint64_t generation = ++mine.generation;
    mine = {client, generation, false, {}, 0};
    log_.client(client).init_producer(id(slot), seconds(60),
                                      [this, slot, generation](Result<env::ProducerIdentity> identity) {
                                        Slot& state = slots_[slot];
                                        if (state.generation != generation || !identity.ok()) return;
                                        state.producer = identity.value();
                                        state.ready = true;
                                      });
  }

  void append(int slot, int32_t partition) {
    Slot& mine = slots_[slot];
    if (!mine.ready) return;
    if (mine.transaction == 0) mine.transaction = ++transactions_;
    const uint64_t transaction = mine.transaction;
    const std::string value = std::to_string(++values_);
    written_[transaction].values[value] = {partition, false};
    log_.client(mine.client)
        .append(mine.producer, {"out", partition}, test::batch_of({value}), env::Acks::all,
                [this, transaction, value](const Status& status) {
                  if (status.ok()) written_[transaction].values[value].second = true;
                });
  }

  void end(int slot, bool commit) {
    Slot& mine = slots_[slot];
    if (!mine.ready || mine.transaction == 0) return;
    const uint64_t transaction = mine.transaction;
    written_[transaction].belief = commit ? Belief::unknown : Belief::not_committed;
    const auto done = [this, transaction, slot, generation = mine.generation, commit](const Status& status) {
      if (commit && status.ok()) written_[transaction].belief = Belief::committed;
      Slot& state = slots_[slot];
      if (state.generation != generation) return;
      if (status.ok()) {
        state.ready = true;
      } else {
        init(slot, state.client);
      }
    };
    mine.ready = false;
    mine.transaction = 0;
    if (commit) return log_.client(mine.client).commit(mine.producer, done);
    log_.client(mine.client).abort(mine.producer, done);
  }

  void check_partition(int32_t partition, std::set<std::string>& visible) {
    std::vector<std::string> all = calls_.read(partition, Isolation::read_uncommitted);
    const std::vector<std::string> committed = calls_.read(partition);
    RC_ASSERT(std::set<std::string>(all.begin(), all.end()).size() == all.size());  // retries were recognised
    visible.insert(committed.begin(), committed.end());
    std::erase_if(all, [&](const std::string& value) { return !visible.contains(value); });
    RC_ASSERT(all == committed);  // log order, each once
    const std::vector<std::string>& seen = seen_[partition];
    RC_ASSERT(seen.size() <= committed.size());
    RC_ASSERT(std::equal(seen.begin(), seen.end(), committed.begin()));  // at every instant a prefix
  }

  void check_transaction(const Written& written, const std::set<std::string>& visible) {
    const auto seen =
        static_cast<size_t>(std::count_if(written.values.begin(), written.values.end(),
                                          [&](const auto& value) { return visible.contains(value.first); }));
    RC_ASSERT(seen == 0 || seen == written.values.size());  // atomic over partitions
    if (written.belief == Belief::committed) RC_ASSERT(seen == written.values.size());
    if (written.belief == Belief::not_committed || written.belief == Belief::open) RC_ASSERT(seen == 0u);
    for (const auto& [value, where] : written.values) RC_ASSERT(seen == 0 || where.second);
  }

  SimulatedLog log_;
  test::LogCalls calls_;
  std::map<int, Slot> slots_;
  std::map<uint64_t, Written> written_;
  std::map<int32_t, std::vector<std::string>> seen_;
  uint64_t transactions_ = 0;
  uint64_t values_ = 0;
};

void run_chaos(SeededBugs bugs = {}) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const auto faults = *rc::gen::resize(
      6, rc::gen::container<std::vector<uint32_t>>(rc::gen::resize(1000, rc::gen::arbitrary<uint32_t>())));
  const auto choices = *rc::gen::resize(
      150, rc::gen::container<std::vector<uint32_t>>(rc::gen::resize(1000, rc::gen::arbitrary<uint32_t>())));
  Chaos chaos(seed, faults, bugs);
  for (const uint32_t choice : choices) chaos.act(choice);
  chaos.finish();
  chaos.check();
}

TEST(LogProperty, ReadCommittedReadersGetExactlyTheCommittedTransactionsInLogOrder) {
  EXPECT_TRUE(rc::check([] { run_chaos(); }));
}

}  // namespace
}  // namespace onceproof
