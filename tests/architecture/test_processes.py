"""Every place that starts a program, and what the program learns of this one's environment: never a key."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.popen", "os.system", "pty.fork", "pty.spawn")  # fmt: skip
METHODS = {"Popen", "create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"}  # fmt: skip

STARTS = [
    ("backends/child.py", "environment"),
    ("machine/programs.py", "{**without_keys(os.environ), **(extra or {})}"),
    ("outbound/starter.py", "environment"),
    ("proof/closed.py", "environment()"),
    ("proof/closed.py", "environment()"),
    ("proof/far_end.py", "without_keys(os.environ)"),
    ("proof/links.py", "without_keys(os.environ)"),
    ("proof/scenarios.py", "own"),
    ("proof/screen.py", "{**environment, 'TERM': 'xterm-256color'}"),
    # The chat itself: what it may take of the environment, keys too, is its own.
    ("serving/pages.py", "environment"),
    ("storage/reading_apart.py", "{'LC_ALL': 'C.UTF-8', 'PYTHONPATH': _ROOT}"),
    (
        "storage/secrets/program.py",
        "{'PATH': _PATH, 'LC_ALL': 'C.UTF-8', **{name: around[name] for name in _HANDED_ON if name in around}}",
    ),
    ("tui/clipboard.py", "without_keys(environment)"),
]
"""Where a program is started, and what it is given. What is made elsewhere is made by the functions below."""

MADE = [
    ("backends/hailo/device_process.py", "environment"),
    ("backends/llama/process.py", "environment"),
    ("outbound/starter.py", "__init__"),
    ("proof/closed.py", "environment"),
]


def starts(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that start a program: of a module, or by a name that only such a function has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.startswith(MODULES) or called.rpartition(".")[2] in METHODS:
                yield node


def may_start(text: str) -> bool:
    """Whether one of the names may stand in `text`: any other file need not be parsed."""
    words = {*METHODS, *(name.rpartition(".")[2] or name[:-1] for name in MODULES)}
    # Python takes some letters that are not ASCII for one that is.
    return not text.isascii() or any(word in text for word in words)


def given(call: ast.Call) -> str:
    """What it is given as its environment; all of ours where nothing is said."""
    return next((ast.unparse(word.value) for word in call.keywords if word.arg == "env"), "all")


def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / "assistant" / name).read_text("utf-8"))


def test_every_place_that_starts_a_program_is_listed_with_what_it_hands_on() -> None:
    package = ROOT / "assistant"
    found = [
        (path.relative_to(package).as_posix(), given(call))
        for path in sorted(package.rglob("*.py"))
        if may_start(path.read_text("utf-8"))
        for call in starts(ast.parse(path.read_text("utf-8")))
    ]
    assert sorted(found) == sorted(STARTS)


@pytest.mark.parametrize(("name", "function"), MADE)
def test_who_makes_an_environment_for_them_leaves_the_keys_out(name: str, function: str) -> None:
    makers = [
        ast.unparse(node)
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.FunctionDef) and node.name == function and "environ" in ast.unparse(node)
    ]  # fmt: skip
    assert len(makers) == 1
    assert "without_keys(os.environ" in makers[0]
    assert makers[0].count("os.environ") - makers[0].count("os.environ.get('PYTHONPATH'") == 1


def test_a_program_that_is_given_everything_would_be_seen() -> None:
    calls = starts(ast.parse("subprocess.run(['id'])\nawait loop.subprocess_exec(f, 'id', env=x)"))
    assert [given(call) for call in calls] == ["all", "x"]
