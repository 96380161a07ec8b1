#!/usr/bin/env python3
"""`slm audit` as a user meets it: audit_test.py SLM. Needs no weights and no store."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
import unittest

SLM = os.path.abspath(sys.argv[1])
WORK = tempfile.TemporaryDirectory(prefix="slm_audit_test_")
ENVIRONMENT = {**os.environ, "SLM_HOME": os.path.join(WORK.name, "home"), "LANG": "", "LC_ALL": "", "LC_MESSAGES": ""}
VERDICTS = {"confirmed", "contradicted", "not_significant", "plausible", "not_testable"}
CLAIMS = """title: {en: T, zh: T}
models:
  a: {name: "smollm2:135m"}
  b: {name: "gemma3:270m-base"}
claims:
  - id: A
    quote: B reads English better than A
    evidence:
      - {kind: measured, row: bits_per_byte_en, better: b, than: a}
"""


def run(*args):
    return subprocess.run([SLM, "audit", *args], capture_output=True, timeout=60, env=ENVIRONMENT, cwd=WORK.name)


def written(name, text):
    path = os.path.join(WORK.name, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class TheArticle(unittest.TestCase):
    def test_json(self):
        started = time.monotonic()
        done = run("--json", "--lang", "zh")
        self.assertLess(time.monotonic() - started, 20)  # 2 s on an idle machine; this one may be busy
        self.assertEqual(done.returncode, 0, done.stderr)
        audit = json.loads(done.stdout)
        self.assertEqual(len(audit["claims"]), 60)
        self.assertEqual(sum(audit["counts"].values()), 60)
        for claim in audit["claims"]:
            self.assertIn(claim["verdict"], VERDICTS)
            self.assertTrue(claim["quote"])
            for evidence in claim["evidence"]:
                self.assertIn(evidence["outcome"], {"supports", "refutes", "allows", "cannot_tell", "silent"})
                self.assertEqual(evidence["text"], evidence["texts"]["en"])

    def test_table_and_summary_fit_80_columns(self):
        for language, word in (("en", "contradicted"), ("zh", "不成立")):
            for arguments in ((), ("--summary",)):
                text = run("--lang", language, *arguments).stdout.decode()
                self.assertIn(word, text)
                self.assertLessEqual(max(map(width, text.splitlines())), 80)

    def test_only_and_out(self):
        path = os.path.join(WORK.name, "audit.md")
        done = run("--only", "Q3,S1", "--out", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("| Q3 | ", text)
        self.assertNotIn("| Q2 | ", text)


class Refusals(unittest.TestCase):
    def refused(self, code, *args, says="", hints=""):
        done = run(*args)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr.decode())
        self.assertIn(hints, done.stderr.decode())

    def test_files(self):
        self.refused(3, "/no/such.yaml", says="/no/such.yaml")
        self.refused(6, written("list.yaml", "[1, 2]"), says="list.yaml:1:1")
        self.refused(6, written("json.yaml", "{"), says="json.yaml:")
        self.refused(6, written("own.yaml", CLAIMS), "--with", written("c.json", "{}"), says="c.json")
        self.refused(2, "--onyl", "Q3", says="--onyl", hints="--only")
        self.refused(3, "--only", "Q33", says="Q33", hints="Q3")

    def test_mistakes_name_their_line(self):
        self.refused(6, written("key.yaml", CLAIMS.replace("quote", "qoute")), says="key.yaml:7:5", hints="quote")
        self.refused(6, written("kind.yaml", CLAIMS.replace("kind: measured", "kind: mesured")), says="kind.yaml:9:16", hints="measured")
        speed = CLAIMS.replace("kind: measured, row: bits_per_byte_en, better: b, than: a",
                               "kind: decode_speed, model: a, quantization: F16, device: DEVICE, claimed: {value: VALUE}")
        self.refused(3, written("device.yaml", speed.replace("DEVICE", "rtx-3060").replace("VALUE", "1")),
                     says="device.yaml:9:", hints="rtx-3060-12gb")
        self.refused(6, written("number.yaml", speed.replace("DEVICE", "t4").replace("VALUE", "-3")), says="impossible: -3")

    def test_a_terminal_is_not_moved(self):
        done = run(written("escape.yaml", '"\\e[31mkey": 1'))
        self.assertEqual(done.returncode, 6)
        self.assertNotIn(b"\x1b", done.stderr)


class AComparison(unittest.TestCase):
    def verdict(self, row_verdict, names=("smollm2:135m", "gemma3:270m-base")):
        comparison = {"models": [{"name": name} for name in names],
                      "rows": [{"id": "bits_per_byte_en", "verdict": row_verdict, "shown": {"a": "1.2", "b": "1.0"}}]}
        done = run(written("own.yaml", CLAIMS), "--with", written("c.json", json.dumps(comparison)), "--json")
        self.assertEqual(done.returncode, 0, done.stdout)
        return json.loads(done.stdout)["claims"][0]["verdict"]

    def test_a_row_decides(self):
        self.assertEqual(self.verdict("worse"), "confirmed")
        self.assertEqual(self.verdict("better"), "contradicted")
        self.assertEqual(self.verdict("too_few"), "not_significant")
        self.assertEqual(self.verdict("likely_worse"), "plausible")
        self.assertEqual(self.verdict("not_measured"), "not_testable")
        self.assertEqual(self.verdict("worse", ("smollm2:135m", "another")), "not_testable")

    def test_none_given(self):
        done = run(written("own.yaml", CLAIMS), "--json")
        claim = json.loads(done.stdout)["claims"][0]
        self.assertEqual(claim["verdict"], "not_testable")
        self.assertIn("slm compare", claim["evidence"][0]["text"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
