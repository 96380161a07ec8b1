#!/usr/bin/env python3
"""Holds the house rules that can be read off the source; exits 1 with each breach as file:line: what.

- a room includes only the rooms that ARCHITECTURE.md's table allows;
- engine/ has no JSON, files, sockets or text for people; kernels/ does not allocate, lock, log or throw;
- names of model families occur only in model/families, tokenizer, chat and tests;
- no room, file or namespace is called utils, common, helpers, manager or misc.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALLOWED = {
    "base": "", "tensor": "base", "net": "base", "chat": "base", "grammar": "base",
    "gguf": "tensor base", "kernels": "tensor base",
    "tokenizer": "gguf base", "sampling": "kernels base", "model": "gguf kernels tensor base",
    "convert": "gguf kernels tensor base", "hub": "gguf net base",
    "engine": "model grammar sampling kernels tensor base",
    "runtime": "engine model tokenizer chat grammar sampling gguf kernels tensor base",
    "capi": "runtime base", "server": "runtime hub chat net base", "lab": "runtime hub grammar chat net base",
}
ROOMS = set(ALLOWED) | {"cli"}
FORBIDDEN = {
    "engine": r"nlohmann|base/json\.h|base/files\.h|<fstream>|<iostream>|<sys/socket\.h>|\bfopen\b|\btr\(|\brender\(",
    "kernels": r"\bnew\b|\bmalloc\b|std::mutex|\bthrow\b|\bprintf\b|<iostream>|std::cerr",
}
# kernels/dispatch.cc chooses a table at start; it is not arithmetic.
EXEMPT = {"src/kernels/dispatch.cc"}
FAMILY = re.compile(r"qwen|gemma|smollm|\bllama", re.IGNORECASE)
FAMILY_ROOMS = {"tokenizer", "chat"}
BAD_NAME = re.compile(r"\b(utils?|common|helpers?|manager|misc)\b", re.IGNORECASE)


def strip_comment(line):
    return re.sub(r"//.*", "", line)


def check_file(path, room, report):
    relative = path.relative_to(ROOT).as_posix()
    is_test = path.name.endswith("_test.cc") or "/testing/" in relative
    allowed = ROOMS if room == "cli" else set(ALLOWED[room].split()) | {room}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{relative}:{number}"
        include = re.match(r'\s*#include "([a-z_]+)/', raw)
        if include and include.group(1) in ROOMS and include.group(1) not in allowed and not is_test:
            report(place, f"{room}/ may not include {include.group(1)}/")
        if is_test or relative in EXEMPT:
            continue
        line = strip_comment(raw)
        if room in FORBIDDEN and re.search(FORBIDDEN[room], line):
            report(place, f"not allowed in {room}/: {line.strip()}")
        family_allowed = room in FAMILY_ROOMS or "model/families/" in relative
        if not family_allowed and path.suffix != ".inc" and FAMILY.search(line):
            report(place, f"a family's name outside model/families, tokenizer and chat: {line.strip()}")


def main():
    breaches = []
    report = lambda place, what: breaches.append(f"{place}: {what}")
    for path in sorted((ROOT / "src").rglob("*")):
        relative = path.relative_to(ROOT / "src")
        if BAD_NAME.search(path.stem.replace("_", " ")):
            report(path.relative_to(ROOT).as_posix(), "a name that says nothing")
        if path.is_file() and path.suffix in (".h", ".cc", ".inc", ".cpp"):
            room = relative.parts[0]
            if room not in ROOMS:
                report(path.relative_to(ROOT).as_posix(), f"no such room: {room}")
            elif "generated" not in relative.parts:
                check_file(path, room, report)
    print("\n".join(breaches) if breaches else "check_layers: every room keeps to its table")
    return 1 if breaches else 0


sys.exit(main())
