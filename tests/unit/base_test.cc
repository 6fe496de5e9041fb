// SPDX-License-Identifier: Apache-2.0
// runtime/base: results, the byte codec at its edges, random streams, positions and lineage, hashes, seeded bugs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"
#include "runtime/base/lineage.h"
#include "runtime/base/random.h"
#include "runtime/base/result.h"
#include "runtime/base/seeded_bugs.h"

namespace onceproof {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TEST(Result, HoldsAValueOrAnError) {
  Result<int> good(7);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.code(), ErrorCode::ok);
  EXPECT_EQ(good.value(), 7);
  const Result<int> bad(Error{ErrorCode::not_found, "no such file"});
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.code(), ErrorCode::not_found);
  EXPECT_EQ(bad.error().message, "no such file");
}

TEST(Result, GivesUpAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  EXPECT_EQ(*result.take(), 3);
}

TEST(ResultDeathTest, TheValueOfAnErrorIsABug) {
  const Result<int> bad(Error{ErrorCode::io_error, ""});
  EXPECT_DEATH((void)bad.value(), "value\\(\\) of an error");
}

TEST(ResultDeathTest, AnErrorWithoutACodeIsABug) { EXPECT_DEATH(Result<int>(Error{}), "an error needs a code"); }

TEST(Status, IsOkUnlessItSaysOtherwise) {
  EXPECT_TRUE(Status().ok());
  const Status status(ErrorCode::producer_fenced, "epoch 3 < 4");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), ErrorCode::producer_fenced);
  EXPECT_STREQ(to_string(status.code()), "PRODUCER_FENCED");
}

TEST(ByteCodec, IntegersSurviveAtTheirLimits) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.fixed(INT64_MIN);
  writer.fixed(uint8_t{255});
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, UINT64_MAX}) writer.varint(value);
  writer.string("word");
  EXPECT_EQ(bytes.size(), 8 + 1 + 1 + 1 + 2 + 10 + 5u);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<int64_t>(), INT64_MIN);
  EXPECT_EQ(reader.fixed<uint8_t>(), 255);
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, UINT64_MAX})
    EXPECT_EQ(reader.varint(), value);
  EXPECT_EQ(reader.string(), "word");
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, ATruncatedInputFailsAndStaysFailed) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.fixed<uint32_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.fixed<uint8_t>(), 0u);  // although a byte was there
  EXPECT_EQ(reader.string(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, ALengthBeyondTheEndIsATruncation) {
  Bytes bytes;
  ByteWriter(bytes).varint(UINT64_MAX);
  bytes += "abc";
  ByteReader reader(bytes);
  EXPECT_EQ(reader.string(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, AVarintWithoutAnEndIsATruncation) {
  ByteReader open_ended("\x80\x80");
  EXPECT_EQ(open_ended.varint(), 0u);
  EXPECT_FALSE(open_ended.ok());
  const Bytes endless(11, '\x80');
  ByteReader too_long(endless);
  EXPECT_EQ(too_long.varint(), 0u);
  EXPECT_FALSE(too_long.ok());
}

struct Message {
  int32_t id = 0;
  std::string name;
  std::vector<std::string> words;
  std::map<std::string, int64_t> offsets;
  template <class Archive>
  void fields(Archive& archive) {
    archive(id, name, words, offsets);
  }
};

TEST(MessageCodec, EveryPrefixAndEveryExtensionIsRefused) {
  const Bytes whole = encode(Message{7, "name", {"a", "", "c"}, {{"p0", 5}, {"p1", -1}}});
  Message copy;
  ASSERT_TRUE(decode(whole, copy));
  EXPECT_EQ(encode(copy), whole);
  EXPECT_THAT(copy.words, ElementsAre("a", "", "c"));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode(ByteView(whole).substr(0, size), copy)) << size;
  EXPECT_FALSE(decode(whole + '\0', copy));
}

TEST(RandomStream, AForkDoesNotDependOnWhatItsParentDrew) {
  RandomStream parent(42);
  RandomStream before = parent.fork("network");
  for (int i = 0; i < 100; ++i) parent.next();
  RandomStream after = parent.fork("network");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(before.next(), after.next());
}

TEST(RandomStream, ForksOfDifferentNamesOrIndicesDiffer) {
  const RandomStream parent(42);
  EXPECT_NE(parent.fork("network").next(), parent.fork("disk").next());
  EXPECT_NE(parent.fork("network", 0).next(), parent.fork("network", 1).next());
  EXPECT_NE(parent.fork("network").next(), RandomStream(43).fork("network").next());
}

TEST(RandomStream, DrawingFromOneForkDoesNotShiftAnother) {
  const RandomStream parent(1);
  RandomStream noisy = parent.fork("a");
  RandomStream quiet = parent.fork("b");
  const uint64_t first = RandomStream(parent).fork("b").next();
  for (int i = 0; i < 50; ++i) noisy.next();
  EXPECT_EQ(quiet.next(), first);
  EXPECT_EQ(noisy.position(), 50u);
  EXPECT_EQ(quiet.position(), 1u);
}

TEST(RandomStream, NumbersStayInTheirRangeAndReachItsEnds) {
  RandomStream random(7);
  std::map<int64_t, int> seen;
  for (int i = 0; i < 1000; ++i) ++seen[random.between(-2, 2)];
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen.begin()->first, -2);
  EXPECT_EQ(seen.rbegin()->first, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(random.percent(0));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(random.percent(100));
}

TEST(RandomStreamDeathTest, AnEmptyRangeHasNoValue) {
  RandomStream random(7);
  EXPECT_DEATH(random.below(0), "no value");
  EXPECT_DEATH(random.between(2, 1), "no value");
}

TEST(Position, PartsSurvivePackingAtTheirLimits) {
  const Position largest = make_position(kMaxPartition, kMaxOffset, kMaxOrdinal);
  EXPECT_EQ(largest, UINT64_MAX);
  EXPECT_EQ(partition_of(largest), kMaxPartition);
  EXPECT_EQ(offset_of(largest), kMaxOffset);
  EXPECT_EQ(ordinal_of(largest), kMaxOrdinal);
  const Position some = make_position(3, 1'000'000, 17);
  EXPECT_EQ(partition_of(some), 3u);
  EXPECT_EQ(offset_of(some), 1'000'000u);
  EXPECT_EQ(ordinal_of(some), 17u);
}

TEST(Position, NumericOrderIsPartitionThenOffsetThenOrdinal) {
  EXPECT_LT(make_position(0, kMaxOffset, kMaxOrdinal), make_position(1, 0, 0));
  EXPECT_LT(make_position(0, 0, kMaxOrdinal), make_position(0, 1, 0));
}

TEST(Lineage, AStoredContributionCountedTwiceStandsInItTwice) {
  const Position a = make_position(0, 5), b = make_position(0, 6);
  const Lineage lineage{b, a, b};
  Lineage out{a};
  ASSERT_TRUE(decode_lineage(lineage.view().raw(), out));  // appends
  EXPECT_THAT(out, ElementsAre(a, b, a, b));
  out.sort();
  EXPECT_THAT(out, ElementsAre(a, a, b, b));
}

TEST(Lineage, ALineageThatEndsInsideAPositionIsRefused) {
  const Lineage lineage{make_position(1, 1), make_position(1, 2), make_position(7, 3)};
  const ByteView bytes = lineage.view().raw();
  Lineage out;
  EXPECT_FALSE(decode_lineage(bytes.substr(0, bytes.size() - 1), out));
  EXPECT_TRUE(decode_lineage("", out));
  EXPECT_TRUE(out.empty());
}

// One, as many as lie in the object itself, one more, many: copied, moved and assigned over each other.
TEST(Lineage, KeepsItsPositionsWhereverTheyLie) {
  for (const size_t count : {0u, 1u, 2u, 3u, 100u}) {
    Lineage grown;
    std::vector<Position> expected;
    for (size_t i = 0; i < count; ++i) {
      grown.push_back(make_position(1, i));
      expected.push_back(make_position(1, i));
    }
    const Lineage copy = grown;
    EXPECT_EQ(copy, grown);
    const Lineage moved = std::move(grown);
    EXPECT_THAT(moved, ElementsAreArray(expected));
    for (Lineage other : {Lineage{}, Lineage{7}, Lineage{7, 8, 9}}) {
      other = copy;
      EXPECT_THAT(other, ElementsAreArray(expected));
      other.append(copy.view());
      EXPECT_EQ(other.size(), 2 * count);
      EXPECT_THAT(copy, ElementsAreArray(expected));
    }
  }
}

TEST(Lineage, IsSortedAsNumbersAndEqualOnlyToTheSame) {
  Lineage lineage{5, 3, 4};
  lineage.sort();
  EXPECT_THAT(lineage, ElementsAre(3, 4, 5));
  EXPECT_FALSE(lineage == (Lineage{3, 4}));
  EXPECT_FALSE(lineage == (Lineage{3, 4, 6}));
}

TEST(Lineage, AViewReadsUnalignedPositions) {
  Bytes bytes = "x";
  ByteWriter writer(bytes);
  writer.fixed(make_position(0, 1));
  writer.fixed(make_position(0, 2));
  const LineageView view(ByteView(bytes).substr(1));
  ASSERT_EQ(view.count(), 2u);
  EXPECT_EQ(view[1], make_position(0, 2));
}

TEST(Hash, ValuesAreTheSameOnEveryMachine) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2ull);  // XXH3's published value
  EXPECT_EQ(to_string(Hash128{0x1, 0xab}), "00000000000000ab0000000000000001");
  EXPECT_EQ(to_string(hash128("", 0)), "99aa06d3014798d86001c324468d497f");
  static_assert(name_hash("") == 0xcbf29ce484222325ull);
}

TEST(SeededBugs, NamesAreFoundAndSwitchesAreIndependent) {
  for (int i = 0; i < kSeededBugCount; ++i) {
    const SeededBugInfo& info = seeded_bug_info(i);
    EXPECT_EQ(seeded_bug_named(info.name), info.bug);
    SeededBugs bugs;
    EXPECT_TRUE(bugs.empty());
    bugs.add(info.bug);
    for (int j = 0; j < kSeededBugCount; ++j) EXPECT_EQ(bugs.has(static_cast<SeededBug>(j)), i == j);
  }
  EXPECT_FALSE(seeded_bug_named("no-such-bug").has_value());
}

}  // namespace
}  // namespace onceproof
