#!/usr/bin/env python3
"""`slm tokenize` as a user meets it: tokenize_test.py SLM WRITE_TINY_CHAT_MODEL. Needs no weights."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_tokenize_test_")
MODEL = os.path.join(WORK.name, "tiny.gguf")
ENVIRONMENT = {**os.environ, "SLM_HOME": os.path.join(WORK.name, "home"), "LANG": "", "LC_ALL": "", "LC_MESSAGES": ""}


def run(*args, stdin=b""):
    return subprocess.run([SLM, "tokenize", MODEL, *args], input=stdin, capture_output=True, env=ENVIRONMENT, timeout=60)


def facts(*args, **options):
    done = run(*args, "--json", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Tokenize(unittest.TestCase):
    TEXT = "hello the \u4f60\u597d \U0001F600\n"

    def test_text_and_stdin_agree(self):
        argument, piped = facts(self.TEXT), facts(stdin=self.TEXT.encode())
        self.assertEqual(argument, piped)
        self.assertEqual(argument["count"], len(argument["ids"]))
        self.assertEqual(len(argument["pieces"]), len(argument["ids"]))

    def test_every_byte_of_stdin_counts(self):
        self.assertNotEqual(facts(stdin=b"a\n")["ids"], facts(stdin=b"a")["ids"])

    def test_decode_gives_the_text_back(self):
        ids = [str(i) for i in facts(self.TEXT)["ids"]]
        self.assertEqual(facts("--decode", ",".join(ids))["text"], self.TEXT)
        self.assertEqual(run("--decode", *ids).stdout.decode(), self.TEXT + "\n")

    def test_special_tokens_are_text_unless_asked_for(self):
        plain, special = facts("<|im_end|>")["ids"], facts("<|im_end|>", "--special")["ids"]
        self.assertGreater(len(plain), len(special))
        self.assertEqual(facts("--decode", str(special[-1]))["text"], "")
        self.assertEqual(facts("--decode", str(special[-1]), "--special")["text"], "<|im_end|>")

    def test_lines_for_people(self):
        lines = run("hello").stdout.decode().splitlines()
        self.assertEqual([int(line.split()[0]) for line in lines], facts("hello")["ids"])

    def test_batch(self):
        texts = ["hello", "", "the\nhello", "\u4f60\u597d", "\ud83d\ude00"]
        done = run("--batch", stdin="".join(json.dumps(text) + "\n" for text in texts).encode())
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()],
                         [facts(stdin=text.encode("utf-16", "surrogatepass").decode("utf-16").encode())["ids"] for text in texts])

    def test_errors(self):
        for code, args, stdin, says in [
            (2, ("--decode", "99999999"), b"", "99999999"),
            (2, ("--decode", "x"), b"", "x"),
            (2, ("--batch",), b"\"a\"\n[1]\n", "line 2"),
            (2, ("--batch",), b"\"a\n", "line 1"),
            (2, ("text", "--batch"), b"", "--batch"),
            (6, (), b"a\xffb", "1"),
        ]:
            done = run(*args, stdin=stdin)
            self.assertEqual(done.returncode, code, (args, done.stderr))
            self.assertIn(says, done.stderr.decode())

    def test_gb18030(self):
        text = "\u4f60\u597d"
        self.assertEqual(facts("--encoding", "gb18030", stdin=text.encode("gb18030"))["ids"], facts(text)["ids"])


if __name__ == "__main__":
    subprocess.run([WRITE_MODEL, MODEL], check=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
