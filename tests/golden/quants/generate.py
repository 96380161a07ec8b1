#!/usr/bin/env python3
"""Golden blocks: random bytes of every tensor type and the floats that gguf 0.19.0's numpy code decodes them to.

    python3 generate.py     # writes NAME.blocks.bin (blocks as they lie in a GGUF file) and NAME.floats.bin (float32 LE)

Needs gguf 0.19.0 and numpy. Quants and packed sub-block scales are uniformly random bits; the half-precision scales of the
blocks are random finite values of both signs, with the special ones (zero, the smallest subnormal, the largest half) in
the first blocks. F16 and BF16 are random finite bit patterns over the whole range, subnormals included.
"""
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

HERE = pathlib.Path(__file__).parent
# type: (blocks, byte offsets of its half-precision scales)
BLOCKS = {T.Q4_0: (64, [0]), T.Q4_1: (64, [0, 2]), T.Q5_0: (64, [0]), T.Q5_1: (64, [0, 2]), T.Q8_0: (64, [0]),
          T.Q4_K: (16, [0, 2]), T.Q5_K: (16, [0, 2]), T.Q6_K: (16, [208])}
SPECIAL = np.array([0.0, -0.0, 5.96e-8, -6.1e-5, 65504.0, 1.0, -1.0], dtype=np.float16)


def random_blocks(rng, quant):
    count, scales = BLOCKS[quant]
    _, size = gguf.GGML_QUANT_SIZES[quant]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for n, offset in enumerate(scales):
        values = (rng.standard_normal(count) * 10.0 ** rng.uniform(-4, 1, count)).astype(np.float16)
        values[:len(SPECIAL)] = np.roll(SPECIAL, n)
        blocks[:, offset:offset + 2] = values.view(np.uint8).reshape(count, 2)
    return blocks


def write(name, blocks, floats):
    assert np.isfinite(floats).all()
    np.ascontiguousarray(blocks).tofile(HERE / f"{name}.blocks.bin")
    floats.astype("<f4").tofile(HERE / f"{name}.floats.bin")
    print(name, blocks.nbytes, floats.size, float(np.abs(floats).max()))


def main():
    rng = np.random.default_rng(20)
    for quant in BLOCKS:
        blocks = random_blocks(rng, quant)
        write(quant.name, blocks, gguf.quants.dequantize(blocks, quant).reshape(-1))
    halves = rng.integers(0, 1 << 16, 1024, dtype=np.uint16)
    halves = np.concatenate([halves[(halves & 0x7C00) != 0x7C00], [0, 0x8000, 1, 0x83FF, 0x0400, 0x7BFF]]).astype("<u2")
    write("F16", halves, gguf.quants.dequantize(halves.view(np.float16), T.F16))
    brains = rng.integers(0, 1 << 16, 1024, dtype=np.uint16)
    brains = np.concatenate([brains[(brains & 0x7F80) != 0x7F80], [0, 0x8000, 1, 0x807F, 0x0080, 0x7F7F]]).astype("<u2")
    write("BF16", brains, gguf.quants.dequantize(brains.view(np.uint8), T.BF16))


main()
