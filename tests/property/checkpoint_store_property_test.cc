// SPDX-License-Identifier: Apache-2.0
// The completed-checkpoint store under any schedule of adds (several at once, in any order), failing and hanging
// calls, crashes and new job managers: a checkpoint that was announced is never lost, an id is never used twice, the
// state files of the latest checkpoint are there, and when all is well again nothing else is.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>

#include "runtime/checkpoint/checkpoint_ids.h"
#include "tests/support/store_under_test.h"

namespace onceproof::checkpoint {
namespace {

class Schedule {
 public:
  explicit Schedule(int32_t retained) : retained_(retained) { new_job_manager(); }

  void act(uint32_t number) {
    const auto argument = static_cast<int>(number / 16 % 8);
    switch (number % 16) {
      case 0:
      case 1:
      case 2:
      case 3: return take();
      case 4:
      case 5:
      case 6: return add(number / 16);
      case 7: return settle();
      case 8: return storage_.fail_next(static_cast<Op>(argument % 7), Effect::none, 1 + argument / 4);
      case 9: return storage_.fail_next(static_cast<Op>(argument % 7), Effect::happens, 1 + argument / 4);
      case 10:
        argument < 4 ? storage_.hang(argument < 2 ? "ckpt/completed/chk-" : "ckpt") : storage_.release();
        return;
      case 11:
        if (argument < 2) new_job_manager();
        return;
      default:
        for (int i = 0; i <= argument; ++i) storage_.step();
    }
  }

  // Nothing fails any more: everything settles, and only what the store has is left.
  void calm_down() {
    storage_.release();
    storage_.heal();
    storage_.run();
    for (int i = 0; i < 3; ++i) {
      store_->settle_all([](bool) {});
      storage_.run();
    }
    new_job_manager();
    storage_.run();
    RC_ASSERT(recovered_);
    take();
    RC_ASSERT(!to_add_.empty());
    add(0);
    storage_.run();
    store_->discard_directories_below(ids_->next());
    storage_.run();
    RC_ASSERT(announced_ == highest_id_);
    const std::vector<uint64_t> stored = store_->stored_ids();
    RC_ASSERT(stored.size() <= static_cast<size_t>(retained_));
    std::vector<std::string> wanted;
    for (const uint64_t id : stored) {
      wanted.push_back("ckpt/chk-" + std::to_string(id) + "/task");
      wanted.push_back("ckpt/completed/chk-" + std::to_string(id) + ".meta");
    }
    wanted.push_back("ckpt/ids");
    std::sort(wanted.begin(), wanted.end());
    RC_ASSERT(storage_.paths() == wanted);
  }

 private:
  void new_job_manager() {
    storage_.crash();
    to_add_.clear();
    recovered_ = false;
    store_ = std::make_unique<CompletedCheckpointStore>(storage_, "ckpt", retained_);
    ids_ = std::make_unique<CheckpointIds>(storage_, "ckpt/ids", 4);
    recover();
  }
  void recover() {
    store_->recover([this](const Result<uint64_t>& latest) {
      if (!latest.ok()) return recover();
      RC_ASSERT(latest.value() >= announced_);
      if (store_->latest() != nullptr) {
        RC_ASSERT(storage_.exists(store_->latest()->states[1].file));
      }
      recovered_ = true;
      reserve();
    });
  }
  void reserve() {
    ids_->reserve([this](const Status& status) {
      if (!status.ok()) reserve();
    });
  }
  void take() {
    if (!recovered_) return;
    if (ids_->next() == 0) return;  // its first reservation is under way
    const auto id = ids_->take();
    if (!id) return;
    RC_ASSERT(*id > highest_id_);
    highest_id_ = *id;
    storage_.put("ckpt/chk-" + std::to_string(*id) + "/task", "state");
    to_add_.push_back(*id);
  }
  void add(uint32_t which) {
    if (to_add_.empty()) return;
    const auto chosen = to_add_.begin() + static_cast<ptrdiff_t>(which % to_add_.size());
    const uint64_t id = *chosen;
    to_add_.erase(chosen);
    store_->add(checkpoint_of(id, {"ckpt/chk-" + std::to_string(id) + "/task"}),
                [this, id](Outcome outcome) { answered(id, outcome); });
  }
  void answered(uint64_t id, Outcome outcome) {
    if (outcome != Outcome::stored) return;
    announced_ = std::max(announced_, id);
    RC_ASSERT(store_->latest()->id >= announced_);
  }
  void settle() {
    if (!recovered_) return;
    store_->settle_all([this](bool known) {
      if (known && announced_ != 0) {
        RC_ASSERT(store_->latest()->id >= announced_);
      }
    });
  }

  MemoryStorage storage_;
  const int32_t retained_;
  std::unique_ptr<CompletedCheckpointStore> store_;
  std::unique_ptr<CheckpointIds> ids_;
  bool recovered_ = false;
  std::vector<uint64_t> to_add_;  // acknowledged, not yet added
  uint64_t announced_ = 0;        // the newest that was answered "stored"
  uint64_t highest_id_ = 0;
};

TEST(CheckpointStoreProperty, NothingThatWasAnnouncedIsLostAndNoIdIsUsedTwice) {
  EXPECT_TRUE(rc::check([] {
    const auto retained = *rc::gen::element<int32_t>(1, 1, 2, 3);
    const auto actions = *rc::gen::resize(
        300, rc::gen::container<std::vector<uint32_t>>(rc::gen::resize(1000, rc::gen::arbitrary<uint32_t>())));
    Schedule schedule(retained);
    for (const uint32_t action : actions) schedule.act(action);
    schedule.calm_down();
  }));
}

}  // namespace
}  // namespace onceproof::checkpoint
