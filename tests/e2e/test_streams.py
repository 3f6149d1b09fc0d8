"""The three standard streams in every bad shape: closed, full, cut, of another encoding. One line, never a traceback."""

import subprocess
from pathlib import Path

import pytest

from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.e2e.program import Program
from tests.fakes import NOW_MS, started


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program with many conversations, more than a pipe holds, and with accents in them."""
    made = Program(tmp_path)
    assert made.run("history", "list").returncode == 0
    [file] = tmp_path.rglob("journal.db")
    journal = SqliteJournal(open_database(file, NOW_MS))
    for number in range(40):
        journal.append(started(f"c{number}", "café \N{CJK UNIFIED IDEOGRAPH-6F22}" + "x" * 4000))
    journal.close()
    return made


def shell(program: Program, line: str, **extra: str) -> "subprocess.CompletedProcess[bytes]":
    """Runs `line` of bash, where "$@" is the program; the exit code of every part counts."""
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line, "bash", *program.command()],
        capture_output=True,
        env=program.environment | extra,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ('"$@" <&-', 2, b"usage: the chat needs a terminal"),
        ('"$@" ask <&-', 2, b"usage: the prompt is empty"),
        ('"$@" history import - <&-', 2, b"usage: the import: it is empty"),
        ('"$@" history list >&-', 0, b""),
        ('"$@" ask "" 2>&-', 2, b""),
        ('"$@" history list >/dev/full', 5, b"storage: the output cannot be written: No space"),
        ('"$@" history export >/dev/full', 5, b"storage: the output cannot be written: No space"),
        ('"$@" history export | head -1', 0, b""),
        ('"$@" history list | true', 0, b""),
    ],
)
def test_no_stream_ends_in_a_traceback(program: Program, line: str, code: int, says: bytes) -> None:
    done = shell(program, line)
    assert done.returncode == code, done.stderr.decode()
    assert done.stderr.startswith(says)
    assert len(done.stderr.splitlines()) == bool(says)


def test_what_an_encoding_lacks_is_spelled_out(program: Program) -> None:
    done = shell(program, '"$@" history list --limit 1', PYTHONUTF8="0", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr.decode()
    assert b"caf\xe9 \\u6f22x" in done.stdout


def test_a_hostile_argument_is_shown_and_not_obeyed(program: Program) -> None:
    done = program.run("models", "add", "a.gguf", "\x1b]0;owned\x07.gguf")
    assert done.returncode == 2
    assert b"unrecognized arguments" in done.stderr
    assert b"\x1b" not in done.stderr
