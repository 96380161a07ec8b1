#!/usr/bin/env python3
"""A peer's greedy answers to the prompts that slm answered: peer_answers.py llama.cpp|ik MODEL.gguf RUN.json N OUT.jsonl [SLM]

RUN.json is what `slm eval run TASK MODEL --json` printed; the first N of its records are answered again from the same prompt ids (asked of
slm, whose template it is) by the peer's own engine, on the same file. OUT.jsonl has {"item", "answer"} a line, as slm's `--out` has, so
that whoever grades the one can grade the other: whether a score is the engine's doing or the weights'.
"""
import json
import os
import subprocess
import sys

from peer import Measurement, Peer

END_OF_TURN = ("<|im_end|>", "<end_of_turn>", "<|endoftext|>")


def slm(binary, *arguments):
    done = subprocess.run([binary, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def end_ids(binary, model):
    for text in END_OF_TURN:
        ids = json.loads(slm(binary, "tokenize", model, text, "--special", "--json"))["ids"]
        if len(ids) == 1:
            yield ids[0]


def answer(peer, prompt, ends, most):
    peer.peer.clear(peer.context)
    best, out = peer.decode(prompt, 0), []
    while best not in ends and len(out) < most:
        out.append(best)
        best = peer.decode([best], len(prompt) + len(out) - 1)
    return out


def main():
    kind, model, run, n, out = sys.argv[1:6]
    binary = sys.argv[6] if len(sys.argv) > 6 else "build/slm"
    records = json.load(open(run, encoding="utf-8"))["records"][:int(n)]
    most = max(record["tokens"] for record in records)
    peer = Measurement(Peer(kind), model, {"prefill": [2048], "decode": most, "depths": [0], "threads": os.cpu_count()})
    ends = set(end_ids(binary, model))
    with open(out, "w", encoding="utf-8") as file:
        for record in records:
            asked = slm(binary, "run", model, record["prompt"], "--json", "--max-tokens", "1", "--temperature", "0")
            ids = answer(peer, json.loads(asked)["prompt_ids"], ends, most)
            text = json.loads(slm(binary, "tokenize", model, "--decode", ",".join(map(str, ids)), "--json"))["text"] if ids else ""
            file.write(json.dumps({"item": record["item"], "answer": text}, ensure_ascii=False) + "\n")
            file.flush()


main()
