"""Values that pass between the programs of a grading (code.h), as JSON: what one side sends, the other takes as plain data, whatever it is.

None, bool, int below 2^63, float and str stand for themselves; everything else is a list that begins with its kind. What cannot be sent
arrives as an object equal to nothing. A result beyond MOST_CHARACTERS arrives
as its length and digest: equal to one that was written alike.
"""
import collections
import decimal
import fractions
import itertools
import json
import os
import sys

MOST_ITEMS = 100_000  # taken from an iterator, which may be endless
MOST_CHARACTERS = 1_000_000  # of a result as JSON; a longer one is told by its digest


class OtherList(list): pass
class OtherTuple(tuple): pass
class OtherDict(dict): pass
class OtherSet(set): pass
class OtherStr(str): pass
class OtherInt(int): pass
class OtherFloat(float): pass


# Subclasses arrive as subclasses of ours, so that their own methods (an __eq__ that always agrees) stay behind.
OTHERS = [(list, OtherList), (tuple, OtherTuple), (dict, OtherDict), (set, OtherSet), (str, OtherStr), (int, OtherInt),
          (float, OtherFloat)]
BUILT_FROM = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict, "Counter": collections.Counter,
              "OrderedDict": collections.OrderedDict, "deque": collections.deque}


class Opaque:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


class Once:
    """An iterator that the other side ran to its end."""

    def __init__(self, items):
        self.items = iter(items)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)


def encode(value):
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if abs(value) < 1 << 63 else ["int", hex(value)]
    if kind in (list, tuple, set, frozenset, collections.deque):
        return [kind.__name__, [encode(item) for item in value]]
    if kind in (dict, collections.Counter, collections.OrderedDict):
        return [kind.__name__, [[encode(key), encode(item)] for key, item in value.items()]]
    if kind is complex:
        return ["complex", value.real, value.imag]
    if kind in (bytes, bytearray):
        return [kind.__name__, value.hex()]
    if kind is range:
        return ["range", value.start, value.stop, value.step]
    if kind in (decimal.Decimal, fractions.Fraction):
        return [kind.__name__, str(value)]
    if kind is type({}.keys()):
        return ["keys", [encode(item) for item in value]]
    for base, _ in OTHERS:
        if isinstance(value, base):
            return ["other", base.__name__, encode(base(value))]
    if hasattr(kind, "__next__"):
        return ["once", [encode(item) for item in itertools.islice(value, MOST_ITEMS)]]
    return ["opaque", kind.__name__]


def encoded_result(value):
    """The JSON text; a long one as its length and digest, a value that resists (a cycle, a hostile class) as opaque."""
    try:
        text = json.dumps(encode(value))
    except MemoryError:
        raise
    except Exception:
        return json.dumps(["opaque", "value"])
    if len(text) <= MOST_CHARACTERS:
        return text
    import hashlib
    return json.dumps(f"{len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()}")


def decode(code):
    if not isinstance(code, list):
        return code
    kind, rest = code[0], code[1:]
    if kind == "int":
        return int(rest[0], 16)
    if kind in ("dict", "Counter", "OrderedDict"):
        return BUILT_FROM[kind]({decode(key): decode(item) for key, item in rest[0]})
    if kind in BUILT_FROM:
        return BUILT_FROM[kind]([decode(item) for item in rest[0]])
    if kind == "complex":
        return complex(rest[0], rest[1])
    if kind in ("bytes", "bytearray"):
        return (bytes if kind == "bytes" else bytearray).fromhex(rest[0])
    if kind == "range":
        return range(*rest)
    if kind in ("Decimal", "Fraction"):
        return decimal.Decimal(rest[0]) if kind == "Decimal" else fractions.Fraction(rest[0])
    if kind == "keys":
        return dict.fromkeys(decode(item) for item in rest[0]).keys()
    if kind == "other":
        plain = decode(rest[1])
        return next(ours for base, ours in OTHERS if base.__name__ == rest[0])(plain)
    if kind == "once":
        return Once([decode(item) for item in rest[0]])
    return Opaque(rest[0])


def read_parts():
    """Stdin: the lengths of the parts in bytes on one line, then the parts."""
    lengths = sys.stdin.buffer.readline().split()
    return [sys.stdin.buffer.read(int(length)).decode("utf-8") for length in lengths]


class Channel:
    """What stdout was; from here on what anybody prints goes nowhere, and stdin is at its end."""

    def __init__(self):
        self.descriptor = os.dup(1)
        nowhere = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)

    def send(self, line):
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self.descriptor, data):]


def run_source(source, name):
    """The names that `source` defines, run as a module that can be found by its name (dataclasses look theirs up)."""
    import types
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
    return module.__dict__
