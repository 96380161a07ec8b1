"""Runs an item's own solution. Input: the set's name, the item (JSON). Output: three lines of JSON: {"prompt", "entry_point", "total": seconds
allowed for all calls} or {"error": why the item cannot be used}; the calls, grouped: [[[arguments, named arguments, seconds allowed], ...], ...];
what they gave, grouped the same way.

An item with inputs (EvalPlus) is called with them, the set's own first, then the added ones. An item with a test function
(HumanEval) is called as that function calls it. A call whose result does not fit into the sandbox's memory (one of MBPP/255 makes
1.6 million tuples) is left out, for every model alike.
"""
import copy
import random
import time

# A call may take 4 s, or four times what the item's own solution takes. All calls of a program that is wrong by then are made too, so
# together they get less than EvalPlus's 60 s: 10 s, or ten times the item's own.
LEAST_SECONDS, TIMES_REFERENCE = 4.0, 4.0
LEAST_TOTAL_SECONDS, TIMES_REFERENCE_TOTAL, MOST_TOTAL_SECONDS = 10.0, 10.0, 60.0

# JSON has no tuples, sets or complex numbers. Where MBPP's inputs had some, EvalPlus says by task which lists stand for what.
ARGUMENTS_ARE_TUPLES = {2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809}
ARGUMENTS_HOLD_TUPLES = {63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}
FIRST_HOLDS_TUPLES = {75, 413, 444, 753}
FIRST_IS_TUPLE = {250, 307, 405, 446, 617, 720, 763, 808}
SECOND_IS_TUPLE = {106, 750}
TUPLES_OF_TUPLES = {259, 401, 445}
ALL_TUPLES = {580, 615, 791}
# Their results cannot be written down; the original tests ask only whether there is one.
ONLY_WHETHER_THERE_IS_ONE = {"check_str", "text_match_three", "text_starta_endb"}


def tuples(items):
    return [tuple(item) if isinstance(item, list) else item for item in items]


def all_tuples(value):
    return tuple(all_tuples(item) for item in value) if isinstance(value, list) else value


def original_arguments(task, inp):
    if task in ARGUMENTS_ARE_TUPLES:
        return tuples(inp)
    if task in ARGUMENTS_HOLD_TUPLES:
        return [tuples(argument) for argument in inp]
    if task in FIRST_HOLDS_TUPLES:
        return [tuples(inp[0]), *inp[1:]]
    if task in FIRST_IS_TUPLE:
        return [tuple(inp[0]), *inp[1:]]
    if task in SECOND_IS_TUPLE:
        return [inp[0], tuple(inp[1])]
    if task in TUPLES_OF_TUPLES:
        return [tuple(tuples(argument)) for argument in inp]
    if task in ALL_TUPLES:
        return [all_tuples(argument) for argument in inp]
    if task == 115:  # sets, an empty one given as an empty dict
        return [[set(item) if isinstance(item, list) and item else {} for item in inp[0]]]
    if task == 124:
        return [float(inp[0]), complex(inp[1])]
    if task == 252:
        return [complex(inp[0])]
    if task == 278:
        return [tuple(tuples(inp[0]))]
    if task == 722:
        return [{key: tuple(value) for key, value in inp[0].items()}, *inp[1:]]
    return inp


class Recorder:
    """Calls a function and remembers the calls, what they gave and how long they took."""

    def __init__(self, function):
        self.function, self.calls, self.results, self.seconds = function, [], [], 0.0

    def __call__(self, *arguments, **named):
        call = json.dumps([encode(list(arguments)), encode(named)])
        if len(call) > MOST_CHARACTERS:
            raise ValueError("arguments too long to send")
        state = random.getstate()  # the solution's own draws do not shift the test's
        arguments, named = copy.deepcopy(arguments), copy.deepcopy(named)
        started = time.perf_counter()
        result = self.function(*arguments, **named)
        text = encoded_result(result)
        took = time.perf_counter() - started
        random.setstate(state)
        self.seconds += took
        self.calls.append([*json.loads(call), max(LEAST_SECONDS, TIMES_REFERENCE * took)])
        self.results.append(text)
        return result


def record_test(item, function):
    recorder = Recorder(function)
    names = run_source(item["prompt"] + "\n" + item["test"], "tests")
    names[item["entry_point"]] = recorder
    random.seed(0)
    names["check"](recorder)
    return [recorder], max(LEAST_SECONDS, TIMES_REFERENCE * recorder.seconds)


def record_inputs(item, function, set_name):
    task = int(item["task_id"].split("/")[-1]) if set_name == "mbpp" else 0
    if set_name == "mbpp" and item["entry_point"] in ONLY_WHETHER_THERE_IS_ONE:
        called = lambda *arguments: function(*arguments) is not None
    else:
        called = function
    recorders = []
    for inputs in (item["base_input"], item["plus_input"]):
        recorder = Recorder(called)
        for inp in inputs:
            try:
                recorder(*original_arguments(task, inp))
            except MemoryError:
                pass
        recorders.append(recorder)
    taken = sum(recorder.seconds for recorder in recorders)
    return recorders, min(MOST_TOTAL_SECONDS, max(LEAST_TOTAL_SECONDS, TIMES_REFERENCE_TOTAL * taken))


def main():
    set_name, item = read_parts()
    channel = Channel()
    name = "?"
    try:
        item = json.loads(item)
        name = item["task_id"]
        function = run_source(item["prompt"] + item["canonical_solution"], "reference")[item["entry_point"]]
        recorders, total = record_test(item, function) if "test" in item else record_inputs(item, function, set_name)
        head = json.dumps({"prompt": item["prompt"], "entry_point": item["entry_point"], "total": total})
        calls = json.dumps([recorder.calls for recorder in recorders])
        results = "[" + ", ".join("[" + ", ".join(recorder.results) + "]" for recorder in recorders) + "]"
    except BaseException as error:
        channel.send(json.dumps({"error": f"{name}: {type(error).__name__}: {error}"[:300]}))
        return
    for line in (head, calls, results):
        channel.send(line)


main()
