#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/history.md describes every line and field of a history, in the program's own words.

    history_docs_test.py ROOT PROGRAM [--write]    --write brings the page's tables up to date
"""
import json
import subprocess
import sys
from pathlib import Path

root, program = Path(sys.argv[1]), sys.argv[2]
page = root / "docs" / "history.md"


def printed(topic):
    return json.loads(subprocess.run([program, "list", topic, "--json"], check=True, capture_output=True).stdout)


meanings = {line["title"]: line["description"] for line in printed("history-schema")["oneOf"]}
sections, line = [], None
for field in printed("history")["history"]:
    if field["line"] != line:
        line = field["line"]
        sections.append(f"\n### `{line}`: {meanings[line]}\n\n| field | form | absent | meaning |\n|---|---|---|---|\n")
    sections[-1] += f"| `{field['field']}` | {field['form']} | {field['absent']} | {field['meaning']} |\n"

head, heading, _ = page.read_text().partition("\n### ")
wanted = head.rstrip("\n") + "\n" + "".join(sections)
if "--write" in sys.argv:
    page.write_text(wanted)
elif page.read_text() != wanted:
    had = page.read_text().splitlines()
    for text in wanted.splitlines():
        if text not in had:
            print(f"docs/history.md lacks: {text}")
    for text in had:
        if text not in wanted.splitlines():
            print(f"docs/history.md says what the program does not: {text}")
    print("tests/tidy/history_docs_test.py ROOT PROGRAM --write brings it up to date")
    sys.exit(1)
