#!/usr/bin/env python3
"""`slm compare --endpoint` against servers that answer well and badly: endpoint_test.py SLM WRITE_TINY_CHAT_MODEL FAKE_NVML_LIBRARY."""
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fake_openai import FakeOpenai, logprob_of, tokens_of  # noqa: E402

SLM, WRITE, FAKE_NVML = sys.argv[1], sys.argv[2], sys.argv[3]
PROMPTS = 10
DATA = pathlib.Path(__file__).resolve().parents[2] / "data/smoke"


class Served(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name)
        lines = [json.dumps({"prompt": f"Which letter is number {i}?", "expected": "A"}) for i in range(PROMPTS)]
        (self.path / "my.jsonl").write_text("\n".join(lines) + "\n")
        self.environment = {name: value for name, value in os.environ.items() if name not in ("SLM_ENDPOINT_KEY", "OPENAI_API_KEY")}
        self.environment.update(SLM_HOME=str(self.path / "home"), LC_ALL="C.UTF-8")

    def tearDown(self):
        self.directory.cleanup()

    def run_slm(self, *arguments, code=0, timeout=120):
        done = subprocess.run([SLM, "compare", *arguments], capture_output=True, text=True, env=self.environment, timeout=timeout)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return done

    def compare(self, *arguments, code=0, wait="20"):
        done = self.run_slm(*arguments, "--prompts", str(self.path / "my.jsonl"), "--max-tokens", "16", "--endpoint-wait", wait, "--json", code=code)
        return json.loads(done.stdout)

    def rows(self, facts):
        return {row["id"]: row for row in facts["rows"]}


class Endpoints(Served):
    def test_two_endpoints(self):
        with FakeOpenai("one", digest="d1") as one, FakeOpenai("two", chat_only=True, refuses_unknown=True) as two:
            facts = self.compare("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}/v1/=two")
            self.assertEqual([model["name"] for model in facts["models"]], ["one", "two"])
            self.assertEqual(facts["models"][0]["endpoint"], one.url + "/v1")
            self.assertEqual(facts["models"][0]["quantization"], "Q8_0")
            self.assertEqual(facts["warnings"], [])
            rows = self.rows(facts)
            for row in ("prefill", "decode", "first_token", "chinese_characters", "peak_memory", "context"):
                self.assertNotEqual(rows[row]["verdict"], "not_measured", rows[row])
            self.assertEqual(rows["file_size"]["verdict"], "not_measured")
            self.assertEqual(rows["minimum_memory"]["verdict"], "not_measured")
            graded = [row for row in facts["rows"] if row["table"] == "prompts" and row["a"] == 1 and row["b"] == 1]
            self.assertTrue(graded, [row for row in facts["rows"] if row["table"] == "prompts"])
            prompts = [(request.get("prompt") or request["messages"][-1]["content"]) for request in one.requests if request["max_tokens"] > 40]
            self.assertEqual(len({prompt[:12] for prompt in prompts}), len(prompts), "no prompt that is timed begins like another")
            for request in one.requests:
                self.assertEqual((request["temperature"], request["top_p"], request["stream"]), (0, 1, True))
            asked = len(one.requests), len(two.requests)
            again = self.compare("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}/v1/=two")
            self.assertEqual([row["a"] for row in again["rows"] if row["table"] == "prompts" and row["id"] == graded[0]["id"]], [1])
            # Its digest tells that `one` is the same model still: its answers are kept.
            self.assertEqual(len(one.requests) - asked[0], asked[0] - PROMPTS)

    def test_endpoint_against_a_file(self):
        subprocess.run([WRITE, str(self.path / "tiny.gguf")], check=True, stdout=subprocess.DEVNULL)
        with FakeOpenai("one") as one:
            done = self.run_slm(str(self.path / "tiny.gguf"), "--endpoint", f"{one.url}=one", "--prompts", str(self.path / "my.jsonl"),
                                "--max-tokens", "8", "--yes", "--out", str(self.path / "out.md"), "--html", str(self.path / "out.html"))
            self.assertIn(one.url, done.stdout)
            self.assertIn(one.url, (self.path / "out.md").read_text())
            self.assertIn(one.url, (self.path / "out.html").read_text())

    def test_bad_answers_are_named_and_counted(self):
        failing = {"error_500": "the GPU is on fire?[2J", "cut": "was cut after", "html": "Welcome to the router", "slow": "nothing came for 1 s",
                   "error_in_stream": "out of memory", "no_json": "no JSON", "huge_line": "longer than"}
        for mode, words in failing.items():
            with self.subTest(mode), FakeOpenai("good") as good, FakeOpenai("bad", mode=mode) as bad:
                start = time.monotonic()
                facts = self.compare("--endpoint", f"{good.url}=good", "--endpoint", f"{bad.url}=bad", wait="1" if mode == "slow" else "20")
                self.assertLess(time.monotonic() - start, 60)
                text = " ".join(facts["warnings"])
                self.assertIn(words, text)
                self.assertIn("requests failed", text)
                self.assertLessEqual(len(bad.requests), 8, "a dead endpoint is not asked for ever")
                self.assertEqual(self.rows(facts)["decode"]["verdict"], "not_measured")
                self.assertIn(words, self.rows(facts)["decode"]["reason"])
                self.assertEqual([(row["id"], row["verdict"]) for row in facts["rows"] if row["table"] == "prompts" and row["verdict"] != "not_measured"], [])

    def test_a_context_that_is_cut_in_silence_is_named(self):
        with FakeOpenai("good") as good, FakeOpenai("short", mode="cuts_prompts") as short:
            facts = self.compare("--endpoint", f"{good.url}=good", "--endpoint", f"{short.url}=short")
            decode = self.rows(facts)["decode"]
            self.assertEqual(decode["verdict"], "not_measured")
            self.assertRegex(decode["reason"], r"asked with about 512 tokens, the endpoint read \d+: its context is shorter")

    def test_a_single_failure_costs_one_item(self):
        broken = lambda number: "cut" if number == 20 else "well"
        with FakeOpenai("good") as good, FakeOpenai("bad", mode=broken) as bad:
            facts = self.compare("--endpoint", f"{good.url}=good", "--endpoint", f"{bad.url}=bad")
            self.assertTrue(any("1 of" in warning and "failed" in warning for warning in facts["warnings"]), facts["warnings"])
            graded = [row for row in facts["rows"] if row["table"] == "prompts" and row["verdict"] != "not_measured"]
            self.assertTrue(graded)

    def test_odd_answers_are_graded_and_said(self):
        said = {"wrong_model": "another-model", "no_usage": "count of their tokens", "never_stops": "did not stop", "empty": None}
        for mode, words in said.items():
            with self.subTest(mode), FakeOpenai("good") as good, FakeOpenai("odd", mode=mode) as odd:
                facts = self.compare("--endpoint", f"{good.url}=good", "--endpoint", f"{odd.url}=odd")
                self.assertTrue(any(row["verdict"] != "not_measured" for row in facts["rows"] if row["table"] == "prompts"))
                if words:
                    self.assertTrue(any(words in warning for warning in facts["warnings"]), facts["warnings"])

    def test_busy_is_waited_for(self):
        busy_once = lambda number: "busy" if number == 3 else "well"
        with FakeOpenai("one") as one, FakeOpenai("two", mode=busy_once) as two:
            facts = self.compare("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}=two")
            self.assertEqual(facts["warnings"], [])

    def test_no_endpoint(self):
        with FakeOpenai("one") as one:
            gone = self.run_slm("--endpoint", f"{one.url}=one", "--endpoint", "http://127.0.0.1:1=x", code=5)
            self.assertIn("refused", gone.stderr)
            other = self.run_slm("--endpoint", f"{one.url}=one", "--endpoint", f"{one.url}=nothing", code=3)
            self.assertIn("it has: one", other.stderr)

    def test_usage(self):
        self.assertIn("exactly two sides", self.run_slm("a", "b", "--endpoint", "http://h=m", code=2).stderr)
        self.assertIn("exactly two sides", self.run_slm("--endpoint", "http://h=m", code=2).stderr)
        self.assertIn("URL=NAME", self.run_slm("--endpoint", "http://h", "--endpoint", "http://h=m", code=2).stderr)

    def test_key_is_sent_and_not_shown(self):
        self.environment["SLM_ENDPOINT_KEY"] = "top-secret"
        with FakeOpenai("one") as one, FakeOpenai("two") as two:
            facts = self.compare("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}=two")
            self.assertEqual(one.requests[0]["authorization"], "Bearer top-secret")
            self.assertNotIn("top-secret", json.dumps(facts))


class Likelihoods(Served):
    """Choices and bits of text, whose every number is worked out here once more from the fake's logprobs."""

    def smoke(self, *arguments):
        done = self.run_slm(*arguments, "--tier", "smoke", "--data-dir", str(DATA), "--endpoint-wait", "20", "--json")
        return json.loads(done.stdout)

    def items(self, name):
        return {item["id"]: item for item in map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())}

    def logprob(self, context, continuation):
        tokens, before = tokens_of(context + continuation), len(tokens_of(context))
        self.assertEqual("".join(tokens[:before]), context)
        return sum(logprob_of(tokens[i - 1], tokens[i]) for i in range(before, len(tokens)))

    def test_choices_and_bits_by_echo(self):
        with FakeOpenai("one", echo=True) as one, FakeOpenai("two", echo=True) as two:
            facts = self.smoke("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}=two")
            rows = self.rows(facts)
            self.assertEqual(facts["warnings"], [])
            goals, graded = self.items("piqa.jsonl"), 0
            for record in rows["piqa"]["records"]:
                item = goals[record["item"]]
                scores = [self.logprob(f"Question: {item['goal']}\nAnswer:", " " + item[key]) / len(item[key]) for key in ("sol1", "sol2")]
                self.assertEqual(record["answer"], str(int(scores[1] > scores[0])), record["transcript"])
                self.assertEqual(record["grade"], int(record["answer"]) == item["label"])
                graded += record["grade"]
            self.assertEqual(len(rows["piqa"]["records"]), 200)
            self.assertTrue(0 < graded < 200)
            self.assertAlmostEqual(rows["piqa"]["a"], graded / 200)  # both are the same model
            sentences = [record["transcript"] for record in rows["flores_bits_zho_Hans"]["records"] if record["model"] == "one"]
            self.assertLessEqual(set(sentences), {item["zho_Hans"] for item in self.items("flores.jsonl").values()})
            self.assertEqual(len(sentences), 100)
            bits = sum(-self.logprob("\n", sentence) / math.log(2) for sentence in sentences)
            self.assertAlmostEqual(rows["flores_bits_zho_Hans"]["a"], bits / sum(len(sentence.encode()) for sentence in sentences), places=5)
            self.assertEqual(rows["hellaswag"]["difference"], 0)
            asked = [request for request in one.requests if request.get("echo")]
            self.assertTrue(all((request["temperature"], request["stream"]) == (0, False) for request in asked))

    def test_without_echo_they_are_not_measurable(self):
        with FakeOpenai("one", echo=True) as one, FakeOpenai("two") as two:
            facts = self.smoke("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}=two")
            rows = self.rows(facts)
            for name in ("piqa", "hellaswag", "flores_bits_eng_Latn", "flores_bits_zho_Hans"):
                self.assertEqual(rows[name]["verdict"], "not_measured")
                self.assertIn("two: not measurable: the endpoint gives no echo and logprobs", rows[name]["reason"])
            self.assertEqual(sum(request.get("echo", False) for request in two.requests), 1, "it is asked once whether it can")
            self.assertNotEqual(rows["decode"]["verdict"], "not_measured")

    def test_a_liar_is_named(self):
        with FakeOpenai("one", echo=True) as one, FakeOpenai("two", echo="lies") as two:
            rows = self.rows(self.smoke("--endpoint", f"{one.url}=one", "--endpoint", f"{two.url}=two"))
            self.assertEqual(rows["piqa"]["verdict"], "not_measured")
            self.assertIn("2.5", rows["piqa"]["reason"])

    def test_an_endpoint_against_a_file(self):
        subprocess.run([WRITE, str(self.path / "tiny.gguf"), "context=4096"], check=True, stdout=subprocess.DEVNULL)
        with FakeOpenai("one", echo=True) as one:
            rows = self.rows(self.smoke(str(self.path / "tiny.gguf"), "--threads", "1", "--endpoint", f"{one.url}=one"))
            self.assertEqual(len(rows["piqa"]["records"]), 200)


class Tasks(Served):
    """`slm eval run TASK --endpoint URL=NAME`."""

    def eval_run(self, task, *more, code=0):
        done = subprocess.run([SLM, "eval", "run", task, "--data-dir", str(DATA), *more, "--json"], capture_output=True, text=True,
                              env=self.environment, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return done

    def test_choices_by_echo(self):
        with FakeOpenai("one", echo=True, digest="d1") as one:
            flags = ("--endpoint", f"{one.url}=one", "--limit", "20")
            facts = json.loads(self.eval_run("piqa", *flags).stdout)
            self.assertEqual((facts["model"], facts["items"]), ("one", 20))
            goals = {item["id"]: item for item in map(json.loads, (DATA / "piqa.jsonl").read_text().splitlines())}
            self.assertTrue(all(record["grade"] == (int(record["extracted"]) == goals[record["item"]]["label"]) for record in facts["records"]))
            asked = len(one.requests)
            self.assertEqual(json.loads(self.eval_run("piqa", *flags).stdout)["records"], facts["records"])
            self.assertEqual(len(one.requests), asked, "the answers were kept")

    def test_written_answers_and_failures(self):
        with FakeOpenai("one", mode=lambda number: "error_500" if number == 3 else "well") as one:
            done = self.eval_run("gsm8k", "--endpoint", f"{one.url}=one", "--limit", "6")
            facts = json.loads(done.stdout)
            self.assertEqual((facts["rows"][0]["items"], facts["rows"][0]["failed"], facts["rows"][0]["prompting"]), (5, 1, "chat"))
            self.assertIn("1 of 6 requests failed", done.stderr)

    def test_without_echo_and_bad_usage(self):
        with FakeOpenai("one") as one:
            self.assertIn("not measurable", self.eval_run("piqa", "--endpoint", f"{one.url}=one", code=3).stdout)
            self.assertIn("one model", self.eval_run("piqa", "a.gguf", "--endpoint", f"{one.url}=one", code=2).stdout)
            self.assertIn("one model", self.eval_run("piqa", code=2).stdout)
            self.assertIn("refused", self.eval_run("piqa", "--endpoint", "http://127.0.0.1:1=x", code=5).stdout)


class Growing:
    """A server in a process of its own that takes `loaded` bytes with its first answer and `rate` more each second."""

    def __init__(self, loaded=100_000_000, rate=4_000_000):
        self.arguments = [sys.executable, str(pathlib.Path(__file__).with_name("fake_openai.py")), str(loaded), str(rate)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url, self.pid = self.process.stdout.readline().strip(), self.process.pid
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()


class ProcessMemory(Served):
    """What --pid says of a server's memory, and what it cannot."""

    def setUp(self):
        super().setUp()
        subprocess.run([WRITE, str(self.path / "tiny.gguf"), "context=4096"], check=True, stdout=subprocess.DEVNULL)
        self.tiny = (str(self.path / "tiny.gguf"), "--threads", "1")

    def test_growth_by_a_known_amount(self):
        with Growing() as server:
            done = self.run_slm(*self.tiny, "--endpoint", f"{server.url}=grows", "--pid", str(server.pid), "--sustained", "6s", "--json",
                                "--prompts", str(self.path / "my.jsonl"), "--max-tokens", "8", "--out", str(self.path / "out.md"))
        facts = json.loads(done.stdout)
        rows = self.rows(facts)
        self.assertEqual(facts["warnings"], [])
        # Over the idle server: its model, and what it leaks during an answer or two.
        self.assertGreater(rows["memory_over_idle"]["b"], 95e6)
        self.assertLess(rows["memory_over_idle"]["b"], 160e6)
        self.assertEqual(rows["memory_over_idle"]["verdict"], "fact")
        self.assertRegex(rows["memory_over_idle"]["reason"], r"A -, B \d")
        self.assertGreaterEqual(rows["peak_memory"]["b"], rows["anonymous_memory"]["b"])
        self.assertGreater(rows["anonymous_memory"]["b"], rows["memory_over_idle"]["b"] * 0.9)
        slope = rows["memory_slope"]
        grown = [(record["item"], record["grade"]) for record in slope["records"] if record["model"] == "grows"]
        self.assertEqual([place for place, _ in grown], sorted(place for place, _ in grown))
        self.assertAlmostEqual(slope["b"] / 240e6, 1, delta=0.2)
        self.assertIn("differs from 0", slope["reason"])
        self.assertIn("B", slope["reason"].split(":")[1])
        markdown = (self.path / "out.md").read_text()
        for row in ("memory_over_idle", "memory_slope", "peak_memory"):
            line = [line for line in markdown.splitlines() if rows[row]["label"].split(",")[0] in line]
            self.assertTrue(any(rows[row]["shown"]["b"] in text for text in line), (rows[row]["shown"], line))
        self.assertIn("idle, before its first answer", markdown)

    def stranger(self):
        """A process that is no child of this one, which is the server."""
        made = subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True, check=True)
        pid = int(made.stdout)
        self.addCleanup(self.end, pid)
        return pid

    def end(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def test_a_process_that_ends_in_the_middle(self):
        pid = self.stranger()
        with FakeOpenai("one") as one:
            one.mode = lambda number: self.end(pid) or "well" if number == 2 else "well"
            facts = self.compare(*self.tiny, "--endpoint", f"{one.url}=one", "--pid", str(pid), "--sustained", "2s")
        rows = self.rows(facts)
        self.assertEqual(rows["memory_slope"]["shown"]["b"], "-")
        self.assertIn(f"process {pid} has ended", rows["memory_slope"]["reason"])
        self.assertEqual({record["model"] for record in rows["memory_slope"]["records"]}, {facts["models"][0]["name"]})
        self.assertNotEqual(rows["sustained_decode"]["verdict"], "not_measured")
        self.assertTrue(any(row["verdict"] != "not_measured" for row in facts["rows"] if row["table"] == "prompts"))
        self.assertTrue(any("does not listen" in warning for warning in facts["warnings"]), facts["warnings"])

    def test_a_server_that_ends_in_the_middle(self):
        with Growing() as server, FakeOpenai("one") as one:
            one.mode = lambda number: server.process.kill() or "well" if number == 3 else "well"
            facts = self.compare("--endpoint", f"{one.url}=one", "--endpoint", f"{server.url}=grows", "--pid", str(os.getpid()), "--pid", str(server.pid),
                                 "--sustained", "2s")
        rows = self.rows(facts)
        self.assertGreater(rows["peak_memory"]["b"], 100e6)  # was measured before
        self.assertIn("refused", " ".join(facts["warnings"]))
        self.assertGreater(rows["sustained_decode"]["a"] or float(rows["sustained_decode"]["shown"]["a"]), 0)
        self.assertIn("has ended", rows["memory_slope"]["reason"])

    def test_not_the_server(self):
        pid = self.stranger()
        with FakeOpenai("one") as one:
            facts = self.compare(*self.tiny, "--endpoint", f"{one.url}=one", "--pid", str(pid))
            self.assertTrue(any(f"--pid {pid} does not listen" in warning and f"process {os.getpid()} does" in warning
                                for warning in facts["warnings"]), facts["warnings"])
            asked = len(one.requests)
            self.compare(*self.tiny, "--endpoint", f"{one.url}=one", "--pid", str(pid))
            self.assertEqual(len(one.requests) - asked, asked, "nothing tells that it is the same model still: its answers are not kept")

    def test_no_process(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        with FakeOpenai("one") as one:
            done = self.run_slm(*self.tiny, "--endpoint", f"{one.url}=one", "--pid", str(ended.pid), code=3)
            self.assertIn(f"there is no process {ended.pid}", done.stderr)
            self.assertIn("pgrep", done.stderr)
            self.assertEqual(one.requests, [])

    def test_another_users_process(self):
        """As root, slm is run by another user; else the process is root's first."""
        self.path.chmod(0o755)
        (self.path / "home").mkdir(mode=0o777)
        (self.path / "home").chmod(0o777)
        program = self.path / "slm"
        program.write_bytes(pathlib.Path(SLM).read_bytes())
        program.chmod(0o755)
        as_other = {"user": 65534} if os.geteuid() == 0 else {}
        pid = os.getpid() if as_other else 1
        with FakeOpenai("one") as one:
            done = subprocess.run([str(program), "compare", *self.tiny, "--endpoint", f"{one.url}=one", "--pid", str(pid), "--prompts",
                                   str(self.path / "my.jsonl"), "--max-tokens", "8", "--json"], capture_output=True, text=True,
                                  env=self.environment, timeout=120, **as_other)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        facts = json.loads(done.stdout)
        self.assertTrue(any(f"--pid {pid} is another user's process" in warning for warning in facts["warnings"]), facts["warnings"])
        self.assertGreater(self.rows(facts)["peak_memory"]["b"], 0)


class OnAGpu(Served):
    """NVIDIA's library is a fake that says what it is told; the server is this process."""

    def setUp(self):
        super().setUp()
        libraries = self.path / "libraries"
        libraries.mkdir()
        (libraries / "libnvidia-ml.so.1").symlink_to(os.path.abspath(FAKE_NVML))
        self.busy = self.path / "busy"
        self.environment.update(LD_LIBRARY_PATH=str(libraries), FAKE_NVML_BUSY=str(self.busy), FAKE_NVML_PROCESSES=f"{os.getpid()}:3000000000@0")
        subprocess.run([WRITE, str(self.path / "tiny.gguf"), "context=4096"], check=True, stdout=subprocess.DEVNULL)

    def compared(self, *more):
        with FakeOpenai("one", busy_file=self.busy, pause=0.03) as one:
            return self.compare(str(self.path / "tiny.gguf"), "--threads", "1", "--endpoint", f"{one.url}=one", *more)

    def test_memory_and_power_net_of_idle(self):
        facts = self.compared("--sustained", "3s")
        rows = self.rows(facts)
        self.assertEqual((rows["gpu_memory"]["a"], rows["gpu_memory"]["b"]), (0, 3_000_000_000))
        self.assertGreater(rows["peak_memory"]["b"], 0)
        self.assertNotIn("devices_phone", rows)  # what a server with a GPU takes says nothing of devices without one
        watts = rows["mean_watts"]
        self.assertIn("GPU Fake 100", watts["label"])
        if watts["verdict"] == "not_measured":  # the file's side has no meter on this machine
            self.assertGreater(float(watts["shown"]["b"]), 20)
            self.assertLessEqual(float(watts["shown"]["b"]), 105)
        slope = rows["gpu_memory_slope"]
        self.assertEqual({record["grade"] for record in slope["records"]}, {3_000_000_000})
        self.assertEqual({record["model"] for record in slope["records"]}, {"one"})
        self.assertEqual({record["model"] for record in rows["memory_slope"]["records"]}, {facts["models"][0]["name"], "one"})

    def test_a_lie_is_a_reason(self):
        self.environment.update(FAKE_NVML_PROCESSES=f"{os.getpid()}:90000000000@0")
        rows = self.rows(self.compared())
        # Nothing but its word says that the server has a GPU, and that is not believed.
        self.assertNotIn("gpu_memory", rows)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
