#!/usr/bin/env python3
"""How far slm and its peers are from float32: accuracy.py MODEL.gguf... --text NAME=FILE... [--peer NAME=PYTHON]... [--out TABLE.md]

Each engine reads the same windows of the texts; at every scored position its whole distribution is compared with that of the same file's weights, dequantised,
in float32 throughout (reference.py): KL(float32 || engine), and the perplexity of the text's own next token. An engine is run by --kv type and by --batch
(tokens at once; 1: token by token), each in a process and a thread of its own. In brackets standard errors, of positions; differences are paired, position
by position. Needs numpy and gguf, and `slm_logits` built (README.md).
"""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys

import numpy

from missing import missing
from reference import Reference

HERE = pathlib.Path(__file__).resolve().parent


class EngineProcess:
    """Answers windows with logits (slm_logits.cc)."""

    def __init__(self, command, vocabulary):
        self.command, self.row_bytes = command, vocabulary * 4
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, ids, first):
        self.process.stdin.write((json.dumps({"ids": ids, "first": first}) + "\n").encode())
        self.process.stdin.flush()

    def next_logits(self):
        row = self.process.stdout.read(self.row_bytes)
        if len(row) != self.row_bytes:
            sys.exit(f"{' '.join(self.command)} ended with {self.process.wait()} after {len(row)} of {self.row_bytes} bytes of a row")
        return numpy.frombuffer(row, numpy.float32)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def log_softmax(logits):
    logits = logits.astype(numpy.float64)
    logits -= logits.max()
    return logits - numpy.log(numpy.exp(logits).sum())


class Tally:
    """Of one engine over the scored positions."""

    def __init__(self):
        self.kl, self.surprise, self.same_best = [], [], []

    def add(self, exact, logits, target):
        found = log_softmax(logits)
        self.kl.append(float(numpy.exp(exact) @ (exact - found)))
        self.surprise.append(float(-found[target]))
        self.same_best.append(bool(exact.argmax() == found.argmax()))


def mean_and_error(values):
    values = numpy.asarray(values)
    return values.mean(), values.std(ddof=1) / len(values) ** 0.5


def windows_of(args, path, text, bos):
    """(ids, first scored) of separate windows from the text's beginning, BOS in front where the model has one."""
    found = subprocess.run([args.slm, "tokenize", path, "--json"], input=pathlib.Path(text).read_bytes(), stdout=subprocess.PIPE, check=True)
    ids = json.loads(found.stdout)["ids"]
    ids = ids[1:] if bos is not None and ids[0] == bos else ids
    size = args.window - (bos is not None)
    parts = [ids[i * size:(i + 1) * size] for i in range(args.windows)]
    if len(parts[-1]) < size:
        sys.exit(f"{text}: {len(ids)} tokens, too few for {args.windows} windows of {args.window}")
    return [([] if bos is None else [bos]) + part for part in parts]


def engines_of(args, path):
    """Command by (engine, KV type, batch)."""
    found = {}
    for kv in args.kv:
        for batch in args.batch:
            found["slm", kv, batch] = [args.slm_logits, path, kv, str(batch)]
            for name, python in args.peers.items():
                found[name, kv, batch] = [python, str(HERE / "peer_logits.py"), name, path, kv, str(batch)]
    return found


def compare(args, path, reference, text):
    """Tallies by engine, the float32 path's own surprise under None."""
    vocabulary = reference.head.shape[0]
    engines = engines_of(args, path)
    tallies = {key: Tally() for key in [None, *engines]}
    with contextlib.ExitStack() as stack:
        running = {key: EngineProcess(command, vocabulary) for key, command in engines.items()}
        for engine in running.values():
            stack.callback(engine.end)
        for window in windows_of(args, path, text, reference.bos):
            ids, first = window[:-1], args.window // 2
            for engine in running.values():
                engine.ask(ids, first)
            exact = [log_softmax(row) for row in reference.logits(ids, first)]
            for i, row in enumerate(exact):
                tallies[None].surprise.append(-row[window[first + i + 1]])
            for key, engine in running.items():
                for i, row in enumerate(exact):
                    tallies[key].add(row, engine.next_logits(), window[first + i + 1])
            print(".", end="", file=sys.stderr, flush=True)
    return tallies


def table_of(args, path, text_name, tallies):
    exact = tallies[None].surprise
    lines = [f"{os.path.basename(path)}, {text_name}, {len(exact)} positions; perplexity in float32 {numpy.exp(numpy.mean(exact)):.3f}", "",
             "| KV, tokens at once | engine | KL, 1e-4 | less slm's | perplexity | of float32's | same best |", "|---|---|---|---|---|---|---|"]
    for key, tally in tallies.items():
        if key is None:
            continue
        engine, kv, batch = key
        kl, kl_error = mean_and_error(tally.kl)
        off, off_error = mean_and_error(numpy.asarray(tally.surprise) - exact)
        less = ""
        if engine != "slm":
            more, more_error = mean_and_error(numpy.asarray(tally.kl) - tallies["slm", kv, batch].kl)
            less = f"{more * 1e4:+.2f} ({more_error * 1e4:.2f})"
        lines.append(f"| {kv}, {batch} | {engine} | {kl * 1e4:.2f} ({kl_error * 1e4:.2f}) | {less} | {numpy.exp(numpy.mean(tally.surprise)):.3f} | "
                     f"{numpy.expm1(off):+.2%} ({off_error:.2%}) | {numpy.mean(tally.same_best):.2%} |")
    return "\n".join(lines) + "\n"


def pairs(flags, flag, parser):
    for one in flags:
        if "=" not in one:
            parser.error(f"{flag} {one}: NAME=PATH")
    return dict(one.split("=", 1) for one in flags)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--text", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="llama.cpp or ik")
    parser.add_argument("--slm", default="build/slm")
    parser.add_argument("--slm-logits", default="build/bench/slm_logits")
    parser.add_argument("--kv", type=lambda text: text.split(","), default=["f16", "q8_0"], metavar="TYPE,...")
    parser.add_argument("--batch", type=lambda text: [int(n) for n in text.split(",")], default=[512, 1], metavar="N,...")
    parser.add_argument("--window", type=int, default=512, help="tokens, of which the second half is scored")
    parser.add_argument("--windows", type=int, default=4, help="of each text")
    parser.add_argument("--out", help="also write the tables to this file")
    args = parser.parse_args()
    if args.window < 4 or args.windows < 1 or not set(args.kv) <= {"f16", "q8_0"} or min(args.batch) < 1:
        parser.error("--window from 4, --windows from 1, --kv of f16 and q8_0, --batch from 1")
    args.peers, texts = pairs(args.peer, "--peer", parser), pairs(args.text, "--text", parser)
    if problem := missing([*args.models, *texts.values()], [args.slm, args.slm_logits, *args.peers.values()], args.out):
        parser.error(problem)
    text = ""
    for path in args.models:
        reference = Reference(path)
        for name, file in texts.items():
            table = table_of(args, path, name, compare(args, path, reference, file))
            print(table, flush=True)
            text += table + "\n"
            if args.out:
                pathlib.Path(args.out).write_text(text, encoding="utf-8")


main()
