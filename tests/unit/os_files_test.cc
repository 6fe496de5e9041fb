// SPDX-License-Identifier: Apache-2.0
// Files, terminal, clock and program facts of the operating system.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/real/allocator.h"
#include "runtime/real/append_file.h"
#include "runtime/real/files.h"
#include "runtime/real/program.h"
#include "runtime/real/terminal.h"
#include "runtime/real/wall_clock.h"

namespace onceproof::real {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class OsFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "os_files_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(root_).ok()); }
  std::string root_;
};

TEST_F(OsFiles, AFileAboveTheLimitIsNotReadWhetherItTellsItsSizeOrNot) {
  ASSERT_TRUE(write_file_atomically(root_ + "/file", "12345").ok());
  EXPECT_EQ(read_file(root_ + "/file", 5).value(), "12345");
  EXPECT_EQ(read_file(root_ + "/file", 4).code(), ErrorCode::offset_out_of_range);
  EXPECT_EQ(read_file("/dev/zero", 1'000'000).code(), ErrorCode::offset_out_of_range);
}

TEST_F(OsFiles, UniqueDirectoriesAreDifferentAndOpenToOthers) {
  const std::string first = make_unique_directory(root_ + "/a/b/run-").value();
  const std::string second = make_unique_directory(root_ + "/a/b/run-").value();
  EXPECT_NE(first, second);
  EXPECT_THAT(first, HasSubstr("/a/b/run-"));
  struct stat about {}, usual {};
  ASSERT_EQ(::mkdir((root_ + "/usual").c_str(), 0777), 0);
  ASSERT_EQ(::stat(first.c_str(), &about), 0);
  ASSERT_EQ(::stat((root_ + "/usual").c_str(), &usual), 0);
  EXPECT_EQ(about.st_mode, usual.st_mode);
}

TEST_F(OsFiles, EmptyDirectoriesAreTakenAwayUpToTheOutermostOneAndOnlyWhenEmpty) {
  const std::string inner = root_ + "/a/b/c";
  const std::string missing = first_missing(inner);
  EXPECT_EQ(missing, root_ + "/a");
  ASSERT_TRUE(make_directories(inner).ok());
  EXPECT_EQ(first_missing(inner), "");
  ASSERT_TRUE(write_file_atomically(root_ + "/a/kept", "").ok());
  remove_empty_directories(inner, missing);
  EXPECT_THAT(list_directory(root_ + "/a").value(), ElementsAre("kept"));
  remove_empty_directories(root_ + "/a", "");
  EXPECT_TRUE(exists(root_ + "/a/kept"));
}

TEST_F(OsFiles, AnAppendFileBeginsWithItsFirstLineWhateverWasLeftOfIt) {
  const std::string path = root_ + "/state";
  for (const char* left : {"absent", "", "whose", "whose it is", "whose it is\n"}) {
    if (std::string(left) != "absent") ASSERT_TRUE(write_file_atomically(path, left).ok());
    Result<AppendFile> file = AppendFile::open(path, "whose it is");
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file.value().content(), "whose it is\n") << left;
    ASSERT_TRUE(file.value().append("one").ok());
    EXPECT_EQ(read_file(path).value(), "whose it is\none\n");
    EXPECT_THAT(list_directory(root_).value(), ElementsAre("state")) << "no temporary file stays";
    ASSERT_TRUE(file.value().remove().ok());
  }
}

TEST_F(OsFiles, AnAppendFileDropsATornLastLineAndLeavesAnotherFileAsItIs) {
  const std::string path = root_ + "/state";
  ASSERT_TRUE(write_file_atomically(path, "whose it is\none\ntwo, torn").ok());
  EXPECT_EQ(AppendFile::open(path, "whose it is").value().content(), "whose it is\none\n");
  EXPECT_EQ(read_file(path).value(), "whose it is\none\n");
  ASSERT_TRUE(write_file_atomically(path, "another's, torn").ok());
  EXPECT_EQ(AppendFile::open(path, "whose it is").value().content(), "");
  EXPECT_EQ(read_file(path).value(), "another's, torn");
}

TEST_F(OsFiles, AnAppendFileHasOneOwnerAtATime) {
  const std::string path = root_ + "/state";
  {
    Result<AppendFile> owner = AppendFile::open(path, "whose it is");
    EXPECT_EQ(AppendFile::open(path, "whose it is").code(), ErrorCode::busy);
  }
  EXPECT_TRUE(AppendFile::open(path, "whose it is").ok());
}

TEST_F(OsFiles, AFileIsReadBackAsItWasWrittenWithZeroBytesAndBeyondOneChunk) {
  std::string content("a\0b\r\n\xff", 6);
  content.resize(200'000, 'x');
  ASSERT_TRUE(write_file_atomically(root_ + "/file", content).ok());
  EXPECT_EQ(read_file(root_ + "/file").value(), content);
}

TEST_F(OsFiles, AnAtomicWriteReplacesAndLeavesNothingElseBehind) {
  ASSERT_TRUE(write_file_atomically(root_ + "/file", "old and longer").ok());
  ASSERT_TRUE(write_file_atomically(root_ + "/file", "new").ok());
  EXPECT_EQ(read_file(root_ + "/file").value(), "new");
  EXPECT_THAT(list_directory(root_).value(), ElementsAre("file"));
}

TEST_F(OsFiles, AFailedAtomicWriteLeavesTheOldContentAndNoTemporaryFile) {
  ASSERT_TRUE(make_directories(root_ + "/target/child").ok());  // a directory cannot be replaced by a file
  EXPECT_FALSE(write_file_atomically(root_ + "/target", "text").ok());
  EXPECT_THAT(list_directory(root_).value(), ElementsAre("target"));
}

TEST_F(OsFiles, AMissingFileIsNotFoundAndNamesItsPath) {
  const auto result = read_file(root_ + "/absent");
  EXPECT_EQ(result.code(), ErrorCode::not_found);
  EXPECT_THAT(result.error().message, HasSubstr(root_ + "/absent: No such file or directory"));
}

TEST_F(OsFiles, ADirectoryIsNoInput) {
  const auto result = read_file(root_);
  EXPECT_EQ(result.code(), ErrorCode::invalid_argument);
  EXPECT_THAT(result.error().message, HasSubstr("Is a directory"));
}

TEST_F(OsFiles, AnUnreadableFileSaysSo) {
  ASSERT_TRUE(write_file_atomically(root_ + "/secret", "text").ok());
  ASSERT_EQ(::chmod((root_ + "/secret").c_str(), 0), 0);
  // Permissions do not bind root: the errno's translation is what both users can see.
  const Error error =
      ::geteuid() == 0 ? system_error("read", root_ + "/secret", EACCES) : read_file(root_ + "/secret").error();
  EXPECT_EQ(error.code, ErrorCode::io_error);
  EXPECT_THAT(error.message, HasSubstr("secret: Permission denied"));
}

TEST_F(OsFiles, AppendingCreatesThenExtends) {
  ASSERT_TRUE(append_to_file(root_ + "/log", "one\n").ok());
  ASSERT_TRUE(append_to_file(root_ + "/log", "two\n").ok());
  EXPECT_EQ(read_file(root_ + "/log").value(), "one\ntwo\n");
}

TEST_F(OsFiles, NamesAreListedSorted) {
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(make_directories(root_ + "/" + name).ok());
  EXPECT_THAT(list_directory(root_).value(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(list_directory(root_ + "/absent").code(), ErrorCode::not_found);
  EXPECT_TRUE(is_directory(root_ + "/a"));
  EXPECT_FALSE(exists(root_ + "/absent"));
}

TEST_F(OsFiles, ARenameMovesAWholeFolder) {
  ASSERT_TRUE(make_directories(root_ + "/from/inner").ok());
  ASSERT_TRUE(rename_path(root_ + "/from", root_ + "/to").ok());
  EXPECT_TRUE(is_directory(root_ + "/to/inner"));
  EXPECT_EQ(rename_path(root_ + "/from", root_ + "/to").code(), ErrorCode::not_found);
}

TEST_F(OsFiles, AFileIsNoTerminalAndHasNoColour) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(is_terminal(ends[1]));
  EXPECT_FALSE(color_allowed(ends[1]));
  EXPECT_EQ(terminal_columns(ends[1]), 80);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(OsFiles, AnEmptyVariableIsNotAnUnsetOne) {
  ::setenv("ONCEPROOF_TEST_VARIABLE", "", 1);
  EXPECT_EQ(environment("ONCEPROOF_TEST_VARIABLE"), "");
  ::unsetenv("ONCEPROOF_TEST_VARIABLE");
  EXPECT_EQ(environment("ONCEPROOF_TEST_VARIABLE"), std::nullopt);
}

TEST_F(OsFiles, TimestampsSortAndFitIntoFileNames) {
  EXPECT_THAT(local_timestamp(), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}"));
  const double before = monotonic_seconds();
  EXPECT_LE(before, monotonic_seconds());
  EXPECT_GT(epoch_us(), seconds(1'700'000'000));
}

TEST_F(OsFiles, TheProgramKnowsItselfAndItsMachine) {
  EXPECT_THAT(program_path(), HasSubstr("os_files_test"));
  EXPECT_GE(cpu_count(), 1);
  EXPECT_THAT(build_info(), HasSubstr("optimised"));
  EXPECT_STRNE(program_version(), "");
}

#if !defined(__SANITIZE_ADDRESS__)  // it brings its own allocator
TEST_F(OsFiles, AnAllocationFillShowsInFreshMemory) {
  ASSERT_TRUE(set_allocation_fill(0x5a));
  auto* memory = static_cast<volatile unsigned char*>(std::malloc(4096));
  const unsigned char seen = memory[1234];
  std::free(const_cast<unsigned char*>(memory));
  set_allocation_fill(0);
  EXPECT_EQ(seen, 0xa5);
}
#endif

}  // namespace
}  // namespace onceproof::real
