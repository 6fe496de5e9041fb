// SPDX-License-Identifier: Apache-2.0
// What every implementation of env::Storage promises: the simulated disk and the operating system's files run
// the same suite. What only a simulated crash can show is in unit/simulated_disk_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "runtime/env/storage.h"
#include "simulator/world.h"
#include "tests/support/memory_storage.h"
#include "tests/support/world_actors.h"
#if __has_include("runtime/real/os_storage.h")
#include "runtime/real/os_storage.h"
#define ONCEPROOF_HAS_OS_STORAGE 1
#endif

namespace onceproof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The storage belongs to one actor; settle() lets everything happen that was asked for.
class StorageUnderTest {
 public:
  virtual ~StorageUnderTest() = default;
  virtual env::Storage& storage() = 0;
  virtual void settle() = 0;
};

class Simulated final : public StorageUnderTest {
 public:
  Simulated() {
    world_.add_process("p", test::actor([this](env::Env& env, env::Mail&) { env_ = &env; }));
    settle();
  }
  env::Storage& storage() override { return env_->storage(); }
  void settle() override { world_.run_until(world_.now() + seconds(1)); }

 private:
  simulator::World world_{simulator::WorldOptions{}};
  env::Env* env_ = nullptr;
};

class InMemory final : public StorageUnderTest {
 public:
  env::Storage& storage() override { return storage_; }
  void settle() override { storage_.run(); }

 private:
  tests::MemoryStorage storage_;
};

#ifdef ONCEPROOF_HAS_OS_STORAGE
class OperatingSystem final : public StorageUnderTest {
 public:
  OperatingSystem()
      : storage_(fresh_directory(), [this](std::function<void()> answer) { answers_.push_back(std::move(answer)); }) {}
  ~OperatingSystem() override { std::filesystem::remove_all(root_); }
  env::Storage& storage() override { return storage_; }
  void settle() override {
    while (!answers_.empty()) {
      const auto answer = std::move(answers_.front());
      answers_.pop_front();
      answer();
    }
  }

 private:
  std::string fresh_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "onceproof-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    return root_;
  }
  std::string root_;
  std::deque<std::function<void()>> answers_;
  real::OsStorage storage_;
};
#endif

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<StorageUnderTest>()> make;
};

class StorageContract : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { under_test_ = GetParam().make(); }
  env::Storage& storage() { return under_test_->storage(); }
  void settle() { under_test_->settle(); }
  // Each waits for its answer, which must come later than the call.
  ErrorCode status_of(const std::function<void(env::Storage::Done)>& call) {
    std::optional<ErrorCode> answer;
    call([&](const Status& status) { answer = status.code(); });
    EXPECT_FALSE(answer.has_value()) << "answered within the call";
    settle();
    EXPECT_TRUE(answer.has_value()) << "never answered";
    return answer.value_or(ErrorCode::timed_out);
  }
  ErrorCode append(const std::string& path, ByteView data) {
    return status_of([&](auto done) { storage().append(path, data, done); });
  }
  ErrorCode sync(const std::string& path) {
    return status_of([&](auto done) { storage().sync(path, done); });
  }
  ErrorCode rename(const std::string& from, const std::string& to) {
    return status_of([&](auto done) { storage().rename(from, to, done); });
  }
  ErrorCode sync_directory(const std::string& directory) {
    return status_of([&](auto done) { storage().sync_directory(directory, done); });
  }
  ErrorCode remove(const std::string& path) {
    return status_of([&](auto done) { storage().remove(path, done); });
  }
  std::vector<std::string> list(const std::string& directory) {
    std::vector<std::string> paths = {"(no answer)"};
    storage().list(directory, [&](Result<env::Storage::Paths> answer) { paths = answer.take(); });
    settle();
    return paths;
  }
  std::string content(const std::string& path) {
    std::string content = "(no answer)";
    storage().read(path, [&](const Result<Bytes>& data) {
      content = data.ok() ? data.value() : "(" + std::string(to_string(data.code())) + ")";
    });
    EXPECT_EQ(content, "(no answer)") << "answered within the call";
    settle();
    return content;
  }
  void write(const std::string& path, ByteView data) { ASSERT_EQ(append(path, data), ErrorCode::ok); }

 private:
  std::unique_ptr<StorageUnderTest> under_test_;
};

TEST_P(StorageContract, AppendsAddToTheEndAndAreSeenAtOnce) {
  write("a/b/file", "one");
  write("a/b/file", std::string("\0two", 4));
  EXPECT_EQ(content("a/b/file"), std::string("one\0two", 7));
  EXPECT_EQ(sync("a/b/file"), ErrorCode::ok);
  EXPECT_EQ(content("a/b/file"), std::string("one\0two", 7));
}

TEST_P(StorageContract, EmptyAppendMakesAnEmptyFile) {
  write("empty", "");
  EXPECT_EQ(content("empty"), "");
}

TEST_P(StorageContract, AbsentFileIsNotFound) {
  EXPECT_EQ(content("no/such"), "(not found)");
  EXPECT_EQ(sync("no/such"), ErrorCode::not_found);
  EXPECT_EQ(rename("no/such", "other"), ErrorCode::not_found);
}

TEST_P(StorageContract, RenameReplacesItsTarget) {
  write("d/new", "new");
  write("d/current", "old");
  EXPECT_EQ(rename("d/new", "d/current"), ErrorCode::ok);
  EXPECT_EQ(sync_directory("d"), ErrorCode::ok);
  EXPECT_EQ(content("d/current"), "new");
  EXPECT_EQ(content("d/new"), "(not found)");
}

TEST_P(StorageContract, RemovedFileIsGoneAndRemovingItAgainIsFine) {
  write("f", "x");
  EXPECT_EQ(remove("f"), ErrorCode::ok);
  EXPECT_EQ(remove("f"), ErrorCode::ok);
  EXPECT_EQ(content("f"), "(not found)");
}

TEST_P(StorageContract, ListGivesFullPathsOfAllFilesBelowSorted) {
  write("d/b", "x");
  write("d/a/deep", "x");
  write("d/c", "x");
  write("d2/other", "x");
  EXPECT_THAT(list("d"), ElementsAre("d/a/deep", "d/b", "d/c"));
}

TEST_P(StorageContract, AbsentDirectoryListsAsEmpty) { EXPECT_THAT(list("nowhere"), IsEmpty()); }

TEST_P(StorageContract, CallsOnOnePathTakeEffectInTheirOrder) {
  std::vector<std::string> answers;
  const auto done = [&](const char* name) {
    return [&answers, name](const Status& status) {
      answers.push_back(name + std::string(status.ok() ? "" : " failed"));
    };
  };
  storage().append("d/a", std::string(100'000, 'x'), done("append"));  // takes longer than what follows
  storage().sync("d/a", done("sync"));
  storage().rename("d/a", "d/b", done("rename"));
  storage().append("d/b", "y", done("append again"));
  std::string content;
  storage().read("d/b", [&](const Result<Bytes>& data) { content = data.ok() ? data.value() : "(absent)"; });
  settle();
  EXPECT_THAT(answers, ElementsAre("append", "sync", "rename", "append again"));
  EXPECT_EQ(content.size(), 100'001u);
}

const Implementation kImplementations[] = {
    {"simulated", [] { return std::make_unique<Simulated>(); }},
    {"in_memory", [] { return std::make_unique<InMemory>(); }},
#ifdef ONCEPROOF_HAS_OS_STORAGE
    {"operating_system", [] { return std::make_unique<OperatingSystem>(); }},
#endif
};
INSTANTIATE_TEST_SUITE_P(All, StorageContract, ::testing::ValuesIn(kImplementations),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace onceproof
