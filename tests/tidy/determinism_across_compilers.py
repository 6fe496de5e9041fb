#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One seed, one trace: every compiler and optimisation must produce the same hashes for the same seeds.

    determinism_across_compilers.py ROOT PROGRAM

PROGRAM is the build under test (g++ -O2 in ./test); g++ -O0 and clang++ -O2 are built into build/determinism-* and
compared with it. Exit codes: 0 they agree, 1 they differ or a run broke, 77 skipped, with the reason printed.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT, PROGRAM = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
PRESETS = ["determinism-gcc-O0", "determinism-clang-O2"]
SCENARIOS = {"word-count": [1, 2, 3, 4], "transform": [1, 2, 3, 4]}
OUTCOMES = {0, 1, 2}  # valid, violated, inconclusive: a verdict is not this test's business
COMPARED = ["trace_hash", "verdict", "observed", "events", "delivered", "lost", "duplicated", "restarts"]


def build(preset):
    folder = ROOT / "build" / preset
    subprocess.run(["cmake", "--preset", preset], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    built = subprocess.run(["ninja", "-C", str(folder), "onceproof_program"], capture_output=True, text=True)
    if built.returncode != 0:
        sys.exit(f"{preset} does not build:\n{built.stdout[-4000:]}")
    return folder / "onceproof"


def results(program, scenario, seed, folder):
    command = [str(program), "run", scenario, "--guarantee", "all", "--seed", str(seed), "--json"]
    # Its own folder for runs/ and an environment without ONCEPROOF_*: nothing but the seed may decide.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ONCEPROOF_")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode not in OUTCOMES:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    runs = json.loads(done.stdout)["runs"]
    return {run["claimed"]: {key: run.get(key) for key in COMPARED} for run in runs}


def main():
    if not shutil.which("clang++"):
        print("skipped: clang++ is not installed (apt-get install clang)")
        return 77
    programs = {preset: build(preset) for preset in PRESETS}
    differences, compared = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for scenario, seeds in SCENARIOS.items():
            for seed in seeds:
                expected = results(PROGRAM, scenario, seed, folder)
                if not expected or not all(run["trace_hash"] for run in expected.values()):
                    sys.exit(f"{scenario} seed {seed}: no trace_hash to compare")
                for preset in PRESETS:
                    found = results(programs[preset], scenario, seed, folder)
                    compared += len(found)
                    if found != expected:
                        differences.append(f"{scenario} seed {seed}: {preset} differs\n"
                                           f"  {PROGRAM.name}: {expected}\n  {preset}: {found}")
    print("\n".join(differences))
    print(f"{compared} runs compared with {PROGRAM}, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
