#!/usr/bin/env python3
"""Writes comparison.json: a comparison of docs/json.md's shape with every table, verdict and kind of row, small enough to read.

The models and their answers are made up, by the seed below; intervals and p are only plausible (nothing that reads this file computes
them again). Run it to make the file anew: tests/golden/report/make_comparison.py > tests/golden/report/comparison.json
"""
import json
import random

A, B = "tiny:10m", "small:20m-base"
random.seed(4)


def row(table, id, labels, a, b, shown, verdict, **more):
    base = {"id": id, "table": table, "label": labels[0], "labels": {"en": labels[0], "zh": labels[1]}, "a": a, "b": b,
            "shown": {"a": shown[0], "b": shown[1]}, "difference": None, "ratio": None, "interval": None, "p": None,
            "p_adjusted": None, "p_equivalent": None, "probability": None, "chance": None, "at_chance": None,
            "verdict": verdict, "more_items": None, "records": []}
    base.update(more)
    return base


def timed(a, b):
    return [{"item": i, "model": m, "grade": round(v * random.uniform(.97, 1.03), 3), "transcript": None}
            for i in range(5) for m, v in ((A, a), (B, b))]


def sentences(texts, a, b):
    return [{"item": 7 * i, "model": m, "grade": round(v * random.uniform(.8, 1.2), 4), "transcript": text}
            for i, text in enumerate(texts) for m, v in ((A, a), (B, b))]


def answered(pairs, question):
    records = []
    for i, both in enumerate(pairs):
        for model, right in zip((A, B), both):
            records.append({"item": 3 * i + 1, "model": model, "answer": "0" if right else "1", "grade": right,
                            "transcript": f"{question} ({i})\n{'>' if right else '-'} the right ending  -1.204\n"
                                          f"{'-' if right else '>'} the wrong ending  -1.377"})
    return records


def median(records, model):
    return sorted(record["grade"] for record in records if record["model"] == model)[2]


def speed(id, labels, a, b, verdict, probability, width):
    """Medians of five runs each; the interval is `width` about the ratio."""
    records = timed(a, b)
    a, b = median(records, A), median(records, B)
    shown = tuple(f"{value:.0f}" if value >= 100 else f"{value:.1f}" for value in (a, b))
    return row("speed", id, labels, a, b, shown, verdict, ratio=a / b, interval=[a / b - width, a / b + width], p=.008 if verdict != "no_difference" else .55,
               probability=probability, records=records,
               slow_end={"a": {"value": a * .98, "interval": [a * .97, a]}, "b": {"value": b * .98, "interval": [b * .97, b * .99]}})


ENGLISH = ["The library opens at nine.", "Most of the seats are taken by ten.", "He said that the new treaty would be signed in spring.",
           "Bread is baked here every morning."]
CHINESE = ["图书馆九点开门。", "到十点时大部分座位都有人了。", "他说新条约将在春天签署。", "这里每天早上都烤面包。"]
PAIRS = [(True, False)] * 9 + [(True, True)] * 6 + [(False, False)] * 4 + [(False, True)] * 1
EVEN = [(True, True)] * 5 + [(False, False)] * 3

rows = [
    row("deployment", "file_size", ("file size", "文件大小"), 10500000, 20900000, ("10.5 MB", "20.9 MB"), "better", ratio=10500000 / 20900000),
    row("deployment", "parameters", ("parameters", "参数量"), 10000000, 20000000, ("10.0 M", "20.0 M"), "fact"),
    row("deployment", "license", ("licence", "许可证"), "apache-2.0", "gemma", ("apache-2.0", "gemma"), "fact"),
    row("deployment", "context", ("context, tokens", "上下文 (词元)"), 2048, 8192, ("2048", "8192"), "worse", ratio=.25),
    row("deployment", "peak_memory", ("peak memory", "峰值内存"), 31457280, 52428800, ("31.5 MB", "52.4 MB"), "better", ratio=.6),
    speed("prefill", ("prefill, tok/s", "预填充, tok/s"), 812.4, 401.7, "better", .9995, .04),
    speed("decode", ("decode, tok/s", "解码, tok/s"), 98.6, 97.9, "no_difference", .64, .035),
    speed("first_token", ("first token, ms", "首词元延迟, ms"), 40.25, 79.5, "better", .9995, .025),
    row("language", "bits_per_byte_en", ("English, bits/byte", "英文, 比特/字节"), 1.2345, 1.1023, ("1.23", "1.10"), "worse",
        difference=.1322, interval=[.101, .164], p=.016, p_adjusted=.032, probability=.012, records=sentences(ENGLISH, 1.23, 1.10)),
    row("language", "bits_per_byte_zh", ("Chinese, bits/byte", "中文, 比特/字节"), 1.9, 2.4125, ("1.90", "2.41"), "better", difference=-.5125,
        interval=[-.61, -.42], p=.0005, p_adjusted=.001, probability=.9994, records=sentences(CHINESE, 1.9, 2.41)),
    row("ability", "hellaswag", ("HellaSwag (20), %", "HellaSwag (20 题), %"), .75, .35, ("75 [53, 89]", "35 [18, 57]"), "better",
        difference=.4, interval=[.11, .61], p=.021484375, p_adjusted=.04296875, probability=.9941, chance=.25,
        at_chance={"a": False, "b": True}, records=answered(PAIRS, "A woman is seen standing at the end of a lane. She")),
    row("ability", "piqa", ("PIQA (8), %", "PIQA (8 题), %"), .625, .625, ("62 [31, 86]", "62 [31, 86]"), "too_few", difference=0,
        interval=[-.31, .31], p=1, p_adjusted=1, probability=.5, chance=.5, at_chance={"a": True, "b": True}, more_items=412,
        records=answered(EVEN, "To keep bread fresh,")),
    row("maths", "gsm8k", ("GSM8K (20), %", "GSM8K (20 题), %"), .45, .2, ("45 [26, 66]", "20 [8, 42]"), "likely_better",
        difference=.25, interval=[-.03, .48], p=.125, p_adjusted=.125, probability=.977,
        records=answered([(True, False)] * 6 + [(True, True)] * 3 + [(False, True)] * 1 + [(False, False)] * 10, "How many apples are left?")),
    row("code", "humaneval", ("HumanEval, %", "HumanEval, %"), None, None, ("-", "-"), "not_measured", reason="no sandbox here",
        reasons={"en": "no sandbox here", "zh": "此处没有沙箱"}),
]
article = [
    {"claim": "S1", "quote": "推理速度（tokens/s）: 180 对 95", "verdict": "contradicted",
     "evidence": [{"kind": "decode_speed", "row": None, "basis": "roofline", "outcome": "refutes", "text": "at most 72 tok/s",
                   "texts": {"en": "at most 72 tok/s", "zh": "最多 72 tok/s"}, "numbers": {"ceiling": 72}, "sources": ["a data sheet"]}]},
    {"claim": "L2", "quote": "中文语法基本正确，但常出现用词生硬、语义偏差问题", "verdict": "plausible",
     "evidence": [{"kind": "measured", "row": "bits_per_byte_zh", "text": "bits per byte: 2.41 and 1.90", "sources": []}]},
    {"claim": "Q12", "quote": "通过蒸馏获得", "verdict": "not_testable", "evidence": [], "untested": {"en": "how it was trained", "zh": "训练方式"}, "opinion": None},
]
model = {"path": "/models/x.gguf", "bytes": 10500000, "sha256": "5" * 64, "architecture": "llama", "quantization": "Q8_0",
         "parameters": 10000000, "context": 2048, "license": "apache-2.0"}
print(json.dumps({
    "tier": "smoke", "device": {"cpu": "Example CPU", "isa": "avx2", "threads": 2},
    "models": [{"name": A, **model, "kind": "instruct"}, {"name": B, **model, "bytes": 20900000, "license": "gemma", "kind": "base"}],
    "sources": ["data/smoke/flores.jsonl", "data/smoke/hellaswag.jsonl"], "seed": 1, "seconds": 83.25, "rows": rows, "article": article,
}, ensure_ascii=False, indent=1))
