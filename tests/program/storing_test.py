#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A result is written whole, or the exit code is 74 and nothing is left behind. Usage: storing_test.py PROGRAM"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess

from program import *

RUN = ("run", "transform", "--guarantee", "exactly-once")
STORED = ["exactly-once", "exactly-once/history.jsonl", "exactly-once/trace.txt", "exactly-once/verdict.json", "input.txt",
          "junit.xml", "plan.json", "report.html", "verdict.json"]


class Storing(ProgramTest):
    def test_runs_of_one_seed_at_once_each_keep_a_folder_of_their_own(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.json(VALID, *RUN), range(16)))
        folders = {answer["folder"] for answer in answers}
        self.assertEqual(len(folders), 16)
        self.assertEqual({f"runs/transform/{path.name}" for path in (self.folder / "runs/transform").iterdir()}, folders)
        for folder in folders:
            inside = [str(path.relative_to(self.folder / folder)) for path in sorted((self.folder / folder).rglob("*"))]
            self.assertEqual(inside, STORED)

    def test_a_folder_that_cannot_be_made_is_74_and_the_table_is_still_printed(self):
        self.write("file", "")
        for out in ("file", "file/runs", "/proc/nowhere"):
            answer = self.expect(NOT_WRITTEN, *RUN, "--out", out)
            self.assertIn("exactly-once", answer.stdout)
            self.assertIn("could not be stored", answer.stderr)
            self.assertNotIn("report:", answer.stdout)
        self.assertEqual(self.files(), ["file"])
        self.assertIsNone(self.json(NOT_WRITTEN, *RUN, "--out", "file")["report"])

    def test_a_run_that_does_not_fit_leaves_nothing_behind(self):
        for limit in (0, 1000, 50_000):
            answer = self.expect(NOT_WRITTEN, *RUN, preexec_fn=limited(limit))
            self.assertIn("File too large", answer.stderr)
            self.assertEqual(self.files(), [])

    def test_a_failed_run_takes_away_nothing_but_its_own(self):
        kept = self.json(VALID, *RUN)["folder"]
        before = self.files()
        self.expect(NOT_WRITTEN, *RUN, preexec_fn=limited(1000))
        self.assertEqual(self.files(), before)
        self.assertIn(f"{kept}/plan.json", before)

    def test_a_full_disk(self):
        if os.getuid() != 0 or not shutil.which("unshare"):
            self.skipTest("only root mounts a small disk")
        script = 'mount -t tmpfs -o size=200k none disk || exit 77; "$@"; code=$?; find disk -mindepth 1; exit $code'
        for words in (RUN, ("sweep", "transform", "--seeds", "3", "--bug", "commit-on-ack")):
            (self.folder / "disk").mkdir(exist_ok=True)
            answer = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, *words, "--out", "disk/runs"],
                                    cwd=self.folder, env=self.environment, capture_output=True, text=True)
            if answer.returncode in (1, 77) and "unshare" in answer.stderr + answer.stdout or answer.returncode == 77:
                self.skipTest("mounting is not allowed here")
            self.assertEqual(answer.returncode, NOT_WRITTEN, answer.stdout + answer.stderr)
            self.assertIn("No space left on device", answer.stderr)
            self.assertNotIn("disk/runs/", "\n".join(line for line in answer.stdout.splitlines() if line.startswith("disk")))

    def test_standard_output_that_is_full_or_closed_is_74_for_every_command(self):
        folder = self.json(VALID, *RUN)["folder"]
        commands = [("--help",), ("run", "--help"), ("--version",), ("version",), ("list",), ("list", "schema"),
                    ("list", "points", "--json"), ("explain", "transform"), RUN, (*RUN, "--json"), ("replay", folder),
                    ("sweep", "transform", "--seeds", "2"), ("sweep", "transform", "--seeds", "2", "--json"),
                    ("disk", "--crashes", "20")]
        for words in commands:
            for output in ("full", "closed"):
                with self.subTest(words=words, output=output):
                    if output == "full":
                        with open("/dev/full", "w") as full:
                            answer = self.call(*words, stdout=full)
                    else:
                        answer = self.call(*words, stdout=None, preexec_fn=lambda: os.close(1))
                    self.assertEqual(answer.returncode, NOT_WRITTEN, answer.stderr)
                    self.assertIn("could not be written to standard output", answer.stderr)

    def test_standard_error_that_is_full_or_closed_changes_nothing(self):
        for words, code in ((RUN, VALID), (("rnu",), USAGE), (("sweep", "transform", "--seeds", "2"), VALID)):
            for redirection in ("2>/dev/full", "2>&-"):
                command = ["sh", "-c", f'"$@" {redirection} >/dev/null', "sh", PROGRAM, *words]
                ended = subprocess.run(command, cwd=self.folder, env=self.environment)
                self.assertEqual(ended.returncode, code, (words, redirection))

    def test_closed_streams_take_no_file_s_place(self):
        command = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", PROGRAM, *RUN]
        self.assertEqual(subprocess.run(command, cwd=self.folder, env=self.environment).returncode, NOT_WRITTEN)
        plan = next(pathlib.Path(self.folder).glob("runs/transform/*/plan.json")).read_text()
        self.assertTrue(plan.startswith("{") and plan.endswith("}\n"), plan[:100])

    def test_a_replay_works_from_any_folder_and_after_the_input_is_gone(self):
        text = self.write("words.txt", "a b c\n" * 50)
        folder = self.json(VALID, "run", "word-count", "--input", "words.txt")["folder"]
        text.unlink()
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        again = self.json(VALID, "replay", self.folder / folder, cwd=elsewhere)
        self.assertEqual(again["runs"][0]["expected"], 150)
        # Other bytes are refused.
        self.write(f"{folder}/input.txt", "a b d\n" * 50)
        self.assertIn("content differs", self.expect(USAGE, "replay", folder).stderr)

    def test_a_large_input_is_named_absolutely_and_not_copied(self):
        self.write("words.txt", "abcdefgh " * 10 + "\n" + "\n" * 1_200_000)
        folder = self.json(VALID, "run", "transform", "--guarantee", "exactly-once", "--event-limit", "100000000",
                           "--input", "words.txt")["folder"]
        self.assertNotIn(f"{folder}/input.txt", self.files())
        self.assertIn(f'"text": "{self.folder}/words.txt"', (self.folder / folder / "plan.json").read_text())

    def test_what_lies_beside_the_plan_is_answered_with_the_folder(self):
        folder = self.json(VALID, *RUN)["folder"]
        for name in ("report.html", "verdict.json", "exactly-once", "exactly-once/history.jsonl"):
            answer = self.expect(USAGE, "replay", f"{folder}/{name}")
            self.assertIn(f"onceproof replay {folder}\n", answer.stderr)


if __name__ == "__main__":
    main()
