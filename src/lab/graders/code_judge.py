"""Compares what the model's program answered with what the item's own solution gave. Input: the set's name, the item (JSON), the calls and their
expected results (as code_reference.py gives them), the worker's output. Output: a line of JSON: {"verdict": "pass", "assertion",
"exception", "syntax", "timeout" or "memory", "text": why, "base": whether the set's own tests pass, the added ones aside}.

The last part of the input says how the worker ended: "timeout" or "exit code 0". Its output is data: no code of the model's runs here.
"""
import math
import random

# MBPP+ tasks whose results are lists in no particular order.
AS_SETS = {"similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum", "intersection_array",
           "find_dissimilar", "Diff"}
WHETHER_THERE_IS_ONE = {"check_str", "text_match_three", "text_starta_endb"}
RELATIVE_TOLERANCE = 1e-7


class Failure(Exception):
    def __init__(self, verdict, text):
        super().__init__(text)
        self.verdict = verdict


def read_outcomes(output, count):
    """One record a call, in order; a call without one was not answered."""
    records = []
    for line in output.split("\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the program wrote it
        if isinstance(record, dict):
            records.append(record)
    return records[:count]


def failure_of(record):
    name, text = str(record.get("end", record.get("raised"))), str(record.get("text", ""))
    if name in ("timeout", "syntax"):
        return Failure(name, text)
    if name == "MemoryError":
        return Failure("memory", text)
    return Failure("exception", f"{name}: {text}"[:400])


class Answers:
    """The worker's records, one a call."""

    def __init__(self, records, ending):
        self.records, self.ending = records, ending

    def value(self, index):
        if index >= len(self.records):
            verdict = "timeout" if self.ending == "timeout" else "exception"
            raise Failure(verdict, f"the program ended before its last call: {self.ending}")
        record = self.records[index]
        if "value" not in record:
            raise failure_of(record)
        try:
            return decode(record["value"])
        except Exception:
            raise Failure("assertion", "a value of no kind")


def is_float_like(value):
    if isinstance(value, (list, tuple)) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def all_close(value, expected, tolerance):
    if isinstance(expected, (list, tuple)):
        same_shape = isinstance(value, (list, tuple)) and len(value) == len(expected)
        return same_shape and all(all_close(v, e, tolerance) for v, e in zip(value, expected))
    if not all(isinstance(x, (int, float, complex)) for x in (value, expected)):
        return False
    return value == expected or abs(value - expected) <= tolerance + RELATIVE_TOLERANCE * abs(expected)


def pyramid_surface(base_edge, height):
    """MBPP/581 with the height from the base's centre to the apex, where the set's solution takes the slant height."""
    slant_height = math.hypot(base_edge / 2, height)
    return round(base_edge * base_edge + 2 * base_edge * slant_height)


def digit_distance(a, b):
    """MBPP/558 with the shorter number padded by zeros, where the set's solution takes the digits of the difference."""
    width = max(len(str(a)), len(str(b)))
    return sum(abs(int(x) - int(y)) for x, y in zip(str(a).zfill(width), str(b).zfill(width)))


def agrees_as_mbpp(entry_point, arguments, value, expected, tolerance):
    """Equal, or right by a reading of the task that EvalPlus allows too."""
    if entry_point in AS_SETS:
        return set(value) == set(expected)
    if entry_point in WHETHER_THERE_IS_ONE:
        return value == expected if isinstance(value, bool) else expected == (value is not None)
    if value == expected or entry_point == "are_equivalent":
        return True
    if entry_point == "sum_div":
        return value == 0
    if entry_point == "surface_Area":
        return abs(value - pyramid_surface(*arguments)) <= tolerance
    return entry_point == "digit_distance_nums" and value == digit_distance(*arguments)


class Comparison:
    """EvalPlus's rule for one group of calls: its tolerance, once raised for a float, stays for the calls that follow."""

    def __init__(self, set_name, item):
        self.set_name, self.entry_point, self.tolerance = set_name, item["entry_point"], item["atol"]

    def agrees(self, arguments, value, expected):
        if self.set_name == "humaneval" and self.entry_point == "find_zero":
            return abs(sum(c * math.pow(value, i) for i, c in enumerate(arguments[0]))) <= self.tolerance
        if self.set_name == "mbpp":
            exact = agrees_as_mbpp(self.entry_point, arguments, value, expected, self.tolerance)
        else:
            exact = value == expected
        if self.tolerance == 0 and is_float_like(expected):
            self.tolerance = 1e-6
        if exact or self.tolerance == 0:
            return exact
        return type(value) == type(expected) and all_close(value, expected, self.tolerance)

    def check(self, arguments, value, expected):
        try:
            agreed = self.agrees(arguments, value, expected)
        except Exception:  # values that cannot be compared
            agreed = False
        if not agreed:
            raise Failure("assertion", f"arguments {arguments!r}: {value!r} instead of {expected!r}"[:400])


def judge_inputs(set_name, item, calls, expected, answers):
    """How many of the groups (the set's own tests, the added ones) passed, and the first failure."""
    index = 0
    for passed, (group, results) in enumerate(zip(calls, expected)):
        comparison = Comparison(set_name, item)
        for (arguments, _, _), result in zip(group, results):
            try:
                comparison.check(decode(arguments), answers.value(index), decode(result))
            except Failure as failure:
                return passed, failure
            index += 1
    return len(calls), None


class Replay:
    """Stands for the model's function in the set's own test: answers a call as the worker did."""

    def __init__(self, calls, answers):
        self.known = {}
        self.order = [json.dumps(call[:2]) for call in calls]
        for index, call in enumerate(self.order):
            self.known.setdefault(call, index)
        self.answers, self.next = answers, 0

    def __call__(self, *arguments, **named):
        call = json.dumps([encode(list(arguments)), encode(named)])
        index, self.next = self.next, self.next + 1
        if index >= len(self.order) or self.order[index] != call:
            index = self.known.get(call)
        if index is None:
            raise Failure("assertion", "the test takes another course than with the set's own solution")
        return self.answers.value(index)


def judge_test(item, calls, answers):
    replay = Replay(calls[0], answers)
    names = run_source(item["prompt"] + "\n" + item["test"], "tests")
    names[item["entry_point"]] = replay
    random.seed(0)
    try:
        names["check"](replay)
    except Failure as failure:
        return 0, failure
    except Exception as error:  # AssertionError; or the test met a value that it cannot use
        return 0, Failure("assertion", f"call {replay.next}: {error}"[:400])
    return 1, None


def main():
    set_name, item, calls, expected, output, ending = read_parts()
    channel = Channel()
    item, calls = json.loads(item), json.loads(calls)
    answers = Answers(read_outcomes(output, sum(len(group) for group in calls)), ending)
    if "test" in item:
        passed, failure = judge_test(item, calls, answers)
    else:
        passed, failure = judge_inputs(set_name, item, calls, json.loads(expected), answers)
    verdict = {"verdict": "pass"} if failure is None else {"verdict": failure.verdict, "text": str(failure)}
    channel.send(json.dumps({**verdict, "base": passed > 0}))


main()
