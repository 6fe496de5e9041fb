// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <sstream>

#include "runtime/base/check_handler.h"
#include "runtime/real/program.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/exit_codes.h"
#include "scenarios/cli/help.h"
#include "scenarios/cli/settings.h"
#include "scenarios/plan/nearest_word.h"

namespace onceproof::scenarios::cli {

namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 valid, 1 violated, 2 inconclusive, 4 nothing matched, 5 nondeterministic, 64 wrong usage or input, "
    "70 internal error, 74 a result could not be written, 130 interrupted.";

// Commands that people ask for and that are not there: a nearest word would mislead.
constexpr const char* kNotYet[] = {"enumerate", "shrink", "hunt", "report", "completion"};

// A subcommand and the function behind it.
struct Command {
  CLI::App* app;
  std::function<int(const Options&)> run;
};

void add_guarantee(CLI::App& app, Options& o) {
  app.add_option("--guarantee", o.guarantee, "all, at-most-once, at-least-once or exactly-once")->default_str("all");
}
void add_seed(CLI::App& app, Options& o) {
  app.add_option("--seed", o.seed, "decides everything that is drawn; decimal or 0x..")->default_str("1");
}
void add_input(CLI::App& app, Options& o) {
  app.add_option("--input", o.input, "a text file instead of the scenario's own input");
}
void add_limits(CLI::App& app, Options& o) {
  app.add_option("--input-limit", o.input_limit, "refuse an input of more bytes (K, M, G): it is held in memory")
      ->default_str("256M");
  app.add_option("--event-limit", o.event_limit, "stop a run that handles more events; it is inconclusive")
      ->default_str("the scenario's");
}
void add_profile(CLI::App& app, Options& o) {
  app.add_option("--profile", o.profile,
                 "stock: the scenario as it stands; swarm: configuration and faults drawn broadly; calm: no faults; or "
                 "one of the scenario's own (onceproof list profiles)")
      ->default_str("stock");
}
void add_bug(CLI::App& app, Options& o) {
  app.add_option("--bug", o.bugs, "switch a seeded bug on (onceproof list bugs)")->allow_extra_args(false);
}
void add_json(CLI::App& app, Options& o) { app.add_flag("--json", o.json, "one JSON object on standard output"); }
void add_out(CLI::App& app, Options& o) {
  app.add_option("--out", o.out, "folder under which runs are kept")->default_str("runs");
}
void add_determinism(CLI::App& app, Options& o) {
  app.add_flag("--check-determinism", o.check_determinism,
               "run again in another process with another heap; name the first differing event");
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what, const char* examples) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(std::string("Examples:\n") + examples + "\n" + kExitCodes);
  return command;
}

Command make_run(CLI::App& app, Options& o) {
  CLI::App* command = add_command(app, "run", "Run a scenario under each guarantee and judge it",
                                  "  onceproof run word-count\n"
                                  "  onceproof run word-count --seed 0x1f3a --guarantee exactly-once\n"
                                  "  onceproof run word-count --profile swarm --seed 7\n"
                                  "  onceproof run my-scenario.json --input access.log --json\n");
  command->add_option("scenario", o.target, "a name (onceproof list) or a scenario file")->required();
  for (const auto& add :
       {add_guarantee, add_profile, add_seed, add_input, add_bug, add_json, add_out, add_determinism, add_limits}) {
    add(*command, o);
  }
  return {command, run_command};
}

Command make_replay(CLI::App& app, Options& o) {
  CLI::App* command = add_command(app, "replay", "Run a stored plan again, whatever the drawing code has become",
                                  "  onceproof replay runs/word-count/2026-01-31T12-00-00-0x1\n"
                                  "  onceproof replay plan.json --check-determinism\n");
  command->add_option("plan", o.target, "a run's folder, or its plan.json")->required();
  for (const auto& add : {add_guarantee, add_json, add_out, add_determinism, add_limits}) add(*command, o);
  return {command, replay_command};
}

Command make_check(CLI::App& app, Options& o) {
  CLI::App* command = add_command(app, "check", "Judge a stored or hand-made history again",
                                  "  onceproof check runs/word-count/2026-01-31T12-00-00-0x1\n"
                                  "  onceproof check runs/word-count/2026-01-31T12-00-00-0x1/exactly-once/history.jsonl\n"
                                  "  onceproof check tests/histories/lost.jsonl --json\n"
                                  "The document is described in docs/history.md; its schema: onceproof list history-schema.\n"
                                  "With --json it prints what the run stored: of a run's folder its verdict.json, of one\n"
                                  "history the verdict.json beside it, byte for byte.\n");
  command->add_option("history", o.target, "a run's folder, or a history.jsonl")->required();
  add_json(*command, o);
  return {command, check_command};
}

Command make_sweep(CLI::App& app, Options& o) {
  CLI::App* command = add_command(app, "sweep", "Run many seeds on all processors and count the violations",
                                  "  onceproof sweep word-count --seeds 5000 --check-determinism\n"
                                  "  onceproof sweep my-scenario.json --profile swarm --seeds 5000\n"
                                  "  onceproof sweep word-count --seeds 1000 --bug commit-on-ack --stop-at 1\n"
                                  "  onceproof sweep transform --seeds 100000 --shard 3/8 --json\n");
  command->add_option("scenario", o.target, "a name (onceproof list) or a scenario file")->required();
  command->add_option("--seeds", o.seeds, "how many")->default_str("1000");
  command->add_option("--first-seed", o.first_seed, "the first one")->default_str("1");
  command->add_option("--jobs", o.jobs, "worker processes; one a processor unless given");
  command->add_option("--stop-at", o.stop_at, "stop after so many violations");
  bool keep_going = false;
  command->add_flag("--keep-going", keep_going, "do not stop at violations (the default)");
  command->add_option("--shard", o.shard, "only every n-th seed: 1/8 to 8/8");
  command->add_option("--effective-every", o.effective_every,
                      "in every so many seeds run again without each fault that fired, to see whether it mattered; 0: never")
      ->default_str("200");
  command->add_option("--resume", o.resume, "file that keeps the state of an interrupted sweep");
  command->add_option("--keep", o.keep, "so many violating seeds are run again and stored whole, with report and JUnit")
      ->default_str("3");
  for (const auto& add :
       {add_guarantee, add_profile, add_input, add_bug, add_json, add_out, add_determinism, add_limits}) {
    add(*command, o);
  }
  return {command, sweep_command};
}

Command make_disk(CLI::App& app, Options& o) {
  CLI::App* command = add_command(app, "disk", "Crash SQLite on a simulated disk and see what it kept",
                                  "  onceproof disk\n"
                                  "  onceproof disk --crashes 100000 --journal wal --synchronous normal\n"
                                  "  onceproof disk --synchronous off --json\n"
                                  "What each setting promises is in docs/disk.md. A setting that keeps its promise is valid,\n"
                                  "also when it lost what it never promised; one without a promise that did no damage is\n"
                                  "inconclusive: the crashes were too few to show that they can do any.\n");
  command->add_option("--crashes", o.crashes, "how many at least, over all settings")->default_str("10000");
  command->add_option("--journal", o.journal, "delete, truncate, persist or wal; all unless given");
  command->add_option("--synchronous", o.synchronous,
                      "off, normal, full or extra; unless given those that promise something, and off as the control");
  command->add_option("--overwrite", o.overwrite,
                      "powersafe: a sector that is written at a power failure keeps its other bytes; plain: it may not; "
                      "usual: what SQLite is made for")
      ->default_str("usual");
  for (const auto& add : {add_seed, add_json}) add(*command, o);
  return {command, disk_command};
}

std::vector<Command> make_commands(CLI::App& app, Options& o) {
  std::vector<Command> commands;
  CLI::App* list = add_command(app, "list", "List scenarios, profiles, protocol points, mails or seeded bugs; print the schema",
                               "  onceproof list\n  onceproof list points\n  onceproof list bugs --json\n"
                               "  onceproof list points --coverage --seeds 100\n"
                               "  onceproof list claims --runs 2000\n"
                               "  onceproof list schema > scenario.schema.json\n  onceproof list history-schema\n");
  list->add_option("what", o.target,
                   "scenarios, profiles, claims, points, mails, bugs, schema, history or history-schema")
      ->default_str("scenarios");
  list->add_flag("--coverage", o.coverage,
                 "points: run the stock suites and say what was hit, struck and effective; 1 when something never was");
  list->add_option("--seeds", o.coverage_seeds, "of each scenario and profile, with --coverage")->default_str("60");
  list->add_option("--runs", o.runs, "claims: run so many draws over all combinations of parts; 1 when one is violated");
  list->add_option("--first-seed", o.first_seed, "claims: the first draw")->default_str("1");
  list->add_option("--search", o.search, "claims: look for the evidence anew in so many seeds, and print it");
  add_json(*list, o);
  commands.push_back({list, list_command});
  commands.push_back(make_run(app, o));
  commands.push_back(make_replay(app, o));
  commands.push_back(make_check(app, o));
  commands.push_back(make_sweep(app, o));
  CLI::App* explain = add_command(app, "explain", "Derive the guarantee of each stack, and say why",
                                  "  onceproof explain word-count\n  onceproof explain my-scenario.json --seed 7\n");
  explain->add_option("scenario", o.target, "a name (onceproof list) or a scenario file")->required();
  for (const auto& add : {add_guarantee, add_profile, add_seed, add_input, add_json, add_limits}) add(*explain, o);
  commands.push_back({explain, explain_command});
  CLI::App* bench = add_command(app, "bench", "Measure the event loop and the reference run against their baselines",
                                "  onceproof bench\n  onceproof bench --json\n");
  bench->add_option("--rounds", o.rounds, "repetitions; the median counts")->default_str("31");
  add_json(*bench, o);
  commands.push_back({bench, bench_command});
  commands.push_back(make_disk(app, o));
  CLI::App* version = add_command(app, "version", "Print the version", "  onceproof version\n");
  add_json(*version, o);
  commands.push_back({version, version_command});
  CLI::App* worker = app.add_subcommand("worker", "the other end of a sweep's pipe")->group("");
  commands.push_back({worker, [](const Options&) { return worker_command(); }});
  return commands;
}

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (!command.app->get_group().empty()) names.push_back(command.app->get_name());
  }
  return names;
}

// "--sede" -> the nearest option of the subcommand that was meant.
std::string unknown_option(const std::vector<Command>& commands, int argc, char** argv) {
  for (const Command& command : commands) {
    if (!command.app->parsed() && !(argc > 1 && command.app->get_name() == argv[1])) continue;
    std::vector<std::string> known;
    for (const CLI::Option* option : command.app->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    for (int i = 2; i < argc; ++i) {
      const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
      if (!word.starts_with("--") || std::find(known.begin(), known.end(), word) != known.end()) continue;
      return unknown_word("option", word, "", known);
    }
  }
  return "";
}

// A flag that was given decides, whatever the environment says. Returns the first one whose value is empty.
std::string settle_flags(const CLI::App& command, Options& options) {
  std::string empty;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    const std::string name = option->get_lnames().empty() ? option->get_name() : "--" + option->get_lnames().front();
    options.decided_by.erase(name);
    const std::vector<std::string>& values = option->results();
    const bool flag = option->get_items_expected_max() == 0;
    if (!flag && empty.empty() && std::find(values.begin(), values.end(), "") != values.end()) empty = name;
  }
  return empty;
}

int parse_and_run(int argc, char** argv) {
  Options options;
  if (const Status status = apply_settings(options); !status.ok()) return usage_error(status.error().message);
  CLI::App app("onceproof: a streaming runtime that you can break on purpose, and checkers that say what broke.",
               "onceproof");
  app.footer(std::string("Examples:\n  onceproof run word-count\n  onceproof sweep word-count --seeds 1000 --profile swarm\n"
                         "  onceproof COMMAND --help\n\n") +
             kExitCodes);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("onceproof ") + program_version());
  const std::vector<Command> commands = make_commands(app, options);
  if (argc > 1 && argv[1][0] != '-') {
    const std::vector<std::string> names = names_of(commands);
    const std::string word = argv[1];
    if (word != "worker" && std::find(names.begin(), names.end(), word) == names.end()) {
      for (const char* other : kNotYet) {
        if (word == other) return usage_error(fmt::format("`{}` is not there yet; `onceproof --help` lists what is", word));
      }
      return usage_error(unknown_word("command", word, "", names));
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {  // --help, --version
      std::ostringstream out, err;
      app.exit(e, out, err);
      print(fitted_help(out.str(), static_cast<size_t>(text_options().width)));
      return kValid;
    }
    const std::string option = unknown_option(commands, argc, argv);
    return usage_error(fmt::format("{} (see onceproof {}--help)", option.empty() ? e.what() : option,
                                   argc > 1 && argv[1][0] != '-' ? std::string(argv[1]) + " " : ""));
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    const std::string empty = settle_flags(*command.app, options);
    if (!empty.empty()) return usage_error(empty + " needs a value, and this one is empty");
    return command.run(options);
  }
  return kInternal;
}

// Of the process, for whoever reports a defect.
std::string command_line;

void end_after_failed_check() {
  message("this is a defect of onceproof, whatever the input. Please report the line above with the output of\n"
          "`onceproof version`, the input file and this command: " + command_line);
  real::end_process(kInternal);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  command_line.clear();
  for (int i = 0; i < argc; ++i) command_line += (i > 0 ? " " : "") + std::string(argv[i]);
  on_check_failure(end_after_failed_check);
  real::hold_standard_streams();
  try {
    return finish_output(parse_and_run(argc, argv));
  } catch (const std::exception& e) {
    message(std::string("internal error: ") + e.what());
    return kInternal;
  }
}

}  // namespace onceproof::scenarios::cli
