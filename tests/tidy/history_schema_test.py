#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The printed schema of a history accepts every line that is written, by hand or by a run, and refuses what the reader
refuses.  history_schema_test.py ROOT PROGRAM"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

root, program = Path(sys.argv[1]), sys.argv[2]
schema = json.loads(subprocess.run([program, "list", "history-schema"], check=True, capture_output=True).stdout)
Draft202012Validator.check_schema(schema)
# One validator a kind of line: errors that name the field, and no search through all kinds.
kinds = {line["title"]: Draft202012Validator(line) for line in schema["oneOf"]}
failures = 0


def fail(text):
    global failures
    failures += 1
    print(text)


def problems(line):
    kind = line.get("type", "header")
    if kind not in kinds:
        return [f"unknown type {kind}"]
    return [error.message for error in kinds[kind].iter_errors(line)]


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([program, "run", "transform", "--seed", "3", "--out", folder], check=True, capture_output=True)
    documents = sorted((root / "tests" / "histories").glob("*.jsonl")) + sorted(Path(folder).rglob("history.jsonl"))
    seen = set()
    for document in documents:
        for number, text in enumerate(document.read_text().splitlines(), 1):
            line = json.loads(text)
            seen.add(line.get("type", "header"))
            for problem in problems(line):
                fail(f"{document.name}:{number}: {problem}")
    for kind in sorted(set(kinds) - seen):
        fail(f"no document has a line of type {kind}")

    # Each is wrong in one thing: neither the schema nor the reader takes it.
    whole = (root / "tests" / "histories" / "early-commit.jsonl").read_text()
    for bad in [{"type": "output"}, {"type": "output", "offset": "0"}, {"type": "output", "offset": 9, "visibility": "seen"},
                {"type": "output", "offset": 9, "from": [[0]]}, {"type": "output", "offset": 9, "from": [[256, 0]]},
                {"type": "output", "offset": 9, "place": 1}, {"type": "output", "offset": -1}, {"type": "sink"},
                {"type": "event", "at_us": 1, "process": 0, "point": "nowhere"}, {"type": "end", "job": "over"},
                {"type": "condition", "kind": "weather"}, {"type": "input", "value": "a", "visible_us": 1.5}]:
        if not problems(bad):
            fail(f"the schema takes {bad}")
        path = Path(folder) / "bad.jsonl"
        path.write_text(whole + json.dumps(bad) + "\n")
        if subprocess.run([program, "check", path], capture_output=True).returncode != 64:
            fail(f"the reader takes {bad}")

sys.exit(1 if failures else 0)
