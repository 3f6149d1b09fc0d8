"""Changes policy, permit and door in every small way, one at a time, and says which changes no test noticed.

    python scripts/mutants.py [--in FOLDER] [NAME...]

NAME is a pattern such as `assistant.domain.permit.*`; none means all. What is changed, and by which tests it is to be noticed,
stands in pyproject.toml under [tool.mutmut]: each room by its own tests. It works on copies in a temporary folder; one that
FOLDER names is kept, and a later run goes on there.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = Path(sys.executable).parent / "mutmut"
NOTICED = ("killed", "timeout")
"""A change that makes the program run for ever is noticed too."""

ROOMS = ("domain", "conversation", "outbound")

UNFOLDED = ("property", "asynccontextmanager", "contextmanager", "functools.cached_property")
"""What mutmut leaves alone because of its decorator; the door's own steps are among it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def unfold(source: str) -> str:
    """`source` with `@property` and its like written as calls behind the function, which mean the same."""
    lines = source.split("\n")
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    for node in sorted(found, key=lambda node: -node.lineno):
        if len(node.decorator_list) == 1 and ast.unparse(node.decorator_list[0]) in UNFOLDED:
            [decorator] = node.decorator_list
            call = f"{' ' * node.col_offset}{node.name} = {ast.unparse(decorator)}({node.name})"
            lines.insert(node.end_lineno or node.lineno, call)
            del lines[decorator.lineno - 1]
    return "\n".join(lines)


def narrowed(project: str, room: str) -> str:
    """pyproject.toml with the files and the tests of that room alone."""
    head, mark, table = project.partition("[tool.mutmut]\n")
    others = tuple(
        f'    "{top}/{other}/' for top in ("assistant", "tests") for other in ROOMS if other != room
    )
    return (
        head + mark + "\n".join(line for line in table.split("\n") if not line.startswith(others))
    )


def copy(folder: Path, room: str) -> None:
    """Brings `folder` up to date: every file that is in git or would be added, made ready for changes in that room."""
    listed = subprocess.run(
        [
            shutil.which("git") or "git",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, folder / name
        if not source.is_file():
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = source.read_bytes()
        if name == "pyproject.toml":
            whole = narrowed(whole.decode(), room).encode()
        elif name.startswith(f"assistant/{room}/"):
            whole = unfold(whole.decode()).encode()
        if not target.is_file() or target.read_bytes() != whole:
            target.write_bytes(whole)


def mutmut(folder: Path, *arguments: str) -> str:
    """Runs mutmut in `folder` and returns what it prints."""
    # Hypothesis tries the same examples each time, so a change is noticed in every run or in none; and the copy alone is imported.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [MUTMUT, *arguments],
        cwd=folder,
        env=env | {"CI": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"mutmut {arguments[0]} ended with {done.returncode}:\n{done.stdout[-5000:]}")
    return done.stdout


def tell(folder: Path) -> bool:
    """Prints the figures of each file and every change that was not noticed; True where there is none."""
    printed = mutmut(folder, "results", "--all", "1").splitlines()
    rows = [(name, state) for name, _, state in (line.strip().rpartition(": ") for line in printed)]
    tried = [(name, state) for name, state in rows if state != "not checked"]
    made = Counter(name.rpartition(".")[0] for name, _ in tried)
    noticed = Counter(name.rpartition(".")[0] for name, state in tried if state in NOTICED)
    for module in sorted(made):
        print(f"{module:40} {made[module]:5} made {noticed[module]:5} noticed", flush=True)
    missed = [(name, state) for name, state in tried if state not in NOTICED]
    for name, state in missed:
        print(f"\n{state}\n{mutmut(folder, 'show', name)}", flush=True)
    return not missed


def main() -> None:
    """Ends with 1 where a change was not noticed."""
    parser = argparse.ArgumentParser(description="Mutation testing of policy, permit and door.")
    parser.add_argument("--in", dest="folder", type=Path, help="work here, and keep it")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these changes")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="mutants-"))
    whole = True
    try:
        for room in ROOMS:
            names = [name for name in given.names if name.startswith(f"assistant.{room}.")]
            if names or not given.names:
                copy(folder / room, room)
                mutmut(folder / room, "run", *names)
                whole &= tell(folder / room)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
