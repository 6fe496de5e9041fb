// SPDX-License-Identifier: Apache-2.0
// The HTML report: self-contained, escaped, accessible, bounded in size, and with the marks that the
// protocol's points call for.
#include "reports/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/diagram.h"
#include "reports/html_style.h"
#include "reports/marks.h"
#include "reports/timeline.h"
#include "reports/warp.h"
#include "runtime/env/probe.h"

namespace onceproof::reports {
namespace {

using namespace checkers;
using ::testing::HasSubstr;
using ::testing::Not;

Event event_at(TimeUs at_us, uint16_t process, const char* point, uint64_t checkpoint = 0, int32_t vertex = -1,
               int32_t subtask = -1, uint64_t value = 0) {
  Event event;
  event.at_us = at_us;
  event.process = process;
  event.point = point;
  event.checkpoint = checkpoint;
  event.vertex = vertex;
  event.subtask = subtask;
  event.value = value;
  return event;
}

Event cut_at(TimeUs at_us, uint16_t process, const char* point, const char* peer) {
  Event event = event_at(at_us, process, point);
  event.text = peer;
  return event;
}

// Checkpoint 1 goes well, taskmanager-0 crashes in checkpoint 2, the job recovers from 1; later a cut.
RunReport example(Guarantee claimed = Guarantee::exactly_once) {
  RunReport run;
  run.scenario = "word-count";
  run.seed = 0x1f3a;
  run.verdict.claimed = run.verdict.observed = claimed;
  run.verdict.outcome = Outcome::valid;
  run.verdict.evidence = "Nothing was lost.";
  History& history = run.history;
  history.claimed = claimed;
  history.processes = {"jobmanager", "taskmanager-0", "taskmanager-1"};
  history.vertices = {{"source", 2}, {"sink", 2}};
  history.checkpoints = {{1, seconds(5), seconds(5) + 9'000, CheckpointOutcome::completed, ""},
                         {2, seconds(10), seconds(10) + 5'000, CheckpointOutcome::aborted, "task failed"},
                         {3, seconds(15), seconds(15) + 9'000, CheckpointOutcome::completed, ""}};
  history.events = {
      event_at(0, 0, "restore.begin"),
      event_at(seconds(5), 0, "checkpoint.trigger", 1),
      event_at(seconds(5) + 1'000, 1, "barrier.inject", 1, 0, 0),
      event_at(seconds(5) + 2'000, 2, "barrier.arrive", 1, 1, 1, 0),
      event_at(seconds(5) + 9'000, 0, "checkpoint.complete", 1),
      event_at(seconds(10), 0, "checkpoint.trigger", 2),
      event_at(seconds(10) + 4'000, 1, "process.crash"),
      event_at(seconds(10) + 5'000, 0, "checkpoint.abort", 2),
      event_at(seconds(10) + 6'000, 2, "task.failed", 0, 1, 1),
      event_at(seconds(12), 1, "process.restart"),
      event_at(seconds(12) + 100, 0, "job.restart"),
      event_at(seconds(12) + 200, 0, "restore.begin", 1),
      event_at(seconds(12) + 900, 2, "restore.done", 0, 1, 1),
      event_at(seconds(15), 0, "checkpoint.trigger", 3),
      event_at(seconds(15) + 9'000, 0, "checkpoint.complete", 3),
      cut_at(seconds(20), 2, "network.partition", "jobmanager"),
      cut_at(seconds(28), 2, "network.heal", "jobmanager"),
  };
  history.ended_us = seconds(30);
  history.faults = {{"crash", "crash taskmanager-0", true, true, seconds(10) + 4'000, seconds(12)}};
  return run;
}

size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Marks, name_only_points_that_the_protocol_or_the_world_has) {
  const std::set<std::string_view> world = {"process.crash",  "process.restart",   "process.pause",
                                            "process.resume", "network.partition", "network.heal"};
  const std::set<std::string_view> data = {"source.read", "log.append-new", "log.append-again", "log.shown",
                                           "log.discarded", "reader.read", "record.step"};
  for (const Mark& mark : marks()) {
    if (data.contains(mark.point)) continue;
    EXPECT_TRUE(env::point_named(mark.point).has_value() || world.contains(mark.point)) << mark.point;
  }
}

TEST(Timeline, finds_when_processes_were_down_or_cut_off) {
  const Timeline timeline = timeline_of(example().history);
  ASSERT_EQ(timeline.lanes[1].down.size(), 1u);
  EXPECT_EQ(timeline.lanes[1].down[0].from_us, seconds(10) + 4'000);
  EXPECT_EQ(timeline.lanes[1].down[0].to_us, seconds(12));
  ASSERT_EQ(timeline.lanes[2].cut.size(), 1u);
  EXPECT_EQ(timeline.lanes[2].cut[0].to_us, seconds(28));
  EXPECT_TRUE(timeline.lanes[0].cut.empty()) << "the peer may still reach the others";
  EXPECT_EQ(timeline.lanes[2].cut[0].text, "from jobmanager");
}

TEST(Timeline, a_crash_without_restart_lasts_to_the_end) {
  RunReport run = example();
  std::erase_if(run.history.events, [](const Event& event) { return is(event, "process.restart"); });
  EXPECT_EQ(timeline_of(run.history).lanes[1].down[0].to_us, seconds(30));
}

TEST(Timeline, a_recovery_rewinds_to_the_restored_checkpoint_and_replays_until_the_next_completes) {
  const Timeline timeline = timeline_of(example().history);
  ASSERT_EQ(timeline.recoveries.size(), 1u);
  EXPECT_EQ(timeline.recoveries[0].checkpoint, 1u);
  EXPECT_EQ(timeline.recoveries[0].rewound_to_us, seconds(5));
  EXPECT_EQ(timeline.recoveries[0].running_us, seconds(12) + 900);
  EXPECT_EQ(timeline.recoveries[0].settled_us, seconds(15) + 9'000);
  RunReport onward = example(Guarantee::at_most_once);
  for (Event& event : onward.history.events) {
    if (is(event, "restore.begin")) event.checkpoint = 0;
  }
  EXPECT_FALSE(timeline_of(onward.history).recoveries[0].rewinds);
}

TEST(Timeline, one_failure_of_several_regions_is_one_recovery_that_lasts_until_the_last_task_runs) {
  RunReport run = example();
  run.history.events.insert(run.history.events.begin() + 11, event_at(seconds(12) + 150, 0, "job.restart"));
  const Timeline timeline = timeline_of(run.history);
  ASSERT_EQ(timeline.recoveries.size(), 1u);
  EXPECT_EQ(timeline.recoveries[0].restart_us, seconds(12) + 100);
  EXPECT_EQ(timeline.recoveries[0].running_us, seconds(12) + 900);
}

TEST(Timeline, looks_closer_at_the_crash_the_cut_and_an_ordinary_checkpoint) {
  std::string titles;
  TimeUs last_us = 0;
  for (const Window& window : timeline_of(example().history).windows) {
    titles += window.title + "; ";
    EXPECT_LT(window.from_us, window.to_us);
    EXPECT_LE(last_us, window.from_us) << "in time order";
    last_us = window.from_us;
  }
  EXPECT_THAT(titles, HasSubstr("taskmanager-0 crashes at 10.004 s"));
  EXPECT_THAT(titles, HasSubstr("taskmanager-1 is cut off at 20.000 s"));
  EXPECT_THAT(titles, HasSubstr("is an ordinary one"));
}

TEST(Warp, keeps_order_and_both_ends) {
  const Warp warp({0, 10, 1'000, 5'000'000, 5'000'001}, 100, 900);
  EXPECT_DOUBLE_EQ(warp.x(0), 100);
  EXPECT_DOUBLE_EQ(warp.x(5'000'001), 900);
  double last = 0;
  for (const TimeUs at_us : {0, 5, 10, 500, 1'000, 2'500'000, 5'000'000}) {
    EXPECT_LT(last, warp.x(at_us));
    last = warp.x(at_us);
  }
}

TEST(Diagram, draws_a_barrier_as_a_line_from_the_task_that_sent_it) {
  const History history = example().history;
  const Timeline timeline = timeline_of(history);
  const Window window{seconds(5) - 10, seconds(5) + 10'000, "checkpoint 1", ""};
  EXPECT_EQ(count_of(detail_svg("d", history, timeline, window).svg, "message barrier"), 1u);
}

// Barriers that nobody waits for are no alignment, in figure, label and legend.
TEST(Diagram, shows_an_alignment_only_where_one_channel_waits_for_another) {
  for (const Guarantee claimed : {Guarantee::exactly_once, Guarantee::at_least_once}) {
    RunReport run = example(claimed);
    run.history.events.insert(run.history.events.begin() + 4, event_at(seconds(5) + 4'000, 2, "barrier.align", 1, 1, 1));
    const bool aligns = claimed == Guarantee::exactly_once;
    const Timeline timeline = timeline_of(run.history);
    const Window window{seconds(5) - 10, seconds(5) + 10'000, "checkpoint 1", ""};
    const std::string svg = detail_svg("d", run.history, timeline, window).svg;
    EXPECT_EQ(count_of(svg, "class=\"align ") > 0, aligns);
    EXPECT_EQ(count_of(svg, ">aligned<") > 0, aligns);
    EXPECT_EQ(count_of(html_report({run}, {}), "is an alignment") > 0, aligns);
  }
}

// What a source reads, what the log gets a first and a second time, what becomes visible and what the reader sees.
TEST(Diagram, draws_the_data_beside_the_protocol) {
  RunReport run = example(Guarantee::at_least_once);
  History& history = run.history;
  history.processes.push_back("reader");
  history.asked = {{{seconds(5) + 500, 7}}};
  OutputRecord output;
  output.lineage = {make_position(0, 3)};
  output.at_us = seconds(5) + 3'000;
  output.producer_id = 7;
  history.outputs = {output, output};
  history.outputs[1].offset = 1;
  history.outputs[1].at_us = seconds(5) + 5'000;
  history.outputs[1].producer_id = 8;
  history.observed = {output};
  history.observed[0].at_us = seconds(5) + 6'000;
  const Timeline timeline = timeline_of(history);
  const Detail detail = detail_svg("d", history, timeline, {seconds(5) - 10, seconds(5) + 10'000, "checkpoint 1", ""});
  std::map<std::string, int> points;
  for (const Event* event : detail.events) ++points[event->point];
  for (const char* point : {"source.read", "log.append-new", "log.append-again", "reader.read"}) {
    EXPECT_EQ(points[point], 1) << point;
  }
  EXPECT_THAT(detail.svg, HasSubstr(">again 1<"));
  EXPECT_THAT(detail.svg, HasSubstr("output topic"));
}

TEST(Diagram, follows_the_record_of_the_first_story_in_a_figure_of_its_own) {
  RunReport run = example(Guarantee::at_most_once);
  Story& story = run.verdict.stories.emplace_back();
  story.lost = 1;
  story.first = "x";
  story.why = "it went";
  story.steps = {{seconds(9), "read"}, {-1, "no time"}, {seconds(13), "gone"}};
  const Timeline timeline = timeline_of(run.history, &run.verdict);
  const auto told = std::find_if(timeline.windows.begin(), timeline.windows.end(), [](const Window& w) { return w.main; });
  ASSERT_NE(told, timeline.windows.end());
  EXPECT_EQ(told->title, "How x was lost");
  EXPECT_EQ(told->why, "It went.");
  EXPECT_LE(told->from_us, seconds(9));
  EXPECT_GE(told->to_us, seconds(13));
  const Detail detail = detail_svg("d", run.history, timeline, *told);
  EXPECT_EQ(std::count_if(detail.events.begin(), detail.events.end(),
                          [](const Event* event) { return is(*event, "record.step"); }),
            2);
  for (const Window& window : timeline.windows) EXPECT_EQ(window.title.find("crashes"), std::string::npos) << "shown";
}

TEST(Diagram, says_how_many_events_it_leaves_out) {
  History history = example().history;
  for (int i = 0; i < 2'000; ++i) history.events.push_back(event_at(seconds(29) + i, 1, "barrier.arrive", 9, 1, 0));
  const Detail detail = detail_svg("d", history, timeline_of(history), {seconds(29), seconds(30), "dense", ""});
  EXPECT_LE(detail.events.size(), kMaxDetailEvents);
  EXPECT_EQ(detail.events.size() + detail.not_drawn, 2'000u);
}

TEST(HtmlReport, asks_for_nothing_outside_itself_and_has_little_script) {
  const std::string html = html_report({example()}, {});
  for (const char* outside : {"http:", "https:", "url(//", "@import", "<link", "<img", "src="}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  EXPECT_LT(html_script().size(), 10'000u);
}

TEST(HtmlReport, puts_verdicts_before_everything_and_the_weakest_guarantee_first) {
  const std::string html = html_report({example(), example(Guarantee::at_most_once)}, {});
  EXPECT_LT(html.find("id=\"verdicts\""), html.find("id=\"run-1-at-most-once\""));
  EXPECT_LT(html.find("id=\"run-1-at-most-once\""), html.find("id=\"run-2-exactly-once\""));
}

TEST(HtmlReport, escapes_words_wherever_they_come_from) {
  RunReport run = example();
  run.verdict.evidence = "<script>alert('e')</script>";
  run.verdict.counts.lost = 1;
  run.verdict.ledger = {{0, 0, "<script>alert('w')</script>\xff", {}}};
  run.history.faults[0].description = "<script>alert('f')</script>";
  run.history.events[6].text = "</title><script>alert('t')</script>";
  run.history.processes[1] = "taskmanager-<script>alert('p')</script>";
  ReportContext context;
  context.title = context.command = context.control = context.version = "<script>alert('c')</script>";
  context.configuration = {{"<script>alert('n')</script>", "<script>alert('v')</script>"}};
  const std::string html = html_report({run}, context);
  EXPECT_EQ(count_of(html, "<script"), 1u) << "its own, at the end";
  EXPECT_THAT(html, Not(HasSubstr("\xff")));
}

TEST(HtmlReport, names_its_figures_and_tables_for_screen_readers_and_repeats_no_id) {
  const std::string html = html_report({example(), example(), example(Guarantee::at_least_once)}, {});
  EXPECT_EQ(count_of(html, "role=\"img\""), count_of(html, "<desc id="));
  EXPECT_EQ(count_of(html, "<table"), count_of(html, "<caption>"));
  EXPECT_EQ(count_of(html, "<main>"), 1u);
  std::set<std::string> ids;
  for (size_t at = html.find(" id=\""); at != std::string::npos; at = html.find(" id=\"", at + 1)) {
    const std::string id = html.substr(at + 5, html.find('"', at + 5) - at - 5);
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

// Words are counted from 1, in the ledger as in every sentence.
TEST(HtmlReport, tells_by_cause_what_was_lost_and_follows_one_record) {
  RunReport run = example(Guarantee::at_most_once);
  run.verdict.counts.lost = 2;
  run.verdict.counts_words = true;
  Story& story = run.verdict.stories.emplace_back();
  story.what = "lost 2 words";
  story.why = "the job went on <behind> it";
  story.first = "\"whale\" from partition 2, offset 17, word 4";
  story.lost = 2;
  story.windows = {{seconds(20), 2, 0}};
  story.steps = {{seconds(11), "the source has read it"}, {-1, "nothing more"}};
  run.verdict.ledger = {{make_position(2, 17, 3), 0, "whale", {}}};
  const std::string html = html_report({run}, {});
  EXPECT_THAT(html, HasSubstr("Lost 2 words"));
  EXPECT_THAT(html, HasSubstr("allowed by the claim"));
  EXPECT_THAT(html, HasSubstr("The job went on &lt;behind&gt; it."));
  EXPECT_THAT(html, HasSubstr("partition 2, offset 17, word 4</td>"));
  EXPECT_THAT(html, HasSubstr("11.000 s"));
}

TEST(HtmlReport, puts_a_finding_that_did_damage_above_what_follows_from_it) {
  RunReport run = example();
  run.verdict.outcome = Outcome::violated;
  run.verdict.findings = {{"transactions", "lost-commit", "it was aborted", -1, {}},
                          {"delivery", "lost", "it is in no result", -1, {}}};
  Story& story = run.verdict.stories.emplace_back();
  story.forbidden = true;
  story.what = "lost 1 word";
  story.first = "x";
  story.findings = {0};
  story.consequences = {1};
  const std::string html = html_report({run}, {});
  EXPECT_THAT(html, HasSubstr("forbidden"));
  EXPECT_LT(html.find("it was aborted"), html.find("What follows from it"));
  EXPECT_LT(html.find("What follows from it"), html.find("it is in no result"));
}

TEST(HtmlReport, names_a_seeded_bug_in_the_headline) {
  ReportContext context;
  context.configuration = {{"seeded bug", "ack-early"}};
  const std::string html = html_report({example()}, context);
  EXPECT_LT(html.find("ack-early"), html.find("id=\"verdicts-h\""));
}

TEST(HtmlReport, observes_nothing_of_a_run_without_input_and_says_of_allowed_damage_that_the_claim_was_kept) {
  EXPECT_THAT(html_report({example()}, {}), HasSubstr("observed <b>-</b>"));
  RunReport run = example(Guarantee::at_most_once);
  run.verdict.counts.expected = 2;
  EXPECT_THAT(html_report({run}, {}), Not(HasSubstr("The claim was kept")));
  run.verdict.counts.lost = 1;
  EXPECT_THAT(html_report({run}, {}), HasSubstr("The claim was kept"));
}

TEST(HtmlReport, says_control_once) {
  ReportContext context;
  context.control = "under the same seed";
  EXPECT_THAT(html_report({example()}, context), HasSubstr("<p>Under the same seed</p>"));
}

TEST(HtmlReport, stays_small_however_long_the_history_is) {
  RunReport run = example();
  for (int i = 0; i < 100'000; ++i) {
    run.history.events.push_back(event_at(seconds(28) + i * 10, 1, "sink.commit", static_cast<uint64_t>(i), 1, 0));
    run.history.checkpoints.push_back(
        {static_cast<uint64_t>(i), seconds(28), seconds(29), CheckpointOutcome::aborted, "x"});
  }
  run.history.ended_us = seconds(30);
  EXPECT_LT(html_report({run, run, run}, {}).size(), 1'500'000u);
}

TEST(HtmlReport, copes_with_runs_in_which_nothing_happened) {
  EXPECT_THAT(html_report({}, {}), HasSubstr("There is no run to report."));
  EXPECT_THAT(html_report({RunReport{}}, {}), HasSubstr("No checkpoint was triggered."));
}

}  // namespace
}  // namespace onceproof::reports
