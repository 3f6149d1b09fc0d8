"""The third net: what is really imported when a part runs. And proof that the first two nets catch a trespasser."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FOREIGN = {
    "PIL", "ctypes", "diskcache", "httpcore", "httpx", "jinja2", "llama_cpp", "markdown_it", "numpy", "platformdirs",
    "pygments", "rich", "sqlite3", "textual", "tomli_w",
}  # fmt: skip
MODULES_OF_THE_CORE = ("domain", "conversation")


def imported(code: str, *arguments: str) -> set[str]:
    """The root modules in a fresh interpreter after `code` ran."""
    tail = (
        "\nimport json, sys; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code + tail, *arguments],
        cwd=ROOT,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), "PYTHONSAFEPATH": "1"},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def core_modules() -> list[str]:
    """Every module of the core by name."""
    files = list((ROOT / "assistant" / "ports").rglob("*.py"))
    for room in MODULES_OF_THE_CORE:
        files += sorted((ROOT / "assistant" / room).rglob("[!_]*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]


def test_the_core_runs_without_the_world() -> None:
    before = imported("import asyncio, decimal, dataclasses, enum, json, logging, re, urllib.parse")
    after = imported("\n".join(f"import {name}" for name in core_modules()))
    assert not (after - before) & FOREIGN


def test_the_core_loads_no_other_room() -> None:
    code = "\n".join(f"import {name}" for name in core_modules())
    code += (
        "\nimport sys\nrooms = {n.split('.')[1] for n in sys.modules if n.startswith('assistant.')}"
    )
    code += "\nassert rooms == {'domain', 'ports', 'conversation'}, rooms"
    imported(code)


def test_a_version_costs_next_to_nothing() -> None:
    code = "from assistant.cli import main\nassert main(['--version']) == 0"
    assert not imported(code) & (FOREIGN | {"argparse", "asyncio", "ssl"})


def test_the_chat_screen_does_not_load_native_code_or_http() -> None:
    """The screen's process stays small: the model lives in the worker, the door opens at the first download."""
    loaded = imported("import assistant.wiring.house, assistant.tui.app")
    assert not loaded & {"httpcore", "httpx", "jinja2", "llama_cpp", "numpy"}


REACHING_OUT = {
    "create_connection", "create_datagram_endpoint", "create_server", "create_subprocess_exec", "create_subprocess_shell",
    "create_unix_connection", "execv", "execve", "execvp", "execvpe", "fork", "forkpty", "open_connection", "popen",
    "posix_spawn", "sock_connect", "spawnv", "start_server", "subprocess_exec", "subprocess_shell", "__import__",
    "import_module",
}  # fmt: skip
MAY_REACH_OUT = {
    "assistant/backends/child.py": {"subprocess_exec"},
    "assistant/outbound/starter.py": {"create_subprocess_exec"},
    "assistant/proof/control.py": {"create_connection"},
    "assistant/serving/pages.py": {"create_subprocess_exec"},
    "assistant/tui/clipboard.py": {"create_subprocess_exec"},
}


def files_with(words: set[str]) -> list[Path]:
    """The files of the package in which one of `words` may stand; the others need not be parsed."""
    texts = {path: path.read_text("utf-8") for path in (ROOT / "assistant").rglob("*.py")}
    # Python takes some letters that are not ASCII for one that is.
    return [
        path
        for path, text in texts.items()
        if not text.isascii() or any(word in text for word in words)
    ]


def test_few_files_start_programs_and_none_calls_around_the_door() -> None:
    """What no import shows: methods of the event loop and of `os`, by name."""
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in files_with(REACHING_OUT)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in [getattr(node, "attr", None) or getattr(node, "id", None)]
        if name in REACHING_OUT
    }
    allowed = {(path, name) for path, names in MAY_REACH_OUT.items() for name in names}
    assert found == allowed


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: everything but the bodies of functions."""
    yield node
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parts: list[ast.AST] = [*node.decorator_list, node.args]
    else:
        parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from at_import(part)


READING_IT = {"environ", "environb", "getenv"}


def test_the_environment_is_not_read_at_import() -> None:
    early = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files_with(READING_IT)
        for node in at_import(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in READING_IT
    ]
    assert not early


def test_exceptions_to_the_bans_are_for_files_that_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    ignores = project["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert not [path for path in ignores if "*" not in path and not (ROOT / path).is_file()]


TRESPASSES = [
    ("domain/prompt.py", "import os"),
    ("domain/prompt.py", "from datetime import datetime\nimport time"),
    ("domain/events.py", "from assistant import ports"),
    ("ports/__init__.py", "from assistant.storage import paths"),
    ("conversation/engine.py", "import assistant.tui.services"),
    ("conversation/window.py", "import sqlite3"),
    ("storage/paths.py", "from assistant.conversation import window"),
    ("storage/paths.py", "from assistant.outbound import door"),
    ("storage/paths.py", "import httpx"),
    ("machine/clock.py", "import textual"),
    ("backends/llama/client.py", "import llama_cpp"),
    ("backends/llama/client.py", "import socket"),
    ("tui/services.py", "from assistant.storage import paths"),
    ("tui/services.py", "from sqlite3 import connect"),
    ("wiring/house.py", "def sneak() -> None:\n    import rich"),
    ("wiring/house.py", "def sneak() -> None:\n    from assistant.proof import closed"),
    ("proof/closed.py", "import socket"),
    ("cli.py", "import http.client"),
]
TRESPASSES_THAT_ONLY_RUFF_SEES = [
    ("storage/paths.py", "import urllib.request"),
    ("storage/paths.py", "import subprocess"),
    ("machine/facts.py", "import asyncio\nasyncio.open_connection"),
    ("machine/facts.py", "import os\nos.system('true')"),
    ("tui/services.py", "import importlib\nimportlib.import_module('httpx')"),
    ("wiring/house.py", "from importlib import import_module"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package to trespass in."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(
        ROOT / "assistant", folder / "assistant", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


LINTER = """
import contextlib, gc, io, json, sys
gc.disable()
sys.path.insert(0, "")
from importlinter.cli import lint_imports
for _ in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = lint_imports(cache_dir="cache")
    print(json.dumps([code, said.getvalue()]), flush=True)
"""
"""import-linter as its program calls it, again and again: to start it anew takes as long as to check."""


@dataclass(frozen=True)
class Verdict:
    """What import-linter says of a tree."""

    code: int
    said: str


@pytest.fixture(scope="module")
def contracts(tree: Path) -> Iterator[Callable[[], Verdict]]:
    """Runs import-linter on `tree` as it is by then."""
    with subprocess.Popen(
        [sys.executable, "-c", LINTER],
        cwd=tree,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as linter:
        assert linter.stdin is not None
        assert linter.stdout is not None
        asked, answers = linter.stdin, linter.stdout

        def verdict() -> Verdict:
            asked.write("\n")
            asked.flush()
            return Verdict(*json.loads(answers.readline()))

        yield verdict
        asked.close()


def banned(tree: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Runs ruff's banned APIs on one file."""
    command = [str(BIN / "ruff"), "check", "--no-cache", "--select", "TID251", str(path)]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_the_contracts_hold(contracts: Callable[[], Verdict]) -> None:
    done = contracts()
    assert done.code == 0, done.said
    assert " 0 broken" in done.said


@pytest.mark.parametrize(("file", "line"), TRESPASSES)
def test_the_contracts_catch(
    tree: Path, contracts: Callable[[], Verdict], file: str, line: str
) -> None:
    path = tree / "assistant" / file
    kept = path.read_text("utf-8")
    path.write_text(f"{kept}\n{line}\n", "utf-8")
    try:
        done = contracts()
    finally:
        path.write_text(kept, "utf-8")
    assert done.code != 0
    assert "BROKEN" in done.said


@pytest.mark.parametrize(("file", "line"), TRESPASSES_THAT_ONLY_RUFF_SEES)
def test_banned_apis_catch(tree: Path, file: str, line: str) -> None:
    path = tree / "assistant" / file
    kept = path.read_text("utf-8")
    path.write_text(f"{kept}\n{line}\n", "utf-8")
    try:
        done = banned(tree, path)
    finally:
        path.write_text(kept, "utf-8")
    assert done.returncode != 0
    assert "TID251" in done.stdout


def test_a_new_room_must_be_given_a_place(tree: Path, contracts: Callable[[], Verdict]) -> None:
    room = tree / "assistant" / "attic"
    room.mkdir()
    (room / "__init__.py").write_text('"""Unplaced."""\n')
    try:
        assert contracts().code != 0
    finally:
        shutil.rmtree(room)
