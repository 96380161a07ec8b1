#!/usr/bin/env python3
"""`slm compare` with a user's own prompts, by the article's protocol and under sustained load: compare_flags_test.py SLM WRITE_TINY_CHAT_MODEL.

Two tiny models with random weights: what they say is noise, but how it is asked, shown, graded, kept and refused is not.
"""
import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import unittest

SLM, WRITE = sys.argv[1], sys.argv[2]
JSON_LINES = """{"prompt": "12 * 12?", "expected": 144}
{"prompt": "Say hello."}
{"prompt": "Any letter?", "regex": "[a-z]"}
{"prompt": "哪个是水果?", "choices": ["铁", "苹果"], "expected": "苹果"}
"""


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Compare(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name)
        for name, options in (("a", []), ("b", ["seed=2", "template=none", "name=tiny-base"])):
            subprocess.run([WRITE, str(self.path / f"{name}.gguf"), "context=4096", *options], check=True, stdout=subprocess.DEVNULL)
        self.environment = {**os.environ, "SLM_HOME": str(self.path / "home"), "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        self.directory.cleanup()

    def write(self, name, content):
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def command(self, *more):
        return [SLM, "compare", str(self.path / "a.gguf"), str(self.path / "b.gguf"), "--threads", "1", *more]

    def compare(self, *more, code=0, stdin=None):
        done = subprocess.run(self.command(*more), capture_output=True, text=True, env=self.environment, input=stdin, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def facts(self, *more, code=0):
        return json.loads(self.compare("--json", *more, code=code).stdout)

    def refused(self, code, *more, says):
        error = self.facts(*more, code=code)["error"]
        self.assertIn(says, error["message"] + error["hint"])

    def check_widths(self, text):
        """The table's lines are equally long; what follows from it stands below, as a paragraph."""
        table, summary = text.rstrip("\n").rsplit("\n\n", 1)
        self.assertEqual({width(line) for line in table.splitlines()}, {80})
        self.assertLessEqual(max(width(line) for line in summary.splitlines()), 80)
        # The paragraph is broken at spaces, and Chinese between any two characters.
        self.assertRegex(summary, r"How\s+sure|" + r"\n?".join("把握有多大"))

    def rows(self, facts):
        return {row["id"]: row for row in facts["rows"]}


class OwnPrompts(Compare):
    def test_graded_and_ungraded(self):
        file = self.write("my.jsonl", JSON_LINES)
        facts = self.facts("--prompts", file, "--max-tokens", "16")
        rows = self.rows(facts)
        self.assertEqual(facts["tier"], "prompts")
        self.assertIn(file, facts["sources"])
        self.assertTrue({"file_size", "peak_memory", "prefill", "decode", "first_token"} <= rows.keys())
        self.assertNotIn("hellaswag", rows)  # they stand in for the tier's tasks
        graded, others = rows["prompts"], rows["prompts_ungraded"]
        self.assertEqual([record["item"] for record in graded["records"]], [0, 0, 2, 2, 3, 3])
        for record in graded["records"]:
            if record["prompt"] == "Any letter?":
                self.assertEqual(record["grade"], re.search("[a-z]", record["answer"]) is not None)
        self.assertAlmostEqual(graded["a"], sum(record["grade"] for record in graded["records"][::2]) / 3)
        self.assertEqual([record["prompt"] for record in others["records"]], ["Say hello."] * 2)
        self.assertEqual(others["a"], len(others["records"][0]["answer"]))
        self.assertEqual(others["verdict"], "fact")
        a, b = others["records"]
        self.assertEqual(a["transcript"], "[user]\nSay hello.\n\n[assistant]\n" + a["answer"])  # by its template
        self.assertEqual(b["transcript"], "Say hello." + b["answer"])  # a base model continues text

    def test_the_same_answers_again_from_the_cache(self):
        file = self.write("my.jsonl", JSON_LINES)
        first, again = (self.facts("--prompts", file, "--max-tokens", "16") for _ in range(2))
        for row in first["rows"], again["rows"]:
            row[:] = [one for one in row if one["table"] == "prompts"]
        self.assertEqual(first["rows"], again["rows"])  # the seconds too: they are those of the first time
        longer = self.rows(self.facts("--prompts", file, "--max-tokens", "32"))
        self.assertGreater(longer["prompts_ungraded"]["a"], self.rows(first)["prompts_ungraded"]["a"])

    def test_shown_side_by_side_in_both_languages(self):
        file = self.write("my.txt", "".join(f"prompt number {i}\n" for i in range(7)))
        for language, title in (("en", "the first 5 of 7"), ("zh", "前 5 条, 共 7 条")):
            markdown, page = self.path / "out.md", self.path / "out.html"
            text = self.compare("--prompts", file, "--max-tokens", "16", "--lang", language, "--out", str(markdown), "--html", str(page)).stdout
            self.assertIn(title, text)
            self.check_widths(text)
            self.assertIn("prompt number 4", text)
            self.assertNotIn("prompt number 5", text)
            self.assertIn("prompt number 6", markdown.read_text())
            self.assertIn("prompt number 6", page.read_text())

    def test_with_a_tier_its_tasks_are_measured_too(self):
        data = pathlib.Path(__file__).resolve().parents[2] / "data/smoke"
        rows = self.rows(self.facts("--prompts", self.write("my.txt", "hello\n"), "--max-tokens", "4", "--tier", "smoke", "--data-dir", str(data)))
        self.assertTrue({"prompts_ungraded", "hellaswag", "piqa"} <= rows.keys())
        self.assertEqual(len(rows["prompts_ungraded"]["records"]), 2)

    def test_a_prompt_longer_than_the_tier_s_context(self):
        rows = self.rows(self.facts("--prompts", self.write("my.txt", "word " * 600 + "\n"), "--max-tokens", "8"))
        self.assertGreater(rows["prompts_ungraded"]["a"], 0)

    def test_ctrl_c_keeps_answers(self):
        file = self.write("my.txt", "".join(f"prompt number {i}\n" for i in range(9000)))
        process = subprocess.Popen(self.command("--prompts", file, "--max-tokens", "16", "--json"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        seen = b""
        while b"of 9000 items" not in seen:
            byte = process.stderr.read(1)
            self.assertTrue(byte, seen)
            seen += byte
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, errors)
        facts = json.loads(output.splitlines()[0])  # the error follows
        self.assertTrue(facts["interrupted"])
        answered = len(self.rows(facts)["prompts_ungraded"]["records"])
        self.assertTrue(0 < answered < 18000, answered)

    def test_another_encoding_by_its_flag(self):
        file = self.write("my.txt", "讲个笑话。\n".encode("gb18030"))
        self.refused(6, "--prompts", file, says="--encoding gb18030")
        rows = self.rows(self.facts("--prompts", file, "--encoding", "gb18030", "--max-tokens", "4"))
        self.assertEqual(rows["prompts_ungraded"]["records"][0]["prompt"], "讲个笑话。")

    def test_bad_input_is_named(self):
        good = self.write("good.txt", "hello\n")
        for code, content, says in (
            (6, "", "no prompts"),
            (6, " \n\n", "no prompts"),
            (6, bytes(range(256)) * 40, "UTF-8"),
            (6, JSON_LINES + '{"prompt": "a"', "line 5"),
            (6, '{"prompt": "a", "expcted": 1}\n', 'did you mean "expected"'),
            (4, "hello\n" * 2_000_000, "more than 10000 prompts"),
            (6, "x" * 10_000_000, "line 1"),
        ):
            self.refused(code, "--prompts", self.write("bad.txt", content), says=says)
        self.refused(3, "--prompts", str(self.path / "none.txt"), says="none.txt")
        self.refused(1, "--prompts", str(self.path), says=str(self.path))
        self.refused(2, "--prompts", good, "--max-tokens", "0", says="--max-tokens 0")
        self.refused(2, "--max-tokens", "5", says="--prompts")
        self.refused(2, "--encoding", "gb18030", says="--prompts")


class Article(Compare):
    def setUp(self):
        super().setUp()
        for name, options in (("a", []), ("b", ["seed=2", "name=tiny-base"])):
            subprocess.run([WRITE, str(self.path / f"{name}.gguf"), "context=4096", "type=f16", *options], check=True)

    def test_fp16_against_fp16(self):
        facts = self.facts("--protocol", "article")
        self.assertEqual(facts["tier"], "article")
        self.assertEqual([model["quantization"] for model in facts["models"]], ["F16", "F16"])
        rows = self.rows(facts)
        self.assertEqual({row["table"] for row in facts["rows"]}, {"deployment", "speed"})
        self.assertEqual(len(rows["decode"]["records"]), 14)
        self.assertTrue({"prefill", "decode", "first_token"} <= rows.keys())
        self.assertFalse({"first_token_32", "first_token_4096"} & rows.keys())
        self.assertIn("batch 1", self.compare("--protocol", "article").stdout)

    def test_with_prompts(self):
        rows = self.rows(self.facts("--protocol", "article", "--prompts", self.write("my.txt", "hello\n"), "--max-tokens", "4"))
        self.assertIn("prompts_ungraded", rows)

    def test_other_weights_are_refused_by_name(self):
        subprocess.run([WRITE, str(self.path / "b.gguf"), "context=4096"], check=True)
        self.refused(2, "--protocol", "article", says="b: F32")
        self.refused(2, "--protocol", "article", says="-fp16.gguf")
        subprocess.run([WRITE, str(self.path / "b.gguf"), "context=4096", "type=bf16"], check=True)
        self.assertIn("BF16", self.facts("--protocol", "article")["warnings"][0])

    def test_bad_flags(self):
        self.refused(2, "--protocol", "articel", says="article")
        self.refused(2, "--protocol", "article", "--tier", "smoke", says="--tier")


class Sustained(Compare):
    def sustained(self, seconds, *more):
        return self.command("--sustained", seconds, "--prompts", self.write("my.txt", "hello\n"), "--max-tokens", "4", *more)

    def test_by_the_bucket(self):
        done = subprocess.run(self.sustained("5s", "--json"), capture_output=True, text=True, env=self.environment, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = self.rows(json.loads(done.stdout))
        series = rows["sustained_decode"]["records"]
        # A bucket in which no answer began, on a machine that stood still, is left out.
        times = {record["item"]: record["answer"] for record in series}
        self.assertTrue(6 <= len(times) and set(times) <= set(range(10)), times)
        self.assertEqual(times[max(times)].replace(" s", "").split("-")[0], f"{max(times) * 0.5:g}")
        self.assertGreater(rows["sustained_decode"]["a"], 0)
        self.assertIsNotNone(rows["sustained_decode"]["ratio"])
        self.assertTrue(all(record["grade"] > 0 for record in series))
        loss = rows["sustained_loss"]
        a = [record for record in loss["records"] if record["model"] == loss["records"][0]["model"]]
        started = lambda record: float(record["answer"].split()[0])
        median = lambda values: (sorted(values)[(len(values) - 1) // 2] + sorted(values)[len(values) // 2]) / 2
        first = median([record["grade"] for record in a if started(record) < 5 / 3])
        last = median([record["grade"] for record in a if started(record) > 10 / 3])
        self.assertAlmostEqual(loss["a"], 1 - last / first, delta=0.2)
        for name in ("sustained_clock", "sustained_temperature"):
            self.assertTrue(rows[name]["verdict"] == "fact" or "not readable" in rows[name]["reason"], rows[name])
        self.assertTrue(12 <= len(rows["memory_slope"]["records"]) <= 20)
        self.assertIn("prompts_ungraded", rows)

    def test_shown_by_the_bucket(self):
        done = subprocess.run(self.sustained("2s"), capture_output=True, text=True, env=self.environment, timeout=120)
        self.assertIn("| 1.8-2 s ", done.stdout)
        self.check_widths(done.stdout)

    def test_ctrl_c_keeps_what_is_done(self):
        process = subprocess.Popen(self.sustained("30s", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        seen = b""
        while b"sustained decode of a" not in seen:
            byte = process.stderr.read(1)
            self.assertTrue(byte, seen)
            seen += byte
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, errors)
        facts = json.loads(output.splitlines()[0])
        self.assertTrue(facts["interrupted"])
        decode = self.rows(facts)["sustained_decode"]
        self.assertGreater(decode["a"], 0)
        self.assertEqual(decode["verdict"], "fact")
        self.assertIn("stopped", decode["reason"])

    def test_bad_durations(self):
        for text in ("0", "-5m", "soon", "10x"):
            self.refused(2, "--sustained=" + text, says=text)


class PlanOnATerminal(Compare):
    """The plan is shown before the tasks start: it may be taken, cut, or refused."""

    def setUp(self):
        super().setUp()
        self.terminal, client = pty.openpty()
        self.addCleanup(os.close, self.terminal)
        self.process = subprocess.Popen(self.command("--budget", "20s", "--data-dir", str(pathlib.Path(__file__).resolve().parents[2] / "data/smoke")),
                                        stdin=client, stderr=client, stdout=subprocess.PIPE, env=self.environment)
        os.close(client)
        self.addCleanup(self.process.kill)
        self.seen = b""

    def asked(self):
        """What came since the last answer, up to the question."""
        while b"another budget; n: stop." not in self.seen:
            self.seen += os.read(self.terminal, 4096)
        text, self.seen = self.seen, b""
        return text.decode()

    def answer(self, text):
        os.write(self.terminal, text.encode() + b"\n")

    def ended(self):
        """Standard output at the end; what is written to the terminal meanwhile is read, lest it fill."""
        def read_all():
            with contextlib.suppress(OSError):  # a terminal whose other side is closed
                while os.read(self.terminal, 4096):
                    pass

        reader = threading.Thread(target=read_all)
        reader.start()
        output, _ = self.process.communicate()
        reader.join()
        return output.decode(), self.process.returncode

    def test_it_says_items_and_time_and_takes_another_budget(self):
        plan = self.asked()
        self.assertRegex(plan, r"The tasks will take some \d+ s")
        self.assertRegex(plan, r"HellaSwag +\d+ of \d+ items, ")
        self.answer("tomorrow")
        self.assertIn("tomorrow", self.asked())
        self.answer("1s")
        self.assertRegex(self.asked(), r"The tasks will take some [01] s")
        self.answer("15s")  # on a busy machine a second leaves some rows no time
        self.asked()
        self.answer("")
        output, code = self.ended()
        self.assertEqual(code, 0, output)
        self.assertIn("HellaSwag (", output)

    def test_refused_the_speeds_stay(self):
        self.asked()
        self.answer("n")
        output, code = self.ended()
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"decode, tok/s +\| +[\d.]+")
        self.assertNotIn("HellaSwag (", output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
