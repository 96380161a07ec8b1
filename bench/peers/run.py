#!/usr/bin/env python3
"""slm against llama.cpp on the same file: run.py MODEL.gguf [--slm build/slm] [--out TABLE.md] ...

Needs llama-cpp-python 0.3.36, built natively (README.md), in the Python that runs this. Each repetition is a fresh process of each in
turn (slm, llama.cpp, slm, ...), both with the same threads, context and numbers of tokens, both choosing the likeliest token inside the
timed loop, after a warm-up inside the same process. llama.cpp is driven by llama_decode itself.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def llama_once(path, prefill, decode, threads):
    """Prints {"prefill": tok/s, "decode": tok/s} of one process of llama.cpp."""
    import ctypes

    import llama_cpp
    import numpy

    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    if not model:
        sys.exit(f"llama.cpp cannot load {path}")
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = max(prefill, decode) + 64
    params.n_ubatch = min(params.n_batch, 512)
    params.n_threads = params.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, params)
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    random = numpy.random.default_rng(1)
    logits_type = ctypes.POINTER(ctypes.c_float)

    def run(ids):
        """One batch; the likeliest next id."""
        array = (llama_cpp.llama_token * len(ids))(*ids)
        if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(ids))) != 0:
            sys.exit("llama_decode failed")
        logits = ctypes.cast(llama_cpp.llama_get_logits_ith(context, -1), logits_type)
        return int(numpy.ctypeslib.as_array(logits, shape=(vocabulary,)).argmax())

    def clear():
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)

    def prompt(n):
        return [int(i) for i in random.integers(0, vocabulary, n)]

    run(prompt(16))
    clear()
    ids = prompt(prefill)
    start = time.perf_counter()
    run(ids)
    rates = {"prefill": prefill / (time.perf_counter() - start)}
    clear()
    best = run(prompt(2))
    start = time.perf_counter()
    for _ in range(decode):
        best = run([best])
    rates["decode"] = decode / (time.perf_counter() - start)
    print(json.dumps(rates))


def slm_once(slm, path, prefill, decode, threads):
    command = [slm, "bench", path, "--prefill", str(prefill), "--decode", str(decode), "--threads", str(threads), "--repetitions", "1",
               "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} exited {done.returncode}: {done.stdout}{done.stderr}")
    out = json.loads(done.stdout)
    return out, {row["work"]: row["tokens_per_second"]["median"] for row in out["rows"]}


def child_llama(arguments):
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"llama.cpp's process exited {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def row(work, tokens, ours, theirs):
    def cell(rates):
        return f"{statistics.median(rates):.1f} [{min(rates):.1f}, {max(rates):.1f}]"

    return f"| {work} {tokens} | {cell(ours)} | {cell(theirs)} | {statistics.median(ours) / statistics.median(theirs):.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--slm", default="build/slm")
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", help="also write the table to this file")
    parser.add_argument("--llama-once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.llama_once:
        llama_once(args.model, args.prefill, args.decode, args.threads)
        return
    if args.repetitions < 5:
        parser.error("--repetitions: at least 5, a median of fewer says little")
    ours, theirs = {"prefill": [], "decode": []}, {"prefill": [], "decode": []}
    shared = [args.model, "--prefill", str(args.prefill), "--decode", str(args.decode), "--threads", str(args.threads)]
    bandwidth = []
    for i in range(args.repetitions):
        facts, rates = slm_once(args.slm, args.model, args.prefill, args.decode, args.threads)
        bandwidth.append(facts["read_gb_per_s"])
        peer = child_llama([*shared, "--llama-once"])
        for work in ours:
            ours[work].append(rates[work])
            theirs[work].append(peer[work])
        print(f"{i + 1}/{args.repetitions}: slm {rates['prefill']:.1f} {rates['decode']:.1f}, "
              f"llama.cpp {peer['prefill']:.1f} {peer['decode']:.1f}", file=sys.stderr)
    lines = [
        f"{os.path.basename(args.model)} on {facts['cpu']}, {facts['isa']}, {facts['threads']} threads; "
        f"memory reads {statistics.median(bandwidth):.1f} GB/s; medians of {args.repetitions} [least, most], tok/s", "",
        "| work | slm | llama.cpp | slm / llama.cpp |", "|---|---|---|---|",
        row("prefill", args.prefill, ours["prefill"], theirs["prefill"]),
        row("decode", args.decode, ours["decode"], theirs["decode"]),
    ]
    table = "\n".join(lines) + "\n"
    print(table)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as out:
            out.write(table)


main()
