#!/usr/bin/env python3
"""`slm compare` made again: with the same seed, after being killed, on a full disk: compare_again_test.py SLM WRITE_TINY_CHAT_MODEL."""
import json
import operator
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import compare_flags_test  # noqa: E402

SLM = sys.argv[1]
DATA = pathlib.Path(__file__).resolve().parents[2] / "data/smoke"


def without_times(facts):
    """The comparison without what clocks and the machine's memory tell."""
    facts = json.loads(json.dumps(facts))
    facts["seconds"] = 0
    for row in facts["rows"]:
        if row["table"] == "speed" or "memory" in row["id"] or row["id"].startswith("devices_"):
            kept = {key: row[key] for key in ("id", "table", "labels")}
            row.clear()
            row.update(kept)
    return facts


class Again(compare_flags_test.Compare):
    def smoke(self, home, *more):
        self.environment["SLM_HOME"] = str(self.path / home)
        return self.facts("--tier", "smoke", "--data-dir", str(DATA), *more)

    def report(self, facts):
        """Every form of the report of these rows, as bytes."""
        rows = [row for row in facts["rows"] if "verdict" in row]
        file = self.write("kept.json", json.dumps({**facts, "rows": rows}))
        run = json.loads(subprocess.run([SLM, "report", "add", file, "--json"], capture_output=True, check=True, env=self.environment).stdout)["id"]
        forms = {form: self.path / f"report.{form}" for form in ("html", "csv", "markdown")}
        subprocess.run([SLM, "report", str(run), *(part for form, path in forms.items() for part in ("--" + form, str(path)))],
                       capture_output=True, check=True, env=self.environment)
        return {form: path.read_bytes() for form, path in forms.items()}

    def test_the_same_seed_gives_the_same_report_byte_for_byte(self):
        first, again = (without_times(self.smoke(home)) for home in ("one", "two"))  # neither knows the other's answers
        self.assertEqual(json.dumps(first), json.dumps(again))
        self.assertEqual(self.report(first), self.report(again))
        self.assertGreater(sum(len(row["records"]) for row in first["rows"] if "verdict" in row), 800)

    def test_every_row_can_be_worked_out_from_its_records(self):
        facts = self.smoke("one")
        sides = dict(zip("ab", (model["name"] for model in facts["models"])))
        checked = set()
        for row in facts["rows"]:
            for side, name in sides.items():
                records = [record for record in row["records"] if record["model"] == name]
                if row["table"] == "deployment" or not records:
                    continue
                grades = [float(record["grade"]) for record in records]
                weights = [record.get("weight", 1) for record in records]
                value = statistics.median(grades) if row["table"] == "speed" else sum(map(operator.mul, grades, weights)) / sum(weights)
                self.assertAlmostEqual(row[side], value, places=6, msg=row["id"])
                if row["table"] != "speed":
                    self.assertTrue(all(record["transcript"] and {"item", "answer"} <= record.keys() for record in records), row["id"])
                checked.add(row["id"])
        self.assertLessEqual({"prefill", "decode", "first_token", "flores_bits_eng_Latn", "flores_bits_gap.zho_Hans", "hellaswag", "piqa"}, checked)

    def test_killed_at_twenty_random_moments_it_ends_as_unbroken(self):
        unbroken = without_times(self.smoke("unbroken"))
        self.environment["SLM_HOME"] = str(self.path / "killed")
        rng, killed, kept = random.Random(1), 0, self.path / "killed/cache/answers.db"
        for _ in range(20):
            process = subprocess.Popen(self.command("--tier", "smoke", "--data-dir", str(DATA), "--json"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, env=self.environment)
            # Before the tasks there is nothing to be lost: from the opening of the answers on, or soon after, it may die at any moment.
            if rng.random() < 0.7:
                while not kept.exists() and process.poll() is None:
                    time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.5))
            process.kill()
            process.communicate()
            killed += process.returncode < 0
        self.assertGreater(killed, 5)
        self.assertEqual(without_times(self.smoke("killed")), unbroken)


class FullDisk(compare_flags_test.Compare):
    def on_a_disk(self, size, *commands):
        """The commands' code and output, one after another, where SLM_HOME is a file system of its own."""
        home = self.path / "home"
        home.mkdir()
        script = f"mount -t tmpfs -o size={size} none '{home}' || exit 90\n" + "\n".join(commands)
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, text=True,
                              env=self.environment, timeout=300)
        if done.returncode == 90 or "unshare failed" in done.stderr:
            self.skipTest("no mount namespace here: " + done.stderr.strip())
        return done

    def compared(self, *more):
        quoted = " ".join(f"'{part}'" for part in self.command("--prompts", self.prompts, "--max-tokens", "16", *more))
        return f"TMPDIR='{self.path}' {quoted}; echo \"code $?\""

    def setUp(self):
        super().setUp()
        self.prompts = self.write("my.txt", "".join(f"prompt number {i}\n" for i in range(400)))

    def test_answers_that_find_no_room_are_counted_and_the_result_is_whole(self):
        self.environment["SLM_HOME"] = str(self.path / "wide")
        wanted = self.rows(self.facts("--prompts", self.prompts, "--max-tokens", "16"))["prompts_ungraded"]["records"]
        self.environment["SLM_HOME"] = str(self.path / "home")
        page = self.path / "page.html"
        done = self.on_a_disk("300k", self.compared("--json", "--html", str(page)), "'%s' report" % SLM)
        self.assertIn("code 4", done.stdout)
        facts = json.loads(done.stdout.splitlines()[0])
        self.assertEqual(self.rows(facts)["prompts_ungraded"]["records"], wanted)
        lost = re.search(r"(\d+) answers could not be kept for the next run: \S*answers.db: no room", " ".join(facts["warnings"]))
        self.assertTrue(lost and 0 < int(lost.group(1)) < 800, facts["warnings"])
        self.assertIn("runs.sqlite: the disk is full", done.stdout + done.stderr)
        # The user's own place had room: the page is there, with all of it.
        data = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S).group(1))["comparison"]
        self.assertEqual(data["rows"], facts["rows"])

    def test_what_the_store_cannot_take_is_saved_aside(self):
        done = self.on_a_disk("300k", self.compared())
        self.assertIn("code 4", done.stdout)
        aside = re.search(r"slm report add (\S+\.json)", done.stderr)
        self.assertTrue(aside, done.stderr)
        self.environment["SLM_HOME"] = str(self.path / "roomy")
        done = subprocess.run([SLM, "report", "add", aside.group(1), "--json"], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        facts = json.loads(subprocess.run([SLM, "report", "1", "--json"], capture_output=True, check=True, env=self.environment).stdout)
        self.assertEqual(len(self.rows(facts)["prompts_ungraded"]["records"]), 800)

    def test_a_report_that_finds_no_room_is_named(self):
        full = self.path / "home/page.html"
        done = self.on_a_disk("8M", self.compared("--json"), f"head -c 20M /dev/zero > '{self.path}/home/filler' 2>/dev/null",
                              f"'{SLM}' report 1 --html '{full}'; echo \"code $?\"", f"ls '{self.path}/home'", f"'{SLM}' report 1 --json")
        self.assertIn("code 0", done.stdout)
        self.assertIn("code 4", done.stdout)
        self.assertIn(f"{full}: ", done.stderr)
        self.assertIn("No space left on device", done.stderr)
        self.assertNotIn("page.html\n", done.stdout)  # no half of it is left
        self.assertNotIn(".tmp", done.stdout)
        self.assertEqual(len(self.rows(json.loads(done.stdout.splitlines()[-1]))["prompts_ungraded"]["records"]), 800)


class Page(compare_flags_test.Compare):
    def test_a_name_alone_is_a_file_here(self):
        command = self.command("--prompts", self.write("my.txt", "hello\n"), "--max-tokens", "4", "--html", "page.html")
        subprocess.run([os.path.abspath(SLM), *command[1:]], check=True, capture_output=True, env=self.environment, cwd=self.path)
        self.assertIn("<!doctype html>", (self.path / "page.html").read_text().lower())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
