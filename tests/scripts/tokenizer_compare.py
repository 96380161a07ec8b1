#!/usr/bin/env python3
"""Compares `slm tokenize` with the original tokenizers, id by id.

    pip install tokenizers==0.23.3
    tokenizer_compare.py build/slm [NAME=MODEL.gguf ...]

Without models it takes the vocabularies of ../shared/tokenizers (in files that tools/make_model writes) and the real weights
in SLM_TEST_WEIGHTS. NAME is a folder of ../shared/tokenizers (qwen2_5, qwen3, llama3, gemma, gemma3), or `smollm`: then the original is made from
the GGUF file itself. Texts are random: code points assigned in Unicode 9, decomposed text, emoji, the languages of
../shared/datasets/flores, code. Control tokens in the texts are tokens here, since the originals always take them so.
Prints one line a vocabulary; the exit status is 1 when any id differs.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import tokenizers

import tokenizer_oracle as oracle


SMOLLM_SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<filename>", "<empty_output>"]


def slm_ids(slm, model, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([slm, "tokenize", model, "--special", "--batch"], input=lines.encode(), stdout=subprocess.PIPE,
                          check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if len(rows) != len(texts):
        sys.exit(f"{model}: {len(rows)} answers to {len(texts)} texts")
    return rows


def open_original(name, model):
    return oracle.from_smollm_gguf(model) if name == "smollm" else oracle.from_folder(name)


def compare(slm, name, model, texts, show):
    original = open_original(name, model)
    started = time.monotonic()
    ours = slm_ids(slm, model, texts)
    # Llama 3's file adds its BOS outside tokenizer.json: what stands before an empty text is no part of the comparison,
    # unless the original has it too.
    extra = slm_ids(slm, model, [""])[0]
    if original.encode("").ids == extra:
        extra = []
    size = original.get_vocab_size()
    # The vision tower's <image_soft_token> stands beyond the vocabulary of text models.
    vocabulary = len(oracle.read_gguf_metadata(model)["tokenizer.ggml.tokens"])
    different = skipped = 0
    for text, ids, encoding in zip(texts, ours, original.encode_batch_fast(texts)):
        expected = encoding.ids
        if size > vocabulary and any(i >= vocabulary for i in expected):
            skipped += 1
            continue
        if ids[len(extra):] != expected or ids[:len(extra)] != extra:
            different += 1
            if different <= show:
                print(f"  {text!r}\n    original {expected}\n    slm      {ids}")
    print(f"{name}: {len(texts) - skipped} texts, {different} differ ({time.monotonic() - started:.1f} s, "
          f"tokenizers {tokenizers.__version__})", flush=True)
    return different


def made_models(directory):
    """Files with the vocabularies of ../shared/tokenizers (and a model too small to be of use), made where missing."""
    make_model = oracle.ROOT / "build/tools/make_model"
    families = {"qwen2_5": "qwen2", "qwen3": "qwen3", "llama3": "llama", "gemma": "gemma", "gemma3": "gemma3"}
    for name, family in families.items():
        if not (oracle.TOKENIZERS / name).is_dir():
            continue
        path = directory / f"{name}.gguf"
        if not path.exists():
            partial = path.with_suffix(".part")
            subprocess.run([make_model, "--family", family, "--preset", "tiny", "--type", "Q4_0", "--tokenizer",
                            oracle.TOKENIZERS / name, partial], check=True, stdout=subprocess.DEVNULL)
            partial.rename(path)
        yield name, str(path)


def default_models():
    directory = oracle.ROOT / "build/test-tokenizers"
    directory.mkdir(parents=True, exist_ok=True)
    yield from made_models(directory)
    weights = os.environ.get("SLM_TEST_WEIGHTS")
    if weights:
        yield "smollm", f"{weights}/smollm2-135m.gguf"
        if (oracle.TOKENIZERS / "gemma3").is_dir():
            yield "gemma3", f"{weights}/gemma3-270m.gguf"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5, help="differences to print")
    parser.add_argument("slm", help="the program to test")
    parser.add_argument("models", nargs="*", metavar="NAME=MODEL.gguf")
    arguments = parser.parse_args()
    models = [tuple(pair.split("=", 1)) for pair in arguments.models] or list(default_models())
    if not models:
        sys.exit("nothing to compare: neither ../shared/tokenizers nor SLM_TEST_WEIGHTS is there")
    special = SMOLLM_SPECIAL + [text for name, _ in models if name != "smollm" for text in oracle.special_texts(name)]
    texts = oracle.Texts(arguments.seed, special).list(arguments.count)
    different = 0
    for name, model in models:
        different += compare(arguments.slm, name, model, texts, arguments.show)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
