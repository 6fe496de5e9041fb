// SPDX-License-Identifier: Apache-2.0
// The terminal table and the text helpers beneath it: widths in columns, no trailing space, safe words.
#include "reports/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/text.h"

namespace onceproof::reports {
namespace {

using checkers::Guarantee;
using checkers::Outcome;
using checkers::RunReport;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  size_t from = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  EXPECT_EQ(from, text.size()) << "every line ends with a newline";
  return lines;
}

RunReport run_claiming(Guarantee guarantee) {
  RunReport run;
  run.verdict.claimed = run.verdict.observed = guarantee;
  run.verdict.outcome = Outcome::valid;
  run.verdict.counts.expected = 107'431;
  run.verdict.evidence = "All words came.";
  return run;
}

TEST(Text, replaces_each_maximal_bad_sequence_once_and_keeps_what_is_good) {
  EXPECT_EQ(valid_utf8("na\xc3\xafve"), "naïve");
  EXPECT_EQ(valid_utf8("a\xff\xfe"
                       "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
  EXPECT_EQ(valid_utf8("\xe2\x82"), "\xef\xbf\xbd") << "cut off at the end";
  EXPECT_EQ(valid_utf8("\xed\xa0\x80x"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx") << "a surrogate";
  EXPECT_EQ(valid_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd") << "overlong";
  EXPECT_EQ(valid_utf8("\xf0\x9f\x90\xb3"), "🐳");
}

TEST(Text, makes_control_characters_visible_and_disarms_bidirectional_overrides) {
  EXPECT_EQ(printable("a\tb\x1b[31m"), "a␉b␛[31m");
  EXPECT_EQ(printable("\xe2\x80\xaegnp"), "\xef\xbf\xbdgnp");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Text, escapes_for_html_and_xml) {
  EXPECT_EQ(html_escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(xml_escape(std::string("a\0b\x01", 4)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
  EXPECT_EQ(xml_escape("\xef\xbf\xbe\n"), "\xef\xbf\xbd&#10;") << "U+FFFE is no XML character";
}

TEST(Text, counts_columns_and_not_bytes) {
  EXPECT_EQ(display_width("naïve"), 5u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u) << "a combining accent";
}

TEST(Text, wraps_at_spaces_and_lets_a_long_word_stand_alone) {
  EXPECT_THAT(wrap("one two three", 7), ::testing::ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("a incomprehensibilities b", 5), ::testing::ElementsAre("a", "incomprehensibilities", "b"));
  EXPECT_THAT(wrap("", 5), ::testing::ElementsAre(""));
}

TEST(Text, writes_numbers_and_times_for_people) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(UINT64_MAX), "18,446,744,073,709,551,615");
  EXPECT_EQ(duration_text(480), "480 µs");
  EXPECT_EQ(duration_text(3'250), "3.2 ms");
  EXPECT_EQ(duration_text(12'034'000), "12.034 s");
  EXPECT_EQ(instant_text(-1), "-");
}

TEST(Table, every_row_is_as_wide_as_the_rules_allow_and_numbers_end_in_one_column) {
  const Table table{{{"word"}, {"count", Align::right}}, {{"日本", "7"}, {"whale", "1,234"}}};
  const std::vector<std::string> lines = lines_of(print_table(table));
  ASSERT_EQ(lines.size(), 6u);
  for (const std::string& line : lines) EXPECT_EQ(display_width(line), display_width(lines[0])) << line;
  EXPECT_EQ(lines[3], "日本       7");
}

TEST(Table, wraps_its_last_text_column_to_the_width_and_leaves_no_trailing_space) {
  const Table table{{{"name"}, {"what it is"}}, {{"word-count", "counts words in ten second windows of event time"}}};
  TextOptions options;
  options.width = 40;
  for (const std::string& line : lines_of(print_table(table, options))) {
    EXPECT_LE(display_width(line), 40u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(Table, narrows_the_other_columns_when_the_last_one_is_not_enough) {
  const Table table{{{"a first column"}, {"count", Align::right}, {"what it is"}},
                    {{"words that can be wrapped in a column", "1,234", "more words that can be wrapped as well"}}};
  TextOptions options;
  options.width = 40;
  for (const std::string& line : lines_of(print_table(table, options))) EXPECT_LE(display_width(line), 40u) << line;
}

TEST(Table, a_row_that_is_too_short_is_filled_and_a_newline_in_a_cell_does_not_break_the_frame) {
  const Table table{{{"a"}, {"b"}}, {{"x"}, {"y\nz", "1"}}};
  EXPECT_EQ(lines_of(print_table(table)).size(), 6u);
}

TEST(VerdictTable, puts_the_weakest_guarantee_first_and_ends_with_the_control) {
  const std::string text = verdict_table({run_claiming(Guarantee::exactly_once), run_claiming(Guarantee::at_most_once)},
                                         "Something was lost.");
  EXPECT_LT(text.find("at-most-once"), text.find("exactly-once"));
  EXPECT_THAT(text, HasSubstr("107,431"));
  EXPECT_TRUE(text.ends_with("Something was lost.\n"));
}

TEST(VerdictTable, fits_a_hundred_columns_with_counts_in_the_hundred_thousands) {
  std::vector<RunReport> runs = {run_claiming(Guarantee::at_least_once)};
  runs[0].verdict.counts.duplicated = 3'188;
  runs[0].verdict.evidence = std::string(300, 'x') + " " + std::string(30, 'y');
  runs[0].verdict.evidence.replace(50, 1, " ").replace(120, 1, " ").replace(190, 1, " ").replace(240, 1, " ");
  for (const std::string& line : lines_of(verdict_table(runs, ""))) EXPECT_LE(display_width(line), 100u) << line;
}

TEST(VerdictTable, is_turned_where_its_rows_are_too_wide_and_cut_where_its_columns_are) {
  const std::vector<RunReport> runs = {run_claiming(Guarantee::at_most_once), run_claiming(Guarantee::at_least_once),
                                       run_claiming(Guarantee::exactly_once)};
  TextOptions options;
  for (const int width : {80, 60, 40, 30}) {
    options.width = width;
    const std::string text = verdict_table(runs, "it did damage.", options);
    for (const std::string& line : lines_of(text)) EXPECT_LE(display_width(line), static_cast<size_t>(width)) << line;
    EXPECT_EQ(text.find("control: "), std::string::npos) << "the label says it";
  }
  options.width = 80;
  EXPECT_THAT(verdict_table(runs, "", options),
              HasSubstr("observed     at-most-once  at-least-once  exactly-once\n"));
}

TEST(VerdictTable, observes_nothing_of_an_empty_input) {
  RunReport run = run_claiming(Guarantee::exactly_once);
  run.verdict.counts = {};
  TextOptions options;
  options.width = 40;
  EXPECT_THAT(verdict_table({run}, "", options), HasSubstr("observed     -\n"));
}

TEST(VerdictTable, says_the_outcome_in_words_and_uses_colour_only_when_asked) {
  RunReport run = run_claiming(Guarantee::exactly_once);
  run.verdict.outcome = Outcome::violated;
  run.verdict.evidence = "\x1b[2Jforged";
  TextOptions coloured;
  coloured.colour = true;
  EXPECT_THAT(verdict_table({run}, ""), HasSubstr("✗ violated"));
  EXPECT_THAT(verdict_table({run}, ""), Not(HasSubstr("\x1b")));
  EXPECT_THAT(verdict_table({run}, "", coloured), HasSubstr("\x1b[1;31m✗ violated\x1b[0m"));
}

TEST(VerdictTable, gives_the_reason_of_an_inconclusive_run) {
  RunReport run = run_claiming(Guarantee::exactly_once);
  run.verdict.outcome = Outcome::inconclusive;
  run.verdict.why = "the job was still running";
  EXPECT_THAT(verdict_table({run}, ""), HasSubstr("Inconclusive: the job was still running"));
}

}  // namespace
}  // namespace onceproof::reports
