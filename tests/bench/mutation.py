"""How well do the case files pin the checks down? `python -m tests.bench.mutation [CHECK …] [--record] [--show]`.

Each predicate (all functions of a check's module but `remedy`, about which case files expect nothing) is changed in one
place at a time, by the operators below; a mutant is killed when some case file of that check no longer gets exactly the
answers that it expects. The score is killed by all. Sentences are not mutated: only what decides. Mutants run in this
process: a mutant costs one run of some 7 files.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import multiprocessing
import sys
import types
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from policies.checks import CHECKS, load
from policies.deadline import within
from policies.profiles import Entry
from tests.bench import measuring
from tests.policies.cases import FOLDER, Case, answers, case

COMPARE = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
SECONDS = 5.0
"""for one case under one mutant: an endless loop is a killed mutant"""


class Mutants:
    """Every way to change one place of a function; `change` applies the nth of a node in a copy of the tree."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    def __iter__(self) -> Iterator[tuple[str, ast.Module]]:
        for index, node in enumerate(ast.walk(self._tree)):
            if not isinstance(node, ast.FunctionDef) or node.name == "remedy":
                continue
            told = _told(node)
            for at, inner in enumerate(ast.walk(node)):
                if id(inner) in told:
                    continue
                for kind in range(len(_ways(inner))):
                    tree = copy.deepcopy(self._tree)
                    function = list(ast.walk(tree))[index]
                    place = list(ast.walk(function))[at]
                    name = _ways(place)[kind]
                    _apply(place, kind)
                    yield f"{getattr(inner, 'lineno', 0)}: {name}", ast.fix_missing_locations(tree)


def _told(function: ast.FunctionDef) -> set[int]:
    """Nodes that only speak: docstrings, text with formatting, and sentences (text with a blank or beyond ASCII)."""
    found: set[int] = set()
    for node in ast.walk(function):
        speaks = isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (" " in node.value or not node.value.isascii())
        )
        if speaks or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            found |= {id(inner) for inner in ast.walk(node)}
    return found


def _ways(node: ast.AST) -> list[str]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARE:
            return [f"{type(op).__name__} → {other.__name__}" for other in COMPARE[type(op)]]
        case ast.BoolOp(op=ast.And()):
            return ["and → or"]
        case ast.BoolOp(op=ast.Or()):
            return ["or → and"]
        case ast.UnaryOp(op=ast.Not()):
            return ["not x → x"]
        case ast.BinOp() if type(node.op) in BINARY and not _text(node):
            return [f"{type(node.op).__name__} → {BINARY[type(node.op)].__name__}"]
        case ast.Constant(value=bool()):
            return ["True ↔ False"]
        case ast.Constant(value=int() | float()):
            return ["n → n + 1"]
        case ast.Constant(value=str()) if node.value:
            return ["word → another"]
        case ast.If() | ast.IfExp() | ast.While():
            return ["condition → its opposite"]
        case ast.Continue():
            return ["continue → break"]
        case ast.comprehension() if node.ifs:
            return ["condition of a comprehension left out"]
        case ast.Call(func=ast.Name(id="any")):
            return ["any → all"]
        case ast.Call(func=ast.Name(id="all")):
            return ["all → any"]
        case ast.Call(func=ast.Name(id="max")):
            return ["max → min"]
        case ast.Call(func=ast.Name(id="min")):
            return ["min → max"]
        case _:
            return []


def _text(node: ast.BinOp) -> bool:
    return any(isinstance(inner, ast.JoinedStr | ast.List | ast.ListComp | ast.IfExp) for inner in ast.walk(node))


def _apply(node: ast.AST, kind: int) -> None:
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [COMPARE[type(op)][kind]()]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op = ast.UAdd()  # replaced below: a double negation keeps truth and type
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.BinOp():
            node.op = BINARY[type(node.op)]()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int() | float()):
            node.value = node.value + 1  # pyright: ignore[reportOperatorIssue]
        case ast.Constant():
            node.value = f"{node.value}-changed"
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.Continue():
            node.__class__ = ast.Break  # pyright: ignore[reportAttributeAccessIssue]
        case ast.comprehension():
            node.ifs = []
        case ast.Call(func=ast.Name() as name):
            name.id = {"any": "all", "all": "any", "max": "min", "min": "max"}[name.id]


def killed(tree: ast.Module, module: types.ModuleType, entry: Entry, cases: list[Case]) -> bool:
    """Does some case notice? A mutant that cannot even be loaded is killed."""
    fresh = types.ModuleType(module.__name__)
    fresh.__file__ = module.__file__
    try:
        exec(compile(tree, str(module.__file__), "exec"), fresh.__dict__)
    except Exception:
        return True
    loaded = type(entry.loaded)(entry.loaded.check, fresh.__dict__["judge"], entry.loaded.page)
    for one in cases:
        try:
            with within(SECONDS):
                seen = _seen(one, Entry(loaded, "mandatory", one.entry.params))
        except TimeoutError:
            return True
        if seen != one.expect:
            return True
    return False


def _seen(one: Case, entry: Entry) -> dict[str, str]:
    """What a check says of a case, as its file writes it."""
    seen: dict[str, str] = {}
    for name, looked in answers(one, entry):
        seen[name] = looked.answer.value if name not in seen else "twice"
    return seen


def score(id_: str) -> tuple[str, int, list[str]]:
    """The check, how many mutants, and those that lived."""
    module = importlib.import_module(CHECKS[id_].partition(":")[0])
    cases = [case(path) for path in sorted((FOLDER / id_).glob("*.yaml"))]
    entry = cases[0].entry
    assert killed(ast.parse("judge = None"), module, entry, cases), "no mutant may live that says nothing"
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    assert not killed(tree, module, entry, cases), f"{id_} fails its own cases"
    total, alive = 0, []
    for name, mutant in Mutants(tree):
        total += 1
        if not killed(mutant, module, entry, cases):
            alive.append(name)
    return id_, total, alive


def main(typed: list[str]) -> int:
    """Score the named checks, or all; exit 1 below 90 %."""
    parser = argparse.ArgumentParser("python -m tests.bench.mutation")
    parser.add_argument("checks", nargs="*")
    parser.add_argument("--show", action="store_true", help="the mutants that lived")
    parser.add_argument("--record", action="store_true", help="print a row for docs/benchmarks.md")
    options = parser.parse_args(typed)
    ids = options.checks or list(CHECKS)
    for id_ in ids:
        load(id_)
    total = living = 0
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for id_, count, alive in pool.imap(score, ids):
            total, living = total + count, living + len(alive)
            print(
                f"{id_}  {count - len(alive)}/{count}  {100 * (count - len(alive)) / max(count, 1):.0f} %", flush=True
            )
            for name in alive if options.show else ():
                print(f"    {name}")
    share = 100 * (total - living) / max(total, 1)
    line = f"{len(ids)} checks, {total} mutants, {total - living} killed: {share:.1f} %"
    print(line)
    if options.record:
        print(f"| {date.today()} | {line} | {measuring.machine()} |")
    return 0 if share >= 90 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
