#!/usr/bin/env python3
"""One process of a peer: peer.py llama.cpp|ik MODEL.gguf JSON, with JSON = {"prefill": [..], "decode": N, "depths": [..], "threads": N}.

Prints {"prefill 512": tok/s, "decode 64 @ 4096": tok/s, ...}. Both are driven by llama_decode itself, not by their bindings' own generation loop,
and the likeliest token is chosen inside the timed loop. llama.cpp: PyPI's llama-cpp-python; ik: PyPI's ik-llama-cpp-python (README.md).
"""
import ctypes
import json
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

    def one_sequence(self, ids, position):
        """Tokens of sequence 0 from `position`; logits behind the last."""
        batch = self.api.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i] = token
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i + 1 == len(ids)
        return batch


class Measurement:
    def __init__(self, peer, path, work):
        api = peer.api
        self.peer, self.work = peer, work
        api.llama_backend_init()
        model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
        if not model:
            sys.exit(f"{peer.kind} cannot load {path}")
        params = api.llama_context_default_params()
        params.n_ctx = max([*work["prefill"], 0], default=0) + max([*work["depths"], 0], default=0) + work["decode"] + 64
        params.n_batch, params.n_ubatch = 2048, 512  # their own defaults
        params.n_threads = params.n_threads_batch = work["threads"]
        self.context = api.llama_init_from_model(model, params)
        if not self.context:
            sys.exit(f"{peer.kind} cannot make a context for {path}")
        self.vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
        self.random = numpy.random.default_rng(1)

    def decode(self, ids, position):
        """The likeliest id behind the last; batches of their own size."""
        api = self.peer.api
        for start in range(0, len(ids), 2048):
            batch = self.peer.one_sequence(ids[start:start + 2048], position + start)
            if api.llama_decode(self.context, batch) != 0:
                sys.exit(f"{self.peer.kind}: llama_decode failed")
            api.llama_batch_free(batch)
        logits = ctypes.cast(api.llama_get_logits_ith(self.context, -1), ctypes.POINTER(ctypes.c_float))
        return int(numpy.ctypeslib.as_array(logits, shape=(self.vocabulary,)).argmax())

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

    def rates(self):
        self.decode(self.prompt(16), 0)  # a first run, as slm's own measurement has
        found = {f"prefill {n}": self.prefill_rate(n) for n in self.work["prefill"]}
        for depth in self.work["depths"]:
            found[f"decode {self.work['decode']} @ {depth}"] = self.decode_rate(self.work["decode"], depth)
        return found


def main():
    kind, path, work = sys.argv[1:4]
    print(json.dumps(Measurement(Peer(kind), path, json.loads(work)).rates()))


if __name__ == "__main__":
    main()
