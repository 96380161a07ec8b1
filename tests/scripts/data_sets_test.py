#!/usr/bin/env python3
"""Evaluation sets as a user gets them: data_sets_test.py SLM WRITE_TINY_CHAT_MODEL DATASETS_DIR.

A copy of the program, far from any checkout, fetches sets from a server on this machine that lays DATASETS_DIR out as a mirror does.
"""
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

SLM, WRITE, DATASETS = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
DEAD = "http://127.0.0.1:9/"  # the discard port: nothing listens


class Mirror(http.server.SimpleHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


class DataSets(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name)
        self.slm = self.path / "slm"
        shutil.copy(SLM, self.slm)
        subprocess.run([WRITE, str(self.path / "tiny.gguf")], check=True, stdout=subprocess.DEVNULL)
        Mirror.asked = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Mirror, directory=str(DATASETS)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.directory.cleanup()

    def run_slm(self, *arguments, mirror=None, code=0, **more):
        environment = {**os.environ, "SLM_HOME": str(self.path / "home"), "LC_ALL": "C.UTF-8", "SLM_DATA_MIRROR": mirror or self.url, **more}
        environment.pop("SLM_DATA_DIR", None)
        done = subprocess.run([str(self.slm), *arguments], capture_output=True, text=True, env=environment, cwd=self.path)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_every_set_is_what_the_catalogue_says(self):
        sets = json.loads(self.run_slm("list", "--data", "--json").stdout)["data"]
        self.assertGreaterEqual(len(sets), 14)
        for one in sets:
            self.assertFalse(one["here"])
            pulled = json.loads(self.run_slm("pull", "data:" + one["name"], "--json").stdout)
            self.assertEqual((pulled["received_bytes"], pulled["bytes_missing"], pulled["here"]), (one["bytes"], 0, True))
        self.run_slm("verify", *("data:" + one["name"] for one in sets))
        self.assertTrue(all(one["here"] for one in json.loads(self.run_slm("list", "--data", "--json").stdout)["data"]))

    def test_size_and_licence_are_said_first(self):
        text = self.run_slm("pull", "data:cmmlu", "--dry-run").stdout
        for part in ["2.5 MB", "CC-BY-NC-SA-4.0", "non-commercial", "haonan-li/CMMLU"]:
            self.assertIn(part, text)
        self.assertEqual(Mirror.asked, [])

    def test_an_evaluation_fetches_what_it_wants_once(self):
        command = ["eval", "run", "xcopa_zh", "tiny.gguf", "--threads", "1", "--limit", "3"]
        first = self.run_slm(*command)
        self.assertIn("95.4 kB", first.stderr)
        self.assertIn("CC-BY-4.0", first.stderr)
        self.assertEqual(Mirror.asked, ["/xcopa/test.zh.jsonl"])
        self.run_slm(*command)
        self.run_slm("eval", "choices", "tiny.gguf", "piqa", "--threads", "1", "--limit", "3", "--json")
        self.assertEqual(len(Mirror.asked), 3)  # piqa has two files

    def test_without_a_network_it_says_so(self):
        # Everything there is to ask is a proxy that does not answer.
        offline = {"https_proxy": DEAD, "HTTPS_PROXY": DEAD, "SLM_PULL_PATIENCE": "1"}
        done = self.run_slm("eval", "run", "xcopa_zh", "tiny.gguf", mirror=DEAD, code=3, **offline)
        self.assertIn("data:xcopa cannot be had", done.stderr)
        done = self.run_slm("eval", "run", "xcopa_zh", "tiny.gguf", "--no-pull", mirror=DEAD, code=3, **offline)
        self.assertNotIn("cannot be had", done.stderr)
        self.assertEqual(self.run_slm("pull", "data:xcopa", mirror=DEAD, code=5, **offline).stdout, "")
        self.assertFalse((self.path / "home/data/xcopa").exists())

    def test_names_that_are_none(self):
        self.assertIn("data:gsm8k", self.run_slm("pull", "data:gsm8", code=3).stderr)
        self.assertIn("--name", self.run_slm("pull", "data:gsm8k", "--name", "x", code=2).stderr)
        self.run_slm("rm", "data:gsm8k", code=3)
        self.run_slm("verify", "data:gsm8k", code=3)


if __name__ == "__main__":
    if not (DATASETS / "gsm8k/test.jsonl").exists():
        print(f"skipped: no evaluation sets at {DATASETS}")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
