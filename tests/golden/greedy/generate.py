#!/usr/bin/env python3
"""llama.cpp's greedy continuations of 20 prompts, for teacher-forced comparison.

    python3 generate.py MODEL.gguf OUT.json      # needs llama-cpp-python 0.3.36, built natively from its sdist

For each prompt: its ids, the 64 ids llama.cpp chose (argmax, F32 logits), and for each the two best ids with logprobs.
"""
import json
import sys

import llama_cpp
import numpy as np

PROMPTS = [
    "The capital of France is", "Once upon a time, in a small village by the sea,", "def fibonacci(n):\n", "Water boils at",
    "The three primary colours are", "In 1969, humans first", "To make a good cup of tea, you", "Photosynthesis is the process by which",
    "import numpy as np\n\nx =", "Q: What is 12 + 30?\nA:", "The quick brown fox", "Dear Sir or Madam,\n\nI am writing to",
    "List of planets:\n1. Mercury\n2.", "She opened the door and saw", "An apple a day", "The meaning of the word \"gravity\" is",
    "{\"name\": \"Alice\", \"age\":", "Shakespeare was born in", "# How to learn to swim\n\n", "The weather today is",
]
N_TOKENS = 64


def main(path, out):
    model = llama_cpp.Llama(model_path=path, n_ctx=512, n_threads=2, logits_all=False, verbose=False)
    records = []
    for prompt in PROMPTS:
        ids = model.tokenize(prompt.encode(), add_bos=True, special=False)
        model.reset()
        model.eval(ids)
        chosen, best = [], []
        for _ in range(N_TOKENS):
            row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(model.ctx, -1), shape=(model.n_vocab(),)).astype(np.float64)
            log_z = row.max() + np.log(np.exp(row - row.max()).sum())
            top = np.argsort(-row, kind="stable")[:2]
            best.append([[int(i), round(float(row[i] - log_z), 5)] for i in top])
            chosen.append(int(top[0]))
            model.eval([int(top[0])])
        records.append({"prompt": prompt, "prompt_ids": list(map(int, ids)), "ids": chosen, "top": best})
    with open(out, "w") as f:
        f.write(json.dumps({"engine": "llama-cpp-python 0.3.36", "tokens": N_TOKENS}) + "\n")
        for record in records:
            f.write(json.dumps(record) + "\n")


main(*sys.argv[1:])
