#!/usr/bin/env python3
"""Runs the build/slm examples of a README as a reader would: readme_test.py README.md SLM.

Needs the models the examples name in SLM_HOME's store (test.sh pulls them); skipped (exit 77) without. Both READMEs must
show the same commands.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands(path):
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
    return [line for block in blocks for line in block.splitlines() if "build/slm " in line]


def main():
    readme, slm = pathlib.Path(sys.argv[1]), sys.argv[2]
    mine, english = commands(readme), commands(ROOT / "README.md")
    if mine != english:
        sys.exit(f"{readme.name} and README.md do not show the same commands")
    if len(mine) < 10:
        sys.exit("too few examples found: has the format of the README changed?")
    if not os.environ.get("SLM_TEST_WEIGHTS"):
        print("SKIPPED: SLM_TEST_WEIGHTS is not set: no models in the store")
        sys.exit(77)
    if readme.name != "README.md":
        return
    for line in mine:
        command = line.replace("build/slm", slm)
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=1500, cwd=ROOT,
                              stdin=subprocess.DEVNULL)
        print(f"$ {line}\n{done.stdout[-600:]}")
        if done.returncode != 0 or not done.stdout.strip():
            sys.exit(f"exit {done.returncode}: {done.stderr}")


main()
