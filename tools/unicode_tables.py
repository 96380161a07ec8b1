#!/usr/bin/env python3
"""Writes src/tokenizer/generated/unicode_tables.cc: the character classes and the normalisation data of the tokenizers.

    pip install unicodedata2==16.0.0
    tools/unicode_tables.py            # writes the file
    tools/unicode_tables.py --check    # compares only; exit status 1 where they differ

Two versions of Unicode on purpose, since the original tokenizers mix them (docs/tokenizers.md):
* letters and numbers (general categories L* and N*) are those of Unicode 16: unicodedata2 16.0.0; only where each digit is
  split off (SmolLM) are the numbers those of Unicode 17;
* NFC knows the characters of Unicode 9 only. Decompositions and combining classes of assigned characters never change
  (Unicode's stability policy), so the data of 16 restricted to the characters assigned in 9 are the data of 9. Which
  characters those are is asked of perl (its property Present_In), which every Debian has.
"""

import argparse
import pathlib
import subprocess
import sys

import unicodedata2 as unicode16

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/generated/unicode_tables.cc"
END = 0x110000
BLOCK = 128
LETTER, NUMBER, SPACE, NFC_CHECK, DIGIT = 1, 2, 4, 8, 16
# The property White_Space; stable since Unicode 6.3.
WHITE_SPACE = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
# Splitting digits off is done by Rust's is_numeric, of Unicode 17 by now: what that version has more.
NUMBERS_NEW_IN_17 = {*range(0x11DE0, 0x11DEA), *range(0x16FF4, 0x16FF7)}
HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
HANGUL_VOWELS = range(0x1161, 0x1176)
HANGUL_TRAILING = range(0x11A8, 0x11C3)


def assigned_in_unicode_9():
    program = (r'for my $c (0..0x10ffff) { next if $c >= 0xd800 && $c <= 0xdfff;'
               r' print "$c\n" if chr($c) =~ /\p{Present_In: 9.0}/ }')
    text = subprocess.run(["perl", "-e", program], check=True, capture_output=True, text=True).stdout
    return {int(line) for line in text.split()}


def canonical_data(assigned):
    """(combining: code -> class, decompositions: code -> (first, second or 0), compositions: (first, second) -> code)."""
    combining, decompositions, compositions = {}, {}, {}
    for code in sorted(assigned):
        character = chr(code)
        if unicode16.combining(character):
            combining[code] = unicode16.combining(character)
        mapping = unicode16.decomposition(character)
        if not mapping or mapping.startswith("<") or code in HANGUL_SYLLABLES:
            continue
        parts = [int(part, 16) for part in mapping.split()]
        decompositions[code] = (parts[0], parts[1] if len(parts) > 1 else 0)
        # Composition exclusions are exactly those that do not come back.
        if len(parts) == 2 and unicode16.normalize("NFC", character) == character:
            compositions[tuple(parts)] = code
    return combining, decompositions, compositions


def classes(combining, decompositions, compositions):
    check = set(combining) | {second for _, second in compositions} | set(HANGUL_VOWELS) | set(HANGUL_TRAILING)
    composed = set(compositions.values())
    check |= {code for code in decompositions if code not in composed}
    table = bytearray(END)
    for code in range(END):
        if 0xD800 <= code <= 0xDFFF:
            continue
        category = unicode16.category(chr(code))[0]
        table[code] = ((LETTER if category == "L" else 0) | (NUMBER if category == "N" else 0)
                       | (DIGIT if category == "N" or code in NUMBERS_NEW_IN_17 else 0)
                       | (SPACE if code in WHITE_SPACE else 0) | (NFC_CHECK if code in check else 0))
    return bytes(table)


def two_stage(table):
    index, blocks, known = [], [], {}
    for start in range(0, END, BLOCK):
        block = table[start:start + BLOCK]
        if block not in known:
            known[block] = len(blocks)
            blocks.append(block)
        index.append(known[block])
    return index, blocks


def rows(values, per_row):
    for start in range(0, len(values), per_row):
        yield "    " + " ".join(f"{value}," for value in values[start:start + per_row])


def hexadecimal(code):
    return f"0x{code:04X}"


def render():
    assigned = assigned_in_unicode_9()
    combining, decompositions, compositions = canonical_data(assigned)
    index, blocks = two_stage(classes(combining, decompositions, compositions))
    flat = [value for block in blocks for value in block]
    lines = [
        "// Written by tools/unicode_tables.py; do not edit. Classes of Unicode 16, normalisation of Unicode 9.",
        '#include "tokenizer/unicode.h"', "", "namespace slm::unicode {", "",
        f"const uint16_t kClassIndex[{len(index)}] = {{", *rows(index, 24), "};",
        f"const uint8_t kClassBlocks[{len(flat)}] = {{", *rows(flat, 40), "};",
    ]
    tables = [
        ("CombiningClass", "kCombiningClasses", [(code, value) for code, value in sorted(combining.items())], 8),
        ("Decomposition", "kDecompositions", [(code, *pair) for code, pair in sorted(decompositions.items())], 5),
        ("Composition", "kCompositions", [(*pair, code) for pair, code in sorted(compositions.items())], 5),
    ]
    for kind, name, entries, per_row in tables:
        texts = []
        for entry in entries:
            if kind == "CombiningClass":
                texts.append(f"{{{hexadecimal(entry[0])}, {entry[1]}}}")
            else:
                texts.append("{" + ", ".join(hexadecimal(part) for part in entry) + "}")
        lines += [f"const {kind} {name}Data[{len(texts)}] = {{", *rows(texts, per_row), "};",
                  f"const std::span<const {kind}> {name}({name}Data);"]
    lines += ["", "}  // namespace slm::unicode", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the file that is there")
    arguments = parser.parse_args()
    if unicode16.unidata_version != "16.0.0":
        sys.exit(f"unicodedata2 16.0.0 is needed, not {unicode16.unidata_version}")
    text = render()
    if arguments.check:
        sys.exit(0 if OUTPUT.read_text(encoding="ascii") == text else f"{OUTPUT} is out of date")
    OUTPUT.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
