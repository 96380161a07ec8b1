#!/usr/bin/env python3
"""The command line as a user meets it: cli_test.py SLM WRITE_TINY_CHAT_MODEL.

Exit codes, JSON fields, pipes, errors in both languages. Needs no weights: a tiny random model is written first.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
import unittest

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_cli_test_")
MODEL = os.path.join(WORK.name, "tiny-instruct.gguf")
ENVIRONMENT = {**os.environ, "SLM_HOME": os.path.join(WORK.name, "home"), "LANG": "", "LC_ALL": "", "LC_MESSAGES": ""}



def write_model(name, *options):
    path = os.path.join(WORK.name, name)
    subprocess.run([WRITE_MODEL, path, *options], check=True)
    return path


def run(*args, stdin=b"", env=None, timeout=60):
    """stdin: bytes for a pipe, or None for /dev/null."""
    extra = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run([SLM, *args], capture_output=True, timeout=timeout, env={**ENVIRONMENT, **(env or {})}, **extra)


def run_json(*args, **options):
    done = run(*args, "--json", **options)
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    return json.loads(done.stdout)


class Errors(unittest.TestCase):
    def refused(self, code, *args, says="", hints="", **options):
        done = run(*args, **options)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertIn(says, text)
        self.assertIn(hints, text)
        return text

    def test_usage(self):
        self.refused(2, says="no command")
        self.refused(2, "rnu", says='"rnu"', hints="slm run")
        self.refused(2, "run", MODEL, "x", "--temprature", "1", says="--temprature", hints="--temperature")
        self.refused(2, "--jsno", "version", says="--jsno", hints="--json")
        self.refused(2, "run", says="MODEL")
        self.refused(2, "run", MODEL, "x", "--ctx", "many", says="--ctx = many")
        self.refused(2, "run", MODEL, "x", "--ctx", says="--ctx")
        self.refused(2, "run", MODEL, "x", "--kv", "f8", says="f8")
        self.refused(2, "run", MODEL, "x", "--temperature", "-3", says="temperature")
        self.refused(2, "run", MODEL, "x", "--top-p", "nan", says="top_p")
        self.refused(2, "run", MODEL, "x", "--ctx", "99999", says="99999", hints="256")
        self.refused(2, "run", MODEL, "x", "extra", says='"extra"')
        self.refused(2, "version", "--lang", "fr", says="fr")
        self.refused(2, "completion", "fish", says="fish")

    def test_not_found(self):
        self.refused(3, "run", "/no/such/file.gguf", "x", says="/no/such/file.gguf")
        self.refused(3, "run", MODEL, "x", "--template", "chatlm", says="chatlm", hints="chatml")

    def test_corrupt(self):
        path = os.path.join(WORK.name, "short.gguf")
        with open(MODEL, "rb") as whole, open(path, "wb") as short:
            short.write(whole.read(5000))
        self.refused(6, "run", path, "x", says="short.gguf")
        text = os.path.join(WORK.name, "text.gguf")
        with open(text, "w") as file:
            file.write("this is no model at all")
        self.refused(6, "show", text, says="text.gguf")

    def test_unknown_architecture_is_named(self):
        path = write_model("mamba.gguf", "architecture=mamba")
        self.refused(1, "run", path, "x", says="mamba")

    def test_prompts(self):
        self.refused(2, "run", MODEL, "", says="empty")
        self.refused(2, "run", MODEL, stdin=None, says="empty")
        self.refused(2, "run", MODEL, stdin=b"", says="empty")
        self.refused(6, "run", MODEL, stdin=b"abc\xff\xfe\xff", says="offset 3")
        self.refused(6, "run", MODEL, stdin="你好，世界".encode("gb18030"), hints="--encoding gb18030")
        self.refused(4, "run", MODEL, "--raw", "x" * 300, says="300", hints="256")
        self.refused(2, "run", MODEL, "--raw", "--system", "be brief", "x", says="--system")

    def test_templates(self):
        self.refused(6, "run", write_model("bad-template-it.gguf", "template=bad"), "x", says="2")
        self.refused(1, "run", write_model("none-it.gguf", "template=none"), "x", says="template", hints="--raw")

    def test_chinese(self):
        text = self.refused(3, "run", "/no/such/file.gguf", "x", "--lang", "zh")
        self.assertIn("错误", text)
        self.refused(2, "rnu", env={"LC_ALL": "zh_CN.UTF-8"}, says="没有名为")
        self.refused(2, "rnu", env={"LANG": "zh_CN.UTF-8"}, says="没有名为")
        self.refused(2, "rnu", "--lang", "en", env={"LC_ALL": "zh_CN.UTF-8"}, says="there is no command")

    def test_json(self):
        for args, code, kind in (
            (("rnu",), 2, "usage"),
            (("run", "/no/such/file.gguf", "x"), 3, "not_found"),
            (("run", MODEL, "--raw", "x" * 300), 4, "does_not_fit"),
        ):
            done = run(*args, "--json", "--lang", "zh")
            self.assertEqual(done.returncode, code)
            error = json.loads(done.stdout)["error"]
            self.assertEqual(set(error), {"kind", "message", "hint"})
            self.assertEqual(error["kind"], kind)
            self.assertTrue(error["message"].isascii())


class Run(unittest.TestCase):
    def test_json_fields(self):
        out = run_json("run", MODEL, "hello", "--max-tokens", "5", "--temperature", "0")
        for field in ("prompt_ids", "ids", "text", "finish_reason", "timings", "peak_memory_bytes"):
            self.assertIn(field, out)
        self.assertEqual(
            set(out["timings"]),
            {"prompt_tokens", "cached_tokens", "prompt_seconds", "tokens", "seconds", "first_token_seconds"},
        )
        self.assertEqual(out["timings"]["prompt_tokens"], len(out["prompt_ids"]))
        self.assertEqual(out["timings"]["tokens"], len(out["ids"]))
        self.assertLessEqual(len(out["ids"]), 5)
        self.assertIn(out["finish_reason"], ("stop", "length"))
        self.assertGreater(out["peak_memory_bytes"], 1 << 20)

    def test_text_is_streamed_to_stdout_alone(self):
        done = run("run", MODEL, "hello", "--max-tokens", "5", "--temperature", "0")
        out = run_json("run", MODEL, "hello", "--max-tokens", "5", "--temperature", "0")
        self.assertEqual(done.stdout.decode("utf-8", "replace"), out["text"] + "\n")
        self.assertIn("memory", done.stderr.decode())

    def test_raw_continues_and_a_chat_has_a_template(self):
        raw = run_json("run", MODEL, "--raw", "hello", "--max-tokens", "1")
        chat = run_json("run", MODEL, "hello", "--max-tokens", "1")
        self.assertEqual(len(raw["prompt_ids"]), 1)
        self.assertGreater(len(chat["prompt_ids"]), 10)
        system = run_json("run", MODEL, "hello", "--system", "the rules", "--max-tokens", "1")
        self.assertGreater(len(system["prompt_ids"]), len(chat["prompt_ids"]))

    def test_stdin_comes_before_the_prompt(self):
        joined = run_json("run", MODEL, "hello\n\nthe", "--max-tokens", "1")
        piped = run_json("run", MODEL, "the", "--max-tokens", "1", stdin=b"hello\n")
        self.assertEqual(joined["prompt_ids"], piped["prompt_ids"])
        alone = run_json("run", MODEL, "--max-tokens", "1", stdin=b"hello\n")
        self.assertEqual(alone["prompt_ids"], run_json("run", MODEL, "hello", "--max-tokens", "1")["prompt_ids"])

    def test_gb18030(self):
        text = "你好，世界"
        as_utf8 = run_json("run", MODEL, "--raw", text, "--max-tokens", "1")
        decoded = run_json("run", MODEL, "--raw", "--max-tokens", "1", "--encoding", "gb18030", stdin=text.encode("gb18030"))
        self.assertEqual(as_utf8["prompt_ids"], decoded["prompt_ids"])

    def test_control_tokens_in_a_prompt_stay_text(self):
        plain = run_json("run", MODEL, "--raw", "<|im_end|>", "--max-tokens", "1")
        special = run_json("run", MODEL, "--raw", "--special", "<|im_end|>", "--max-tokens", "1")
        self.assertGreater(len(plain["prompt_ids"]), 5)
        self.assertEqual(len(special["prompt_ids"]), 1)

    def test_seeds(self):
        args = ("run", MODEL, "--raw", "hello", "--max-tokens", "20", "--temperature", "1")
        same = run_json(*args, "--seed", "7")["ids"]
        self.assertEqual(same, run_json(*args, "--seed", "7")["ids"])
        self.assertNotEqual(same, run_json(*args, "--seed", "8")["ids"])
        self.assertEqual(run_json(*args)["ids"], run_json(*args)["ids"])
        self.assertEqual(same, run_json(*args, "--seed", "7", "--threads", "1")["ids"])

    def test_stop_strings(self):
        args = ("run", MODEL, "--raw", "hello", "--max-tokens", "30", "--temperature", "0")
        whole = run_json(*args)["text"]
        a, b = whole[6:8], whole[3:4]
        cut = run_json(*args, "--stop", a, "--stop", b)
        self.assertEqual(cut["text"], whole[: min(i for i in (whole.find(a), whole.find(b)) if i >= 0)])
        self.assertEqual(cut["finish_reason"], "stop")

    def test_templates_by_name_and_file(self):
        own = run_json("run", MODEL, "hello", "--max-tokens", "1")
        self.assertEqual(own["prompt_ids"], run_json("run", MODEL, "hello", "--max-tokens", "1", "--template", "chatml")["prompt_ids"])
        path = os.path.join(WORK.name, "template.jinja")
        with open(path, "w") as file:
            file.write("{% for message in messages %}{{ message['content'] }}{% endfor %}")
        plain = run_json("run", MODEL, "hello", "--max-tokens", "1", "--template", path)
        self.assertEqual(plain["prompt_ids"], run_json("run", MODEL, "--raw", "hello", "--max-tokens", "1")["prompt_ids"])

    def test_a_base_model_continues_and_says_so_once(self):
        path = write_model("tiny-base.gguf", "template=none", "name=tiny base")
        done = run("run", path, "hello", "--max-tokens", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.decode().count("base model"), 1)
        self.assertEqual(len(run_json("run", path, "hello", "--max-tokens", "1")["prompt_ids"]), 1)
        raw = run("run", path, "--raw", "hello", "--max-tokens", "3")
        self.assertNotIn("base model", raw.stderr.decode())

    def test_kv_and_context(self):
        done = run("run", MODEL, "--raw", "hello", "--max-tokens", "2", "--kv", "q8_0", "--ctx", "64")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("64", done.stderr.decode())

    def test_interrupt_shows_what_came(self):
        model = write_model("endless-base.gguf", "template=none", "context=65536", "name=endless base")
        process = subprocess.Popen([SLM, "run", model, "hello", "--max-tokens", "60000", "--temperature", "0"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        first = process.stdout.read(1)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertTrue(first + rest)

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        done = subprocess.run(["bash", "-c", f'"{SLM}" run "{MODEL}" --raw hello --max-tokens 200 2>/dev/null | head -c 1'],
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        self.assertEqual(done.stderr, b"")


class Logits(unittest.TestCase):
    def test_json(self):
        out = run_json("logits", MODEL, "--ids", "1,2,3", "--top", "4")
        self.assertEqual([p["id"] for p in out["positions"]], [1, 2, 3])
        for position in out["positions"]:
            logprobs = [one["logprob"] for one in position["top"]]
            self.assertEqual(len(logprobs), 4)
            self.assertEqual(logprobs, sorted(logprobs, reverse=True))
            self.assertLessEqual(max(logprobs), 0)
        by_text = run_json("logits", MODEL, "hello", "--top", "2")
        self.assertEqual(len(by_text["positions"]), 1)
        greedy = run_json("run", MODEL, "--raw", "hello", "--temperature", "0", "--max-tokens", "1")
        self.assertEqual(by_text["positions"][-1]["top"][0]["id"], greedy["ids"][0])

    def test_refusals(self):
        self.assertEqual(run("logits", MODEL, "--ids", "1,x").returncode, 2)
        self.assertEqual(run("logits", MODEL, "--ids", "1,999999").returncode, 2)
        self.assertEqual(run("logits", MODEL, "x", "--ids", "1").returncode, 2)
        self.assertEqual(run("logits", MODEL, "x", "--top", "0").returncode, 2)
        self.assertEqual(run("logits", MODEL, stdin=None).returncode, 2)


class Facts(unittest.TestCase):
    def test_show(self):
        out = run_json("show", MODEL, "--ctx", "128")
        for field in ("name", "path", "bytes", "sha256", "architecture", "parameters", "context", "license"):
            self.assertIn(field, out)
        self.assertEqual(out["architecture"], "llama")
        self.assertEqual(out["bytes"], os.path.getsize(MODEL))
        self.assertEqual(out["context"], 256)
        self.assertEqual(out["memory"]["context"], 128)
        self.assertTrue(out["instruct"])
        self.assertEqual(out["instruct_by"], "file_template")
        self.assertIn("上下文", run("show", MODEL, "--lang", "zh").stdout.decode())

    def test_show_tells_what_a_copy_of_the_head_may_take(self):
        self.assertEqual(run_json("show", MODEL)["memory"]["head_copy_bytes"], 0)
        self.assertNotIn("head's copy", run("show", MODEL).stdout.decode())
        large = write_model("large-head-it.gguf", "unused=70000")
        memory = run_json("show", large)["memory"]
        self.assertGreater(memory["head_copy_bytes"], 70_000 * 44)
        self.assertEqual(memory["total_bytes"], memory["weights_bytes"] + memory["kv_bytes"] + memory["workspace_bytes"])
        text = run("show", large).stdout.decode()
        self.assertIn("head's copy", text)
        self.assertIn("after 16 greedy or top-k tokens", text)
        text = run("show", large, "--lang", "zh").stdout.decode()
        self.assertIn("输出层副本", text)
        self.assertIn("生成 16 个词元后", text)

    def test_instruct_is_told_by_names_where_nothing_else_does(self):
        for name, instruct in (("a-it.gguf", True), ("b-chat.gguf", True), ("c-base.gguf", False), ("d.gguf", True)):
            out = run_json("show", write_model(name, "template=none", "name=x"))
            self.assertEqual(out["instruct"], instruct, name)

    def test_doctor(self):
        out = run_json("doctor")
        self.assertGreaterEqual(out["usable_cores"], 1)
        self.assertIn(out["isa"], out["usable_isas"])
        self.assertGreater(out["read_gb_per_s"], 0)
        self.assertIn("cgroup_limit_bytes", out)
        self.assertEqual(run("doctor", env={"SLM_ISA": "z80"}).returncode, 2)

    def test_doctor_measures_the_roofline(self):
        out = run_json("doctor", "--roofline")
        self.assertEqual([roof["threads"] for roof in out["roofline"]], sorted({1, out["usable_cores"]}))
        for roof in out["roofline"]:
            for limit in ("read_gb_per_s", "huge_page_read_gb_per_s", "int8_gmac_per_s", "fp32_gmac_per_s"):
                self.assertGreater(roof[limit], 0, limit)
            if out["isa"] != "scalar":  # several bytes to an instruction, and fewer floats
                self.assertGreater(roof["int8_gmac_per_s"], roof["fp32_gmac_per_s"])
        self.assertNotIn("roofline", run_json("doctor"))
        self.assertIn("GMAC/s", run("doctor", "--roofline").stdout.decode())

    def test_bench_shows_what_was_measured_before_ctrl_c(self):
        command = [SLM, "bench", MODEL, "--prefill", "64", "--decode", "64", "--repetitions", "1000"]  # a minute, were it not stopped
        controlling, terminal = os.openpty()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        os.close(terminal)
        told = b""
        while b"/2000" not in told:  # the first repetition is done
            told += os.read(controlling, 4096)
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=60)
        os.close(controlling)
        self.assertEqual(process.returncode, 1)
        self.assertIn("prefill", shown.decode())

    def test_bench_explains_where_the_time_goes(self):
        out = run_json("bench", MODEL, "--explain", "--prefill", "200,20", "--decode", "3", "--repetitions", "2")
        self.assertGreater(out["read_gb_per_s"], 0)
        self.assertEqual([(row["work"], row["tokens"], row["measured"]) for row in out["explained"]],
                         [("prefill", 200, 2), ("prefill", 20, 2), ("decode", 3, 6)])
        for row in out["explained"]:
            parts = {(part["part"], part["type"]): part for part in row["parts"]}
            self.assertEqual([name for name, _ in parts], ["embedding", "norms", "qkv", "heads", "attention", "attention_output", "gate_up",
                                                           "activation", "down", "head", "waiting", "rest"])
            self.assertEqual({name for name, kind in parts if kind == ""}, {"norms", "heads", "activation", "waiting", "rest"})
            self.assertEqual(parts["down", "F32"]["products"], "fp32")
            self.assertGreater(parts["attention", "F16"]["macs"], 0)
            self.assertIsNone(parts["waiting", ""]["gb_per_s"])
            limit = out["fp32_gmac_per_s"]
            for part in row["parts"]:
                self.assertGreaterEqual(part["seconds"], 0)
                self.assertAlmostEqual(part["share"], part["seconds"] / row["seconds"])
                if part["macs"] > 0 and part["seconds"] > 0:
                    self.assertAlmostEqual(part["share_of_products"], part["macs"] / part["seconds"] / 1e9 / limit)
            least = sum(max(part["bytes"] / out["read_gb_per_s"], part["macs"] / limit) for part in row["parts"]) / 1e9
            self.assertAlmostEqual(row["least_seconds"], least)

    def test_bench_reads_the_head_whole_where_asked(self):
        large = write_model("large-head-it.gguf", "unused=70000")
        for flags, types in (((), {"F32", "Q4_0", "Q5_0"}), (("--whole-head",), {"F32"})):
            out = run_json("bench", large, "--explain", "--prefill", "0", "--decode", "40", "--repetitions", "1", *flags)
            found = {part["type"] for part in out["explained"][0]["parts"] if part["part"] == "head"}
            self.assertLessEqual(found, types)
            self.assertEqual(len(found), min(len(types), 2), out)

    def test_bench_explains_to_people(self):
        text = run("bench", MODEL, "--explain", "--prefill", "0", "--decode", "2", "--repetitions", "1", "--lang", "zh").stdout.decode()
        table = text[text.index("部分"):].split("\n")
        columns = [sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in table[:14]]
        self.assertEqual(len(set(columns)), 1, text)
        for word in ("注意力", "输出层", "等待其他线程", "合计", "F32", "上限"):
            self.assertIn(word, text)
        for flags, word in ((("--repetitions", "0"), "--repetitions 0"), (("--prefill", "0", "--decode", "0"), "--decode"),
                            (("--explian",), "--explain"), (("--ctx", "16"), "16"), (("--depth", "90000"), "--depth"),
                            (("--depth", "90000000"), "--depth")):
            done = run("bench", MODEL, "--explain", *flags)
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn(word, done.stderr.decode())
            self.assertEqual(done.stdout, b"")

    def test_version_and_licenses(self):
        self.assertRegex(run("version").stdout.decode(), r"^slm \d+\.\d+\.\d+\n$")
        self.assertEqual(run("--version").stdout, run("version").stdout)
        names = [one["name"] for one in run_json("licenses")["libraries"]]
        self.assertIn("libedit", names)
        self.assertIn("Apache License", run("licenses", "--text").stdout.decode())

    def test_help_in_both_languages(self):
        for language, word in (("en", "Commands:"), ("zh", "命令:")):
            overview = run("--help", "--lang", language).stdout.decode()
            self.assertIn(word, overview)
            names = [line.split()[0] for line in overview.splitlines() if line.startswith("  ") and not line.strip().startswith("-")]
            self.assertIn("run", names)
            for name in names:
                if not name.isascii():
                    continue
                done = run(name, "--help", "--lang", language)
                self.assertEqual(done.returncode, 0, name)
                self.assertTrue(done.stdout, name)
        self.assertEqual(run("help", "run").stdout, run("run", "--help").stdout)

    def test_completion(self):
        script = run("completion", "bash").stdout.decode()
        line = f'{script}\nCOMP_WORDS=(slm run --te); COMP_CWORD=2; _slm; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=30, env=ENVIRONMENT)
        self.assertEqual(done.stdout.decode().split(), ["--template", "--temperature"], done.stderr)
        line = f'{script}\nCOMP_WORDS=(slm sh); COMP_CWORD=1; _slm; echo "${{COMPREPLY[@]}}"'
        self.assertEqual(subprocess.run(["bash", "-c", line], capture_output=True, timeout=30).stdout.decode().split(), ["show"])
        self.assertIn("#compdef slm", run("completion", "zsh").stdout.decode())


if __name__ == "__main__":
    write_model("tiny-instruct.gguf")
    unittest.main(argv=sys.argv[:1])
