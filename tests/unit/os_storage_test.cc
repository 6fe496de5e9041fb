// SPDX-License-Identifier: Apache-2.0
// OsStorage: what the contract of env::Storage says of a disk that does not crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/real/files.h"
#include "runtime/real/os_storage.h"

namespace onceproof::real {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OsStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "os_storage_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(root_).ok()); }
  std::string root_;
};

// Answers are kept until the call has returned, as an actor's mailbox would.
class Files {
 public:
  explicit Files(const std::string& root)
      : storage_(root, [this](std::function<void()> answer) { answers_.push_back(std::move(answer)); }) {}

  Status append(const std::string& path, ByteView data) {
    return status([&](auto done) { storage_.append(path, data, done); });
  }
  Status sync(const std::string& path) {
    return status([&](auto done) { storage_.sync(path, done); });
  }
  Status rename(const std::string& from, const std::string& to) {
    return status([&](auto done) { storage_.rename(from, to, done); });
  }
  Status sync_directory(const std::string& directory) {
    return status([&](auto done) { storage_.sync_directory(directory, done); });
  }
  Status remove(const std::string& path) {
    return status([&](auto done) { storage_.remove(path, done); });
  }
  Result<env::Storage::Paths> list(const std::string& directory) {
    Result<env::Storage::Paths> result = Error{ErrorCode::timed_out, "no answer"};
    storage_.list(directory, [&](Result<env::Storage::Paths> answer) { result = std::move(answer); });
    answer_all();
    return result;
  }
  Result<Bytes> read(const std::string& path) {
    Result<Bytes> result = Error{ErrorCode::timed_out, "no answer"};
    storage_.read(path, [&](Result<Bytes> answer) { result = std::move(answer); });
    answer_all();
    return result;
  }

 private:
  Status status(const std::function<void(env::Storage::Done)>& call) {
    Status result(ErrorCode::timed_out, "no answer");
    call([&](Status answer) { result = std::move(answer); });
    EXPECT_EQ(result.code(), ErrorCode::timed_out) << "answered within the call";
    answer_all();
    return result;
  }
  void answer_all() {
    const auto answers = std::move(answers_);
    answers_.clear();
    for (const auto& answer : answers) answer();
  }

  std::vector<std::function<void()>> answers_;
  OsStorage storage_;
};

TEST_F(OsStorageTest, AppendsCreateDirectoriesAndAccumulate) {
  Files storage(root_ + "/not/yet/there");
  ASSERT_TRUE(storage.append("chk-1/metadata", "one").ok());
  ASSERT_TRUE(storage.append("chk-1/metadata", "two").ok());
  ASSERT_TRUE(storage.sync("chk-1/metadata").ok());
  EXPECT_EQ(storage.read("chk-1/metadata").value(), "onetwo");
}

TEST_F(OsStorageTest, ARenameReplacesAtOnceAndMayCrossDirectories) {
  Files storage(root_);
  ASSERT_TRUE(storage.append("a/temporary", "new").ok());
  ASSERT_TRUE(storage.append("b/final", "old").ok());
  ASSERT_TRUE(storage.rename("a/temporary", "b/final").ok());
  ASSERT_TRUE(storage.sync_directory("b").ok());
  EXPECT_EQ(storage.read("b/final").value(), "new");
  EXPECT_EQ(storage.read("a/temporary").code(), ErrorCode::not_found);
}

TEST_F(OsStorageTest, TheListHoldsFullPathsSortedAndFilesOnly) {
  Files storage(root_);
  for (const char* path : {"chk/b", "chk/a/deep", "other"}) ASSERT_TRUE(storage.append(path, "x").ok());
  EXPECT_THAT(storage.list("chk").value(), ElementsAre("chk/a/deep", "chk/b"));
  EXPECT_THAT(storage.list("").value(), ElementsAre("chk/a/deep", "chk/b", "other"));
  EXPECT_THAT(storage.list("absent").value(), IsEmpty());
}

TEST_F(OsStorageTest, RemovingTwiceIsFine) {
  Files storage(root_);
  ASSERT_TRUE(storage.append("file", "x").ok());
  EXPECT_TRUE(storage.remove("file").ok());
  EXPECT_TRUE(storage.remove("file").ok());
  EXPECT_TRUE(storage.remove("no/such/folder").ok());
  EXPECT_EQ(storage.read("file").code(), ErrorCode::not_found);
  EXPECT_EQ(storage.sync("file").code(), ErrorCode::not_found);
}

TEST_F(OsStorageTest, PathsDoNotLeaveTheRoot) {
  Files storage(root_ + "/inside");
  for (const char* path : {"../outside", "a/../../outside", "/outside", ".."}) {
    EXPECT_EQ(storage.append(path, "x").code(), ErrorCode::invalid_argument) << path;
    EXPECT_EQ(storage.read(path).code(), ErrorCode::invalid_argument) << path;
  }
  EXPECT_FALSE(exists(root_ + "/outside"));
  EXPECT_TRUE(storage.append("..name", "two dots may begin a name").ok());
}

}  // namespace
}  // namespace onceproof::real
