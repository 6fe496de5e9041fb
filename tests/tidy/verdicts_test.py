#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/verdicts.md names every kind of finding that the checkers can tell, and no other.  verdicts_test.py ROOT"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
KINDS = re.compile(r'findings\.add\(\s*"([a-z-]+)"|kind = [^;]*?"([a-z-]+)"(?:[^;"]*"([a-z-]+)")?')

told = set()
for source in sorted((ROOT / "checkers").glob("*.cc")):
    for match in KINDS.finditer(source.read_text()):
        told |= {kind for kind in match.groups() if kind}
    # tell_delivery names its kinds in calls of its own
    told |= set(re.findall(r'\.add\("([a-z-]+)"', source.read_text()))
table = (ROOT / "docs" / "verdicts.md").read_text().partition("## Findings")[2].partition("\n## ")[0]
named = {kind for line in table.splitlines() if line.startswith("|") for kind in re.findall(r"`([a-z-]+)`", line.split("|")[2])}
for kind in sorted(told - named):
    print(f"docs/verdicts.md does not name {kind}")
for kind in sorted(named - told):
    print(f"docs/verdicts.md names {kind}, which no checker tells")
sys.exit(0 if told == named else 1)
