#!/usr/bin/env python3
"""A full 8k context under a memory limit gives what it gives without one: memory_limit.py SLM [MODEL.gguf LIMIT_MIB TOKENS].

Runs `slm logits` over TOKENS ids twice, once in a memory cgroup (v1 or v2) of LIMIT_MIB without swap, and compares every logprob.
By default SmolLM2-135M of SLM_TEST_WEIGHTS with 8,000 tokens (a context of 8,192) under 384 MiB. Exit 77 says why it was skipped.
"""
import os
import pathlib
import subprocess
import sys

V1, V2 = pathlib.Path("/sys/fs/cgroup/memory"), pathlib.Path("/sys/fs/cgroup")


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(77)


def make_group(limit_bytes):
    """A cgroup of its own with that limit, or a skip."""
    try:
        if (V1 / "memory.limit_in_bytes").exists():
            group = V1 / f"slm-test-{os.getpid()}"
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(limit_bytes))
            (group / "memory.swappiness").write_text("0")
        elif "memory" in (V2 / "cgroup.controllers").read_text().split():
            (V2 / "cgroup.subtree_control").write_text("+memory")
            group = V2 / f"slm-test-{os.getpid()}"
            group.mkdir()
            (group / "memory.max").write_text(str(limit_bytes))
            (group / "memory.swap.max").write_text("0")
        else:
            skip("no memory controller")
    except OSError as error:
        skip(f"no memory cgroup can be made here ({error})")
    return group


def drop_from_page_cache(path):
    """Pages that are in memory already are counted to whoever read them first, not to the group."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def run(command, group=None):
    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=enter if group else None)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}{' under the limit' if group else ''}: {done.stdout[-400:]}{done.stderr[-800:]}")
    return done.stdout


def main():
    slm = sys.argv[1]
    if len(sys.argv) > 2:
        model, limit_mib, tokens = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    else:
        weights = os.environ.get("SLM_TEST_WEIGHTS") or skip("SLM_TEST_WEIGHTS is not set: no real weights")
        model, limit_mib, tokens = str(pathlib.Path(weights) / "smollm2-135m.gguf"), 384, 8000
    context = -(-tokens // 1024) * 1024
    spread = 40000 if tokens <= 20000 else 990  # one argument may have 128 KiB
    ids = ",".join(str(3 + (i * 7919 + i * i) % spread) for i in range(tokens))
    command = [slm, "logits", model, "--ids", ids, "--top", "2", "--ctx", str(context), "--json"]
    group = make_group(limit_mib << 20)
    drop_from_page_cache(model)
    try:
        limited = run(command, group)
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            if (group / name).exists():
                print(f"most memory in the group: {int((group / name).read_text()) / 2**20:.0f} MiB of {limit_mib}")
    finally:
        group.rmdir()
    if limited != run(command):
        sys.exit("the logprobs differ from those without a limit")
    print(f"{tokens} tokens under {limit_mib} MiB: every logprob as without a limit")


main()
