"""Rooms that one can live in: the sizes of functions, files and classes are facts, not wishes."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "assistant"
MOST_LINES_OF_A_FILE = 400
MOST_LINES_AT_P95 = 30
MOST_METHODS = 19

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    """Every Python file under `folders`."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def nodes(path: Path) -> Iterator[ast.AST]:
    yield from ast.walk(ast.parse(path.read_text("utf-8")))


def length(function: Function) -> int:
    """Lines from `def` to the end, less those of the docstring; decorators are not the function's own."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", sources("assistant", "tests", "scripts"), ids=str)
def test_a_file_stays_under_400_lines(path: Path) -> None:
    count = len(path.read_text("utf-8").splitlines())
    assert count <= MOST_LINES_OF_A_FILE, f"{path.relative_to(ROOT)} has {count} lines"


def test_functions_stay_short() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": length(node)
        for path in sources("assistant")
        for node in nodes(path)
        if isinstance(node, Function)
    }
    p95 = quantiles(found.values(), n=20)[-1]
    longest = sorted(found, key=found.__getitem__)[-10:]
    assert p95 <= MOST_LINES_AT_P95, f"p95 is {p95}; the longest are {longest}"


def test_classes_stay_small() -> None:
    large = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources("assistant", "tests")
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
        and sum(isinstance(part, Function) for part in node.body) > MOST_METHODS
    ]
    assert not large


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources("assistant", "tests", "scripts")
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
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
