#!/usr/bin/env python3
"""slm beside its peers on the same files: run.py MODEL.gguf... [--peer NAME=PYTHON]... [--slm build/slm] [--out TABLE.md]

NAME is llama.cpp or ik, PYTHON the interpreter that has its package (README.md). Each repetition is a fresh process of each in turn, with the same
file, threads and numbers of tokens; medians with their spread, and the measured read bandwidth beside them.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def slm_once(args, path):
    """Facts of the machine, and tok/s by the same names as a peer's."""
    def bench(*flags):
        command = [args.slm, "bench", path, "--threads", str(args.threads), "--repetitions", "1", "--json", *flags]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} exited {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    numbers = lambda list_: ",".join(str(n) for n in list_)  # noqa: E731
    facts, rates = {}, {}
    if args.prefill:
        facts = bench("--prefill", numbers(args.prefill), "--decode", "0")
        rates |= {f"prefill {row['tokens']}": row["tokens_per_second"]["median"] for row in facts["rows"]}
    if args.depths:
        facts = bench("--prefill", "0", "--decode", str(args.decode), "--depth", numbers(args.depths))
        rates |= {f"decode {row['tokens']} @ {row['depth']}": row["tokens_per_second"]["median"] for row in facts["rows"]}
    return facts, rates


def peer_once(args, name, python, path):
    work = json.dumps({"prefill": args.prefill, "decode": args.decode, "depths": args.depths, "threads": args.threads})
    done = subprocess.run([python, str(HERE / "peer.py"), name, path, work], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} exited {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def cell(rates):
    return f"{statistics.median(rates):.1f} [{min(rates):.1f}, {max(rates):.1f}]"


def share_of_bandwidth(path, work, rates, gigabytes_per_second):
    """Of decode from an empty context: every weight is read once a token; a file with a head of its own reads its embedding's row only."""
    if not work.endswith("@ 0"):
        return ""
    return f" ({statistics.median(rates) * os.path.getsize(path) / gigabytes_per_second / 1e7:.0f} %)"


def table_of(path, facts, bandwidth, measured):
    names = list(measured)
    head = "| work | " + " | ".join(names) + " | " + " | ".join(f"slm / {name}" for name in names[1:]) + " |"
    lines = [f"{os.path.basename(path)} on {facts['cpu']}, {facts['isa']}, {facts['threads']} threads; memory reads {bandwidth:.1f} GB/s", "",
             head, "|" + "---|" * (head.count("|") - 1)]
    for work in measured["slm"]:
        ours = measured["slm"][work]
        cells = [cell(measured[name][work]) for name in names]
        cells[0] += share_of_bandwidth(path, work, ours, bandwidth)
        ratios = [f"{statistics.median(ours) / statistics.median(measured[name][work]):.2f}" for name in names[1:]]
        lines.append(f"| {work} | " + " | ".join(cells + ratios) + " |")
    return "\n".join(lines) + "\n"


def measure(args, path):
    peers = dict(peer.split("=", 1) for peer in args.peer)
    measured, bandwidth, facts = {name: {} for name in ["slm", *peers]}, [], {}
    for i in range(args.repetitions):
        facts, rates = slm_once(args, path)
        bandwidth.append(facts["read_gb_per_s"])
        rounds = {"slm": rates, **{name: peer_once(args, name, python, path) for name, python in peers.items()}}
        for name, found in rounds.items():
            for work, rate in found.items():
                measured[name].setdefault(work, []).append(rate)
        print(f"{i + 1}/{args.repetitions}: " + "; ".join(name + " " + " ".join(f"{rate:.1f}" for rate in found.values())
                                                         for name, found in rounds.items()), file=sys.stderr)
    return table_of(path, facts, statistics.median(bandwidth), measured)


def main():
    numbers = lambda text: [int(n) for n in text.split(",") if n]  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--slm", default="build/slm")
    parser.add_argument("--prefill", type=numbers, default=[512], metavar="N,...")
    parser.add_argument("--decode", type=int, default=64, metavar="N")
    parser.add_argument("--depths", type=numbers, default=[0], metavar="N,...")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", help="also write the tables to this file")
    args = parser.parse_args()
    if args.repetitions < 5:
        parser.error("--repetitions: at least 5, a median of fewer says little")
    for peer in args.peer:
        if peer.split("=", 1)[0] not in ("llama.cpp", "ik") or "=" not in peer:
            parser.error(f"--peer {peer}: llama.cpp=PYTHON or ik=PYTHON")
    text = ""
    for path in args.models:
        table = measure(args, path)
        print(table, flush=True)
        text += table + "\n"
        if args.out:
            pathlib.Path(args.out).write_text(text, encoding="utf-8")


main()
