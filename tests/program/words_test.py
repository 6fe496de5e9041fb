#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program says to a person who is wrong, and how it fits where it is read. Usage: words_test.py PROGRAM"""
import fcntl
import json
import os
import pty
import re
import resource
import struct
import subprocess
import termios
import unicodedata

from program import *

RUN = ("run", "transform", "--guarantee", "exactly-once")
PLAIN = {"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}]}


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Words(ProgramTest):
    def told(self, *words, environment=None, code=USAGE):
        return self.expect(code, *words, env={**self.environment, **(environment or {})}).stderr

    def refused(self, **members):
        self.write("x.json", {**PLAIN, **members})
        return self.told("explain", "x.json")

    def test_who_decided_a_wrong_word_is_named(self):
        for variable, value in (("ONCEPROOF_SEED", "abc"), ("ONCEPROOF_SEED", "10000000000000000000000"),
                                ("ONCEPROOF_GUARANTEE", "twice"), ("ONCEPROOF_PROFILE", "swam"),
                                ("ONCEPROOF_INPUT_LIMIT", "much")):
            words = self.told(*(RUN[:2]), environment={variable: value})
            self.assertIn(variable, words)
            self.assertNotIn("--" + variable[10:].lower(), words)
        for variable in ("ONCEPROOF_SEEDS", "ONCEPROOF_JOBS", "ONCEPROOF_KEEP"):
            self.assertIn(f'{variable} "-1"', self.told("sweep", "transform", environment={variable: "-1"}))
        # The flag wins, and an empty variable is none.
        self.expect(VALID, *RUN, "--seed", "1", env={**self.environment, "ONCEPROOF_SEED": "abc"})
        self.expect(VALID, *RUN, env={**self.environment, "ONCEPROOF_SEED": "", "ONCEPROOF_INPUT": ""})
        self.assertIn('--seed "abc"', self.told(*RUN, "--seed", "abc"))

    def test_the_settings_file_names_its_place_and_what_is_needed(self):
        for content, said in (('{"seed": true}', "a whole number from 0 on is needed at /seed"),
                              ('{"seed": -1}', "-1 is out of range, 0 to 18446744073709551615 is valid at /seed"),
                              ('{"seed": 1e30}', "1e+30 is out of range"),
                              ('{"seed": 1' + "0" * 30 + "}", "1e+30 is out of range"),
                              ('{"seed": "abc"}', 'onceproof.json: /seed "abc" is not a number'),
                              ('{"profile": 5}', "a string is needed at /profile"),
                              ('{"profile": "swam"}', "(from onceproof.json: /profile)"),
                              ('{"input": ""}', "at /input"), ('{"sed": 1}', 'did you mean "seed"')):
            self.write("onceproof.json", content)
            words = self.told("run", "transform")
            self.assertIn(said, words)
            self.assertIn("onceproof.json", words)

    def test_a_number_that_is_too_large_is_out_of_range(self):
        self.assertIn("1e+30 is out of range, 1 to 64 is valid at /parallelism", self.refused(parallelism=10**30))
        self.assertIn("is out of range, 1 to 64 is valid at /parallelism", self.refused(parallelism=2**63))
        self.assertIn("a whole number is needed at /parallelism", self.refused(parallelism=1.5))

    def test_contradictions_name_file_and_place(self):
        fault = {"kind": "crash", "at_ms": 5, "target": "taskmanager-7"}
        for place, said, members in (
                ("/parallelism", "needs as many slots", {"parallelism": 9}),
                ("/cluster/slots", "needs as many slots", {"cluster": {"slots": 1, "task_managers": 1}}),
                ("/swarm/configuration/parallelism", "needs as many slots",
                 {"swarm": {"configuration": {"percent": 100, "parallelism": 50}}}),
                ("/heartbeat/timeout_ms", "must be above", {"heartbeat": {"interval_ms": 500, "timeout_ms": 500}}),
                ("/network/min_us", "is above network.typical_us", {"network": {"min_us": 1000000}}),
                ("/restart/initial_backoff_ms", "is above restart.max_backoff_ms",
                 {"restart": {"strategy": "exponential-delay", "initial_backoff_ms": 9000000, "max_backoff_ms": 5}}),
                ("/transaction_timeout_ms", "below the checkpoint interval", {"transaction_timeout_ms": 5}),
                ("/checkpoint/interval_ms", "below the checkpoint interval", {"checkpoint": {"interval_ms": 80000000}}),
                ("/parts", "checkpoints are off", {"parts": {"checkpoints": False, "sink": "transactional"}}),
                ("/faults/1/target", 'unknown process "taskmanager-7"', {"faults": [{**fault, "target": "broker-0"}, fault]}),
                ("/swarm/faults/0/target", "unknown process", {"swarm": {"faults": [fault]}}),
                ("/swarm/families/1/faults/0/target", "unknown process",
                 {"swarm": {"families": [{"name": "a", "faults": []}, {"name": "b", "faults": [fault]}]}}),
                ("/faults/0/partition", "moves the leader of partition 200",
                 {"faults": [{"kind": "move-leader", "at_ms": 5, "topic": "sink", "partition": 200}]}),
                ("/input", "above the limit", {"input": {"generated": {"records": 10**7, "words": 1000}}}),
                ("/input", "cannot read", {"input": {"text": "nowhere.txt"}}),
                ("/pipeline/1", "key_by without a window", {"pipeline": [{"source": "log"}, {"key_by": "value"}, {"sink": "log"}]}),
                ("/pipeline/1/filter", "says nothing", {"pipeline": [{"source": "log"}, {"filter": {"what": "key"}}, {"sink": "log"}]}),
                ("/pipeline/1/filter", "says several things",
                 {"pipeline": [{"source": "log"}, {"filter": {"equals": "a", "at_most": 5}}, {"sink": "log"}]}),
                ("/pipeline/1/map/to", "unknown expression \"feild\"",
                 {"pipeline": [{"source": "log"}, {"map": {"to": {"feild": 1}}}, {"sink": "log"}]}),
                ("/pipeline/2/window", "window needs sliding_ms and slide_ms",
                 {"pipeline": [{"source": "log"}, {"key_by": "value"}, {"window": {"sliding_ms": 5}}, {"aggregate": "count"},
                               {"sink": "log"}]})):
            with self.subTest(place=place):
                words = self.refused(**members)
                self.assertIn("x.json: ", words)
                self.assertIn(said, words)
                self.assertRegex(words, f"at {place}\\b")

    def test_a_plan_file_names_its_place(self):
        folder = self.json(VALID, *RUN)["folder"]
        plan = json.loads((self.folder / folder / "plan.json").read_text())
        for place, change in (("/settings/parallelism", lambda p: p["settings"].update(parallelism=60)),
                              ("/faults/0", lambda p: p["faults"][0].update(target="broker-99")),
                              ("/names", lambda p: p["names"].update(source_topic="t", sink_topic="t")),
                              ("/names/sink_topic", lambda p: p["names"].update(sink_topic="__transaction_state")),
                              ("/names/group", lambda p: p["names"].update(group="")),
                              ("/scenario", lambda p: p.update(scenario="../../x")),
                              ("/stacks/0/name", lambda p: p["stacks"][0].update(name="../../x")),
                              ("/stacks/1/name", lambda p: p["stacks"].append(p["stacks"][0])),
                              ("/faults/0/restart_after_us", lambda p: p["faults"][0].update(restart_after_us=2**63 - 1)),
                              ("/schema", lambda p: p.update(schema=2)),
                              ("/stacks", lambda p: p.update(stacks=[])),
                              ("/settings", lambda p: p["settings"].update(unknown=1)),
                              ("/settings/parallelism", lambda p: p["settings"].update(parallelism=10**30))):
            changed = json.loads(json.dumps(plan))
            change(changed)
            self.write("plan.json", changed)
            self.assertRegex(self.told("replay", "plan.json"), f"plan.json: .* at {place}\\b")

    def test_empty_flags_and_commands_that_are_not_there(self):
        self.assertIn("--input needs a value", self.told("run", "transform", "--input", ""))
        self.assertIn("--out", self.told("run", "transform", "--out="))
        for word in ("enumerate", "shrink", "hunt", "completion"):
            words = self.told(word)
            self.assertIn(f"`{word}` is not there yet", words)
            self.assertNotIn("did you mean", words)

    def test_an_endless_input_is_refused_by_a_stated_limit_and_little_memory(self):
        for limit, more in (("268435456", ()), ("1048576", ("--input-limit", "1M"))):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            words = self.expect(USAGE, *RUN, "--input", "/dev/zero", *more).stderr
            self.assertIn(f"/dev/zero is above the limit of {limit} bytes (--input-limit raises it)", words)
            self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, max(before, 700_000))
        self.write("words.txt", "a b c\n" * 500)
        self.assertIn("words.txt is above the limit of 2048 bytes", self.told(*RUN, "--input", "words.txt", "--input-limit", "2K"))
        self.expect(VALID, *RUN, "--input", "words.txt", "--input-limit", "3000")
        yes = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
        self.expect(USAGE, *RUN, "--input", "/dev/stdin", "--input-limit", "5M", stdin=yes.stdout)
        yes.stdout.close()
        yes.wait()

    def test_an_endless_document_is_refused(self):
        for words in (("run",), ("explain",), ("sweep",), ("replay",), ("check",)):
            self.assertIn("/dev/zero", self.told(*words, "/dev/zero"))
        (self.folder / "onceproof.json").symlink_to("/dev/zero")
        self.assertIn("onceproof.json has more than", self.told("run", "transform"))

    def test_a_run_of_too_many_events_is_inconclusive(self):
        run = self.json(INCONCLUSIVE, *RUN, "--event-limit", "1000")["runs"][0]
        self.assertIn("more than 1000 events", run["why"])

    def test_an_empty_input_has_no_observed_guarantee(self):
        for content in ("", "\n \n\t\n"):
            self.write("empty.txt", content)
            result = self.json(INCONCLUSIVE, "run", "word-count", "--input", "empty.txt")
            self.assertEqual([run["observed"] for run in result["runs"]], ["-", "-", "-"])
            answer = self.expect(INCONCLUSIVE, "run", "word-count", "--input", "empty.txt")
            self.assertRegex(answer.stdout, r"observed +- +- +-\n")

    def test_a_run_says_what_a_script_needs(self):
        result = self.json(VALID, "run", "transform", "--check-determinism")
        self.assertTrue(result["control"]["effective"])
        self.assertFalse(result["control"]["sentence"].startswith("control"))
        self.assertTrue((self.folder / result["report"]).exists())
        self.assertEqual(result["reproduce"], "onceproof run transform --seed 0x1")
        self.assertIs(result["deterministic"], True)

    def test_words_once(self):
        text = self.expect(VALID, "run", "transform").stdout
        self.assertNotRegex(text, r"control +(no )?control")
        report = re.search("report: (.*)", text).group(1)
        self.assertNotIn("control: under", (self.folder / report).read_text())

    def test_an_input_that_differs_in_each_process_is_5(self):
        answer = self.expect(NONDETERMINISTIC, "run", "transform", "--input", "/proc/self/stat", "--check-determinism")
        self.assertIn("nondeterministic: seed 0x1", answer.stderr)

    def test_everything_fits_its_terminal(self):
        self.write("long.txt", "a b c d e f\n" * 20_000)
        calls = [("run", "word-count"), ("run", "word-count", "--input", "long.txt"), ("list",), ("list", "points"),
                 ("list", "bugs"), ("list", "profiles"), ("explain", "word-count"), ("disk", "--crashes", "20"), ("--help",)]
        calls += [(command, "--help") for command in ("run", "replay", "sweep", "list", "explain", "bench", "disk")]
        for words in calls:
            text = self.call(*words).stdout
            for line in text.splitlines():
                if not line.startswith(("report: ", "reproduce: ")):
                    self.assertLessEqual(columns(line), 80, (words, line))
            if words[0] == "run" and words[1] != "--help":
                self.assertRegex(text, r"verdict +✓ valid +✓ valid +✓ valid\n")
        wide = self.expect(VALID, "run", "word-count", env={**self.environment, "COLUMNS": "100"}).stdout
        self.assertRegex(wide, r"exactly-once +exactly-once +5,644 +5,644 .*✓ valid\n")
        narrow = self.expect(VALID, "run", "word-count", env={**self.environment, "COLUMNS": "40"}).stdout
        self.assertLessEqual(max(columns(line) for line in narrow.splitlines() if "─" in line), 40)

    def test_a_terminal_s_own_width_is_taken(self):
        for width in (80, 120):
            ours, its = pty.openpty()
            fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            process = subprocess.Popen([PROGRAM, "run", "transform"], cwd=self.folder, stdout=its,
                                       stderr=subprocess.DEVNULL, env={**self.environment, "NO_COLOR": "1", "TERM": "xterm"})
            os.close(its)
            text = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the terminal is gone with its last user
                    break
                text += piece
            os.close(ours)
            process.wait()
            widest = max(columns(line) for line in text.decode().replace("\r", "").splitlines()
                         if not line.startswith(("report", "reproduce")))
            self.assertLessEqual(widest, width)
            self.assertGreater(widest, width - 25)


if __name__ == "__main__":
    main()
