// SPDX-License-Identifier: Apache-2.0
// What every implementation of env::Storage promises: the simulated disk and the operating system's files run
// the same suite. What only a simulated crash can show is in unit/simulated_disk_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "runtime/env/storage.h"
#include "simulator/disk.h"
#if __has_include("runtime/real/os_storage.h")
#include "runtime/real/os_storage.h"
#define ONCEPROOF_HAS_OS_STORAGE 1
#endif

namespace onceproof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StorageUnderTest {
 public:
  virtual ~StorageUnderTest() = default;
  virtual env::Storage& storage() = 0;
};

class Simulated final : public StorageUnderTest, public env::Storage {
 public:
  env::Storage& storage() override { return *this; }
  Status append(const std::string& path, ByteView data) override { return disk_.append(0, "p", path, data); }
  Status sync(const std::string& path) override { return disk_.sync("p", path); }
  Status rename(const std::string& from, const std::string& to) override { return disk_.rename(0, from, to); }
  Status sync_directory(const std::string& directory) override { return disk_.sync_directory(directory); }
  Status remove(const std::string& path) override { return disk_.remove(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return disk_.list(directory); }
  Result<Bytes> read(const std::string& path) override { return disk_.read(path); }

 private:
  simulator::SimulatedDisk disk_{simulator::DiskOptions{}, RandomStream(1)};
};

#ifdef ONCEPROOF_HAS_OS_STORAGE
class OperatingSystem final : public StorageUnderTest {
 public:
  OperatingSystem() : storage_(fresh_directory()) {}
  ~OperatingSystem() override { std::filesystem::remove_all(root_); }
  env::Storage& storage() override { return storage_; }

 private:
  std::string fresh_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "onceproof-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    return root_;
  }
  std::string root_;
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
  std::string content(const std::string& path) {
    const Result<Bytes> data = storage().read(path);
    return data.ok() ? data.value() : "(" + std::string(to_string(data.code())) + ")";
  }
  void write(const std::string& path, ByteView data) { ASSERT_TRUE(storage().append(path, data).ok()); }

 private:
  std::unique_ptr<StorageUnderTest> under_test_;
};

TEST_P(StorageContract, AppendsAddToTheEndAndAreSeenAtOnce) {
  write("a/b/file", "one");
  write("a/b/file", std::string("\0two", 4));
  EXPECT_EQ(content("a/b/file"), std::string("one\0two", 7));
  EXPECT_TRUE(storage().sync("a/b/file").ok());
  EXPECT_EQ(content("a/b/file"), std::string("one\0two", 7));
}

TEST_P(StorageContract, EmptyAppendMakesAnEmptyFile) {
  write("empty", "");
  EXPECT_EQ(content("empty"), "");
}

TEST_P(StorageContract, AbsentFileIsNotFound) {
  EXPECT_EQ(storage().read("no/such").code(), ErrorCode::not_found);
  EXPECT_EQ(storage().sync("no/such").code(), ErrorCode::not_found);
  EXPECT_EQ(storage().rename("no/such", "other").code(), ErrorCode::not_found);
}

TEST_P(StorageContract, RenameReplacesItsTarget) {
  write("d/new", "new");
  write("d/current", "old");
  EXPECT_TRUE(storage().rename("d/new", "d/current").ok());
  EXPECT_TRUE(storage().sync_directory("d").ok());
  EXPECT_EQ(content("d/current"), "new");
  EXPECT_EQ(storage().read("d/new").code(), ErrorCode::not_found);
}

TEST_P(StorageContract, RemovedFileIsGoneAndRemovingItAgainIsFine) {
  write("f", "x");
  EXPECT_TRUE(storage().remove("f").ok());
  EXPECT_TRUE(storage().remove("f").ok());
  EXPECT_EQ(storage().read("f").code(), ErrorCode::not_found);
}

TEST_P(StorageContract, ListGivesFullPathsOfAllFilesBelowSorted) {
  write("d/b", "x");
  write("d/a/deep", "x");
  write("d/c", "x");
  write("d2/other", "x");
  const auto listed = storage().list("d");
  ASSERT_TRUE(listed.ok());
  EXPECT_THAT(listed.value(), ElementsAre("d/a/deep", "d/b", "d/c"));
}

TEST_P(StorageContract, AbsentDirectoryListsAsEmpty) {
  const auto listed = storage().list("nowhere");
  ASSERT_TRUE(listed.ok());
  EXPECT_THAT(listed.value(), IsEmpty());
}

const Implementation kImplementations[] = {
    {"simulated", [] { return std::make_unique<Simulated>(); }},
#ifdef ONCEPROOF_HAS_OS_STORAGE
    {"operating_system", [] { return std::make_unique<OperatingSystem>(); }},
#endif
};
INSTANTIATE_TEST_SUITE_P(All, StorageContract, ::testing::ValuesIn(kImplementations),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace onceproof
