#!/usr/bin/env python3
"""Writes the golden files of this folder from the original tokenizers (PROVENANCE.md).

    pip install tokenizers==0.23.3
    generate.py SMOLLM2.gguf     # the real file: SmolLM2's original is made from its tokens and merges
"""

import json
import pathlib
import sys
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

import tokenizer_oracle as oracle  # noqa: E402
from tokenizers import Regex, normalizers, pre_tokenizers  # noqa: E402

FOLDERS = ["qwen2_5", "qwen3", "llama3", "gemma", "gemma3"]
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "</tool_call>", "<think>", "<|eot_id|>",
           "<|start_header_id|>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<unused7>", "<h1>", "</table>", "\t\t"]
# Each for a trap: see docs/tokenizers.md.
CHOSEN = [
    "", " ", "  ", "   ", "\n", "\r\n", " \n ", "a", " a", "a ", "  a", "\ta", "\n\n\na", "a\n\n b", "x \n\t y",
    "Hello, world!", "I'm you're we'll they'd it's he'S SHE'LL don'T", "'\u017fo \u017f's '\u017f", "''s'", "don't'd", "'sa 'reb",
    "1", "12", "123", "1234", "1234567", " 1", "  12", "3.14159", "a1b22c333", "\u0661\u0662\u0663\u0664", "\u00bd\u2167\u3007",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341" * 3,
    "Cafe\u0301 de\u0301ja\u0300 vu", "\u0041\u030a\u0327", "\u212b", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0915\u093c", "\u0344", "\u1e9b\u0323",
    "q\u0307\u0323", "q\u0323\u0307", "\u08d3\u0301", "\U00011935\U00011930", "\u0958", "\ufb1d",
    "\u2581", "\u2581\u2581", " \u2581", "\u2581 \u2581", "a\u2581b", "a \u2581\u2581b", "\u2581\u2581 a",
    "a" * 100, "ab" * 60, " " * 33, " " * 70 + "x", "\n" * 35, "\t" * 40, "=" * 80, "-" * 17, "\u4e2d" * 40, "\U0001f600" * 12,
    "for (int i = 0; i < n; ++i) {\n\t\tsum += a[i];\n    }\n", "#include <vector>\n\nint main() { return 0; }\n",
    "{\"name\": \"f\", \"arguments\": {\"x\": [1, 2.5e-3, null]}}", "https://example.org/a?b=c&d=%20",
    "\u0000", "\u0004\u0006!\u0013!", "!\u0004!", "\u200d\u200c\ufeff", "\ufffd", "\U000fffff", "\u0085x\u00a0y\u3000z",
    "<|im_start|>user\nhi<|im_end|>", "<|im_start", "<|im_end|><|im_end|>", "<tool_call>\n{}\n</tool_call>",
    "<start_of_turn>user\nhi<end_of_turn>\n", "<bos>x", "<h1>t</h1>", "<<h1>>", "<unused0><unused10>", "[multimodal]",
    "<0x41>", "<|begin_of_text|>x<|eot_id|>", "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22\u0e07\u0e48\u0e32\u0e22",
    "\u1780\u17bb\u1798\u17b6\u179a", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645", "\u05e9\u05dc\u05d5\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947",
    "Stra\u00dfe \u00c4pfel \u0141\u00f3d\u017a", "\u0421\u043f\u0430\u0441\u0438\u0431\u043e",
]


def ranges(codes):
    """Sorted code points as [first, last, first, last, ...]."""
    flat = []
    for code in sorted(codes):
        if flat and flat[-1] == code - 1:
            flat[-1] = code
        else:
            flat += [code, code]
    return flat


def all_characters():
    return [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def matching(pattern):
    """Code points that a pattern of the original's regular expressions matches."""
    splitter = pre_tokenizers.Split(Regex(pattern), behavior="removed")
    characters = all_characters()
    found = set()
    for start in range(0, len(characters), 4096):
        part = characters[start:start + 4096]
        rest = set()
        for _, (begin, end) in splitter.pre_tokenize_str("".join(part)):
            rest.update(range(begin, end))
        found.update(ord(part[i]) for i in range(len(part)) if i not in rest)
    return found


def digits():
    splitter = pre_tokenizers.Digits(individual_digits=True)
    return {ord(c) for c in all_characters() if len(splitter.pre_tokenize_str("a" + c + "a")) == 3}


def nfc_facts():
    nfc = normalizers.NFC().normalize_str
    characters = all_characters()
    changed = [[ord(c), nfc(c)] for c in characters if nfc(c) != c]
    # Where a character lands beside marks of each class says which class the original gives it.
    marks = [c for c in characters if unicodedata.combining(c)]
    witnesses = {}
    for mark in marks:
        if nfc("q\u0345" + mark) != "q\u0345" + mark or nfc("q" + mark + "\u0334") != "q" + mark + "\u0334":
            witnesses.setdefault(unicodedata.combining(mark), mark)
    witnesses = [witnesses[key] for key in sorted(witnesses)]
    reordered = [[ord(c), sum(nfc("q" + w + c) != "q" + w + c for w in witnesses)] for c in characters
                 if unicodedata.combining(c) or nfc("q\u0345" + c) != "q\u0345" + c or nfc("q" + c + "\u0334") != "q" + c + "\u0334"]
    pairs = set()
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            pairs.add((int(parts[0], 16), int(parts[1], 16)))
    composed = [[a, b, nfc(chr(a) + chr(b))] for a, b in sorted(pairs)]
    return {"changed": changed, "witnesses": [ord(w) for w in witnesses], "reordered": reordered, "pairs": composed}


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="ascii")


def main():
    smollm_path, = sys.argv[1:]
    texts = CHOSEN + oracle.Texts(7, SPECIAL).list(240)
    write("texts.json", texts)
    originals = {name: oracle.from_folder(name) for name in FOLDERS}
    originals["smollm"] = oracle.from_smollm_gguf(smollm_path)
    for name, original in originals.items():
        write(f"{name}.json", [original.encode(text).ids for text in texts])
    write("classes.json", {"letter": ranges(matching(r"\p{L}")), "number": ranges(matching(r"\p{N}")),
                           "space": ranges(matching(r"\s")), "digit": ranges(digits())})
    write("nfc.json", nfc_facts())


if __name__ == "__main__":
    main()
