#!/usr/bin/env python3
"""`slm report` and its page as a reader meets them: report_test.py SLM [--screenshots DIR].

Opens the page in Debian's Chromium with the network cut, in both languages and at phone width. With Playwright (installed from the
package registry into build/report-venv) everything is checked; where it cannot be had, the page is dumped by Chromium alone, and its
numbers and errors are checked. Exits 77 where there is no Chromium.
"""
import copy
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build/report-venv"
PLAYWRIGHT = "playwright==1.65.2"
CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox"] if os.geteuid() == 0 else []


def with_playwright():
    """Runs this script again in an environment that has Playwright; returns False where it cannot be had."""
    try:
        import playwright.sync_api  # noqa: F401
        return True
    except ImportError:
        pass
    if "--plain" in sys.argv or sys.prefix != sys.base_prefix:
        return False
    python = VENV / "bin/python"
    made = (python.exists() and subprocess.run([python, "-c", "import playwright"], capture_output=True).returncode == 0) or (
        subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True).returncode == 0 and
        subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", "-q", PLAYWRIGHT]).returncode == 0)
    if made:
        os.execv(python, [str(python), *sys.argv])
    return False


if CHROMIUM is None:
    print("skipped: chromium is not installed")
    sys.exit(77)
HAS_PLAYWRIGHT = with_playwright()
ARGUMENTS = [one for one in sys.argv[1:] if one != "--plain"]
SLM = ARGUMENTS[0]
SCREENSHOTS = ARGUMENTS[2] if ARGUMENTS[1:2] == ["--screenshots"] else None

WORK = tempfile.TemporaryDirectory(prefix="slm_report_test_")
EXAMPLE = json.loads((ROOT / "tests/golden/report/comparison.json").read_text(encoding="utf-8"))
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\u2028\u202e\u2066\u0000{{data}}<!--" + "x" * 3000


def home(name):
    return {**os.environ, "SLM_HOME": os.path.join(WORK.name, name), "LANG": "", "LC_ALL": "", "LC_MESSAGES": ""}


def slm(*args, where="home", stdin=None, code=0):
    done = subprocess.run([SLM, *map(str, args)], capture_output=True, input=stdin, env=home(where), timeout=120)
    assert done.returncode == code, (args, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.decode() if code == 0 else (done.stdout + done.stderr).decode()


def keep(comparison, where="home"):
    return json.loads(slm("report", "add", "-", "--json", where=where, stdin=json.dumps(comparison).encode()))["id"]


def page_of(comparison, name):
    path = os.path.join(WORK.name, name + ".html")
    slm("report", keep(comparison), "--html", path)
    return path


def hostile_comparison():
    comparison = copy.deepcopy(EXAMPLE)
    old = comparison["models"][0]["name"]
    comparison["models"][0].update(name=HOSTILE, license=HOSTILE, path=HOSTILE, quantization=HOSTILE)
    comparison["device"]["cpu"] = comparison["tier"] = HOSTILE
    comparison["sources"] = [HOSTILE]
    for row in comparison["rows"]:
        row["labels"] = {"en": HOSTILE, "zh": HOSTILE}
        row["id"] += '"]' + HOSTILE
        row["table"] += HOSTILE
        for record in row["records"]:
            record["model"] = HOSTILE if record["model"] == old else record["model"]
            record.update(transcript=HOSTILE, answer=HOSTILE)
    for claim in comparison["article"]:
        claim.update(quote=HOSTILE, evidence=[HOSTILE], verdict=HOSTILE)
    return comparison


def is_rate(row):
    return any(isinstance(record["grade"], bool) for record in row["records"])


def numbers_of(row):
    """What the page must show of a row, in its order: (value, what one unit of it is shown as)."""
    shown = [(row[side], None) for side in "ab" if isinstance(row[side], (int, float))]
    for side in "ab":
        end = (row.get("slow_end") or {}).get(side)
        shown += [(value, 1) for value in [end["value"], *end["interval"]]] if end else []
    if row["verdict"] == "too_few" and row["more_items"]:
        shown.insert(0, (row["more_items"], 1))
    effect = row["ratio"] if row["ratio"] is not None else row["difference"]
    scale = 100 if row["ratio"] is None and is_rate(row) else 1
    tests = [] if effect is None else [(effect, scale)] + [(end, scale) for end in row["interval"] or []]
    tests += [(row[key], 1) for key in ("p", "p_adjusted") if row[key] is not None]
    if row["verdict"].startswith("likely_") and row["probability"] is not None:
        tests.append((row["probability"], 1 if row["verdict"] == "likely_better" else -1))
    return shown + tests


class Numbers:
    """Compares the <data> elements of a row with the JSON."""

    def check_row(self, row, found):
        expected = numbers_of(row)
        self.assertEqual(sorted(float(value) for value, _ in found), sorted(float(value) for value, _ in expected), row["id"])
        for value, text in found:
            value = float(value)
            scales = [scale for number, scale in expected if float(number) == value]
            if None in scales and text in row["shown"].values():
                continue
            scale = next(scale for scale in scales if scale is not None)
            written = re.search(r"[-+]?\d+(\.\d+)?", text)
            digits = len(written.group(1) or ".") - 1
            wanted = 1 - value if scale == -1 else value * scale
            self.assertLessEqual(abs(float(written.group()) - wanted), 0.5001 * 10 ** -digits, (row["id"], text, value))


class Files(unittest.TestCase):
    def test_forms_and_their_numbers(self):
        id = keep(EXAMPLE, "files")
        paths = {form: os.path.join(WORK.name, "report." + form) for form in ("html", "csv", "markdown")}
        flags = [part for form, path in paths.items() for part in ("--" + form, path)]
        self.assertEqual(json.loads(slm("report", id, *flags, "--json", where="files")), EXAMPLE)
        first = {form: pathlib.Path(path).read_bytes() for form, path in paths.items()}
        slm("report", id, *flags, where="files")
        self.assertEqual(first, {form: pathlib.Path(path).read_bytes() for form, path in paths.items()})
        lines = list(csv.DictReader(io.StringIO(first["csv"].decode("utf-8-sig"), newline="")))
        self.assertEqual([line["row"] for line in lines if line["line"] == "row"], [row["id"] for row in EXAMPLE["rows"]])
        self.assertEqual(sum(line["line"] == "record" for line in lines), sum(len(row["records"]) for row in EXAMPLE["rows"]))
        markdown = first["markdown"].decode()
        for row in EXAMPLE["rows"]:
            self.assertIn(row["labels"]["en"], markdown)
            self.assertIn(row["shown"]["a"], markdown)
        data = re.search(r'id="data">(.*?)</script>', first["html"].decode(), re.S).group(1)
        self.assertEqual(json.loads(data)["comparison"], EXAMPLE)

    def test_list_show_remove(self):
        self.assertEqual(json.loads(slm("report", "--json", where="list"))["runs"], [])
        ids = [keep(EXAMPLE, "list") for _ in range(3)]
        runs = json.loads(slm("report", "--json", where="list"))["runs"]
        self.assertEqual([run["id"] for run in runs], ids)
        self.assertEqual(runs[0]["models"], ["tiny:10m", "small:20m-base"])
        self.assertIn("Choose tiny:10m for memory", slm("report", ids[0], where="list").replace("\n", " "))
        self.assertIn("看重内存占用", slm("report", ids[0], "--lang", "zh", where="list").replace("\n", ""))
        slm("report", "rm", ids[1], where="list")
        self.assertEqual([run["id"] for run in json.loads(slm("report", "--json", where="list"))["runs"]], [ids[0], ids[2]])
        self.assertIn("no run 2", slm("report", "rm", ids[1], where="list", code=3))
        self.assertIn("no run 77", slm("report", 77, where="list", code=3))
        slm("report", ids[0], ids[2], where="list", code=2)
        slm("report", "--html", "x.html", where="list", code=2)
        slm("report", ids[0], "--html", "/no/such/directory/x.html", where="list", code=1)

    def test_what_is_no_comparison_is_refused(self):
        self.assertIn('"device"', slm("report", "add", "-", where="refused", stdin=b"{}", code=6))
        slm("report", "add", "-", where="refused", stdin=b"[1, 2", code=6)
        slm("report", "add", os.path.join(WORK.name, "none.json"), where="refused", code=3)
        os.makedirs(os.path.join(WORK.name, "damaged"), exist_ok=True)
        pathlib.Path(WORK.name, "damaged/runs.sqlite").write_bytes(b"not a database" * 500)
        self.assertIn("runs.sqlite", slm("report", where="damaged", code=6))

    def test_diff_and_merge(self):
        later = copy.deepcopy(EXAMPLE)
        row = next(row for row in later["rows"] if row["id"] == "hellaswag")
        turned = next(record for record in row["records"] if record["model"] == "tiny:10m" and not record["grade"])
        turned["grade"] = True
        row.update(verdict="likely_better", a=.8)
        first, second = keep(EXAMPLE, "pair"), keep(later, "pair")
        diff = json.loads(slm("report", "--diff", first, second, "--json", where="pair"))
        found = next(one for one in diff["rows"] if one["id"] == "hellaswag")
        self.assertEqual((found["before"]["a"], found["after"]["a"], found["verdict_changed"]), (.75, .8, True))
        self.assertEqual(found["items"]["a"], {"shared": 20, "gained": 1, "lost": 0})
        self.assertIn("(+1 -0)", slm("report", "--diff", first, second, where="pair"))
        merged = json.loads(slm("report", "--merge", first, second, "--json", where="pair"))
        self.assertEqual(merged["merged_from"], [first, second])
        found = {row["id"]: row for row in merged["rows"]}
        self.assertIn(f"item {turned['item']} of A", found["hellaswag"]["reason"])
        self.assertEqual(found["gsm8k"]["a"], .45)
        self.assertEqual(len(found["decode"]["records"]), 20)
        other = copy.deepcopy(EXAMPLE)
        other["models"][1]["sha256"] = "6" * 64
        self.assertIn("model B differs in sha256", slm("report", "--merge", first, keep(other, "pair"), where="pair", code=2))
        slm("report", "--merge", first, where="pair", code=2)
        slm("report", "--diff", first, where="pair", code=2)

    def test_a_full_disk_is_named_and_loses_nothing(self):
        small, large = os.path.join(WORK.name, "small.json"), os.path.join(WORK.name, "large.json")
        pathlib.Path(small).write_text(json.dumps(EXAMPLE))
        big = copy.deepcopy(EXAMPLE)
        big["rows"][5]["records"][0]["transcript"] = "x" * 2_000_000
        pathlib.Path(large).write_text(json.dumps(big))
        disk = os.path.join(WORK.name, "disk")
        os.makedirs(disk)
        # A file system of 1 MB in a mount namespace of its own.
        script = f"""mount -t tmpfs -o size=1M none {disk} || exit 90
            '{SLM}' report add {small} || exit 91
            '{SLM}' report add {large}; echo "code $?"
            head -c 2000000 /dev/zero > {disk}/filler; '{SLM}' report"""
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, env=home("disk"))
        if done.returncode == 90 or b"unshare failed" in done.stderr:
            self.skipTest("no mount namespace here: " + done.stderr.decode().strip())
        output = (done.stdout + done.stderr).decode()
        self.assertIn("code 4", output)
        self.assertIn(f"{disk}/runs.sqlite: the disk is full", output)
        self.assertRegex(output, r"\n1 +20\d\d-", output)  # the first run is listed, on a disk without a byte to spare
        self.assertNotRegex(output, r"\n2 +20\d\d-")


class PlainPage(Numbers, unittest.TestCase):
    """By Chromium alone."""

    def test_numbers_equal_the_json(self):
        page = page_of(EXAMPLE, "plain")
        for language, locale in LANGUAGES.items():
            done = subprocess.run([CHROMIUM, *FLAGS, "--headless", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
                                   f"--lang={locale}", f"--accept-lang={locale}", f"--user-data-dir={WORK.name}/profile-{language}", "--dump-dom",
                                   "file://" + page], capture_output=True, timeout=120, env={**os.environ, "LANGUAGE": locale})
            dom = done.stdout.decode()
            self.assertNotIn("CONSOLE", done.stderr.decode())
            self.assertIn(f'<html lang="{locale if language == "zh" else "en"}"', dom)
            for row in EXAMPLE["rows"]:
                body = re.search(rf'<tbody class="row" data-row="{row["id"]}">.*?</tr>', dom, re.S).group()
                self.check_row(row, re.findall(r'<data value="([^"]*)">([^<]*)</data>', body))
                self.assertIn(row["labels"][language], body)


class Page(Numbers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from playwright.sync_api import sync_playwright
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        cls.path = page_of(EXAMPLE, "example")

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()

    def open(self, path, locale="en-US", width=1280, **options):
        context = self.browser.new_context(locale=locale, viewport={"width": width, "height": 900}, offline=True, reduced_motion="reduce", **options)
        self.addCleanup(context.close)
        page = context.new_page()
        self.troubles = []
        page.on("console", lambda message: self.troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (self.troubles.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: request.url == "file://" + path or self.troubles.append("request " + request.url))
        page.goto("file://" + path)
        return page

    def row(self, page, id):
        return page.locator(f'[data-row="{id}"]')

    def unfold(self, body, by_key=False):
        """Opens a row's records. Their list is made by the toggle event, which comes after the click: what only counts must wait for it."""
        summary = body.locator("summary")
        if by_key:
            summary.focus()
            body.page.keyboard.press("Enter")
        else:
            summary.click()
        body.locator(".items").wait_for()

    def open_all(self, page):
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.wait_for_function("[...document.querySelectorAll('details')].every((one) => one.querySelector('.items'))")

    def fits(self, page):
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(wide[0], wide[1])

    def data_of(self, locator):
        return locator.locator("tr").first.locator("data").evaluate_all("(all) => all.map((one) => [one.value, one.textContent])")

    def test_numbers_and_texts_equal_the_json(self):
        for language, locale in LANGUAGES.items():
            page = self.open(self.path, locale)
            self.assertEqual(json.loads(page.locator("#data").text_content())["comparison"], EXAMPLE)
            for row in EXAMPLE["rows"]:
                found = self.row(page, row["id"])
                self.check_row(row, self.data_of(found))
                self.assertEqual(found.locator("th").text_content(), row["labels"][language])
                verdicts = found.locator("[data-verdict]").evaluate_all("(all) => all.map((one) => one.dataset.verdict)")
                self.assertEqual(verdicts, [] if row["verdict"] == "fact" else [row["verdict"]])
                if "reasons" in row:
                    self.assertIn(row["reasons"][language], found.text_content())
                has_chart = row["ratio"] is not None or row["difference"] is not None
                self.assertEqual(found.locator("tr").first.locator("svg").count(), int(has_chart))
            for claim in EXAMPLE["article"]:
                self.assertEqual(page.locator(f'#claims [data-claim="{claim["claim"]}"]').get_attribute("class"), "verdict " + claim["verdict"])
                evidence = page.locator("#claims tbody").filter(has_text=claim["quote"]).locator("pre").text_content()
                self.assertTrue(evidence and "{" not in evidence and "undefined" not in evidence, evidence)
            for row in EXAMPLE["rows"]:
                beside = self.row(page, row["id"]).locator("[data-claim]").evaluate_all("(all) => all.map((one) => one.dataset.claim)")
                self.assertEqual(beside, {"decode": ["S1"], "bits_per_byte_zh": ["L2"]}.get(row["id"], []))
                for claim in EXAMPLE["article"]:
                    self.assertEqual(claim["quote"] in self.row(page, row["id"]).text_content(), claim["claim"] in beside)
            kinds = {"en": {"instruct": "instruct", "base": "base"}, "zh": {"instruct": "指令模型", "base": "基座模型"}}[language]
            wanted = [f"{letter} {kinds[model['kind']]}" for letter, model in zip("AB", EXAMPLE["models"])]
            heads = page.locator("section:not(#claims) table:has(tbody.row) thead tr").evaluate_all("(all) => all.map((one) => one.textContent)")
            self.assertGreater(len(heads), 3)
            for head in heads:
                for text in wanted:
                    self.assertIn(text, head)
            self.assertEqual(self.troubles, [])

    def test_languages_switch_without_reload(self):
        page = self.open(self.path)
        page.evaluate("window.same = true")
        english = page.locator(".summary").text_content()
        self.assertIn("Choose tiny:10m for memory, speed, Chinese, ability and maths; choose small:20m-base for long contexts and English.", english)
        self.unfold(self.row(page, "hellaswag"))
        page.get_by_role("button", name="中文").focus()
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("document.documentElement.lang"), "zh-CN")
        self.assertIn("看重内存占用", page.locator(".summary").text_content())
        self.assertTrue(page.evaluate("window.same"))
        self.assertTrue(self.row(page, "hellaswag").locator(".item").first.is_visible())  # what was open stays open
        # Nothing is left in English but names and what the JSON has in one language.
        left = page.locator("#page").inner_text()
        for text in json.loads(page.locator("#data").text_content())["texts"]["en"].values():
            if len(text) > 6 and "{" not in text and text not in EXAMPLE["tier"]:
                self.assertNotIn(text, left)
        self.assertEqual(self.troubles, [])

    def test_every_transcript_is_behind_its_row(self):
        page = self.open(self.path)
        row = next(row for row in EXAMPLE["rows"] if row["id"] == "hellaswag")
        body = self.row(page, "hellaswag")
        self.unfold(body, by_key=True)
        shown = body.locator("pre").all_text_contents()
        self.assertEqual(sorted(shown), sorted(record["transcript"] for record in row["records"]))
        right = {side: {record["item"]: record["grade"] for record in row["records"] if record["model"] == model["name"]}
                 for side, model in zip("ab", EXAMPLE["models"])}
        wanted = {"all": set(right["a"]), "only_a": {item for item in right["a"] if right["a"][item] and not right["b"][item]},
                  "only_b": {item for item in right["a"] if right["b"][item] and not right["a"][item]},
                  "right": {item for item in right["a"] if right["a"][item] or right["b"][item]},
                  "wrong": {item for item in right["a"] if not right["a"][item] or not right["b"][item]}}
        for grade, items in wanted.items():
            body.locator("select").nth(1).select_option(grade)
            found = body.locator(".item").evaluate_all("(all) => all.map((one) => Number(one.dataset.item))")
            self.assertEqual(set(found), items, grade)
        body.locator("select").nth(1).select_option("all")
        body.locator("select").nth(0).select_option("b")
        self.assertEqual(body.locator("pre").count(), 20)
        body.locator("input[type=search]").fill("(7)")
        self.assertEqual(body.locator(".item").count(), 1)
        timed = self.row(page, "prefill")
        self.unfold(timed)
        values = timed.locator(".items data").evaluate_all("(all) => all.map((one) => Number(one.value))")
        self.assertEqual(sorted(values), sorted(record["grade"] for row in EXAMPLE["rows"] if row["id"] == "prefill" for record in row["records"]))
        self.assertEqual(self.troubles, [])

    def test_a_model_against_itself(self):
        comparison = copy.deepcopy(EXAMPLE)
        comparison["models"][1]["name"] = "tiny:10m"
        for row in comparison["rows"]:
            for record in row["records"]:
                record["model"] = "tiny:10m"
        page = self.open(page_of(comparison, "itself"))
        body = self.row(page, "prefill")
        self.unfold(body)
        for side, first in (("a", 0), ("b", 1)):
            body.locator("select").nth(0).select_option(side)
            values = body.locator(".items data").evaluate_all("(all) => all.map((one) => Number(one.value))")
            records = next(row for row in comparison["rows"] if row["id"] == "prefill")["records"]
            self.assertEqual(values, [record["grade"] for record in records[first::2]])
        self.assertEqual(self.troubles, [])

    def test_many_records_come_in_pieces(self):
        comparison = copy.deepcopy(EXAMPLE)
        row = next(row for row in comparison["rows"] if row["id"] == "hellaswag")
        row["records"] = [{**record, "item": 1000 * turn + record["item"]} for turn in range(100) for record in row["records"]]
        page = self.open(page_of(comparison, "many"))
        body = self.row(page, "hellaswag")
        self.unfold(body)
        self.assertEqual(body.locator(".item").count(), 20)
        body.get_by_role("button", name="Show more").click()
        self.assertEqual(body.locator(".item").count(), 40)

    def test_a_phone_shows_all_of_it_without_scrolling_sideways(self):
        for locale in LANGUAGES.values():
            for width in (390, 320):
                page = self.open(self.path, locale, width)
                self.fits(page)
                self.open_all(page)
                self.fits(page)
                self.assertEqual(self.troubles, [])

    def test_hostile_texts_stay_texts(self):
        comparison = hostile_comparison()
        path = page_of(comparison, "hostile")
        for width in (1280, 390):
            page = self.open(path, width=width)
            self.open_all(page)
            self.assertTrue(page.evaluate("window.broken === undefined"))
            self.assertEqual(page.locator("img").count(), 0)
            self.assertEqual(page.locator("script").count(), 2)
            self.assertEqual(page.locator("tbody.row th").first.text_content(), HOSTILE)
            self.assertIn(HOSTILE, page.locator("pre").all_text_contents())
            self.assertEqual(json.loads(page.locator("#data").text_content())["comparison"], comparison)
            self.fits(page)
            self.assertEqual(self.troubles, [])

    def test_the_policy_lets_nothing_out_or_in(self):
        page = self.open(self.path)
        outcome = page.evaluate("""async () => {
          const script = document.createElement("script");
          script.textContent = "window.broken = 1";
          document.body.append(script);
          const image = new Image();
          image.src = "https://example.org/x.png";
          const answer = await fetch("https://example.org/").then(() => "let out", () => "held");
          return [answer, window.broken];
        }""")
        self.assertEqual(outcome, ["held", None])
        self.assertTrue(any("Content Security Policy" in trouble for trouble in self.troubles))

    def test_dark_and_print(self):
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        page = self.open(self.path, color_scheme="dark")
        dark = page.evaluate(ground)
        page.emulate_media(media="print")
        self.assertNotEqual(page.evaluate(ground), dark)
        self.assertFalse(page.get_by_role("button", name="中文").is_visible())
        self.assertEqual(self.troubles, [])

    def test_without_scripts_it_still_says_what_to_choose(self):
        page = self.open(self.path, java_script_enabled=False)
        self.assertIn("Choose tiny:10m for memory", page.locator("noscript").inner_text())

    def test_screenshots(self):
        if SCREENSHOTS is None:
            self.skipTest("no --screenshots DIR")
        os.makedirs(SCREENSHOTS, exist_ok=True)
        for name, locale, width in (("zh", "zh-CN", 1280), ("en", "en-US", 1280), ("phone-zh", "zh-CN", 390), ("phone-en", "en-US", 390)):
            page = self.open(self.path, locale, width)
            page.screenshot(path=os.path.join(SCREENSHOTS, name + ".png"), full_page=True)


if not HAS_PLAYWRIGHT:
    print("Playwright cannot be had: the page is checked by Chromium alone")
    del Page

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
