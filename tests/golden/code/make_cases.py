#!/usr/bin/env python3
"""Programs and what EvalPlus says of them: cases.jsonl of this folder.

Each case is an item of HumanEval+ or MBPP+, a program (the item's own solution, or one with a slip of the pen made at random) and whether
EvalPlus 0.3.1 (PyPI evalplus) passes it on the set's own tests ("base") and on the added ones too ("plus").

    python3 make_cases.py DATASETS OUT [--mutants N] [--sample N]

DATASETS holds humanevalplus/HumanEvalPlus-Mini.jsonl.gz and mbppplus/MbppPlus.jsonl.gz. --mutants: per item (default 1). --sample: so many cases a set,
small and fast items first, all three outcomes (default: every item). cases.jsonl was made with --sample 12.
HumanEval/32 is left out: EvalPlus 0.3.1 forgets to count its passed tests, so that it fails every program, the set's own too.
EvalPlus runs the programs without a sandbox: these are the set's own, with slips that open no file.
"""
import argparse
import ast
import copy
import gzip
import json
import pathlib
import random
from multiprocessing.pool import ThreadPool

from evalplus.data.mbpp import mbpp_deserialize_inputs
from evalplus.eval import PASS, untrusted_check
from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
from evalplus.gen.util import trusted_exec

SETS = {"humaneval": "humanevalplus/HumanEvalPlus-Mini.jsonl.gz", "mbpp": "mbppplus/MbppPlus.jsonl.gz"}
OPPOSITE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Add: ast.Sub,
            ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Div, ast.Div: ast.FloorDiv, ast.And: ast.Or, ast.Or: ast.And,
            ast.In: ast.NotIn, ast.NotIn: ast.In}


def slips(function):
    """Functions that each make one slip in the function's definition."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
            found.append(lambda n=node: n.ops.__setitem__(0, OPPOSITE[type(n.ops[0])]()))
        if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OPPOSITE:
            found.append(lambda n=node: setattr(n, "op", OPPOSITE[type(n.op)]()))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.append(lambda n=node: setattr(n, "value", n.value + 1))
        if isinstance(node, ast.Constant) and type(node.value) is bool:
            found.append(lambda n=node: setattr(n, "value", not n.value))
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(lambda n=node: setattr(n, "value", ast.Call(ast.Name("str", ast.Load()), [n.value], [])))
            found.append(lambda n=node: setattr(n, "value", ast.List([n.value], ast.Load())))
            found.append(lambda n=node: setattr(n, "value", ast.BinOp(n.value, ast.Mult(), ast.Constant(1.0000000001))))
        if isinstance(node, ast.If):
            found.append(lambda n=node: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)))
    return found


def mutants(source, count, rng):
    made = []
    for _ in range(count * 3):
        tree = ast.parse(source)
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
        choices = [slip for function in functions for slip in slips(function)]
        if not choices:
            break
        rng.choice(choices)()
        text = ast.unparse(ast.fix_missing_locations(tree))
        if text not in made:
            made.append(text)
        if len(made) == count:
            break
    return made


def judge(job):
    set_name, item, program = job
    ready = copy.deepcopy(item)
    if set_name == "mbpp":
        for group in ("base_input", "plus_input"):
            ready[group] = mbpp_deserialize_inputs(item["task_id"], ready[group])
    verdict, took = {}, 0.0
    for name, group in (("base", "base_input"), ("plus", "plus_input")):
        expected, seconds = trusted_exec(item["prompt"] + item["canonical_solution"], ready[group], item["entry_point"], record_time=True,
                                         output_not_none=set_name == "mbpp" and item["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS)
        status, _ = untrusted_check(set_name, program, ready[group], item["entry_point"], expected, item["atol"], seconds, fast_check=True,
                                    min_time_limit=4.0)
        verdict[name] = status == PASS
        took += sum(seconds)
    return {"seconds": took, "set": set_name, "base": verdict["base"], "plus": verdict["base"] and verdict["plus"], "program": program, "item": item}


def sampled(cases, count):
    """Small items that run fast, the three outcomes in turn."""
    kinds = {}
    for case in sorted((case for case in cases if case["seconds"] < 0.05), key=lambda case: len(json.dumps(case))):
        kinds.setdefault((case["base"], case["plus"]), []).append(case)
    chosen = []
    while len(chosen) < count and any(kinds.values()):
        for kind in kinds.values():
            if kind and len(chosen) < count:
                chosen.append(kind.pop(0))
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("datasets", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--mutants", type=int, default=1)
    parser.add_argument("--sample", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(4)
    with arguments.out.open("w") as out:
        for set_name, path in SETS.items():
            items = [json.loads(line) for line in gzip.open(arguments.datasets / path)]
            jobs = []
            for item in items:
                own = item["prompt"] + item["canonical_solution"]
                programs = [own, *mutants(own, arguments.mutants, rng)]
                jobs += [(set_name, item, program) for program in programs if item["entry_point"] != "find_zero"]
            with ThreadPool(2) as pool:  # threads: EvalPlus starts processes of its own
                cases = pool.map(judge, jobs)
            for case in sampled(cases, arguments.sample) if arguments.sample else cases:
                del case["seconds"]
                out.write(json.dumps(case) + "\n")


main()
