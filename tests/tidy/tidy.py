#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can hold: arrows between folders, bans that keep runs deterministic, layout.

    tidy.py [ROOT]    prints every violation as file:line: [rule] message; exit code 1 when there is one

The arrows are read from the onceproof_module lines of CMakeLists.txt, and those lines themselves are held to the
outline in OUTLINE. An exception stands on the line it excuses, or the one above, with its reason:
    // tidy: allow(unordered) looked up only, never iterated
"""
import re
import sys
from pathlib import Path

MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 70
SKIPPED = {".git", "build", "runs", "__pycache__"}
CODE_FOLDERS = ("runtime", "simulator", "checkers", "reports", "scenarios", "testbed")

# What each part may use at all, however CMakeLists.txt is edited: the longest prefix of a folder counts.
OUTLINE = {
    "runtime": ["runtime", "!runtime/real"],
    "runtime/real": ["runtime"],
    "simulator": ["simulator", "runtime", "!runtime/real", "!runtime/sqlite"],
    "checkers": ["checkers", "runtime/base", "runtime/graph", "runtime/api"],  # the reference runs an author's functions
    "reports": ["reports", "checkers", "runtime/base", "runtime/graph", "runtime/api"],
    "scenarios": ["scenarios", "runtime", "simulator", "checkers", "reports"],
    "testbed": ["testbed", "scenarios", "runtime", "simulator", "checkers", "reports"],
}

PROTOCOL = tuple("runtime/" + part for part in ("checkpoint", "dataflow", "state", "cluster", "connectors", "graph"))

# (rule, pattern, message, folders or None for all code and tests)
BANS = [
    ("clock", r"std::chrono::(\w+_)?clock\b|\bgettimeofday\s*\(|\bclock_gettime\s*\(|\btimespec_get\s*\("
              r"|(?<![\w.>])(std::)?time\s*\(\s*(nullptr|NULL|0|&)|\bclock\s*\(\s*\)\s*(/|\*|-)|#\s*include <(chrono|ctime|time\.h)>",
     "system clocks are banned: use env::Clock::now (protocols) or real::monotonic_seconds (progress, benchmarks)",
     None),
    ("random", r"std::random_device|#\s*include <random>|std::(mt19937|minstd_rand|\w+_distribution)"
               r"|(?<![\w.>:])(std::)?s?rand\s*\(|\b[dlm]rand48\s*\(|\bgetrandom\s*\(",
     "use RandomStream (runtime/base/random.h), forked by name from the seed", None),
    ("thread", r"std::(jthread|thread|async|mutex|shared_mutex|recursive_mutex|condition_variable|future|promise|atomic)\b"
               r"|\bpthread_\w+|\bthread_local\b"
               r"|#\s*include <(thread|mutex|future|condition_variable|shared_mutex|atomic|semaphore|latch|barrier|pthread\.h)>",
     "threads are banned: post a mail (env::Scheduler), or use worker processes (runtime/real/workers.h)", None),
    ("sleep", r"\bu?sleep\s*\(|\bnanosleep\s*\(|sleep_for|sleep_until",
     "sleeping is banned: env::Scheduler::after", None),
    ("environment", r"\b(secure_)?getenv\s*\(|\benviron\b",
     "use real::environment (runtime/real/terminal.h), in scenarios/cli alone", None),
    ("std-hash", r"std::hash\b", "std::hash differs between libraries: use hash64 (runtime/base/hash.h)", None),
    ("unordered", r"\bunordered_(multi)?(map|set)\b",
     "iteration order is not reproducible: use std::map, a sorted vector or KeyedTable", None),
    ("pointer-key", r"std::(multi)?(map|set)<\s*(const\s+)?[\w:]+(<[^<>]*>)?\s*(const\s*)?\*",
     "addresses differ between runs: key by an id", None),
    ("floating-point", r"\b(float|double)\b",
     "floating point is banned in protocol code: use integers with the unit in the name", PROTOCOL),
    ("exception", r"\bthrow\b(?!\s*\()", "exceptions are banned: return Result or Status, or CHECK an invariant",
     CODE_FOLDERS),
]
HEAVY = re.compile(r"#\s*include\s*<((CLI/|boost/|gtest/|gmock/|rapidcheck)[^>]*|nlohmann/json\.hpp|sqlite3\.h)>")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users)/\w")
ALLOW = re.compile(r"tidy: allow\(([\w-]+)\)\s*(\S.*)?")
MODULE = re.compile(r"^onceproof_module\(\s*(\w+)\s+(\S+)([^)]*)\)", re.M)
FUNCTION = re.compile(r"^[A-Za-z_~].*\{$")
NOT_FUNCTION = re.compile(r"^(namespace|class|struct|enum|union|extern|static const|const|constexpr|inline constexpr)\b")
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\\ \n]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)


def without_comments_and_strings(text):
    """The same lines with comments and literals blanked; #include lines keep their target."""
    def blank(match):
        line = text.rfind("\n", 0, match.start()) + 1
        if text[line:match.start()].lstrip().startswith("#") and match.group().startswith('"'):
            return match.group()
        return "".join(c if c == "\n" else " " for c in match.group())
    return TOKEN.sub(blank, text)


def under(path, folder):
    return path == folder or path.startswith(folder + "/")


def longest_prefix(path, folders):
    return max((f for f in folders if under(path, f)), key=len, default=None)


class Tidy:
    def __init__(self, root):
        self.root, self.found = Path(root), []
        self.read_modules()

    def report(self, path, line, rule, message):
        self.found.append((str(path), line, rule, message))

    def read_modules(self):
        """folder -> the folders it may include: its own and the transitive closure of its module line."""
        cmake = self.root / "CMakeLists.txt"
        text = cmake.read_text() if cmake.exists() else ""
        folder_of, uses, line_of = {}, {}, {}
        for match in MODULE.finditer(text):
            name, folder, rest = match.groups()
            folder_of[name], uses[name] = folder, rest.split()
            line_of[name] = text.count("\n", 0, match.start()) + 1
        self.may_include = {}
        for name, folder in folder_of.items():
            seen, todo = set(), [name]
            while todo:
                module = todo.pop()
                if module in folder_of and module not in seen:
                    seen.add(module)
                    todo += uses[module]
            self.may_include[folder] = {folder_of[module] for module in seen}
            for used in sorted(self.may_include[folder]):
                if not self.outline_allows(folder, used):
                    self.report("CMakeLists.txt", line_of[name], "arrow", f"{folder} must never use {used}")

    @staticmethod
    def outline_allows(folder, used):
        rule = OUTLINE.get(longest_prefix(folder, OUTLINE), [])
        if any(under(used, entry[1:]) for entry in rule if entry.startswith("!")):
            return False
        return any(under(used, entry) for entry in rule)

    def run(self):
        for path in sorted(self.root.rglob("*")):
            relative = path.relative_to(self.root)
            if path.is_file() and not SKIPPED.intersection(relative.parts):
                try:
                    self.check_file(relative.as_posix(), path.read_text(encoding="utf-8"))
                except UnicodeDecodeError:
                    pass  # not a text
        return sorted(self.found)

    def check_file(self, path, text):
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            if MACHINE_PATH.search(line):
                self.report(path, number, "machine-path", "absolute path of somebody's machine")
        is_code = path.endswith((".h", ".cc"))
        is_script = path.endswith((".py", ".sh", ".cmake", "CMakeLists.txt")) or text.startswith("#!")
        if is_code or is_script:
            first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
            if first not in ("// SPDX-License-Identifier: Apache-2.0", "# SPDX-License-Identifier: Apache-2.0"):
                self.report(path, 1, "spdx", "begin with: SPDX-License-Identifier: Apache-2.0")
            self.check_layout(path, text, lines)
        if is_code:
            self.check_code(path, text, lines)

    def check_layout(self, path, text, lines):
        if text.count("\n") > MAX_FILE_LINES:
            self.report(path, MAX_FILE_LINES + 1, "file-length",
                        f"{text.count(chr(10))} lines: split the file (at most {MAX_FILE_LINES})")
        for number, line in enumerate(lines, 1):  # columns are .clang-format's
            if line != line.rstrip() or "\t" in line:
                self.report(path, number, "whitespace", "tabs or blanks at the line's end")

    def check_code(self, path, text, lines):
        if path.endswith(".h") and "#pragma once" not in lines:
            self.report(path, 1, "pragma-once", "a header needs #pragma once")
        for number, line in enumerate(lines, 1):
            if target := INCLUDE.match(line):
                self.check_include(path, number, target.group(1))
            if path.endswith(".h") and not path.startswith("tests/") and (heavy := HEAVY.match(line)):
                self.report(path, number, "heavy-header", f"{heavy.group(1)} belongs into .cc files")
        stripped = without_comments_and_strings(text).split("\n")
        if not under(path, "runtime/real"):
            self.check_bans(path, stripped, lines)
        self.check_functions(path, stripped)

    def check_include(self, path, number, target):
        if not (self.root / target).is_file():
            self.report(path, number, "include", f'"{target}" is no file below the repository\'s root')
            return
        module = longest_prefix(path, self.may_include)
        used = longest_prefix(target, self.may_include)
        if path.startswith("tests/"):
            return  # tests look at everything
        if target.startswith("tests/"):
            self.report(path, number, "arrow", "the program does not use its tests")
        elif module and used and used not in self.may_include[module]:
            allowed = ", ".join(sorted(self.may_include[module] - {module})) or "nothing else"
            self.report(path, number, "arrow", f"{module} must not include {target} (it may use: {allowed})")

    def check_bans(self, path, stripped, lines):
        for rule, pattern, message, folders in BANS:
            if folders and not any(under(path, folder) for folder in folders):
                continue
            if rule == "environment" and path.startswith("tests/unit/os_"):
                continue
            for number, line in enumerate(stripped, 1):
                if re.search(pattern, line) and not self.excused(path, lines, number, rule):
                    self.report(path, number, rule, message)

    def excused(self, path, lines, number, rule):
        for place in (number, number - 1):
            found = ALLOW.search(lines[place - 1]) if place else None
            if found and found.group(1) == rule:
                if not found.group(2):
                    self.report(path, place, "reason", "an exception needs its reason")
                return True
        return False

    def check_functions(self, path, stripped):
        begin = None
        for number, line in enumerate(stripped, 1):
            if FUNCTION.match(line.rstrip()) and "(" in line and not NOT_FUNCTION.match(line):
                begin = number
            elif line.startswith("}") and begin:
                if number - begin + 1 > MAX_FUNCTION_LINES:
                    self.report(path, begin, "function-length",
                                f"{number - begin + 1} lines: name its parts (at most {MAX_FUNCTION_LINES})")
                begin = None


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    found = Tidy(root).run()
    for path, line, rule, message in found:
        print(f"{path}:{line}: [{rule}] {message}")
    print(f"tidy: {len(found)} violation{'' if len(found) == 1 else 's'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
