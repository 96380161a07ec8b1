#!/usr/bin/env python3
"""Speed of our tokenizer beside the original library's, one thread each, in turns on the same texts.

    pip install tokenizers==0.23.3
    bench/tokenizer/compare.py build/bench/tokenizer_speed MODEL.gguf [--tokenizer ../shared/tokenizers/qwen2_5]

MODEL.gguf carries the vocabulary of --tokenizer (tools/make_model writes one). Texts: the Chinese and English of
../shared/datasets (FLORES, and longer ones), and this repository's sources. The original is called once with the whole
text and once with a list of lines on one thread; its better figure counts. Both remember words, so both are measured
twice: on the first pass of a tokenizer just opened, and on the passes after it. Prints MB/s and the ratio of each text;
exit status 1 when a ratio of the English or Chinese FLORES text is below --at-least.
"""

import argparse
import json
import lzma
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings_in(part)


def corpora():
    """{name: text}."""
    data = SHARED / "datasets"
    found = {}
    for name, file in (("english", "eng_Latn"), ("chinese", "zho_Hans")):
        path = data / "flores" / f"{file}.devtest"
        if path.exists():
            found[name] = path.read_text(encoding="utf-8")
    chinese = data / "c3/c3-m-test.json"
    if chinese.exists():
        found["chinese long"] = "\n".join(strings_in(json.loads(chinese.read_text(encoding="utf-8"))))
    english = sorted((data / "gsm8k").glob("*.jsonl"))
    if english:
        lines = [line for file in english for line in file.read_text(encoding="utf-8").splitlines()]
        found["english long"] = "\n".join(text for line in lines for text in strings_in(json.loads(line)))
    found["code"] = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").glob("*/*.cc")))
    return found


WAYS = (lambda original, text: original.encode(text), lambda original, text: original.encode_batch_fast(text.splitlines(keepends=True)))


def seconds_of(work, *given):
    started = time.perf_counter()
    work(*given)
    return time.perf_counter() - started


def original_seconds(vocabulary, text, passes):
    """(first, again): of a tokenizer just opened, and the best of the passes after it."""
    first = again = float("inf")
    for way in WAYS:
        original = tokenizers.Tokenizer.from_str(vocabulary)
        first = min(first, seconds_of(way, original, text))
        again = min([again, *(seconds_of(way, original, text) for _ in range(passes))])
    return first, again


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--tokenizer", type=pathlib.Path, default=SHARED / "tokenizers/qwen2_5")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-least", type=float, default=10.0)
    arguments = parser.parse_args()
    vocabulary = lzma.open(arguments.tokenizer / "tokenizer.json.xz").read().decode()
    texts = corpora()
    theirs = {name: (float("inf"), float("inf")) for name in texts}
    ours, opened, letter = dict(theirs), float("inf"), None
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, text in texts.items():
            paths[name] = os.path.join(folder, name.replace(" ", "_"))
            pathlib.Path(paths[name]).write_text(text, encoding="utf-8")
        for _ in range(arguments.rounds):
            for name, text in texts.items():
                theirs[name] = tuple(map(min, theirs[name], original_seconds(vocabulary, text, 3)))
            done = subprocess.run([arguments.program, arguments.model, "3", *paths.values()], check=True,
                                  stdout=subprocess.PIPE)
            facts = json.loads(done.stdout)
            opened, letter = min(opened, facts["open_seconds"]), facts["letter"]
            for name, row in zip(texts, facts["texts"]):
                ours[name] = tuple(map(min, ours[name], (row["first_seconds"], row["seconds"])))
    print(f"{cpu_name()}, one thread, tokenizers {tokenizers.__version__}, MB/s (best of {arguments.rounds} rounds)")
    print(f"{'':14} {'':>9} {'first pass':>30} {'passes after it':>30}")
    print(f"{'text':14} {'bytes':>9} {'original':>11} {'slm':>10} {'':>7} {'original':>11} {'slm':>10}")
    slow = []
    for name, text in texts.items():
        size = len(text.encode())
        rates = [(size / a / 1e6, size / b / 1e6) for a, b in zip(theirs[name], ours[name])]
        print(f"{name:14} {size:9} " + " ".join(f"{a:11.1f} {b:10.1f} {b / a:6.1f}x" for a, b in rates))
        if name in ("english", "chinese") and any(b < arguments.at_least * a for a, b in rates):
            slow.append(name)
    print(f"one letter: 1 MB {letter[0]['seconds']:.3f} s, 2 MB {letter[1]['seconds']:.3f} s; "
          f"opening the vocabulary {opened * 1e3:.0f} ms")
    sys.exit(f"below {arguments.at_least}x: {', '.join(slow)}" if slow else 0)


if __name__ == "__main__":
    main()
