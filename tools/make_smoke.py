#!/usr/bin/env python3
"""Writes data/smoke from whole evaluation sets: make_smoke.py DATASETS_DIR [OUT_DIR].

DATASETS_DIR holds the sets in the folders that data/tasks/*.yaml name; data/smoke/SOURCES.md says where they come from. Items are kept as
their makers wrote them and are the first by item_rank(seed, number) (src/lab/datasets.h), of CMATH the same number of each grade, so that
`slm` chooses the same ones from whole sets.
"""
import bz2
import gzip
import json
import pathlib
import sys

SEED = 1
MASK = (1 << 64) - 1
CHOICE_ITEMS, SENTENCE_PAIRS, WRITTEN_ITEMS, ITEMS_A_GRADE = 100, 200, 60, 10


def splitmix64(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def chosen(total, count):
    """Numbers of the `count` items that rank first, in order of rank."""
    return first(range(total), count)


def first(numbers, count):
    return sorted(numbers, key=lambda i: (splitmix64(splitmix64(SEED) ^ i), i))[:count]


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


def by_position(lines, numbers):
    for i in numbers:
        yield {"id": i, **json.loads(lines[i])}


def gsm8k(data):
    lines = lines_of(data / "gsm8k/test.jsonl")
    yield from by_position(lines, chosen(len(lines), WRITTEN_ITEMS))


def cmath(data):
    lines = lines_of(data / "cmath/cmath_dev.jsonl")
    grades = [json.loads(line)["grade"] for line in lines]
    for grade in sorted(set(grades)):
        yield from by_position(lines, first([i for i, its in enumerate(grades) if its == grade], ITEMS_A_GRADE))


def humaneval(data):
    lines = gzip.decompress((data / "humaneval/HumanEval.jsonl.gz").read_bytes()).decode("utf-8").split("\n")
    lines = [line for line in lines if line]
    yield from by_position(lines, chosen(len(lines), WRITTEN_ITEMS))


def numbered(lines, key, count):
    """Items that carry their number themselves."""
    rows = {row[key]: row for row in map(json.loads, lines)}
    for number in first(rows, count):
        yield rows[number]


def ifeval(data):
    yield from numbered(lines_of(data / "ifeval/input_data.jsonl"), "key", WRITTEN_ITEMS)


def xcopa_zh(data):
    yield from numbered(lines_of(data / "xcopa/test.zh.jsonl"), "idx", CHOICE_ITEMS)


def main():
    data = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[1] / "data/smoke"
    for rows in (hellaswag, piqa, flores, gsm8k, cmath, humaneval, ifeval, xcopa_zh):
        write(out / f"{rows.__name__}.jsonl", list(rows(data)))


main()
