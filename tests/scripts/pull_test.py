#!/usr/bin/env python3
"""`slm pull` against servers on this machine that behave badly or as the real ones are documented to: pull_test.py SLM WRITE_TINY_CHAT_MODEL.

Each case ends with the right bytes in the store, or with a clear error, exit code 5 (network) or 6 (corrupt), and nothing visible.
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
from bad_server import BadServer, COMMIT  # noqa: E402
from split_gguf import split_gguf  # noqa: E402

SLM, WRITE_MODEL = sys.argv[1:3]
WORK = tempfile.TemporaryDirectory(prefix="slm_pull_test_")
KILLS = int(os.environ.get("SLM_PULL_KILLS", "20"))


def tiny_model():
    path = os.path.join(WORK.name, "tiny.gguf")
    subprocess.run([WRITE_MODEL, path], check=True)
    content = pathlib.Path(path).read_bytes()
    # More than what the servers send before they cut, as bytes no tensor claims.
    return content + random.Random(5).randbytes(max(0, 1_200_000 - len(content)))


MODEL = tiny_model()
LARGE = MODEL + random.Random(8).randbytes(40 << 20)
DIGEST = hashlib.sha256(MODEL).hexdigest()


class Pulls(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(dir=WORK.name)
        self.server = BadServer(MODEL)
        self.addCleanup(self.server.close)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SLM_"))}
        self.environment.update(SLM_HOME=self.home, HF_HOME=self.home, LANG="", LC_ALL="", LC_MESSAGES="", HF_ENDPOINT=self.server.base,
                                SLM_OLLAMA_REGISTRY=self.server.base, MODELSCOPE_ENDPOINT=self.server.base + "/ms", SLM_READ_BANDWIDTH="10")

    def pull(self, *args, **environment):
        return subprocess.run([SLM, "pull", *args], capture_output=True, text=True, timeout=120, env={**self.environment, **environment})

    def stored(self):
        listed = subprocess.run([SLM, "list", "--json"], capture_output=True, text=True, env=self.environment, check=True)
        return json.loads(listed.stdout)["models"]

    def blobs(self):
        return sorted(pathlib.Path(self.home, "blobs").glob("sha256-*"))

    def parts(self):
        return sorted(pathlib.Path(self.home, "blobs", ".part").glob("*"))

    def gets(self, *args, **environment):
        """The pull ends with the right bytes."""
        done = self.pull(*args, "--json", **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        model = json.loads(done.stdout)
        self.assertEqual(model["sha256"], DIGEST)
        self.assertEqual(pathlib.Path(model["path"]).read_bytes(), MODEL)
        self.assertEqual(self.parts(), [])
        return model

    def refused(self, code, *args, says, keeps=None, **environment):
        done = self.pull(*args, **environment)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, text)
        self.assertIn(says, text)
        self.assertEqual(self.stored(), [])
        self.assertEqual(self.blobs(), [])
        if keeps is not None:
            self.assertEqual(bool([part for part in self.parts() if part.suffix == ".part" and part.stat().st_size > 0]), keeps, self.parts())
        return text

    def url(self, mode, digest=True):
        return [self.server.url(mode), *(["--sha256", DIGEST] if digest else [])]


class BadServers(Pulls):
    def test_good(self):
        for digest in (True, False):
            with self.subTest(digest=digest):
                self.gets(*self.url("good", digest), "--name", f"m{digest}".lower())

    def test_right_in_spite_of_it(self):
        for mode in ("cut", "cut-no-ranges", "wrong-range", "wrong-total", "changed", "changed-206", "unsatisfiable", "redirect", "busy", "flaky",
                     "flipped-then-cut", "cut-weak"):
            with self.subTest(mode=mode):
                self.gets(*self.url(mode), "--name", mode)
                shutil.rmtree(self.home)

    def test_right_without_a_digest_too(self):
        """No digest would tell here: validators and ranges alone keep two files apart."""
        for mode in ("cut", "cut-no-ranges", "wrong-range", "wrong-total", "changed", "changed-206", "unsatisfiable", "cut-weak"):
            with self.subTest(mode=mode):
                self.gets(*self.url(mode, digest=False), "--name", mode)
                shutil.rmtree(self.home)

    def test_a_cut_is_gone_on_from(self):
        self.gets(*self.url("cut"))
        self.assertLess(self.server.sent, len(MODEL) + (1 << 16) * 5)
        ranges = [headers.get("Range") for _, headers in self.server.asked("cut/")]
        self.assertTrue(any(asked for asked in ranges), ranges)

    def test_network(self):
        for mode, says in (("loop", "more than 5 times"), ("to-file-scheme", "may not lead"), ("elsewhere", "may not lead"), ("gzip", "gzip"),
                           ("busy-for-long", "86400"), ("no-length", "--sha256")):
            with self.subTest(mode=mode):
                self.refused(5, *self.url(mode, digest=False), says=says)
        port = self.server.port
        self.server.close()
        self.refused(5, f"http://127.0.0.1:{port}/good/model.gguf", says="refused")

    def test_corrupt(self):
        for mode, says in (("html", "web page"), ("html-as-binary", "web page"), ("pointer", "git-lfs"), ("noise", "not a GGUF"), ("empty", "not a GGUF")):
            with self.subTest(mode=mode):
                self.refused(6, *self.url(mode, digest=False), says=says, keeps=False)
        self.refused(6, *self.url("flipped"), says=DIGEST, keeps=False)
        self.refused(6, *self.url("no-length"), says=DIGEST)

    def test_a_drip_is_no_progress(self):
        self.refused(5, *self.url("drip"), says="less than 1024 bytes a second", keeps=True, SLM_PULL_PATIENCE="3")

    def test_patience_has_no_end_while_bytes_come(self):
        """Four connections that break, and three times as long as a server without progress is waited for."""
        self.server.rate = 200_000
        self.gets(*self.url("cut"), SLM_PULL_PATIENCE="2")
        self.assertGreaterEqual(len(self.server.asked("cut/")), 4)

    def test_a_page_of_text_does_not_cost_the_part(self):
        self.refused(6, *self.url("portal"), says="1200000", keeps=True)
        self.gets(*self.url("portal"))
        self.assertEqual(self.server.asked("portal/")[-1][1]["Range"], "bytes=300000-")

    def test_nothing_is_left_where_nothing_came(self):
        self.refused(5, *self.url("busy-for-long"), says="86400")
        self.assertEqual(self.parts(), [])

    def test_two_addresses_are_two_models(self):
        address = self.server.url("good")
        self.gets(address + "?file=1", "--name", "m")
        self.refused_name(address + "?file=2")
        sources = [model["source"] for model in self.stored()]
        self.assertEqual(len(sources), 1)
        self.assertNotIn("file=", sources[0])
        plan = json.loads(self.pull(address + "?file=2", "--name", "m", "--dry-run", "--json").stdout)
        self.assertFalse(plan["in_store"])
        plan = json.loads(self.pull(address + "?file=1", "--name", "m", "--dry-run", "--json").stdout)
        self.assertTrue(plan["in_store"])

    def refused_name(self, address):
        done = self.pull(address, "--name", "m")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("with other bytes", done.stderr)

    def test_a_replaced_file_leaves_no_bytes_behind(self):
        self.pull(self.server.url("good"), "--name", "m")
        old = self.blobs()
        self.server.content = MODEL + b"more"
        done = self.pull(self.server.url("good"), "--name", "m", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["bytes"], len(MODEL) + 4)
        self.assertEqual(len(old), 1)
        self.assertEqual(len(self.blobs()), 1)
        self.assertNotEqual(self.blobs(), old)

    def test_a_pull_holds_its_name(self):
        import fcntl
        self.server.rate = 400_000
        pull = subprocess.Popen([SLM, "pull", *self.url("good"), "--name", "m"], stderr=subprocess.DEVNULL, env=self.environment)
        self.wait_for_part()
        with open(pathlib.Path(self.home, ".locks", "m"), "w") as lock, self.assertRaises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pull.kill()
        pull.wait()

    def test_stopped_between_bytes_and_record(self):
        """The part stays until the record is written, without a digest too: nothing comes twice."""
        models = pathlib.Path(self.home, "models")
        models.write_text("in the way")
        self.assertNotEqual(self.pull(*self.url("good", digest=False)).returncode, 0)
        models.unlink()
        sent = self.server.sent
        self.gets(*self.url("good", digest=False))
        self.assertLessEqual(self.server.sent - sent, 1)  # asked how long it is

    def test_without_file_locks_each_has_its_own_part(self):
        """As on network file systems: flock() of a library loaded before says ENOLCK."""
        source, library = pathlib.Path(self.home, "nolock.c"), pathlib.Path(self.home, "nolock.so")
        source.write_text("#include <errno.h>\nint flock(int d, int o) { (void)d; (void)o; errno = ENOLCK; return -1; }\n")
        if not shutil.which("cc") or subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source]).returncode != 0:
            self.skipTest("no C compiler here")
        self.server.rate = 1 << 20
        environment = {**self.environment, "LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        command = [SLM, "pull", *self.url("good"), "--name", "m", "--json"]
        pulls = [subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) for _ in range(2)]
        seen = set()
        while any(pull.poll() is None for pull in pulls):
            seen.update(part.name for part in self.parts() if part.suffix == ".part")
            time.sleep(0.005)
        self.assertEqual([pull.returncode for pull in pulls], [0, 0])
        self.assertEqual(len(seen), 2, seen)
        self.assertEqual([hashlib.sha256(blob.read_bytes()).hexdigest() for blob in self.blobs()], [DIGEST])
        self.assertEqual(self.parts(), [])

    def test_missing(self):
        self.refused(3, *self.url("nowhere"), says="404")

    def test_usage(self):
        self.refused(2, "http://example.invalid/model.gguf", says="--insecure")
        self.refused(2, self.server.url(), "--sha256", "abc", says="64 hex digits")
        self.refused(2, "hf:owner/../x", says="hf:owner/repo")
        self.refused(2, "smollm2:135m", "--insecure", says="--insecure")

    def test_dry_run(self):
        done = self.pull(*self.url("good"), "--dry-run", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = json.loads(done.stdout)
        self.assertEqual((plan["bytes"], plan["sha256"], plan["disk"]["fits"], plan["in_store"]), (len(MODEL), DIGEST, True, False))
        self.assertEqual(self.stored(), [])
        self.assertEqual(self.blobs() + self.parts(), [])

    def test_a_full_disk_keeps_the_part(self):
        """Writing beyond RLIMIT_FSIZE fails as a device does; the part is there for the next pull."""
        import resource
        limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000)))
        done = subprocess.run([SLM, "pull", *self.url("good")], capture_output=True, text=True, env=self.environment, preexec_fn=limit, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.stored(), [])
        self.assertEqual([part.stat().st_size for part in self.parts() if part.suffix == ".part"], [500_000])
        self.gets(*self.url("good"))
        self.assertEqual(self.server.asked("good/")[-1][1]["Range"], "bytes=500000-")

    def test_a_disk_that_fills_is_seen_in_time(self):
        """On a file system of 96 MiB, with 60 MiB of which nobody says how long they are."""
        content = MODEL + bytes(60 << 20)
        server = BadServer(content)
        self.addCleanup(server.close)
        done = self.pull_on_small_disk("96m", server.url("chunked"), "--sha256", hashlib.sha256(content).hexdigest())
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("free at least", done.stderr)
        self.assertGreater(int(done.stderr.split()[-1]), 1 << 20)  # bytes of the part
        self.assertLess(int(done.stderr.split()[-1]), 60 << 20)

    def test_a_disk_too_small_is_seen_before(self):
        done = self.pull_on_small_disk("40m", *self.url("good"))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("free at least", done.stderr)
        self.assertEqual(done.stderr.split()[-1], "0")  # bytes of the part

    def pull_on_small_disk(self, size, *args):
        """In a mount namespace of its own; the last word of its errors is how long the part is."""
        script = f'mount -t tmpfs -o size={size} none "$SLM_HOME" || exit 77; "$0" pull "$@"; code=$?; cat "$SLM_HOME"/blobs/.part/*.part 2>/dev/null | wc -c >&2; exit $code'
        done = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", script, SLM, *args], capture_output=True, text=True,
                              timeout=60, env=self.environment)
        if done.returncode in (1, 77, 127) and "slm" not in done.stderr.split(":")[0]:
            self.skipTest("no mount namespace here: " + done.stderr.strip())
        return done

    def test_remove_takes_the_part_along(self):
        self.server.rate = 400_000
        pull = subprocess.Popen([SLM, "pull", *self.url("good"), "--name", "m"], stderr=subprocess.DEVNULL, env=self.environment)
        self.wait_for_part()
        pull.send_signal(signal.SIGINT)
        self.assertEqual(pull.wait(timeout=20), 1)
        self.assertTrue(self.parts())
        subprocess.run([SLM, "rm", "m"], check=True, env=self.environment, capture_output=True)
        self.assertEqual(self.parts(), [])

    def wait_for_part(self):
        end = time.time() + 20
        while not any(part.suffix == ".part" and part.stat().st_size > 100_000 for part in self.parts()):
            self.assertLess(time.time(), end)
            time.sleep(0.01)

    def test_interrupt_leaves_a_part_to_go_on_from(self):
        self.server.rate = 400_000
        pull = subprocess.Popen([SLM, "pull", *self.url("good")], stderr=subprocess.PIPE, text=True, env=self.environment)
        self.wait_for_part()
        pull.send_signal(signal.SIGINT)
        _, errors = pull.communicate(timeout=20)
        self.assertEqual(pull.returncode, 1)
        self.assertIn("go on", errors)
        self.server.rate = None
        part = next(part for part in self.parts() if part.suffix == ".part").stat().st_size
        self.gets(*self.url("good"))
        self.assertEqual(self.server.asked("good/")[-1][1]["Range"], f"bytes={part}-")


class SeveralConnections(Pulls):
    """Files that are large enough for them."""

    def setUp(self):
        super().setUp()
        self.content = LARGE
        self.digest = hashlib.sha256(LARGE).hexdigest()
        self.server.content = LARGE

    def gets_large(self, mode, digest=True):
        done = self.pull(self.server.url(mode), *(["--sha256", self.digest] if digest else []), "--name", "m", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(pathlib.Path(json.loads(done.stdout)["path"]).read_bytes(), self.content)
        self.assertEqual(self.parts(), [])

    def test_ranges_of_several(self):
        self.server.rate = 16 << 20
        self.gets_large("good")
        self.assertGreater(self.server.most_at_once, 1)
        self.assertEqual(self.server.sent, len(self.content) + 1)  # each byte once, and one to ask how long it is
        starts = [int(headers["Range"][6:].split("-")[0]) for _, headers in self.server.asked("good/")[2:]]
        self.assertLess(max(abs(start - place) for start, place in zip(starts, sorted(starts))), 64 << 20)

    def test_right_in_spite_of_it(self):
        for mode in ("no-ranges", "one-at-a-time", "one-cut", "told-to-wait", "changes", "shifted"):
            for digest in (True, False):
                with self.subTest(mode=mode, digest=digest):
                    self.server.counts.clear()
                    self.gets_large(mode, digest)
                    shutil.rmtree(self.home)

    def test_a_wrong_byte_is_found(self):
        done = self.pull(self.server.url("flipped"), "--sha256", self.digest)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(self.blobs() + self.parts(), [])

    def test_a_server_that_is_gone_ends_it(self):
        self.refused(5, self.server.url("gone"), "--sha256", self.digest, says="run the same command to go on", keeps=True, SLM_PULL_PATIENCE="2")
        sent = self.server.sent
        self.gets_large("good")
        self.assertLess(self.server.sent - sent, len(self.content) - (8 << 20))

    def test_an_interrupt_keeps_what_came_out_of_order(self):
        self.server.rate = 4 << 20
        pull = subprocess.Popen([SLM, "pull", self.server.url(), "--sha256", self.digest, "--name", "m"], stderr=subprocess.DEVNULL, env=self.environment)
        while self.server.sent < 12 << 20:
            self.assertIsNone(pull.poll())
            time.sleep(0.005)
        pull.send_signal(signal.SIGINT)
        self.assertEqual(pull.wait(timeout=20), 1)
        self.server.rate = None
        self.gets_large("good")
        self.assertLess(self.server.sent - len(self.content), 8 << 20)


class Kills(Pulls):
    def test_kill_at_any_time(self):
        content = MODEL + random.Random(6).randbytes(48 << 20)
        digest = hashlib.sha256(content).hexdigest()
        server = BadServer(content, rate=8 << 20)
        self.addCleanup(server.close)
        chance = random.Random(7)
        command = [SLM, "pull", server.url(), "--sha256", digest, "--name", "m", "--json"]
        blob = pathlib.Path(self.home, "blobs", "sha256-" + digest)
        kills = 0
        for _ in range(KILLS):
            sent, after = server.sent, chance.randrange(len(content) * 8 // (5 * KILLS))
            pull = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
            while server.sent - sent < after and pull.poll() is None:
                time.sleep(0.001)
            if pull.poll() is None:
                kills += 1
            pull.kill()
            pull.wait()
            if self.stored():
                self.assertEqual(hashlib.sha256(blob.read_bytes()).hexdigest(), digest)
        self.assertGreater(kills, KILLS // 2)
        server.rate = None
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(hashlib.sha256(blob.read_bytes()).hexdigest(), digest)
        twice = server.sent - len(content)
        print(f"killed {kills} times; {twice} bytes sent beyond the file's {len(content)}", file=sys.stderr)
        self.assertLessEqual(twice, kills * (8 << 20))

    def test_two_pulls_fetch_it_once(self):
        self.server.rate = 1 << 20
        command = [SLM, "pull", *self.url("good"), "--name", "m", "--json"]
        pulls = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment) for _ in range(2)]
        self.assertEqual([pull.wait(timeout=60) for pull in pulls], [0, 0])
        self.assertEqual(self.server.sent, len(MODEL) + 2)  # each asked how long it is


class Sources(Pulls):
    def test_hugging_face(self):
        model = self.gets("hf:owner/repo:Q4_K_M")
        self.assertEqual(model["name"], "hf:owner/repo:q4_k_m")
        self.assertEqual((model["source"], model["commit"], model["license"]), ("hf:owner/repo:Q4_K_M", COMMIT, "apache-2.0"))
        shown = subprocess.run([SLM, "show", "hf:owner/repo:q4_k_m", "--json"], capture_output=True, text=True, env=self.environment)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        shown = json.loads(shown.stdout)
        self.assertEqual((shown["source"], shown["commit"], shown["license"]), ("hf:owner/repo:Q4_K_M", COMMIT, "apache-2.0"))

    def test_which_file(self):
        text = self.refused(2, "hf:owner/repo", says="3 GGUF files")
        self.assertIn("m-q4_k_m.gguf", text)
        self.assertIn("m-q8_0.gguf", self.refused(3, "hf:owner/repo:Q4_K", says="Q4_K"))
        self.refused(6, "hf:owner/split:Q4_0", says="00001-of-00002.gguf) does not say that it is part")  # by its header
        self.refused(3, "hf:owner/none", says="no GGUF")
        self.refused(3, "hf:someone/else", says="no such repository")

    def test_models_in_several_files(self):
        tiny = pathlib.Path(WORK.name, "whole.gguf")
        subprocess.run([WRITE_MODEL, tiny], check=True)
        self.server.parts = split_gguf(tiny.read_bytes(), 2)
        planned = self.pull("hf:owner/split:Q4_0", "--dry-run", "--json")
        self.assertEqual(json.loads(planned.stdout)["bytes"], sum(map(len, self.server.parts)), planned.stderr)
        self.refused(2, "hf:owner/split:Q4_0", "--sha256", DIGEST, says="in 2")
        done = self.pull("hf:owner/split:Q4_0", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        model = json.loads(done.stdout)
        self.assertEqual((model["source"], model["commit"]), ("hf:owner/split:Q4_0", COMMIT))
        self.assertEqual(pathlib.Path(model["path"]).read_bytes(), tiny.read_bytes())
        self.assertEqual(self.parts(), [])
        asked = len(self.server.asked("/part/"))
        self.assertEqual(self.pull("hf:owner/split:Q4_0").returncode, 0)  # here already
        self.assertEqual(len(self.server.asked("/part/")), asked)

    def test_wrong_digest_at_the_source(self):
        self.refused(6, "hf:owner/wrong", says="ab" * 32, keeps=False)
        self.refused(6, "hf:owner/repo:Q8_0", "--sha256", "cd" * 32, says="cd" * 32)

    def test_gated(self):
        """https://huggingface.co/docs/hub/models-gated: 401 with X-Error-Code until a token of somebody who agreed is sent."""
        self.server.token = "t0ken"
        self.refused(1, "hf:owner/gated:Q4_0", says="gated")
        # A host that the token was not made for never sees it.
        self.refused(1, "hf:owner/gated:Q4_0", says="SLM_HF_TOKEN_HOST", HF_TOKEN="t0ken")
        self.assertFalse([headers for _, headers in self.server.requests if "Authorization" in headers])
        self.gets("hf:owner/gated:Q4_0", HF_TOKEN="t0ken", SLM_HF_TOKEN_HOST=f"127.0.0.1:{self.server.port}")
        self.assertTrue(self.server.asked("/resolve/")[0][1].get("Authorization"))
        # Nor does the storage host that the file's address leads to.
        self.assertFalse([headers for _, headers in self.server.asked("/good/") if "Authorization" in headers])

    def test_registry(self):
        model = self.gets("ollama:m:good")
        self.assertEqual(model["source"], "ollama:m:good")
        self.gets(f"ollama:127.0.0.1:{self.server.port}/library/m:good", "--name", "other")
        self.gets("ollama:private:good")
        self.assertFalse([headers for _, headers in self.server.asked("/good/") if "Authorization" in headers])

    def test_hostile_registry(self):
        self.refused(6, "ollama:traversal:good", says="manifest")
        self.refused(6, "ollama:sneaky:good", says="manifest")
        self.refused(6, "ollama:many:good", says="manifest")
        self.refused(5, "ollama:huge:good", says="longer than 1048576")
        self.refused(5, "ollama:foreign:good", says="which is not asked")
        self.refused(6, "ollama:wrong:good", says="ab" * 32, keeps=False)
        self.refused(3, "ollama:nothing", says="404")
        self.refused(2, "ollama:../../x", says="ollama:")

    def test_modelscope(self):
        self.gets("modelscope:owner/repo")
        self.gets("modelscope:owner/repo:q4_0", "--name", "again")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
