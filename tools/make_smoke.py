#!/usr/bin/env python3
"""Writes data/smoke from whole evaluation sets: make_smoke.py DATASETS_DIR [OUT_DIR].

DATASETS_DIR holds hellaswag/hellaswag_val_full.txt.bz2, piqa/{valid.jsonl,valid-labels.lst} and
flores/{eng_Latn,zho_Hans}.devtest; data/smoke/SOURCES.md says where they come from. Items are kept as their makers wrote them and
are the first by item_rank(seed, number) (src/lab/datasets.h), so that `slm` chooses the same ones from whole sets.
"""
import bz2
import json
import pathlib
import sys

SEED = 1
MASK = (1 << 64) - 1
CHOICE_ITEMS, SENTENCE_PAIRS = 100, 200


def splitmix64(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def chosen(total, count):
    """Numbers of the `count` items that rank first, in order of rank."""
    return sorted(range(total), key=lambda i: (splitmix64(splitmix64(SEED) ^ i), i))[:count]


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{path}: {len(rows)} items")


def lines_of(path):
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def hellaswag(data):
    lines = bz2.decompress((data / "hellaswag/hellaswag_val_full.txt.bz2").read_bytes()).decode("utf-8").split("\n")[:-1]
    for i in chosen(len(lines) // 6, CHOICE_ITEMS):
        context, label, *endings = lines[6 * i: 6 * i + 6]
        yield {"id": i, "context": context, "endings": endings, "label": int(label)}


def piqa(data):
    questions, labels = lines_of(data / "piqa/valid.jsonl"), lines_of(data / "piqa/valid-labels.lst")
    for i in chosen(len(questions), CHOICE_ITEMS):
        yield {"id": i, **json.loads(questions[i]), "label": int(labels[i])}


def flores(data):
    texts = {language: lines_of(data / f"flores/{language}.devtest") for language in ("eng_Latn", "zho_Hans")}
    for i in chosen(len(texts["eng_Latn"]), SENTENCE_PAIRS):
        yield {"id": i, **{language: lines[i] for language, lines in texts.items()}}


def main():
    data = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[1] / "data/smoke"
    for name, rows in (("hellaswag", hellaswag), ("piqa", piqa), ("flores", flores)):
        write(out / f"{name}.jsonl", list(rows(data)))


main()
