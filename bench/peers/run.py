#!/usr/bin/env python3
"""slm beside its peers on the same files: run.py MODEL.gguf... [--peer NAME=PYTHON]... [--llama-bench NAME=PATH]... [--slm build/slm] [--out TABLE.md]

NAME of --peer is llama.cpp or ik, PYTHON the interpreter that has its package; --llama-bench is such a program of any build, under any name (README.md).
Each repetition is a fresh process of each in turn, with the same file, threads and numbers of tokens; medians with their spread, and the measured read
bandwidth beside them. --start measures a start to the first token, --sequences 4,16 several sequences that decode at once.
"""
import argparse
import functools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from missing import missing

HERE = pathlib.Path(__file__).resolve().parent
START_PROMPT = "Once upon a time"
START_TOKENS = 4  # of a peer's prompt, about what START_PROMPT has


def output_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} exited {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def numbers(values):
    return ",".join(str(n) for n in values)


def slm_once(args, path):
    """Tok/s by the same names as a peer's."""
    def bench(*flags, repetitions=1):
        return json.loads(output_of([args.slm, "bench", path, "--threads", str(args.threads), "--repetitions", str(repetitions), "--json", *flags]))

    rates = {}
    if args.prefill:
        rows = bench("--prefill", numbers(args.prefill), "--decode", "0")["rows"]
        rates |= {f"prefill {row['tokens']}": row["tokens_per_second"]["median"] for row in rows}
    if args.depths:
        # What slm prepares in its first tokens (weights to huge pages, the head's copy) peers do when they load (repacking): the median of three.
        rows = bench("--prefill", "0", "--decode", str(args.decode), "--depth", numbers(args.depths), repetitions=3)["rows"]
        rates |= {f"decode {row['tokens']} @ {row['depth']}": row["tokens_per_second"]["median"] for row in rows}
    if args.sequences:
        rows = bench("--prefill", "0", "--decode", str(args.decode), "--sequences", numbers(args.sequences), repetitions=3)["rows"]
        rates |= {f"decode {row['tokens']}, {row['sequences']} sequences": row["tokens_per_second"]["median"] for row in rows}
    return rates


def slm_start(args, path):
    """The whole process of a first answer of one token, its end included."""
    command = [args.slm, "run", path, START_PROMPT, "--raw", "--max-tokens", "1", "--temperature", "0", "--ctx", "4096", "--threads", str(args.threads)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} exited {process.returncode}")
    return {"start to first token, s": seconds, "start, peak MB": usage.ru_maxrss * 1024 / 1e6}


def machine_facts(args):
    """With read_gb_per_s of all threads, the better of small and huge pages."""
    facts = json.loads(output_of([args.slm, "doctor", "--roofline", "--json"]))
    roof = facts["roofline"][-1]
    return facts | {"read_gb_per_s": max(roof["read_gb_per_s"], roof["huge_page_read_gb_per_s"])}


def peer_process(name, python, path, work):
    return json.loads(output_of([python, str(HERE / "peer.py"), name, path, json.dumps(work)]).splitlines()[-1])


def peer_once(args, name, python, path):
    work = {"prefill": args.prefill, "decode": args.decode, "depths": args.depths, "sequences": args.sequences, "threads": args.threads}
    return peer_process(name, python, path, work) if args.prefill or args.depths or args.sequences else {}


def llama_bench_once(args, binary, path):
    """Prefill and decode; it has no sequences that decode at once, and a start is not its own."""
    def rows(*flags):
        command = [binary, "-m", path, "-t", str(args.threads), "-r", "1", "-o", "json", *flags]
        text = output_of(command)
        try:
            return json.loads(text[text.index("["):])
        except ValueError:  # no "[" either
            sys.exit(f"{' '.join(command)} printed no JSON list: {text[-2000:]}")

    found = rows("-p", numbers(args.prefill), "-n", "0") if args.prefill else []
    deep = [depth for depth in args.depths if depth > 0]
    n = str(args.decode)
    if not deep:
        found += rows("-p", "0", "-n", n) if args.depths else []
    elif "--n-depth" in output_of([binary, "--help"]):
        found += rows("-p", "0", "-n", n, "-d", numbers(args.depths))
    else:  # ik_llama.cpp's: the rate of generation behind a prompt
        found += rows("-p", "0", "-n", n if 0 in args.depths else "0", *(flag for depth in deep for flag in ("-gp", f"{depth},{n}")))
    rates = {}
    for row in found:
        depth = row.get("n_depth") or row["n_prompt"]
        work = f"decode {row['n_gen']} @ {depth}" if row["n_gen"] > 0 else f"prefill {row['n_prompt']}"
        rates[work] = row["avg_ts"]
    return rates


def named(flags):
    return dict(flag.split("=", 1) for flag in flags)


def peers_of(args):
    """By name: what gives its rates for a file."""
    return {name: functools.partial(peer_once, args, name, python) for name, python in named(args.peer).items()} | {
        name: functools.partial(llama_bench_once, args, binary) for name, binary in named(args.llama_bench).items()}


def rounds_of(args, path, peers):
    """One process of each in turn, then, with the file in the page cache, one start of each that has one."""
    rounds = {"slm": slm_once(args, path), **{name: rates(path) for name, rates in peers.items()}}
    if args.start:
        rounds["slm"] |= slm_start(args, path)
        for name, python in named(args.peer).items():
            rounds[name] |= peer_process(name, python, path, {"start": START_TOKENS, "threads": args.threads})
    return rounds


def digits(work):
    return 3 if work.endswith(", s") else 0 if work.endswith("MB") else 1


def cell(work, values):
    if not values:
        return ""
    return " [".join(f"{value:.{digits(work)}f}" for value in (statistics.median(values), min(values))) + f", {max(values):.{digits(work)}f}]"


def share_of_bandwidth(path, work, rates, gigabytes_per_second):
    """Of decode from an empty context: every weight is read once a token; a file with a head of its own reads its embedding's row only."""
    if not work.endswith("@ 0"):
        return ""
    return f" ({statistics.median(rates) * os.path.getsize(path) / gigabytes_per_second / 1e7:.0f} %)"


def ratio(ours, theirs):
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}" if theirs else ""


def table_of(path, args, facts, bandwidth, measured):
    names = list(measured)
    head = "| work (tok/s) | " + " | ".join(names) + " | " + " | ".join(f"slm / {name}" for name in names[1:]) + " |"
    lines = [f"{os.path.basename(path)} on {facts['cpu']}, {facts['isa']}, {args.threads} threads; memory reads {bandwidth:.1f} GB/s", "",
             head, "|" + "---|" * (head.count("|") - 1)]
    if "ik" in names and "avx512" in facts["isa"]:
        lines[0] += "; ik is the prebuilt wheel, for AVX2"
    for name in named(args.llama_bench):
        lines[0] += f"; {name} is llama-bench, which chooses no token"
    for work in measured["slm"]:
        ours = measured["slm"][work]
        values = [measured[name].get(work, []) for name in names]
        cells = [cell(work, one) for one in values]
        cells[0] += share_of_bandwidth(path, work, ours, bandwidth)
        lines.append(f"| {work} | " + " | ".join(cells + [ratio(ours, theirs) for theirs in values[1:]]) + " |")
    return "\n".join(lines) + "\n"


def measure(args, path):
    peers = peers_of(args)
    measured, bandwidth, facts = {name: {} for name in ["slm", *peers]}, [], {}
    for i in range(args.repetitions):
        facts = machine_facts(args)
        bandwidth.append(facts["read_gb_per_s"])
        rounds = rounds_of(args, path, peers)
        for name, found in rounds.items():
            for work, rate in found.items():
                measured[name].setdefault(work, []).append(rate)
        print(f"{i + 1}/{args.repetitions}: " + "; ".join(name + " " + " ".join(f"{value:.{digits(work)}f}" for work, value in found.items())
                                                         for name, found in rounds.items()), file=sys.stderr)
    return table_of(path, args, facts, statistics.median(bandwidth), measured)


def list_of_numbers(text):
    return [int(n) for n in text.split(",") if n]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--llama-bench", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--slm", default="build/slm")
    parser.add_argument("--prefill", type=list_of_numbers, default=[512], metavar="N,...")
    parser.add_argument("--decode", type=int, default=64, metavar="N")
    parser.add_argument("--depths", type=list_of_numbers, default=[0], metavar="N,...")
    parser.add_argument("--sequences", type=list_of_numbers, default=[], metavar="N,...", help="so many decoding at once: tok/s of all together")
    parser.add_argument("--start", action="store_true", help="a fresh process up to its first token: seconds, peak memory")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", help="also write the tables to this file")
    args = parser.parse_args()
    if args.repetitions < 5:
        parser.error("--repetitions: at least 5, a median of fewer says little")
    if not (args.prefill or args.depths or args.sequences or args.start):
        parser.error("nothing to measure: --prefill, --depths, --sequences or --start")
    for peer in args.peer:
        if peer.split("=", 1)[0] not in ("llama.cpp", "ik") or "=" not in peer:
            parser.error(f"--peer {peer}: llama.cpp=PYTHON or ik=PYTHON")
    columns = {"", "slm", "llama.cpp", "ik"}
    for bench in args.llama_bench:
        name = bench.split("=", 1)[0]
        if "=" not in bench or name in columns or "|" in name:
            parser.error(f"--llama-bench {bench}: NAME=PATH, of a NAME without | that no other column has")
        columns.add(name)
    if args.threads < 1:
        parser.error("--threads: at least 1")
    programs = [args.slm, *named(args.peer).values(), *named(args.llama_bench).values()]
    if problem := missing(args.models, programs, args.out):
        parser.error(problem)
    text = ""
    for path in args.models:
        table = measure(args, path)
        print(table, flush=True)
        text += table + "\n"
        if args.out:
            pathlib.Path(args.out).write_text(text, encoding="utf-8")


main()
