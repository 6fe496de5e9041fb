#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py must be able to fail: every rule meets a small tree that breaks it, and one that does not."""
import tempfile
import unittest
from pathlib import Path

from tidy import Tidy

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
MODULES = """# SPDX-License-Identifier: Apache-2.0
onceproof_module(runtime_base runtime/base fmt::fmt)
onceproof_module(runtime_env runtime/env runtime_base)
onceproof_module(runtime_dataflow runtime/dataflow runtime_env)
onceproof_module(runtime_real runtime/real runtime_env)
onceproof_module(simulator_core simulator runtime_env)
onceproof_module(checkers checkers runtime_base)
onceproof_module(reports reports checkers)
onceproof_module(scenarios scenarios runtime_dataflow runtime_real
                                     simulator_core reports)
"""
HEADERS = ["runtime/base/bytes.h", "runtime/env/env.h", "runtime/dataflow/task.h", "runtime/real/files.h",
           "simulator/world.h", "checkers/judge.h", "reports/html.h", "scenarios/plan/plan.h", "tests/support/fake.h"]


def violations(files, modules=MODULES):
    with tempfile.TemporaryDirectory() as root:
        tree = {"CMakeLists.txt": modules}
        tree.update({header: SPDX + "#pragma once\n" for header in HEADERS})
        tree.update(files)
        for name, text in tree.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [(path, line, rule) for path, line, rule, _ in Tidy(root).run()]


class TidySelfTest(unittest.TestCase):
    def rules_of(self, line, path="scenarios/bad.cc"):
        return [rule for _, _, rule in violations({path: SPDX + line + "\n"})]

    def test_a_clean_tree_is_clean(self):
        self.assertEqual(violations({}), [])

    def test_every_forbidden_arrow_is_found_at_its_line(self):
        for path, target in [("runtime/base/a.cc", "runtime/env/env.h"), ("runtime/env/a.cc", "simulator/world.h"),
                             ("runtime/dataflow/a.cc", "runtime/real/files.h"),
                             ("runtime/dataflow/a.cc", "checkers/judge.h"),
                             ("runtime/dataflow/a.cc", "scenarios/plan/plan.h"), ("simulator/a.cc", "runtime/real/files.h"),
                             ("checkers/a.cc", "runtime/env/env.h"), ("checkers/a.cc", "reports/html.h"),
                             ("reports/a.cc", "simulator/world.h"), ("scenarios/a.cc", "tests/support/fake.h")]:
            found = violations({path: f'{SPDX}\n#include "{target}"\n'})
            self.assertEqual(found, [(path, 3, "arrow")], f"{path} -> {target}")

    def test_the_allowed_arrows_are_allowed(self):
        for path, target in [("scenarios/a.cc", "runtime/base/bytes.h"), ("scenarios/a.cc", "runtime/real/files.h"),
                             ("reports/a.cc", "runtime/base/bytes.h"), ("tests/unit/a.cc", "simulator/world.h")]:
            self.assertEqual(violations({path: f'{SPDX}#include "{target}"\n'}), [], f"{path} -> {target}")

    def test_the_build_cannot_grant_what_the_outline_forbids(self):
        self.assertEqual(violations({}, MODULES.replace("checkers runtime_base", "checkers runtime_env")),
                         [("CMakeLists.txt", 7, "arrow"), ("CMakeLists.txt", 8, "arrow")])

    def test_every_ban_is_found(self):
        for rule, line in [
                ("clock", "auto t = std::chrono::steady_clock::now();"), ("clock", "auto t = time(nullptr);"),
                ("clock", "#include <chrono>"), ("random", "std::random_device d;"), ("random", "int x = rand();"),
                ("random", "#include <random>"), ("thread", "std::thread t;"), ("thread", "#include <mutex>"),
                ("thread", "auto f = std::async(g);"), ("environment", 'auto v = std::getenv("X");'),
                ("std-hash", "std::hash<int> h;"), ("unordered", "std::unordered_map<int, int> m;"),
                ("pointer-key", "std::map<const Task*, int> m;"), ("pointer-key", "std::set<Task*> s;"),
                ("sleep", "usleep(5);"), ("exception", "throw Error();")]:
            self.assertEqual(self.rules_of(line), [rule], line)

    def test_floating_point_is_banned_in_protocols_alone(self):
        self.assertEqual(self.rules_of("double x = 0;", "runtime/dataflow/bad.cc"), ["floating-point"])
        self.assertEqual(self.rules_of("double x = 0;"), [])

    def test_look_alikes_are_no_violations(self):
        for line in ["// std::thread is banned", 'const char* text = "std::thread";', "TimeUs t = env.time(0);",
                     "int operand(int x);", "std::map<int, Task*> m;", 'auto s = R"(rand())";',
                     "/* time(nullptr)\n rand() */", "int grand(int);", "x.rand();"]:
            self.assertEqual(self.rules_of(line), [], line)

    def test_the_operating_systems_folder_is_free_of_the_bans(self):
        self.assertEqual(self.rules_of("auto t = time(nullptr);", "runtime/real/good.cc"), [])

    def test_an_exception_needs_a_reason(self):
        allowed = "std::unordered_set<int> s;  // tidy: allow(unordered) looked up only"
        self.assertEqual(self.rules_of(allowed), [])
        self.assertEqual(self.rules_of("// tidy: allow(unordered) looked up only\nstd::unordered_set<int> s;"), [])
        self.assertEqual(self.rules_of("std::unordered_set<int> s;  // tidy: allow(unordered)"), ["reason"])
        self.assertEqual(self.rules_of("int x = rand();  // tidy: allow(unordered) wrong rule"), ["random"])

    def test_layout(self):
        self.assertEqual([r for _, _, r in violations({"scenarios/a.cc": "int x;\n"})], ["spdx"])
        self.assertEqual([r for _, _, r in violations({"scenarios/a.h": SPDX + "int x;\n"})], ["pragma-once"])
        self.assertEqual(self.rules_of("#include <boost/graph/adjacency_list.hpp>", "scenarios/ok.cc"), [])
        self.assertEqual(self.rules_of("#pragma once\n#include <nlohmann/json.hpp>", "scenarios/a.h"), ["heavy-header"])
        self.assertEqual(self.rules_of("#pragma once\n#include <nlohmann/json_fwd.hpp>", "scenarios/a.h"), [])
        self.assertEqual(self.rules_of('#include "plan.h"'), ["include"])
        self.assertEqual(self.rules_of("int x;\n" * 400), ["file-length"])
        self.assertEqual(self.rules_of("int x; "), ["whitespace"])
        self.assertEqual(self.rules_of("int f() {\n" + "  g();\n" * 69 + "}"), ["function-length"])
        self.assertEqual(self.rules_of("int f() {\n" + "  g();\n" * 68 + "}"), [])
        self.assertEqual(self.rules_of("// see /" + "home/somebody/notes"), ["machine-path"])


if __name__ == "__main__":
    unittest.main()
