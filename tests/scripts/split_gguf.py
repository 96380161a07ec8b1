"""A GGUF file in parts, as llama.cpp's gguf-split writes them: the first holds the metadata, each some of the tensors."""
import bisect
import struct

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
ALIGNMENT = 32


def _skip_string(data, at):
    return at + 8 + struct.unpack_from("<Q", data, at)[0]


def _skip_value(data, at, kind):
    if kind == STRING:
        return _skip_string(data, at)
    if kind != ARRAY:
        return at + SIZES[kind]
    item, count = struct.unpack_from("<IQ", data, at)
    at += 12
    for _ in range(count):
        at = _skip_value(data, at, item)
    return at


def _key(name, kind, value):
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value


def _padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def split_gguf(data, count):
    """The parts' bytes."""
    n_tensors, n_keys = struct.unpack_from("<QQ", data, 8)
    at = start = 24
    for _ in range(n_keys):
        at = _skip_string(data, at)
        at = _skip_value(data, at + 4, struct.unpack_from("<I", data, at)[0])
    metadata = data[start:at]
    tensors = []
    for _ in range(n_tensors):
        begin, at = at, _skip_string(data, at)
        at += 4 + 8 * struct.unpack_from("<I", data, at)[0] + 4
        tensors.append((data[begin:at], struct.unpack_from("<Q", data, at)[0]))
        at += 8
    base = len(_padded(data[:at]))
    ends = sorted(offset for _, offset in tensors) + [len(data) - base]
    parts = []
    for number in range(count):
        own = tensors[number * n_tensors // count:(number + 1) * n_tensors // count]
        keys = _key("split.no", 2, struct.pack("<H", number)) + _key("split.count", 2, struct.pack("<H", count)) + _key("split.tensors.count", 5, struct.pack("<i", n_tensors))
        header = b"GGUF" + struct.pack("<IQQ", 3, len(own), 3 + (0 if number else n_keys)) + (b"" if number else metadata) + keys
        body = b""
        for description, offset in own:
            header += description + struct.pack("<Q", len(body))
            body += _padded(data[base + offset:base + ends[bisect.bisect_right(ends, offset)]])
        parts.append(_padded(header) + body)
    return parts


def write_parts(data, count, stem):
    """Writes STEM-00001-of-0000N.gguf and so on; gives their paths."""
    paths = []
    for number, part in enumerate(split_gguf(data, count), 1):
        paths.append(f"{stem}-{number:05}-of-{count:05}.gguf")
        with open(paths[-1], "wb") as file:
            file.write(part)
    return paths
