#!/usr/bin/env python3
"""Logits of a peer for accuracy.py: peer_logits.py llama.cpp|ik MODEL.gguf f16|q8_0 BATCH, with the lines of slm_logits.cc on stdin and its floats on stdout."""
import ctypes
import json
import os
import sys

import numpy

from peer import Measurement, Peer

GGML_TYPES = {"f16": 1, "q8_0": 8}


def write_all(data):
    """Python's own buffer was seen to lose the rest of a large write where the process had been stopped in it."""
    left = memoryview(data)
    while left:
        left = left[os.write(sys.stdout.fileno(), left):]


class Logits(Measurement):
    def __init__(self, kind, path, kv_type, batch):
        self.kv_type, self.batch = GGML_TYPES[kv_type], batch
        super().__init__(Peer(kind), path, {"prefill": [2048], "depths": [], "threads": 1})

    def adjust(self, params):
        params.type_k = params.type_v = self.kv_type
        params.n_ubatch = max(self.batch, 1)

    def answer(self, ids, first):
        self.peer.clear(self.context)
        for start in range(0, len(ids), self.batch):
            part = ids[start:start + self.batch]
            self.run([(token, start + i, 0, start + i >= first) for i, token in enumerate(part)])
            for i in range(max(first - start, 0), len(part)):
                floats = ctypes.cast(self.peer.api.llama_get_logits_ith(self.context, i), ctypes.POINTER(ctypes.c_float))
                write_all(numpy.ctypeslib.as_array(floats, shape=(self.vocabulary,)).tobytes())


def main():
    kind, path, kv_type, batch = sys.argv[1:5]
    logits = Logits(kind, path, kv_type, int(batch))
    for line in sys.stdin:
        request = json.loads(line)
        logits.answer(request["ids"], request["first"])


main()
