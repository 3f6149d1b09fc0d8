"""Rooms that one can live in: the sizes of functions, files and classes are facts, not wishes."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "assistant"
MOST_LINES_OF_A_FILE = 400
MOST_LINES_AT_P95 = 30
MOST_METHODS = 19

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Found:
    """One file: whether it says what it is for, its functions with their lengths, its classes with their methods."""

    speaks: bool
    functions: dict[str, int]
    classes: dict[str, int]


def sources(*folders: str) -> list[Path]:
    """Every Python file under `folders`."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def statements(within: ast.AST) -> Iterator[ast.AST]:
    """Every statement in `within`, however deep; no function and no class is in an expression."""
    for node in ast.iter_child_nodes(within):
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield node
            yield from statements(node)


@cache
def found(path: Path) -> Found:
    """What is in `path`, which is read once for all tests: a tree takes longer to make than to walk."""
    tree, name = ast.parse(path.read_text("utf-8")), path.relative_to(ROOT)
    functions, classes = dict[str, int](), dict[str, int]()
    for node in statements(tree):
        if isinstance(node, Function):
            functions[f"{name}:{node.lineno} {node.name}"] = length(node)
        elif isinstance(node, ast.ClassDef):
            methods = sum(isinstance(part, Function) for part in node.body)
            classes[f"{name}:{node.lineno} {node.name}"] = methods
    return Found(ast.get_docstring(tree) is not None, functions, classes)


def length(function: Function) -> int:
    """Lines from `def` to the end, less those of the docstring; decorators are not the function's own."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_files_stay_under_400_lines() -> None:
    counts = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in sources("assistant", "tests", "scripts")
    }
    assert not {name: n for name, n in counts.items() if n > MOST_LINES_OF_A_FILE}


def test_functions_stay_short() -> None:
    lengths = {
        name: n for path in sources("assistant") for name, n in found(path).functions.items()
    }
    p95 = quantiles(lengths.values(), n=20)[-1]
    longest = sorted(lengths, key=lengths.__getitem__)[-10:]
    assert p95 <= MOST_LINES_AT_P95, f"p95 is {p95}; the longest are {longest}"


def test_classes_stay_small() -> None:
    large = [
        name
        for path in sources("assistant", "tests")
        for name, methods in found(path).classes.items()
        if methods > MOST_METHODS
    ]
    assert not large


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources("assistant", "tests", "scripts")
        if not found(path).speaks
    ]
    assert not silent


def test_broad_excepts_give_a_reason() -> None:
    """A bare word in the comment is not enough: `# noqa: BLE001 - why`."""
    unexplained = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources("assistant")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if "noqa: BLE001" in line and len(line.partition("noqa: BLE001")[2].split()) < 4
    ]
    assert not unexplained
