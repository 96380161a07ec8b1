#!/usr/bin/env python3
"""bench/peers/run.py's own work, with programs in place of slm and llama-bench that answer at once: peers_test.py RUN."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

RUN = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory(prefix="slm_peers_test_")
WORK = pathlib.Path(DIRECTORY.name)
MODEL = WORK / "model.gguf"
# What `slm bench` and `slm doctor` print (docs/json.md), as far as it is read: 100 tok/s of everything.
SLM = """
def numbers(flag):
    return [int(n) for n in words[words.index(flag) + 1].split(",")] if flag in words else [0]
if words[0] == "doctor":
    answer = {"cpu": "a CPU", "isa": "avx2", "roofline": [{"read_gb_per_s": 9.0, "huge_page_read_gb_per_s": 10.0}]}
else:
    answer = {"rows": [{"tokens": n, "depth": depth, "sequences": 1, "tokens_per_second": {"median": 100.0}}
                       for flag in ("--prefill", "--decode") for n in numbers(flag) if n > 0 for depth in numbers("--depth")]}
"""
# llama-bench -o json: 10 tok/s of a prompt, 50 of generation, less 1 a 4,096 tokens of depth. Lists of flags multiply, as there.
LLAMA_BENCH = """
flags = {"-p": "512", "-n": "128", "-d": "0"}
flags.update(zip(words[0::2], words[1::2]))
tests = [(int(p), 0) for p in flags["-p"].split(",") if p != "0"] + [(0, int(n)) for n in flags["-n"].split(",") if n != "0"]
answer = [{"n_prompt": p, "n_gen": n, "n_depth": int(d), "avg_ts": (50.0 if n else 10.0) - int(d) / 4096, "samples_ts": []} for d in flags["-d"].split(",") for p, n in tests]
if flags["-r"] != "1" or flags["-o"] != "json" or flags["-t"] != "3" or flags["-m"] != MODEL:
    sys.exit("wrong flags")
"""
# ik_llama.cpp's has no depth, but generation behind a prompt, whose rate is the generation's.
IK_LLAMA_BENCH = """
pairs = [words[i + 1] for i, word in enumerate(words) if word == "-gp"]
flags = dict(zip(words[0::2], words[1::2]))
answer = [{"n_prompt": int(p), "n_gen": 0, "avg_ts": 20.0} for p in flags["-p"].split(",") if p != "0"]
answer += [{"n_prompt": 0, "n_gen": int(n), "avg_ts": 25.0} for n in flags["-n"].split(",") if n != "0"]
answer += [{"n_prompt": int(pair.split(",")[0]), "n_gen": int(pair.split(",")[1]), "avg_ts": 24.0} for pair in pairs]
if "-d" in words:
    sys.exit("no such flag: -d")
"""


def program(name, body, usage=""):
    path = WORK / name
    path.write_text(f"#!{sys.executable}\nimport json, sys\nMODEL = {str(MODEL)!r}\nwords = sys.argv[1:]\n"
                    f"if words == ['--help']:\n    print({usage!r})\n    sys.exit()\n{body}\nprint(json.dumps(answer, indent=2))\n")
    path.chmod(0o755)
    return str(path)


def run(*args):
    return subprocess.run([sys.executable, RUN, str(MODEL), "--slm", program("slm", SLM), "--threads", "3", *args], capture_output=True, text=True, timeout=120)


def cells(table, work):
    line = next(line for line in table.splitlines() if line.startswith(f"| {work} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


class LlamaBench(unittest.TestCase):
    def setUp(self):
        MODEL.write_bytes(b"x" * 1000)
        self.theirs = "--llama-bench=native=" + program("llama-bench", LLAMA_BENCH, "  -d, --n-depth <n>")

    def table(self, *args):
        done = run(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_is_one_more_column(self):
        table = self.table(self.theirs, "--prefill", "512,4096", "--depths", "0,16384", "--decode", "64")
        self.assertIn("| work (tok/s) | slm | native | slm / native |", table)
        self.assertIn("native is llama-bench, which chooses no token", table)
        self.assertEqual(cells(table, "prefill 4096"), ["100.0 [100.0, 100.0]", "10.0 [10.0, 10.0]", "10.00"])
        self.assertEqual(cells(table, "decode 64 @ 0")[1:], ["50.0 [50.0, 50.0]", "2.00"])
        self.assertEqual(cells(table, "decode 64 @ 16384")[1:], ["46.0 [46.0, 46.0]", "2.17"])

    def test_builds_without_depths(self):
        ik = "--llama-bench=ik, native=" + program("ik-llama-bench", IK_LLAMA_BENCH, "  -gp <pp,tg>")
        table = self.table(self.theirs, ik, "--depths", "0,4096")
        self.assertIn("| slm | native | ik, native | slm / native | slm / ik, native |", table)
        self.assertEqual([cells(table, work)[2] for work in ("prefill 512", "decode 64 @ 0", "decode 64 @ 4096")],
                         ["20.0 [20.0, 20.0]", "25.0 [25.0, 25.0]", "24.0 [24.0, 24.0]"])
        self.assertEqual(cells(self.table(ik, "--depths", "4096"), "decode 64 @ 4096")[1], "24.0 [24.0, 24.0]")

    def test_what_it_cannot_measure_stays_empty(self):
        table = self.table(self.theirs, "--prefill", "", "--depths", "", "--sequences", "1")
        self.assertEqual(cells(table, "decode 64, 1 sequences"), ["100.0 [100.0, 100.0]", "", ""])

    def test_what_would_fail_in_the_end_fails_first(self):
        for flags, told in ((["--out", "/nonexistent/table.md"], "--out /nonexistent/table.md: No such file"), (["--peer", "ik=/nonexistent/python"], "no such program: /nonexistent/python"),
                            (["--threads", "0"], "--threads"), (["--prefill", "x"], "list_of_numbers")):
            done = run(*flags)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(told, done.stderr)

    def test_its_failure_is_told(self):
        done = run("--llama-bench=broken=" + program("broken", "sys.exit('no such model')"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no such model", done.stderr)
        for printed in ("no list", '{"tests": [1, 2]}', "[broken"):
            talker = program("talker", f"print({printed!r})\nsys.exit()")
            done = run("--llama-bench=talker=" + talker)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(talker + " -m ", done.stderr)
            self.assertIn(printed, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def test_a_column_has_a_name_of_its_own(self):
        for flag in ("native", "=x", "ik=x", "slm=x", "a|b=x"):
            self.assertIn("NAME=PATH", run("--llama-bench=" + flag).stderr)
        done = run(self.theirs, self.theirs)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("NAME=PATH", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
