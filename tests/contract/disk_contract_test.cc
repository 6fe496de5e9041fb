// SPDX-License-Identifier: Apache-2.0
// What every implementation of env::Disk promises: the simulated host disk and the operating system's files run the
// same suite, and so does SQLite over both. What only a crash can show is in unit/host_disk_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "runtime/env/disk.h"
#include "runtime/real/os_disk.h"
#include "runtime/sqlite/database.h"
#include "simulator/host_disk.h"

namespace onceproof {
namespace {

using env::LockLevel;
using env::OpenMode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct DiskUnderTest {
  virtual ~DiskUnderTest() = default;
  virtual env::Disk& disk() = 0;
};

struct Simulated final : DiskUnderTest {
  env::Disk& disk() override { return host; }
  simulator::HostDisk host{"host", {}, RandomStream(1)};
};

struct OperatingSystem final : DiskUnderTest {
  OperatingSystem() {
    std::string pattern = (std::filesystem::temp_directory_path() / "onceproof-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    os = std::make_unique<real::OsDisk>(root);
  }
  ~OperatingSystem() override { std::filesystem::remove_all(root); }
  env::Disk& disk() override { return *os; }
  std::string root;
  std::unique_ptr<real::OsDisk> os;
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<DiskUnderTest>()> make;
};

class DiskContract : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { under_test_ = GetParam().make(); }
  env::Disk& disk() { return under_test_->disk(); }
  std::unique_ptr<env::DiskFile> open(const std::string& path, OpenMode mode = OpenMode::create) {
    Result<std::unique_ptr<env::DiskFile>> file = disk().open(path, mode);
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
    return file.take();
  }
  void write(env::DiskFile& file, uint64_t offset, ByteView data) { ASSERT_TRUE(file.write_at(offset, data).ok()); }
  static std::string read(env::DiskFile& file, uint64_t offset = 0, size_t size = 100) {
    std::string buffer(size, '?');
    const Result<size_t> count = file.read_at(offset, buffer.data(), size);
    return count.ok() ? buffer.substr(0, count.value()) : "(" + std::string(to_string(count.code())) + ")";
  }

 private:
  std::unique_ptr<DiskUnderTest> under_test_;
};

TEST_P(DiskContract, ReadsWhatWasWrittenAnywhereInTheFile) {
  const auto file = open("f");
  write(*file, 0, "hello world");
  write(*file, 6, "there");
  EXPECT_EQ(read(*file), "hello there");
  EXPECT_EQ(read(*file, 6, 3), "the");
  EXPECT_EQ(read(*file, 9), "re") << "fewer bytes only at the end";
  EXPECT_EQ(read(*file, 11), "");
  EXPECT_EQ(read(*file, 500), "");
  EXPECT_EQ(file->size().value(), 11u);
}

TEST_P(DiskContract, AGapReadsAsZeros) {
  const auto file = open("f");
  write(*file, 3, "x");
  EXPECT_EQ(read(*file), std::string("\0\0\0x", 4));
  ASSERT_TRUE(file->truncate(6).ok());
  EXPECT_EQ(read(*file), std::string("\0\0\0x\0\0", 6));
  ASSERT_TRUE(file->truncate(1).ok());
  write(*file, 2, "y");
  EXPECT_EQ(read(*file), std::string("\0\0y", 3)) << "what was cut off does not come back";
}

TEST_P(DiskContract, TwoOpensSeeTheSameFile) {
  const auto one = open("f");
  const auto other = open("f");
  write(*one, 0, "abc");
  EXPECT_EQ(read(*other), "abc");
  ASSERT_TRUE(one->sync().ok());
  ASSERT_TRUE(disk().sync_directory("").ok());
}

TEST_P(DiskContract, OpenModesMeanWhatTheySay) {
  EXPECT_EQ(disk().open("absent", OpenMode::read_only).code(), ErrorCode::not_found);
  EXPECT_EQ(disk().open("absent", OpenMode::read_write).code(), ErrorCode::not_found);
  EXPECT_FALSE(disk().exists("absent").value());
  write(*open("f", OpenMode::create_exclusive), 0, "abc");
  EXPECT_TRUE(disk().exists("f").value());
  EXPECT_EQ(disk().open("f", OpenMode::create_exclusive).code(), ErrorCode::invalid_argument);
  const auto file = open("f", OpenMode::read_only);
  EXPECT_EQ(read(*file), "abc");
  EXPECT_EQ(file->write_at(0, "x").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(file->truncate(0).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(read(*open("f")), "abc") << "create does not empty what is there";
}

TEST_P(DiskContract, PathsStayBelowTheRoot) {
  for (const char* path : {"", "/etc/passwd", "../f", "a/../f", "a//b", "a/", "./a"}) {
    EXPECT_EQ(disk().open(path, OpenMode::create).code(), ErrorCode::invalid_argument) << path;
    EXPECT_EQ(disk().remove(path).code(), ErrorCode::invalid_argument) << path;
    EXPECT_EQ(disk().exists(path).code(), ErrorCode::invalid_argument) << path;
  }
}

TEST_P(DiskContract, DirectoriesComeWithTheirFilesAndListThem) {
  open("a/b/one");
  open("a/two");
  open("three");
  EXPECT_THAT(disk().list("a").value(), ElementsAre("a/b/one", "a/two"));
  EXPECT_THAT(disk().list("").value(), ElementsAre("a/b/one", "a/two", "three"));
  EXPECT_THAT(disk().list("nowhere").value(), IsEmpty());
  EXPECT_TRUE(disk().sync_directory("a/b").ok());
}

TEST_P(DiskContract, RenameReplacesAndRemoveRemoves) {
  write(*open("old"), 0, "old");
  write(*open("new"), 0, "new");
  ASSERT_TRUE(disk().rename("new", "old").ok());
  EXPECT_EQ(read(*open("old")), "new");
  EXPECT_FALSE(disk().exists("new").value());
  EXPECT_EQ(disk().rename("new", "other").code(), ErrorCode::not_found);
  ASSERT_TRUE(disk().remove("old").ok());
  EXPECT_EQ(disk().remove("old").code(), ErrorCode::not_found);
  EXPECT_THAT(disk().list("").value(), IsEmpty());
}

TEST_P(DiskContract, AnOpenFileOutlivesItsName) {
  const auto file = open("f");
  write(*file, 0, "first");
  ASSERT_TRUE(disk().remove("f").ok());
  write(*open("f"), 0, "second");
  EXPECT_EQ(read(*file), "first");
  write(*file, 5, "!");
  EXPECT_EQ(read(*file), "first!");
  EXPECT_EQ(read(*open("f")), "second");
}

// ---- locks ---------------------------------------------------------------------------------------------------

TEST_P(DiskContract, ReadersShareAndOneReserves) {
  const auto one = open("f"), other = open("f");
  ASSERT_TRUE(one->lock(LockLevel::shared).ok());
  ASSERT_TRUE(other->lock(LockLevel::shared).ok());
  EXPECT_FALSE(other->reserved().value());
  ASSERT_TRUE(one->lock(LockLevel::reserved).ok());
  EXPECT_TRUE(other->reserved().value());
  EXPECT_TRUE(one->reserved().value());
  EXPECT_EQ(other->lock(LockLevel::reserved).code(), ErrorCode::busy);
  ASSERT_TRUE(open("f")->lock(LockLevel::shared).ok()) << "new readers may come";
  ASSERT_TRUE(one->unlock(LockLevel::shared).ok());
  EXPECT_FALSE(other->reserved().value());
  EXPECT_TRUE(other->lock(LockLevel::reserved).ok());
}

TEST_P(DiskContract, ExclusiveWaitsForReadersAndLetsNoNewOnesIn) {
  const auto writer = open("f"), reader = open("f"), late = open("f");
  ASSERT_TRUE(writer->lock(LockLevel::shared).ok());
  ASSERT_TRUE(reader->lock(LockLevel::shared).ok());
  ASSERT_TRUE(writer->lock(LockLevel::reserved).ok());
  EXPECT_EQ(writer->lock(LockLevel::exclusive).code(), ErrorCode::busy);
  EXPECT_EQ(writer->level(), LockLevel::pending);
  EXPECT_EQ(late->lock(LockLevel::shared).code(), ErrorCode::busy);
  ASSERT_TRUE(reader->unlock(LockLevel::none).ok());
  EXPECT_EQ(late->lock(LockLevel::shared).code(), ErrorCode::busy);
  ASSERT_TRUE(writer->lock(LockLevel::exclusive).ok());
  EXPECT_EQ(writer->level(), LockLevel::exclusive);
  EXPECT_EQ(reader->lock(LockLevel::shared).code(), ErrorCode::busy);
  ASSERT_TRUE(writer->unlock(LockLevel::shared).ok());
  EXPECT_TRUE(reader->lock(LockLevel::shared).ok());
  EXPECT_TRUE(late->lock(LockLevel::shared).ok());
}

TEST_P(DiskContract, ExclusiveStraightFromSharedDoesNotLookLikeAWriter) {
  const auto one = open("f"), other = open("f");
  ASSERT_TRUE(one->lock(LockLevel::shared).ok());
  ASSERT_TRUE(other->lock(LockLevel::shared).ok());
  EXPECT_EQ(one->lock(LockLevel::exclusive).code(), ErrorCode::busy);
  EXPECT_FALSE(other->reserved().value()) << "a journal that is being rolled back is still hot";
  ASSERT_TRUE(other->unlock(LockLevel::none).ok());
  EXPECT_TRUE(one->lock(LockLevel::exclusive).ok());
  EXPECT_FALSE(one->reserved().value());
}

TEST_P(DiskContract, ClosingReleasesAndLevelsNeedTheirOrder) {
  const auto file = open("f");
  EXPECT_EQ(file->lock(LockLevel::reserved).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(file->lock(LockLevel::exclusive).code(), ErrorCode::invalid_argument);
  {
    const auto other = open("f");
    ASSERT_TRUE(other->lock(LockLevel::shared).ok());
    EXPECT_EQ(other->lock(LockLevel::pending).code(), ErrorCode::invalid_argument);
    ASSERT_TRUE(other->lock(LockLevel::exclusive).ok());
    EXPECT_TRUE(other->lock(LockLevel::shared).ok()) << "a lower level changes nothing";
    EXPECT_EQ(other->level(), LockLevel::exclusive);
    EXPECT_EQ(file->lock(LockLevel::shared).code(), ErrorCode::busy);
    EXPECT_TRUE(open("g")->lock(LockLevel::shared).ok()) << "another file is another lock";
  }
  EXPECT_TRUE(file->lock(LockLevel::shared).ok());
}

// ---- SQLite --------------------------------------------------------------------------------------------------

class SqliteOverDisk : public DiskContract {
 protected:
  sqlite::Connection connect(const sqlite::Vfs& vfs, sqlite::Journal journal) {
    Result<sqlite::Connection> opened = sqlite::Connection::open(vfs, "data/test.db", {.journal = journal});
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return opened.take();
  }
};

TEST_P(SqliteOverDisk, KeepsDataInEveryJournalMode) {
  sqlite::Vfs vfs("contract", disk());
  using sqlite::Journal;
  for (const Journal journal : {Journal::delete_file, Journal::truncate, Journal::persist, Journal::wal}) {
    sqlite::Connection connection = connect(vfs, journal);
    ASSERT_TRUE(connection.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT, data BLOB)").ok());
    const Status status = connection.transaction([&]() -> Status {
      Result<sqlite::Statement> insert = connection.prepare("INSERT INTO t VALUES (?, ?, ?)");
      if (!insert.ok()) return insert.error();
      insert.value().bind(1, static_cast<int64_t>(journal)).bind_text(2, to_string(journal));
      return insert.value().bind_blob(3, Bytes(9'000, 'x')).run();
    });
    EXPECT_TRUE(status.ok()) << status.error().message;
  }
  sqlite::Connection connection = connect(vfs, Journal::delete_file);
  EXPECT_EQ(connection.text("SELECT group_concat(name) FROM t").value(), "delete,truncate,persist,wal");
  EXPECT_EQ(connection.integer("SELECT sum(length(data)) FROM t").value(), 36'000);
  EXPECT_EQ(connection.text("PRAGMA integrity_check").value(), "ok");
  EXPECT_EQ(connection.text("SELECT date('now')").value(), "2026-01-01") << "time is given, not asked for";
}

TEST_P(SqliteOverDisk, ConnectionsExcludeEachOther) {
  sqlite::Vfs vfs("contract", disk());
  for (const auto journal : {sqlite::Journal::delete_file, sqlite::Journal::wal}) {
    sqlite::Connection one = connect(vfs, journal), other = connect(vfs, journal);
    ASSERT_TRUE(one.exec("CREATE TABLE IF NOT EXISTS t (x)").ok());
    ASSERT_TRUE(one.begin().ok());
    ASSERT_TRUE(one.exec("INSERT INTO t VALUES (1)").ok());
    EXPECT_EQ(other.begin().code(), ErrorCode::busy);
    const int64_t before = other.integer("SELECT count(*) FROM t").value();
    ASSERT_TRUE(one.commit().ok());
    EXPECT_EQ(other.integer("SELECT count(*) FROM t").value(), before + 1);
    EXPECT_TRUE(other.begin().ok());
    EXPECT_TRUE(other.rollback().ok());
  }
}

TEST_P(SqliteOverDisk, AnotherProcessIsKeptOutOfAWriteAheadLog) {
  sqlite::Vfs vfs("contract", disk()), foreign("another-process", disk());
  sqlite::Connection connection = connect(vfs, sqlite::Journal::wal);
  ASSERT_TRUE(connection.exec("CREATE TABLE t (x)").ok());
  EXPECT_EQ(sqlite::Connection::open(foreign, "data/test.db", {}).code(), ErrorCode::busy);
}

TEST_P(SqliteOverDisk, ErrorsAreNamed) {
  sqlite::Vfs vfs("contract", disk());
  sqlite::Connection connection = connect(vfs, sqlite::Journal::delete_file);
  EXPECT_EQ(connection.exec("SELEC 1").code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(connection.exec("CREATE TABLE t (x PRIMARY KEY); INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(connection.transaction([&] { return connection.exec("INSERT INTO t VALUES (1)"); }).code(),
            ErrorCode::invalid_argument);
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_EQ(connection.integer("SELECT x FROM t WHERE x = 7").code(), ErrorCode::not_found);
  write(*open("data/garbage.db"), 0, std::string(8192, 'g'));
  EXPECT_EQ(sqlite::Connection::open(vfs, "data/garbage.db", {}).code(), ErrorCode::corrupt);
}

// The switch to a log commits when its statement ends, after the row that answers "wal".
TEST(SqliteOverSimulatedDisk, AJournalModeThatWasNotCommittedIsAnError) {
  Simulated simulated;
  simulated.host.fail_next({simulator::HostDiskCall::sync_directory, "", 0, ErrorCode::io_error, true, false});
  sqlite::Vfs vfs("contract", simulated.host);
  EXPECT_EQ(sqlite::Connection::open(vfs, "data/test.db", {}).code(), ErrorCode::io_error);
  EXPECT_EQ(simulated.host.faults_applied(), 1u);
}

const auto kImplementations =
    ::testing::Values(Implementation{"Simulated", [] { return std::make_unique<Simulated>(); }},
                      Implementation{"OperatingSystem", [] { return std::make_unique<OperatingSystem>(); }});
const auto kName = [](const ::testing::TestParamInfo<Implementation>& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Disks, DiskContract, kImplementations, kName);
INSTANTIATE_TEST_SUITE_P(Disks, SqliteOverDisk, kImplementations, kName);

}  // namespace
}  // namespace onceproof
