#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The printed schema against documents: the catalogue and every example of README.md and docs/ are valid, and what the
parser refuses the schema refuses too. Usage: schema_test.py SOURCE_DIR PROGRAM"""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

ROOT, PROGRAM = pathlib.Path(sys.argv[1]), sys.argv[2]
BASE = {"name": "x", "pipeline": [{"source": "log"}, {"sink": "log"}]}


def changed(**members):
    return {**copy.deepcopy(BASE), **members}


def fault(**members):
    return changed(faults=[members])


# (document, valid): parser and schema must agree on each.
CASES = [
    (BASE, True),
    (changed(**{"$schema": "anything"}), True),
    (changed(parallelism=[1, 3]), True),
    (changed(parallelism={"one_of": [1, 3]}), True),
    (changed(parallelism=0), False),
    (changed(parallelism=[1, 2, 3]), False),
    (changed(parallelism={"one_of": []}), False),
    (changed(paralelism=1), False),
    (changed(name="../x"), False),
    (changed(pipeline=[{"source": "log"}]), False),
    (changed(pipeline=[{"source": "log"}, {"split": "lines"}, {"sink": "log"}]), False),
    (changed(pipeline=[{"source": "log"}, {"map": {}}, {"sink": "log"}]), False),
    (changed(parts={"sink": "flush", "checkpoints": True}), True),
    (changed(parts={"sink": "flushed"}), False),
    (changed(parts={"checkpoints": "yes"}), False),
    (changed(input={"generated": {"records": 5}}), True),
    (changed(input={"generated": {"distinct": 5}}), False),
    (changed(input={"text": "default", "generated": {"records": 5}}), False),
    (changed(swarm={"configuration": {"percent": 50, "channel.buffer_bytes": [64, 128]}}), True),
    (changed(swarm={"configuration": {"buffer_bytes": 64}}), False),
    (changed(swarm={"faults": [{"percent": 5, "kind": "pause", "at_ms": 5}]}), True),
    (changed(swarm={"families": [{"name": "f", "percent": 50, "faults": [{"kind": "pause", "at_percent": 50}]}]}), True),
    (changed(swarm={"families": [{"percent": 50}]}), False),
    (changed(profiles={"swarm": {"own": {"faults_percent": 5}, "configuration": {"parallelism": [1, 2]}}}), True),
    (changed(profiles={"swarm": {"own": 5}}), False),
    (changed(profiles={"swarm": {"parallelism": 5}}), False),
    (changed(input={"generated": {"records": [5, 9], "zipf_percent": 50}}), True),
    (changed(input={"generated": {"records": 5, "text": 5}}), False),
    (fault(kind="pause", at_ms=5), True),
    (fault(kind="pause"), False),
    (fault(kind="pause", percent=5, at_ms=5), True),
    (fault(kind="pause", percent=101, at_ms=5), False),
    (fault(kind="pause", at=["any sink point", "job.restart"], when="drawn"), True),
    (fault(kind="pause", at="any sinc point"), False),
    (fault(kind="pause", at="sink.commit", when="before", subtask="drawn", nth=[1, 3]), True),
    (fault(kind="pause", at="sink.comit"), False),
    (fault(kind="crash", at_ms=5, target=["any broker", "taskmanager-0"]), True),
    (fault(kind="crash", at_ms=5, target="taskmanager"), False),
    (fault(kind="crash", at_ms=5, duration_ms=5), False),
    (fault(kind="delay", at_ms=5, mail="log-request"), True),
    (fault(kind="delay", at_ms=5), False),
    (fault(kind="crash", at="sink.commit", after_ms=5, after={"at": "checkpoint.complete", "nth": 3}), True),
    (fault(kind="crash", at="sink.commit", after={"nth": 3}), False),
    (fault(kind="crash", at_ms=5, notice=["reset", "silent"], target="reader"), True),
    (fault(kind="reconnect", at_ms=5, count=2), True),
    (fault(kind="partition", at_ms=5, mode=["hold", "reset"], direction="to-peer"), True),
    (fault(kind="partition", at_ms=5, mode=[]), False),
]


def parser_accepts(document, folder):
    path = pathlib.Path(folder) / "case.json"
    path.write_text(json.dumps(document))
    return subprocess.run([PROGRAM, "explain", str(path)], capture_output=True).returncode == 0


def documents():
    for path in sorted((ROOT / "scenarios/catalogue").glob("*.json")):
        yield path.name, json.loads(path.read_text())
    for path in sorted((ROOT / "scenarios/profiles").glob("*.json")):  # a profile is what may stand under "profiles"
        yield path.name, changed(profiles={path.stem: json.loads(path.read_text())})
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in re.findall(r"```json\n(.*?)```", path.read_text(), re.S):
            document = json.loads(block)
            if "pipeline" in document:
                yield path.name, document


def main():
    schema = json.loads(subprocess.run([PROGRAM, "list", "schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        for name, document in documents():
            bad += [f"{name}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
            if not parser_accepts(document, folder):
                bad.append(f"{name}: the parser refuses it")
        for document, valid in CASES:
            if validator.is_valid(document) != valid:
                bad.append(f"the schema {'refuses' if valid else 'accepts'} {json.dumps(document)}")
            if parser_accepts(document, folder) != valid:
                bad.append(f"the parser {'refuses' if valid else 'accepts'} {json.dumps(document)}")
    for line in bad:
        print(line)
    sys.exit(1 if bad else 0)


main()
