#!/usr/bin/env python3
"""Writes expected.json beside itself: what scipy, statsmodels and numpy say of the statistics in src/lab.

Where they have no such function, the value is computed in another way than src/lab does: by numerical maximisation, integration or
summation over all outcomes. Needs scipy 1.17.1, statsmodels 0.15.0, numpy 2.4.6; takes some seconds."""
import json
import math
import pathlib

import numpy as np
from scipy import integrate, optimize, stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(4)


def wilson():
    cases = [(9, 10), (5, 10), (10, 10), (0, 10), (27, 30), (10, 20), (25, 50), (50, 100), (82, 164), (250, 500), (660, 1319),
             (0, 1), (1, 1), (4317, 10042)]
    out = []
    for k, n in cases:
        interval = stats.binomtest(k, n).proportion_ci(method="wilson")
        out.append({"k": k, "n": n, "low": interval.low, "high": interval.high})
    return out


def mcnemar():
    cases = [(6, 0), (5, 0), (0, 0), (1, 1), (10, 3), (12, 20), (400, 350), (7, 15), (1200, 1300), (3, 90)]
    return [{"a": a, "b": b, "p": stats.binomtest(a, a + b).pvalue if a + b else 1.0} for a, b in cases]


def fisher():
    cases = [(9, 10, 5, 10), (10, 10, 5, 10), (27, 30, 15, 30), (0, 5, 0, 7), (3, 3, 0, 4), (40, 100, 55, 120), (1, 1000, 9, 1000),
             (12, 17, 30, 31), (510, 1000, 470, 990)]
    return [{"cells": [a, n, b, m], "p": stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue} for a, n, b, m in cases]


def newcombe(both, a, b, neither):
    """Newcombe 1998, method 10, from scipy's Wilson intervals and numpy's correlation."""
    n = both + a + b + neither
    wilson_of = lambda k: stats.binomtest(k, n).proportion_ci(method="wilson")
    (l1, u1), (l2, u2) = wilson_of(both + a), wilson_of(both + b)
    p1, p2 = (both + a) / n, (both + b) / n
    product = both * neither - a * b
    margins = (both + a) * (b + neither) * (both + b) * (a + neither)
    if product > 0:
        product = max(product - n / 2, 0)
    phi = product / math.sqrt(margins) if margins else 0
    below = np.array([[1, -phi], [-phi, 1]])
    low = np.array([p1 - l1, u2 - p2])
    high = np.array([u1 - p1, p2 - l2])
    return p1 - p2 - math.sqrt(low @ below @ low), p1 - p2 + math.sqrt(high @ below @ high)


TABLES = [(36, 12, 2, 0), (20, 9, 3, 8), (50, 0, 0, 0), (60, 0, 0, 60), (400, 60, 55, 485), (4000, 600, 610, 4832), (0, 10, 2, 40),
          (140, 12, 11, 137), (900, 40, 38, 22)]


def equivalence(both, a, b, neither, margin):
    """Score tests with the rates maximised numerically under each null, and a correction of half a pair."""
    n = both + a + b + neither

    def side(wins, losses):
        # Under "rate of wins - rate of losses = -margin": one free rate, that of wins.
        def minus_log_likelihood(w):
            l, rest = w + margin, 1 - 2 * w - margin
            return -(wins * math.log(w) if wins else 0) - losses * math.log(l) - (n - wins - losses) * math.log(max(rest, 1e-300))

        top = (1 - margin) / 2
        best = optimize.minimize_scalar(minus_log_likelihood, bounds=(0, top), method="bounded", options={"xatol": 1e-14})
        # Refine by the root of the score, where the maximum is inside.
        score = lambda w: (wins / w if wins else 0) + losses / (w + margin) - 2 * (n - wins - losses) / (1 - 2 * w - margin)
        inside = score(1e-13) > 0
        w = optimize.brentq(score, 1e-13, top - 1e-13, xtol=1e-16) if inside and score(top - 1e-13) < 0 else (best.x if inside else 0)
        variance = n * ((w + w + margin) - margin**2)
        return stats.norm.sf((wins - losses + n * margin - 0.5) / math.sqrt(variance))

    return max(side(a, b), side(b, a))


def pairs():
    out = []
    for table in TABLES:
        low, high = newcombe(*table)
        out.append({"table": table, "low": low, "high": high, "equivalent_5": equivalence(*table, 0.05),
                    "equivalent_10": equivalence(*table, 0.10)})
    return out


def holm():
    lists = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.05, 0.05, 0.05], list(rng.uniform(0, 0.2, 12))]
    return [{"p": p, "adjusted": list(multipletests(p, method="holm")[1])} for p in lists]


def sign_flip():
    out = []
    for size, shift in [(1, 1), (5, 1), (6, 0.5), (9, 0.3), (13, 0.4), (12, 0)]:
        values = np.round(rng.normal(shift, 1, size), 3)
        p = stats.permutation_test((values,), lambda x, axis: np.abs(np.sum(x, axis=axis)), permutation_type="samples",
                                   alternative="greater", n_resamples=np.inf, vectorized=True).pvalue if size > 1 else 1.0
        out.append({"values": list(values), "p": p})
    return out


def mann_whitney():
    out = []
    for n, m, shift in [(3, 3, 5), (5, 5, 9), (7, 7, 1), (7, 7, 0), (12, 9, 0.5), (40, 45, 0.3)]:
        a, b = rng.normal(shift, 1, n), rng.normal(0, 1, m)
        method = "exact" if n + m <= 60 else "asymptotic"
        out.append({"a": list(a), "b": list(b), "p": stats.mannwhitneyu(a, b, method=method).pvalue})
    for n, m in [(6, 6), (5, 8)]:  # with ties: by dealing the ranks in every way
        a, b = rng.integers(0, 5, n).astype(float), rng.integers(1, 6, m).astype(float)
        ranks = stats.rankdata(np.concatenate([a, b]))
        far = lambda x, y, axis: np.abs(np.sum(x, axis=axis) - n * (n + m + 1) / 2)
        p = stats.permutation_test((ranks[:n], ranks[n:]), far, permutation_type="independent", alternative="greater",
                                   n_resamples=np.inf, vectorized=True).pvalue
        out.append({"a": list(a), "b": list(b), "p": p})
    a, b = rng.integers(0, 9, 50).astype(float), rng.integers(1, 10, 60).astype(float)
    out.append({"a": list(a), "b": list(b), "p": stats.mannwhitneyu(a, b, method="asymptotic").pvalue})
    return out


def splitmix64(seed):
    mask = (1 << 64) - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def bca():
    """scipy's BCa on resamples drawn by the generator of src/lab, so that the two agree to the last digits."""
    out = []
    resamples, seed = 2000, 9
    for size, skew in [(12, 1.0), (40, 0.5), (25, 0.0)]:
        a = np.round(rng.gamma(2, 1, size) * 10 + skew * rng.exponential(8, size), 3)
        b = np.round(rng.gamma(2, 1, size) * 10, 3)
        weight = rng.integers(20, 90, size).astype(float)
        draws = splitmix64(seed)
        items = np.array([[((next(draws) >> 32) * size) >> 32 for _ in range(size)] for _ in range(resamples)])
        ratio = lambda d, w, axis=-1: np.sum(d, axis=axis) / np.sum(w, axis=axis)
        values = ratio((a - b)[items], weight[items])
        before = stats._resampling.BootstrapResult(confidence_interval=None, bootstrap_distribution=values, standard_error=None)
        case = {"a": list(a), "b": list(b), "weight": list(weight), "seed": seed, "resamples": resamples}
        for name, method in [("bca", "BCa"), ("percentile", "percentile")]:
            result = stats.bootstrap((a - b, weight), ratio, paired=True, method=method, n_resamples=0, bootstrap_result=before,
                                     vectorized=True)
            case[name] = list(result.confidence_interval)
        case["standard_error"] = result.standard_error
        out.append(case)
    return out


def posteriors():
    paired = [(0, 0), (5, 0), (4, 0), (0, 5), (12, 7), (300, 260), (3, 9)]
    rates = [(9, 10, 5, 10), (10, 10, 5, 10), (0, 5, 0, 7), (27, 30, 15, 30), (0, 0, 3, 4), (430, 1000, 401, 1000)]
    out = {"paired": [{"a": a, "b": b, "probability": stats.beta.sf(0.5, a + 1, b + 1)} for a, b in paired], "rates": []}
    for a, n, b, m in rates:
        density = lambda x: stats.beta.pdf(x, a + 1, n - a + 1) * stats.beta.cdf(x, b + 1, m - b + 1)
        peak = (a + 1) / (n + 2)
        value = integrate.quad(density, 0, 1, points=[peak], epsabs=1e-13, epsrel=1e-13, limit=500)[0]
        out["rates"].append({"cells": [a, n, b, m], "probability": value})
    return out


def mcnemar_power(n, only_a, only_b):
    """By the trinomial distribution over both kinds of pair."""
    power = 0.0
    for a in range(n + 1):
        b = np.arange(n - a + 1)
        p = np.minimum(1, 2 * stats.binom.cdf(np.minimum(a, b), a + b, 0.5))
        weights = stats.multinomial.pmf(np.stack([np.full_like(b, a), b, n - a - b], axis=-1), n, [only_a, only_b, 1 - only_a - only_b])
        power += weights[p < 0.05].sum()
    return power


def fisher_power(n, rate_a, rate_b):
    weights_a, weights_b = stats.binom.pmf(range(n + 1), n, rate_a), stats.binom.pmf(range(n + 1), n, rate_b)
    return sum(weights_a[a] * weights_b[b] for a in range(n + 1) for b in range(n + 1)
               if weights_a[a] * weights_b[b] > 1e-14 and stats.fisher_exact([[a, n - a], [b, n - b]]).pvalue < 0.05)


def power():
    pairs_ = [(10, 0.45, 0.05), (24, 0.45, 0.05), (25, 0.45, 0.05), (30, 0.45, 0.05), (100, 0.1, 0.1), (249, 0.2, 0.1), (6, 1.0, 0.0)]
    rates = [(10, 0.9, 0.5), (22, 0.9, 0.5), (23, 0.9, 0.5), (29, 0.9, 0.5), (30, 0.9, 0.5), (40, 0.7, 0.4)]
    z, z80 = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    normal_pairs = lambda a, b: ((z * math.sqrt(a + b) + z80 * math.sqrt(a + b - (a - b) ** 2)) / (a - b)) ** 2
    normal_rates = lambda p, q: ((z * math.sqrt((p + q) * (1 - (p + q) / 2)) + z80 * math.sqrt(p - p * p + q - q * q)) / (p - q)) ** 2
    return {"mcnemar": [{"n": n, "a": a, "b": b, "power": mcnemar_power(n, a, b)} for n, a, b in pairs_],
            "fisher": [{"n": n, "a": a, "b": b, "power": fisher_power(n, a, b)} for n, a, b in rates],
            "normal_pairs": [{"a": a, "b": b, "n": normal_pairs(a, b)} for a, b in [(0.2, 0.1), (0.15, 0.1), (0.45, 0.05)]],
            "normal_rates": [{"a": p, "b": q, "n": normal_rates(p, q)} for p, q in [(0.9, 0.7), (0.9, 0.8), (0.5, 0.4), (0.5, 0.45)]]}


def sequential():
    """Looks by convolution with whole binomial distributions, over both numbers at once."""
    out = []
    paths = [[(3, 3, 1.0)], [(5, 0, 0.2), (9, 1, 0.4), (12, 3, 0.6), (15, 6, 0.8), (20, 8, 1.0)],
             [(4, 4, 0.25), (9, 7, 0.5), (12, 13, 0.75), (30, 13, 1.0)], [(0, 0, 0.2), (2, 0, 0.5), (9, 0, 0.7), (9, 0, 1.0)],
             [(20, 35, 0.3), (45, 60, 0.6), (60, 92, 1.0)], [(1, 2, 0.2), (5, 6, 0.9), (5, 6, 1.0)]]
    for path in paths:
        alive, spent, before = np.array([1.0]), 0.0, 0
        stop, p = False, 1.0
        for a, b, share in path:
            d = a + b
            alive = np.convolve(alive, stats.binom.pmf(range(d - before + 1), d - before, 0.5))
            before = d
            distances = np.abs(2 * np.arange(d + 1) - d)
            p = spent + alive[distances >= abs(a - b)].sum()
            allowance = 0.05 * share**2 - spent
            boundary = min((c for c in range(d + 3) if alive[distances >= c].sum() <= allowance), default=d + 2)
            if abs(a - b) >= boundary:
                stop = True
                break
            spent += alive[distances >= boundary].sum()
            alive[distances >= boundary] = 0
        out.append({"looks": path, "stop": stop, "p": min(1.0, p)})
    return out


def normal():
    z = [-8.0, -3.0, -1.0, 0.0, 0.3, 1.96, 5.0]
    p = [1e-12, 0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]
    return {"cdf": [[x, stats.norm.cdf(x)] for x in z], "quantile": [[x, stats.norm.ppf(x)] for x in p]}


def quantiles():
    values = list(np.round(rng.gamma(3, 2, 23), 4))
    return {"values": values, "quantiles": [[q, np.quantile(values, q)] for q in (0, 0.025, 0.5, 0.9, 0.95, 1)]}


def student():
    return [[p, freedom, stats.t.ppf(p, freedom)] for freedom in (1, 2, 3, 8, 30, 500) for p in (0.01, 0.3, 0.5, 0.9, 0.975, 0.9995)]


def line():
    cases = [([0, 1, 2, 3, 4], [1, 2, 6, 7, 8]), ([1, 2, 3], [3.5, 3.25, 4]), ([0.1 * i for i in range(40)], [math.sin(i) for i in range(40)])]
    out = []
    for x, y in cases:
        fit = stats.linregress(x, y)
        half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
        out.append({"x": x, "y": y, "slope": fit.slope, "interval": [fit.slope - half, fit.slope + half]})
    return out


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    parts = [wilson, mcnemar, fisher, pairs, holm, sign_flip, mann_whitney, bca, posteriors, power, sequential, normal, quantiles, student, line]
    expected = {part.__name__: plain(part()) for part in parts}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items())
    (pathlib.Path(__file__).parent / "expected.json").write_text("{\n" + lines + "\n}\n")
