#!/usr/bin/env python3
"""One process of a peer: peer.py llama.cpp|ik MODEL.gguf JSON, with JSON = {"prefill": [..], "decode": N, "depths": [..], "sequences": [..],
"threads": N}, or {"start": N, "threads": N}.

Prints {"prefill 512": tok/s, "decode 64 @ 4096": tok/s, "decode 64, 4 sequences": tok/s of all together, ...}, or, for a start with a prompt of N tokens,
{"start to first token, s": .., "start, peak MB": ..}: from before the model is loaded (n_ctx 4096) to the first likeliest token, the memory beside what
Python had taken at most before. Both are driven by llama_decode itself, not by their bindings' own generation loop, and the likeliest token is chosen
inside the timed loop. llama.cpp: PyPI's llama-cpp-python; ik: PyPI's ik-llama-cpp-python (README.md).
"""
import ctypes
import json
import re
import sys
import time

import numpy


class Peer:
    """What the two bindings name differently."""

    def __init__(self, kind):
        self.kind = kind
        if kind == "ik":
            from ik_llama_cpp import _ctypes_api as api
            self.clear = api.llama_kv_cache_clear
        else:
            import llama_cpp as api
            self.silent = api.llama_log_callback(lambda level, text, data: None)
            api.llama_log_set(self.silent, ctypes.c_void_p(0))
            self.clear = lambda context: api.llama_memory_clear(api.llama_get_memory(context), True)
        self.api = api

    def batch(self, tokens):
        """(id, position, sequence, whether its logits are wanted) of each token."""
        batch = self.api.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, (token, position, sequence, wanted) in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = wanted
        return batch


class Measurement:
    """A model with a context for `work`; another context takes its place by open_context()."""

    def __init__(self, peer, path, work):
        self.peer, self.work, self.context = peer, work, None
        peer.api.llama_backend_init()
        self.model = peer.api.llama_model_load_from_file(path.encode(), peer.api.llama_model_default_params())
        if not self.model:
            sys.exit(f"{peer.kind} cannot load {path}")
        self.vocabulary = peer.api.llama_vocab_n_tokens(peer.api.llama_model_get_vocab(self.model))
        self.random = numpy.random.default_rng(1)
        if "start" not in work:
            # One after another, each from an empty context.
            self.open_context(max([*work["prefill"], *(depth + work["decode"] for depth in work["depths"])], default=0) + 64, 1)

    def adjust(self, params):
        """What a measurement of something else than speed wants of a context."""

    def open_context(self, n_ctx, sequences):
        api = self.peer.api
        if self.context:
            api.llama_free(self.context)
        params = api.llama_context_default_params()
        params.n_ctx, params.n_seq_max = n_ctx, sequences  # of all sequences together
        params.n_batch, params.n_ubatch = 2048, 512  # their own defaults
        if self.peer.kind == "ik" and sequences > 1:
            params.flash_attn = False  # 0.1.5's ends in an assertion with several: GGML_ASSERT(S > 0)
        params.n_threads = params.n_threads_batch = self.work["threads"]
        self.adjust(params)
        self.context = api.llama_init_from_model(self.model, params)
        if not self.context:
            sys.exit(f"{self.peer.kind} cannot make a context of {n_ctx} tokens")

    def run(self, tokens):
        batch = self.peer.batch(tokens)
        if self.peer.api.llama_decode(self.context, batch) != 0:
            sys.exit(f"{self.peer.kind}: llama_decode failed")
        self.peer.api.llama_batch_free(batch)

    def likeliest(self, i):
        """By the logits of the last batch's token i; -1: of its last."""
        logits = ctypes.cast(self.peer.api.llama_get_logits_ith(self.context, i), ctypes.POINTER(ctypes.c_float))
        return int(numpy.ctypeslib.as_array(logits, shape=(self.vocabulary,)).argmax())

    def decode(self, ids, position):
        """The likeliest id behind the last of sequence 0; batches of their own size."""
        for start in range(0, len(ids), 2048):
            part = ids[start:start + 2048]
            self.run([(token, position + start + i, 0, i + 1 == len(part)) for i, token in enumerate(part)])
        return self.likeliest(-1)

    def decode_all(self, ids, position):
        """The likeliest id behind each of ids, which are of sequences 0, 1, ..."""
        self.run([(token, position, sequence, True) for sequence, token in enumerate(ids)])
        return [self.likeliest(i) for i in range(len(ids))]

    def prompt(self, n):
        return [int(i) for i in self.random.integers(0, self.vocabulary, n)]

    def prefill_rate(self, n):
        self.peer.clear(self.context)
        ids = self.prompt(n)
        start = time.perf_counter()
        self.decode(ids, 0)
        return n / (time.perf_counter() - start)

    def decode_rate(self, n, depth):
        self.peer.clear(self.context)
        filled = max(depth, 1)
        best = self.decode(self.prompt(filled), 0)
        start = time.perf_counter()
        for i in range(n):
            best = self.decode([best], filled + i)
        return n / (time.perf_counter() - start)

    def rate_of_sequences(self, n, sequences):
        self.open_context((n + 64) * sequences, sequences)
        best = self.decode_all(self.prompt(sequences), 0)
        start = time.perf_counter()
        for i in range(n):
            best = self.decode_all(best, 1 + i)
        return n * sequences / (time.perf_counter() - start)

    def rates(self):
        self.decode(self.prompt(16), 0)  # a first run, as slm's own measurement has
        found = {f"prefill {n}": self.prefill_rate(n) for n in self.work["prefill"]}
        for depth in self.work["depths"]:
            found[f"decode {self.work['decode']} @ {depth}"] = self.decode_rate(self.work["decode"], depth)
        for sequences in self.work["sequences"]:
            found[f"decode {self.work['decode']}, {sequences} sequences"] = self.rate_of_sequences(self.work["decode"], sequences)
        return found


def peak_megabytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024 / 1e6


def first_token(peer, path, work):
    before = peak_megabytes()
    start = time.perf_counter()
    measurement = Measurement(peer, path, work)
    measurement.open_context(4096, 1)
    measurement.decode(measurement.prompt(work["start"]), 0)
    return {"start to first token, s": time.perf_counter() - start, "start, peak MB": peak_megabytes() - before}


def main():
    kind, path, work = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    peer = Peer(kind)
    print(json.dumps(first_token(peer, path, work) if "start" in work else Measurement(peer, path, work).rates()))


if __name__ == "__main__":
    main()
