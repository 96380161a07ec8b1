#!/usr/bin/env python3
"""The store as a user meets it: store_test.py SLM WRITE_TINY_CHAT_MODEL.

import, list, cp, rm, gc, verify; other programs' caches; models in several files; imports that are killed.
"""
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from split_gguf import write_parts  # noqa: E402

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_store_test_")
MODEL = os.path.join(WORK.name, "tiny-instruct.gguf")
COMMIT = "a" * 40


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def flip_last_bit(path):
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


class StoreCase(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=WORK.name))
        self.home = self.directory / "home"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_", "OLLAMA_", "SLM_", "XDG_"))}
        self.environment.update(SLM_HOME=str(self.home), HOME=str(self.directory), OLLAMA_MODELS=str(self.directory / "ollama"), LANG="", LC_ALL="", LC_MESSAGES="")

    def slm(self, *args):
        return subprocess.run([SLM, *args], capture_output=True, text=True, timeout=120, env=self.environment, stdin=subprocess.DEVNULL)

    def good(self, *args):
        done = self.slm(*args)
        self.assertEqual(done.returncode, 0, (args, done.stdout, done.stderr))
        return done.stdout

    def facts(self, *args):
        return json.loads(self.good(*args, "--json"))

    def refused(self, code, *args, says="", hints=""):
        done = self.slm(*args)
        self.assertEqual(done.returncode, code, (args, done.stdout, done.stderr))
        self.assertIn(says, done.stderr)
        self.assertIn(hints, done.stderr)

    def names(self):
        return [model["name"] for model in self.facts("list")["models"]]


class Commands(StoreCase):
    def test_names_and_bytes(self):
        first = self.facts("import", MODEL)
        self.assertEqual(first["name"], "tiny-instruct")
        copy = self.facts("cp", "tiny-instruct", "Mine:v1")
        self.assertEqual({key: copy[key] for key in ("sha256", "source", "added")}, {key: first[key] for key in ("sha256", "source", "added")})
        self.assertTrue(os.path.samefile(copy["path"], first["path"]))
        self.assertEqual(self.names(), ["mine:v1", "tiny-instruct"])
        self.refused(2, "cp", "mine:v1", "tiny-instruct", says="tiny-instruct", hints="slm rm tiny-instruct")
        self.refused(2, "cp", "mine:v1", "../x", says="../x")
        self.refused(3, "cp", "mine:v2", "other", says="mine:v2", hints="mine:v1")
        self.good("rm", "tiny-instruct")
        self.assertIn("mine:v1", self.good("verify"))
        self.assertEqual(self.facts("gc")["removed"], [])
        self.good("rm", "mine:v1")
        self.assertEqual(list((self.home / "blobs").iterdir()), [])

    def test_a_pull_of_a_file_on_this_disk(self):
        digest = sha256(pathlib.Path(MODEL).read_bytes())
        plan = self.facts("pull", MODEL, "--dry-run")
        self.assertEqual((plan["name"], plan["bytes"], plan["disk"]["needed_bytes"], plan["run"]["fits"]), ("tiny-instruct", os.path.getsize(MODEL), 0, True))
        self.refused(6, "pull", MODEL, "--sha256", "a" * 64, says=digest)
        self.refused(2, "pull", MODEL, "--insecure", says="--insecure")
        self.refused(3, "pull", "./none.gguf", says="none.gguf")
        self.refused(6, "pull", __file__, says="GGUF")
        self.assertEqual(self.names(), [])
        model = self.facts("pull", MODEL, "--sha256", digest)
        self.assertEqual((model["name"], model["sha256"], model["source"]), ("tiny-instruct", digest, "import:" + MODEL))
        self.assertIn("already", self.good("pull", MODEL))
        self.assertEqual(self.facts("pull", MODEL, "--name", "mine")["name"], "mine")

    def test_gc(self):
        self.assertIn("nothing to remove", self.good("gc"))
        self.assertFalse(self.home.exists())
        shutil.copy(MODEL, self.directory / "own.gguf")
        lost = self.facts("import", str(self.directory / "own.gguf"), "lost")
        (self.directory / "own.gguf").unlink()
        (self.home / "models/lost.json").unlink()
        part = self.home / "blobs/.part" / ("b" * 64 + ".part")
        part.parent.mkdir()
        part.write_bytes(b"x" * 10000)
        dry = self.facts("gc", "--dry-run")
        self.assertTrue(os.path.exists(lost["path"]))
        done = self.facts("gc")
        self.assertEqual([item["reason"] for item in done["removed"]], ["no_record", "no_record"])
        self.assertEqual([item["reason"] for item in done["kept"]], ["resumable"])
        self.assertGreaterEqual(done["freed_bytes"], os.path.getsize(MODEL))
        self.assertEqual({**done, "dry_run": True}, dry)
        self.assertFalse(os.path.exists(lost["path"]))
        self.assertTrue(part.exists())
        self.assertEqual(len(self.facts("gc", "--parts")["removed"]), 1)
        self.assertFalse(part.exists())
        self.assertIn("没有可清理的内容", self.good("gc", "--lang", "zh"))

    def test_what_is_damaged_is_told(self):
        for name in ("one", "two", "three"):
            changed = pathlib.Path(MODEL).read_bytes() + name.encode()
            (self.directory / "file.gguf").write_bytes(changed)
            self.facts("import", str(self.directory / "file.gguf"), name)
            (self.directory / "file.gguf").unlink()
        blobs = {model["name"]: self.home / "blobs" / ("sha256-" + model["sha256"]) for model in self.facts("list")["models"]}
        flip_last_bit(blobs["one"])
        self.refused(6, "verify", says=sha256(blobs["one"].read_bytes()), hints="slm rm one")
        os.truncate(blobs["two"], 100)
        self.refused(6, "verify", says="2 of 3")
        listed = self.slm("list")
        self.assertIn("two", listed.stderr)
        self.assertEqual(self.names(), ["one", "three"])
        self.assertEqual(len(self.facts("list")["damaged"]), 1)
        self.refused(6, "run", "two", "x", says="two")


class Caches(StoreCase):
    def add_ollama(self, below, data):
        digest = sha256(data)
        (self.directory / "ollama/blobs").mkdir(parents=True, exist_ok=True)
        blob = self.directory / "ollama/blobs" / ("sha256-" + digest)
        blob.write_bytes(data)
        manifest = self.directory / "ollama/manifests/registry.ollama.ai" / below
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + digest, "size": len(data)}]}))
        return blob

    def add_hugging_face(self, owner, repository, *paths):
        root = self.directory / ".cache/huggingface/hub" / f"models--{owner}--{repository}"
        snapshot = root / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        (root / "refs").mkdir()
        (root / "blobs").mkdir()
        (root / "refs/main").write_text(COMMIT)
        for path in paths:
            data = pathlib.Path(path).read_bytes()
            (root / "blobs" / sha256(data)).write_bytes(data)
            (snapshot / os.path.basename(path)).symlink_to("../../blobs/" + sha256(data))

    def test_used_in_place_and_taken_in(self):
        blob = self.add_ollama("library/tiny/1b-instruct", pathlib.Path(MODEL).read_bytes())
        self.add_hugging_face("owner", "tiny-GGUF", MODEL)
        listed = self.slm("list")
        self.assertIn("2 more", listed.stderr)
        self.assertIn("ollama:tiny:1b-instruct", self.good("list", "--all"))
        caches = {model["name"]: model for model in self.facts("list", "--all")["caches"]}
        self.assertEqual(sorted(caches), ["hf:owner/tiny-GGUF:tiny-instruct.gguf", "ollama:tiny:1b-instruct"])
        for name in ("ollama:tiny:1b-instruct", "hf:owner/tiny-GGUF"):
            self.good("run", name, "hi", "--max-tokens", "2")
            self.assertIn(sha256(blob.read_bytes()), self.good("verify", name))
            self.assertEqual(self.facts("show", name)["commit"], "" if name.startswith("ollama") else COMMIT)
        self.assertEqual(self.names(), [])  # nothing was copied
        taken = self.facts("import", "ollama:tiny:1b-instruct")
        self.assertEqual((taken["name"], taken["source"]), ("ollama:tiny:1b-instruct",) * 2)
        self.assertNotIn("more", self.slm("list").stderr)  # the other has the same bytes
        shutil.rmtree(self.directory / "ollama")
        self.good("run", "ollama:tiny:1b-instruct", "hi", "--max-tokens", "2")

    def test_what_is_not_there_or_not_right(self):
        self.refused(3, "run", "ollama:absent", "x", says="Ollama", hints="slm pull ollama:absent")
        self.refused(3, "import", "hf:owner/absent:Q4_0", hints="slm pull hf:owner/absent:Q4_0")
        self.refused(2, "import", "ollama:../../x")
        blob = self.add_ollama("library/bad/latest", pathlib.Path(MODEL).read_bytes())
        flip_last_bit(blob)
        self.refused(6, "run", "ollama:bad", "x", says=str(blob))
        self.refused(6, "import", "ollama:bad")
        blob.unlink()
        blob.symlink_to("/etc/passwd")
        self.refused(6, "run", "ollama:bad", "x", says="/etc/passwd")
        self.assertEqual(self.facts("list", "--all")["caches"], [])
        self.assertEqual(self.names(), [])

    def test_parts_in_a_cache(self):
        self.add_hugging_face("owner", "split", *write_parts(pathlib.Path(MODEL).read_bytes(), 3, str(self.directory / "tiny")))
        self.refused(2, "run", "hf:owner/split", "x", hints="slm import hf:owner/split")
        self.assertEqual(self.facts("import", "hf:owner/split")["sha256"], sha256(pathlib.Path(MODEL).read_bytes()))


class Parts(StoreCase):
    def setUp(self):
        super().setUp()
        self.content = pathlib.Path(MODEL).read_bytes()
        self.paths = write_parts(self.content, 3, str(self.directory / "Tiny"))

    def test_any_part_gives_the_model_that_was_split(self):
        for i, path in enumerate(self.paths):
            model = self.facts("import", path, f"m{i}")
            self.assertEqual(pathlib.Path(model["path"]).read_bytes(), self.content)
        self.assertGreater(self.facts("pull", self.paths[1], "--dry-run")["disk"]["needed_bytes"], len(self.content))
        self.refused(2, "pull", self.paths[1], "--sha256", "a" * 64, says="in 3")
        self.assertEqual(self.facts("pull", self.paths[2])["name"], "tiny")
        self.good("run", "tiny", "hi", "--max-tokens", "2")
        self.refused(2, "run", self.paths[0], "hi", hints="slm import " + self.paths[0])

    def test_parts_that_do_not_belong_together(self):
        others = write_parts(self.content, 4, str(self.directory / "Other"))
        shutil.copy(others[1], self.paths[1])
        self.refused(6, "import", self.paths[0], says=self.paths[1])
        shutil.copy(self.paths[2], self.paths[1])
        self.refused(6, "import", self.paths[0], says=self.paths[1])
        os.unlink(self.paths[1])
        self.refused(3, "import", self.paths[2], says=self.paths[1])
        self.assertEqual(self.names(), [])
        self.assertEqual(self.facts("gc")["removed"], [])

    def test_imports_that_are_killed(self):
        began = time.monotonic()
        self.facts("import", self.paths[0], "m")
        usual = time.monotonic() - began
        self.good("rm", "m")
        random_moment = random.Random(3)
        for _ in range(25):
            child = subprocess.Popen([SLM, "import", self.paths[0], "m"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(usual * random_moment.random())
            child.send_signal(signal.SIGKILL)
            child.wait()
            listed = self.facts("list")
            self.assertEqual(listed["damaged"], [])
            if listed["models"]:
                self.good("verify")
                self.good("rm", "m")
            self.facts("gc")
            left = [path for folder in ("blobs", ".parts", "models") for path in (self.home / folder).rglob("*") if path.is_file() and path.suffix != ".tmp"]
            self.assertEqual(left, [])
        self.assertEqual(self.facts("import", self.paths[0], "m")["sha256"], sha256(self.content))


if __name__ == "__main__":
    subprocess.run([WRITE_MODEL, MODEL], check=True)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
