#!/usr/bin/env python3
"""A model's matrices in another type: retype.py FROM.gguf TO.gguf F32|F16|Q8_0|Q4_0|Q4_1|Q5_0|Q5_1. For files of a type that no real weights at hand are in; what
the first rounding took stays lost. Needs gguf and numpy."""
import sys

import gguf


def main():
    source, target, name = sys.argv[1:4]
    wanted, reader = gguf.GGMLQuantizationType[name], gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_array(key, field.contents())
        else:
            writer.add_key_value(key, field.contents(), field.types[0])
    for tensor in reader.tensors:
        if len(tensor.shape) < 2:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        floats = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, gguf.quants.quantize(floats, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
