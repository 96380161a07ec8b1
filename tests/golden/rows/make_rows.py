#!/usr/bin/env python3
"""Writes rows.json beside itself: rows of a language against English and of the language answered in, as Python works them out of records.

The records are noise; joined, counted and tested here by other means than src/lab's: dictionaries, numpy, scipy, and the resamples that
src/lab draws. Needs what ../statistics/generate.py needs; takes some seconds."""
import json
import math
import pathlib
import sys

import numpy as np
from scipy import stats

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "statistics"))
import generate  # noqa: E402

SEED, RESAMPLES = 3, 10_000
rng = np.random.default_rng(11)


def bca(values_of, size):
    """scipy's BCa interval of values_of(items), items being rows of indexes drawn as src/lab draws them."""
    draws = generate.splitmix64(SEED)
    items = np.array([[((next(draws) >> 32) * size) >> 32 for _ in range(size)] for _ in range(RESAMPLES)])
    before = stats._resampling.BootstrapResult(confidence_interval=None, bootstrap_distribution=values_of(items), standard_error=None)
    result = stats.bootstrap((np.arange(size),), lambda index, axis=-1: values_of(index), method="BCa", n_resamples=0, bootstrap_result=before,
                             vectorized=True)
    return [float(end) for end in result.confidence_interval]


def records(ids, grades, graded):
    return [{"item": int(i), "grade": float(g), "is_graded": bool(ok)} for i, g, ok in zip(ids, grades, graded)]


def some(n, grade_of, failed=0.1):
    """One model's records of n items, and the same of another model; a few of each were not graded."""
    ids = rng.permutation(n + 8)[:n]
    return [records(ids, [grade_of(which) for _ in ids], rng.random(n) > failed) for which in (0, 1)]


def by_item(pair):
    """item -> (A's grade, B's), of the items that both were graded on, in their order."""
    return {a["item"]: (a["grade"], b["grade"]) for a, b in zip(*pair) if a["is_graded"] and b["is_graded"]}


def joined(here, there):
    first, second = by_item(here), by_item(there)
    both = [item for item in first if item in second]
    return both, np.array([[first[item][m] for item in both] for m in (0, 1)]), np.array([[second[item][m] for item in both] for m in (0, 1)])


def rate_gap(n, chances):
    here, there = some(n, lambda which: rng.random() < chances[which][0]), some(n, lambda which: rng.random() < chances[which][1])
    items, x, y = joined(here, there)
    case = {"kind": "rate", "here": here, "there": there, "seed": SEED, "items": items, "sides": []}
    for m in (0, 1):
        cells = [int(np.sum((x[m] == a) & (y[m] == b))) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))]
        low, high = generate.newcombe(*cells)
        only = cells[1] + cells[2]
        case["sides"].append({"value": 100 * float(np.mean(x[m] - y[m])), "interval": [100 * low, 100 * high],
                              "p": stats.binomtest(cells[1], only).pvalue if only else 1.0})
    gap = 100 * ((x[0] - y[0]) - (x[1] - y[1]))
    case["difference"] = float(np.mean(gap))
    case["interval"] = bca(lambda index: np.mean(gap[index], axis=-1), len(items))
    return case


def bits_gap(n, levels):
    noise = lambda level: round(float(rng.gamma(9, level / 9)), 3)
    here, there = some(n, lambda which: noise(levels[which][0])), some(n, lambda which: noise(levels[which][1]))
    items, x, y = joined(here, there)
    ratio = lambda m, index: np.sum(x[m][index], axis=-1) / np.sum(y[m][index], axis=-1)
    everything = np.arange(len(items))
    case = {"kind": "bits", "here": here, "there": there, "seed": SEED, "items": items, "sides": []}
    for m in (0, 1):
        case["sides"].append({"value": float(ratio(m, everything)), "interval": bca(lambda index: ratio(m, index), len(items))})
    case["difference"] = float(ratio(0, everything) - ratio(1, everything))
    case["interval"] = bca(lambda index: ratio(0, index) - ratio(1, index), len(items))
    return case


def language(n, chances):
    """Answers that are in the language asked for: neither empty nor surely in another."""
    marks = lambda chance: [] if rng.random() < chance else [["wrong_language"], ["empty"], ["empty", "wrong_language"]][rng.integers(3)]
    pair = some(n, lambda which: float(rng.integers(0, 100)))
    for which in (0, 1):
        for record in pair[which]:
            record["marks"] = marks(chances[which])
    both = [(a, b) for a, b in zip(*pair) if a["is_graded"] and b["is_graded"]]
    right = np.array([[not record["marks"] for record in two] for two in both])
    cells = [int(np.sum((right[:, 0] == a) & (right[:, 1] == b))) for a, b in ((True, True), (True, False), (False, True), (False, False))]
    only = cells[1] + cells[2]
    return {"kind": "language", "here": pair, "n": len(both), "a": float(np.mean(right[:, 0])), "b": float(np.mean(right[:, 1])),
            "difference": float(np.mean(right[:, 0])) - float(np.mean(right[:, 1])), "interval": list(generate.newcombe(*cells)),
            "p": stats.binomtest(cells[1], only).pvalue if only else 1.0}


if __name__ == "__main__":
    cases = [rate_gap(40, [(0.4, 0.7), (0.6, 0.6)]), rate_gap(25, [(0.1, 0.9), (0.5, 0.4)]), rate_gap(60, [(0.3, 0.3), (0.3, 0.35)]),
             bits_gap(30, [(90, 60), (70, 65)]), bits_gap(45, [(50, 80), (120, 60)]),
             language(40, [0.95, 0.5]), language(30, [0.2, 0.3]), language(25, [1.0, 1.0])]
    assert all(not isinstance(value, float) or math.isfinite(value) for case in cases for value in case.values())
    (pathlib.Path(__file__).parent / "rows.json").write_text("[\n" + ",\n".join(json.dumps(generate.plain(case)) for case in cases) + "\n]\n")
