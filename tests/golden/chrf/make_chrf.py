#!/usr/bin/env python3
"""Writes chrf.jsonl: pairs of answer and reference with sacrebleu's sentence chrF, and one line with the corpus score of all.

    python -m venv V && V/bin/pip install sacrebleu==2.6.0
    V/bin/python make_chrf.py FLORES_DIRECTORY > chrf.jsonl

References are sentences of FLORES-200 devtest (CC-BY-SA-4.0); answers are made from them by a seed: words dropped, doubled, swapped, cut, replaced.
"""
import json
import random
import sys

from sacrebleu.metrics import CHRF


def damaged(text, rng):
    spaced = " " in text
    units = text.split(" ") if spaced else list(text)
    for _ in range(rng.randint(0, 6)):
        if not units:
            break
        at = rng.randrange(len(units))
        kind = rng.randrange(4)
        if kind == 0:
            units.pop(at)
        elif kind == 1:
            units.insert(at, units[at])
        elif kind == 2:
            other = rng.randrange(len(units))
            units[at], units[other] = units[other], units[at]
        else:
            units[at] = units[at][::-1].upper()
    if rng.random() < 0.2:
        units = units[: len(units) // 3]
    return (" " if spaced else "").join(units)


def main():
    rng = random.Random(1)
    pairs = []
    for language in ["eng_Latn", "zho_Hans", "jpn_Jpan", "arb_Arab", "tha_Thai", "rus_Cyrl", "khm_Khmr"]:
        lines = open(f"{sys.argv[1]}/{language}.devtest", encoding="utf-8").read().splitlines()
        for line in rng.sample(lines, 6):
            pairs.append((damaged(line, rng), line))
    reference = pairs[0][1]
    pairs += [("", reference), (" \u3000\t", reference), ("a", "b"), ("ab", "abcdefgh"), ("abcdefghij", "ab"), (reference, reference),
              ("no\u00a0break\u2028and\u3000wide", "no break and wide"), ("the the the the", "the cat"), ("\U0001F600\U0001F600", "\U0001F600")]
    metric = CHRF()
    for answer, expected in pairs:
        print(json.dumps({"answer": answer, "reference": expected, "chrf": metric.sentence_score(answer, [expected]).score}, ensure_ascii=False))
    print(json.dumps({"corpus": metric.corpus_score([p[0] for p in pairs], [[p[1] for p in pairs]]).score}))


main()
