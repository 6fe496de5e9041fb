#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sweeps as a program: what they count and keep, what interrupts them, and how they go on. Usage: sweep_test.py PROGRAM"""
import json
import os
import pathlib
import signal

from program import *

SWEEP = ("sweep", "transform", "--bug", "commit-on-ack", "--guarantee", "exactly-once")
SEEDS = ("--seeds", "120", "--jobs", "2", "--effective-every", "50", "--keep", "0")


def lasting(result):
    """What must be the same however often a sweep was interrupted."""
    return {name: value for name, value in result.items() if name not in ("runs_per_second", "kept")}


class Sweep(ProgramTest):
    def state(self):
        return next(iter((self.folder / "runs/transform").glob("sweep-*.jsonl")), None)

    def lines(self):
        state = self.state()
        return state.read_text().count("\n") if state else 0

    def whole(self):
        if not hasattr(Sweep, "uninterrupted"):
            Sweep.uninterrupted = lasting(self.json(VIOLATED, *SWEEP, *SEEDS, "--out", "whole"))
        return Sweep.uninterrupted

    def test_counts_by_guarantee_and_fault_kind_and_every_violating_seed(self):
        result = self.json(VIOLATED, "sweep", "transform", "--bug", "commit-on-ack", "--seeds", "30",
                           "--effective-every", "10", "--keep", "2")
        self.assertEqual([one["guarantee"] for one in result["guarantees"]], ["at-most-once", "at-least-once", "exactly-once"])
        for one in result["guarantees"]:
            self.assertEqual(one["runs"], 30)
            self.assertEqual(one["valid"] + one["violated"] + one["inconclusive"], 30)
        violated = result["guarantees"][2]["violated"]
        self.assertEqual(result["violations"], violated)
        self.assertEqual(len(result["violating"]["runs"]), violated)
        self.assertEqual(result["violating"]["total"], violated)
        for run in result["violating"]["runs"]:
            self.assertTrue(run["findings"])
            self.assertIn(f"--seed {run['seed']:#x}", run["reproduce"])
        self.assertEqual(sum(kind["fired"] for kind in result["fault_kinds"].values()), result["faults"]["fired"])
        self.assertGreater(result["faults"]["measured"], 0)
        self.assertTrue(result["version"] and result["complete"])
        self.assertEqual(result["options"]["bugs"], ["commit-on-ack"])
        # The first violating seeds are there whole, and replay to the same.
        seeds = sorted({run["seed"] for run in result["violating"]["runs"]})
        self.assertEqual([run["seed"] for run in result["kept"]], seeds[:2])
        for run in result["kept"]:
            self.assertIn("<testsuite", (self.folder / run["junit"]).read_text())
            self.assertIn("<html", (self.folder / run["report"]).read_text())
            self.assertEqual(self.json(VIOLATED, "replay", run["folder"], "--out", "again")["runs"][0]["seed"], run["seed"])
        self.assertIsNone(self.state())

    def test_the_text_names_what_was_kept(self):
        answer = self.expect(VIOLATED, "sweep", "transform", "--bug", "commit-on-ack", "--seeds", "1")
        kept = [line for line in answer.stdout.splitlines() if line.startswith("kept: ")]
        self.assertEqual(len(kept), 1)
        self.assertTrue((self.folder / kept[0].split(" in ")[1]).exists())

    def test_what_cannot_be_kept_is_74(self):
        answer = self.expect(NOT_WRITTEN, *SWEEP, "--seeds", "1", "--keep", "1", preexec_fn=limited(20_000))
        self.assertIn("could not be stored", answer.stderr)
        self.assertEqual(self.files(), [])

    def interrupt(self, end):
        process = self.start(*SWEEP, *SEEDS)
        wait_until(lambda: self.lines() > 5, process)
        end(process)
        out, err = process.communicate()
        return process.returncode, out, err

    def test_an_interrupt_is_130_and_the_same_command_goes_on(self):
        code, out, err = self.interrupt(lambda process: os.kill(process.pid, signal.SIGINT))
        self.assertEqual(code, INTERRUPTED)
        self.assertIn("interrupted; ", err)
        self.assertIn("violations", out)
        self.assertIn(str(self.state().relative_to(self.folder)), err)
        self.assertEqual(lasting(self.json(VIOLATED, *SWEEP, *SEEDS)), self.whole())

    def test_kill_9_loses_nothing(self):
        code, _, _ = self.interrupt(lambda process: process.kill())
        self.assertEqual(code, -signal.SIGKILL)
        self.assertEqual(lasting(self.json(VIOLATED, *SWEEP, *SEEDS)), self.whole())

    def test_a_worker_that_dies_is_70_and_named_with_its_seed(self):
        code, _, err = self.interrupt(lambda process: os.kill(children_of(process.pid)[0], signal.SIGKILL))
        self.assertEqual(code, INTERNAL)
        self.assertIn("was killed by signal 9", err)
        self.assertIn("onceproof run transform --seed 0x", err)
        self.assertEqual(lasting(self.json(VIOLATED, *SWEEP, *SEEDS)), self.whole())

    def test_a_torn_or_empty_state_is_repaired(self):
        self.interrupt(lambda process: process.kill())
        state = self.state()
        text = state.read_text()
        identity, rest = text.split("\n", 1)
        # Torn in its last line; torn in its first one; empty; a damaged line in the middle.
        for torn in (text[:-20], identity[: len(identity) // 2], "", f"{identity}\n{{}}\nnonsense\n\n{rest}"):
            state.write_text(torn)
            self.assertEqual(lasting(self.json(VIOLATED, *SWEEP, *SEEDS)), self.whole())
            self.assertIsNone(self.state())

    def test_the_state_of_another_sweep_is_refused_and_left_alone(self):
        for text in ("something else\n", "something else", '{"sweep":2}\n'):
            other = self.write("other.jsonl", text)
            answer = self.expect(USAGE, *SWEEP, *SEEDS, "--resume", "other.jsonl")
            self.assertIn("other.jsonl is not the state of this sweep", answer.stderr)
            self.assertEqual(other.read_text(), text)
        self.assertEqual(self.expect(USAGE, *SWEEP, *SEEDS, "--resume", ".").stdout, "")

    def test_one_state_belongs_to_one_sweep_at_a_time(self):
        process = self.start(*SWEEP, *SEEDS)
        wait_until(lambda: self.lines() > 1, process)
        self.assertIn("the same sweep is under way", self.expect(USAGE, *SWEEP, *SEEDS).stderr)
        process.communicate()
        self.assertEqual(process.returncode, VIOLATED)

    def test_a_disk_that_is_full_from_the_start_leaves_no_state(self):
        answer = self.expect(NOT_WRITTEN, *SWEEP, *SEEDS, preexec_fn=limited(100))
        self.assertIn("File too large", answer.stderr)
        self.assertEqual(self.files(), [])

    def test_a_disk_that_fills_up_keeps_what_is_whole(self):
        self.expect(NOT_WRITTEN, *SWEEP, *SEEDS, preexec_fn=limited(4000))
        self.assertGreater(self.lines(), 1)
        self.assertEqual(lasting(self.json(VIOLATED, *SWEEP, *SEEDS)), self.whole())

    def test_a_pipe_cannot_be_the_input_of_several_processes(self):
        os.mkfifo(self.folder / "pipe")
        for words in (("sweep", "transform", "--seeds", "2"), ("run", "transform", "--check-determinism")):
            self.assertIn("pipe is a pipe", self.expect(USAGE, *words, "--input", "pipe").stderr)

    def test_a_seed_that_contradicts_itself_is_64_with_its_place(self):
        self.write("x.json", {"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}], "cluster": {"slots": 1},
                              "parallelism": {"one_of": [1, 1, 1, 1, 1, 40]}})
        answer = self.expect(USAGE, "sweep", "x.json", "--seeds", "60")
        self.assertIn("x.json: parallelism 40 needs as many slots", answer.stderr)
        self.assertIn("at /parallelism", answer.stderr)


if __name__ == "__main__":
    main()
