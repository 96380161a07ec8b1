#!/usr/bin/env python3
"""`slm eval run` as a user meets it: eval_run_test.py SLM WRITE_TINY_CHAT_MODEL.

A tiny model with random weights answers a task of 200 items; the run is interrupted, killed, refused its disk, and goes on.
"""
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SLM, WRITE = sys.argv[1], sys.argv[2]
ITEMS = 200
TASK = """name: echo
title: {en: Echo, zh: 回声}
table: language
kind: generate
data: {file: echo.txt, format: lines, columns: [q]}
grader: contains
reference: e
max_tokens: 64
prompt: {chat: "say {{q}}", text: "{{q}}"}
"""


class EvalRun(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name)
        subprocess.run([WRITE, str(self.path / "tiny.gguf")], check=True, stdout=subprocess.DEVNULL)
        (self.path / "echo.txt").write_text("".join(f"hello the {i}\n" for i in range(ITEMS)))
        (self.path / "echo.yaml").write_text(TASK)
        self.environment = {**os.environ, "SLM_HOME": str(self.path / "home"), "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        self.directory.cleanup()

    def command(self, *more):
        return [SLM, "eval", "run", str(self.path / "echo.yaml"), str(self.path / "tiny.gguf"), "--threads", "1", "--data-dir", str(self.path), *more]

    def run_slm(self, *more, code=0, **options):
        done = subprocess.run(self.command(*more), capture_output=True, text=True, env=self.environment, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def facts(self, *more):
        """The JSON without what clocks and the cache tell."""
        facts = json.loads(self.run_slm("--json", *more).stdout)
        for row in facts["rows"]:
            row["from_cache"], row["seconds"] = 0, 0
        for record in facts["records"]:
            record["seconds"] = 0
        return facts

    def test_json_and_transcripts(self):
        facts = self.facts("--out", str(self.path / "out.jsonl"))
        self.assertEqual((facts["task"], facts["items"], len(facts["records"]), facts["kind"]), ("echo", ITEMS, ITEMS, "generate"))
        right = sum(record["grade"] for record in facts["records"])
        self.assertAlmostEqual(facts["score"], right / ITEMS)
        self.assertLessEqual(facts["interval"][0], facts["score"])
        self.assertEqual(facts["rows"][0]["prompting"], "chat")
        self.assertEqual(sorted(record["item"] for record in facts["records"]), list(range(ITEMS)))
        for record in facts["records"]:
            self.assertEqual(record["grade"], "e" in record["answer"].lower())
            self.assertIn(record["prompt"], record["transcript"])
            self.assertTrue(record["transcript"].endswith(record["answer"]))
        lines = [json.loads(line) for line in (self.path / "out.jsonl").read_text().splitlines()]
        self.assertEqual([line["item"] for line in lines], [record["item"] for record in facts["records"]])
        self.assertTrue(all(line["task"] == "echo" for line in lines))

    def test_limit_is_a_first_part(self):
        few = [record["item"] for record in self.facts("--limit", "5")["records"]]
        self.assertEqual(few, [record["item"] for record in self.facts("--limit", "9")["records"]][:5])
        self.assertNotEqual(few, [record["item"] for record in self.facts("--limit", "5", "--seed", "2")["records"]])

    def timed_facts(self, *more):
        start = time.monotonic()
        facts = self.facts(*more)
        return facts, time.monotonic() - start

    def test_killed_twenty_times(self):
        wanted, seconds = self.timed_facts("--fresh")
        rng, killed = random.Random(1), 0
        for _ in range(20):
            process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
            time.sleep(rng.uniform(0, seconds / 8))
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        self.assertGreater(killed, 5)
        self.assertEqual(self.facts(), wanted)

    def test_ctrl_c_keeps_what_is_done(self):
        wanted, seconds = self.timed_facts("--fresh")
        process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        time.sleep(seconds / 2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        if process.returncode == 0:
            self.skipTest("the run was over before it could be interrupted")
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn(f"of {ITEMS} items are done and kept", errors)
        self.assertIn("Echo: ", output)
        self.assertEqual(self.facts(), wanted)

    def test_a_full_disk_is_named_and_the_result_is_whole(self):
        wanted = self.facts("--fresh")

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

        done = self.run_slm("--json", preexec_fn=small_files)
        facts = json.loads(done.stdout)
        self.assertGreater(facts["rows"][0]["not_kept"], 0)
        self.assertIn("answers.db: no room to keep answers", done.stderr)
        self.assertEqual([record["answer"] for record in facts["records"]], [record["answer"] for record in wanted["records"]])
        self.assertEqual(self.facts(), wanted)

    def edit(self, before, after):
        text = (self.path / "echo.yaml").read_text()
        self.assertIn(before, text)
        (self.path / "echo.yaml").write_text(text.replace(before, after))

    def test_bad_input_is_named(self):
        self.edit("grader:", "graader:")
        error = self.run_slm(code=6).stderr
        self.assertIn("echo.yaml:6:1", error)
        self.assertIn("grader", error)
        self.edit("graader:", "grader:")
        self.edit("columns: [q]", f"columns: [q], sha256: {'0' * 64}")
        self.assertIn("0" * 64, self.run_slm(code=6).stderr)
        self.edit(f", sha256: {'0' * 64}", "")
        (self.path / "echo.txt").unlink()
        missing = self.run_slm(code=3).stderr
        self.assertIn("Echo", missing)
        self.assertIn("echo.txt", missing)
        (self.path / "echo.txt").write_text("hello\n")
        self.assertIn("no row", self.run_slm("--row", "xx", code=2).stderr)
        (self.path / "home/cache").mkdir(parents=True, exist_ok=True)
        (self.path / "home/cache/answers.db").write_text("no database at all " * 500)
        self.assertIn("answers.db", self.run_slm(code=6).stderr)
        self.run_slm("--fresh")

    def test_data_beside_the_task_is_found(self):
        there = subprocess.run([os.path.abspath(SLM), "eval", "run", "echo.yaml", "tiny.gguf", "--threads", "1", "--limit", "3", "--json"], capture_output=True,
                               text=True, env=self.environment, cwd=self.path)
        self.assertEqual(there.returncode, 0, there.stderr)
        self.assertEqual(json.loads(there.stdout)["items"], 3)
        elsewhere = subprocess.run([os.path.abspath(SLM), "eval", "run", str(self.path / "echo.yaml"), str(self.path / "tiny.gguf"), "--threads", "1", "--limit", "3",
                                    "--json"], capture_output=True, text=True, env=self.environment, cwd="/")
        self.assertEqual(json.loads(elsewhere.stdout)["records"], json.loads(there.stdout)["records"])

    def test_a_wrong_name_is_told_before_anything_is_fetched(self):
        done = subprocess.run([SLM, "eval", "run", "gsm8k", "tinny.gguf"], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("tinny.gguf", done.stderr)
        self.assertNotIn("gsm8k", done.stderr)

    def test_without_a_sandbox_no_code_is_run(self):
        data = pathlib.Path(__file__).resolve().parents[2] / "data/smoke"
        environment = {**self.environment, "PATH": str(self.path / "empty")}
        base = str(self.path / "tiny-base.gguf")  # continues the beginning of a function: there is always a program
        subprocess.run([WRITE, base, "template=none", "name=tiny-base"], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([SLM, "eval", "run", "humaneval", base, "--threads", "1", "--limit", "2", "--data-dir", str(data)],
                              capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("bubblewrap", done.stderr)

    def test_tasks_are_listed(self):
        listed = json.loads(subprocess.run([SLM, "eval", "tasks", "--json"], capture_output=True, text=True, check=True).stdout)["tasks"]
        names = [task["name"] for task in listed]
        for name in ["gsm8k", "mgsm", "cmath", "cmmlu", "xcopa_zh", "c3", "flores_bits", "hellaswag", "piqa", "ifeval", "humaneval"]:
            self.assertIn(name, names)
        self.assertEqual(len(next(task for task in listed if task["name"] == "mgsm")["rows"]), 11)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
