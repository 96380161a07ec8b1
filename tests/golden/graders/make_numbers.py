#!/usr/bin/env python3
"""Writes numbers.jsonl: answers and what lm-evaluation-harness' gsm8k task reads off them, by its own regular expressions (Python's re).

    make_numbers.py LM_EVAL/tasks/gsm8k/gsm8k.yaml > numbers.jsonl

The answers are made from a seed: sentences with numbers in many spellings, and strings of the characters that the patterns turn on.
"""
import json
import random
import re
import sys


def patterns(path):
    text = open(path, encoding="utf-8").read()
    found = re.findall(r'regex_pattern: "(.*)"', text)
    strict, flexible = (json.loads('"' + p + '"') for p in found)
    return re.compile(strict), re.compile(flexible)


def select(regex, text, which):
    """lm_eval.filters.extraction.RegexFilter.apply"""
    match = regex.findall(text)
    if not match:
        return None
    match = match[which]
    if isinstance(match, tuple):
        match = [m for m in match if m][0]
    return match.strip()


def comparable(text):
    """exact_match's regexes_to_ignore and ignore_case"""
    for pattern in [",", r"\$", r"(?s).*#### ", r"\.$"]:
        text = re.sub(pattern, "", text)
    return text.lower()


def answers(rng):
    numbers = ["18", "-7", "$1,234.50", "70000", "70,000.", "0.5", "3/4", "12%", "1.", ",", "$", "--5", "5-3", "#### 9", "####10", "#### -3,000", "#### $12",
               "####  4", "1,2,3", "...", "$$", "-", "-$5", "-.5", "１２", "四", "2\n", "#### 7.\n"]
    words = ["She makes", "so the answer is", "Janet sells", "=", "+", "eggs", "dollars.", "Question:", "\n", "因此", "答案是", "per day,", "\\boxed{", "}", "."]
    for _ in range(200):
        parts = [rng.choice(numbers if rng.random() < 0.5 else words) for _ in range(rng.randint(1, 12))]
        yield rng.choice(["", " "]).join(parts) if rng.random() < 0.3 else " ".join(parts)
    for _ in range(200):
        yield "".join(rng.choice("#0159-.,$ \nax") for _ in range(rng.randint(0, 24)))


def main():
    strict, flexible = patterns(sys.argv[1])
    for text in answers(random.Random(1)):
        print(json.dumps({"answer": text, "strict": select(strict, text, 0), "flexible": select(flexible, text, -1),
                          "comparable": comparable(text)}, ensure_ascii=False))


main()
