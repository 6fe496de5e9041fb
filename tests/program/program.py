# SPDX-License-Identifier: Apache-2.0
"""What the tests of the program share: calls of it, limits around it, and what lies in a folder afterwards."""
import json
import os
import pathlib
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])
VALID, VIOLATED, INCONCLUSIVE, NOTHING, NONDETERMINISTIC = 0, 1, 2, 4, 5
USAGE, INTERNAL, NOT_WRITTEN, INTERRUPTED = 64, 70, 74, 130


def limited(bytes_of_a_file):
    """For preexec_fn: files of the program cannot grow beyond this, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_of_a_file, bytes_of_a_file))


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onceproof-program-"))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ONCEPROOF_")}
        self.environment.pop("COLUMNS", None)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def call(self, *words, **more):
        more.setdefault("cwd", self.folder)
        more.setdefault("env", self.environment)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([PROGRAM, *map(str, words)], stderr=subprocess.PIPE, text=True, timeout=120, **more)

    def expect(self, code, *words, **more):
        answer = self.call(*words, **more)
        self.assertEqual(answer.returncode, code, (words, answer.stdout, answer.stderr))
        return answer

    def json(self, code, *words, **more):
        return json.loads(self.expect(code, *words, "--json", **more).stdout)

    def start(self, *words):
        process = subprocess.Popen([PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def files(self, under="."):
        """Everything below a folder of this test, without the folder itself."""
        return sorted(str(path.relative_to(self.folder)) for path in (self.folder / under).rglob("*"))

    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


def wait_until(condition, process):
    """Until it holds; fails when the process ends before. The end of its output is what is waited on in between."""
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode} before: {process.stdout.read()}{process.stderr.read()}")
        select.select([process.stdout], [], [], 0.01)


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def main():
    del sys.argv[1]
    unittest.main(verbosity=1)
