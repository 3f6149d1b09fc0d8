"""`assistant ask` as a person and a script meet it: real processes, the real model."""

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from assistant.domain.events import ConversationDeleted
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.e2e.program import Program, with_model


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, starter_model: Path) -> Program:
    return with_model(tmp_path_factory.mktemp("home"), starter_model)


TURN_KEYS = {
    "turn",
    "conversation",
    "reply",
    "finish",
    "error",
    "route",
    "decision",
    "usage",
    "latency_ms",
    "tokens_per_second",
    "cost",
    "compared",
    "attempts",
    "tried",
    "day",
}


def test_json_is_the_turn_and_the_journal_holds_the_same(program: Program) -> None:
    done = program.run("ask", "--json", "--seed", "1", "--max-tokens", "12", "Name a colour.")
    assert done.returncode == 0, done.stderr.decode()
    turn = json.loads(done.stdout)
    assert set(turn) == TURN_KEYS
    assert turn["reply"].strip()
    assert turn["finish"] in {"stop", "length"}
    assert turn["route"]["place"] == "this-machine"
    assert turn["decision"]["verdict"] == "allow"
    assert turn["decision"]["rule"] == "local"
    assert turn["usage"]["output_tokens"] <= 12
    assert turn["usage"]["input_tokens"] > 5
    latency = turn["latency_ms"]
    assert 0 < latency["first_token"] <= latency["total"]
    assert latency["connect"] is None
    # Nothing meters the machine of a test; what the same tokens would have cost elsewhere is known all the same.
    assert turn["cost"]["total"] is None
    assert all(one["cost"] for one in turn["compared"])
    assert (len(turn["compared"]), turn["attempts"]) == (3, 1)
    [journal] = program.home.rglob("*.db")
    with sqlite3.connect(journal) as file:
        [(record,)] = file.execute("SELECT record FROM turn WHERE id = ?", (turn["turn"],))
    assert json.loads(record) == turn


def test_greedy_gives_the_same_text_twice(program: Program) -> None:
    """On all cores, as it comes; the other tests work on one."""
    program.settle("")
    replies = [
        json.loads(
            program.run(
                *("ask", "--json", "--temperature", "0", "--max-tokens", "8"),
                "Why is the sky blue?",
            ).stdout
        )["reply"]
        for _ in range(2)
    ]
    program.settle()
    assert replies[0] == replies[1]


def test_a_conversation_goes_on(program: Program) -> None:
    first = json.loads(program.run("ask", "--json", "--max-tokens", "8", "My name is Ada.").stdout)
    again = program.run(
        *("ask", "--json", "--max-tokens", "8", "--conversation", first["conversation"]), "And you?"
    )
    second = json.loads(again.stdout)
    assert second["conversation"] == first["conversation"]
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]


def test_stdin_and_plain_output(program: Program) -> None:
    done = program.run("ask", "--max-tokens", "5", "-", stdin=b"Say hello.\r\n")
    assert done.returncode == 0
    assert done.stdout.strip()
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("args", "stdin", "says"),
    [
        (("ask", "-"), b"", b"usage: the prompt is empty"),
        (("ask", "   "), b"", b"usage: the prompt is empty"),
        (("ask", "-"), b"caf\xe9", b"stdin is not UTF-8 at byte 3"),
        (("ask", "-"), b"x" * 10_000_000, b"larger than 2,000,000 bytes"),
        (("ask", "--route", "moon", "hi"), b"", b"there is no route 'moon'"),
        (("ask", "--conversation", "nope", "hi"), b"", b"there is no conversation 'nope'"),
        (("ask", "--temperature", "9", "hi"), b"", b"must be from 0 to 2"),
    ],
    ids=["nothing", "blanks", "latin-1", "10 MB", "route", "conversation", "temperature"],
)
def test_bad_input_is_named_and_refused(
    program: Program, args: tuple[str, ...], stdin: bytes, says: bytes
) -> None:
    done = program.run(*args, stdin=stdin)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_a_prompt_longer_than_the_window_fails_with_both_figures(program: Program) -> None:
    done = program.run("ask", "--json", "-", stdin=b"word " * 20_000)
    assert done.returncode == 4
    turn = json.loads(done.stdout)
    assert turn["finish"] == "failed"
    assert turn["error"]["code"] == "prompt_too_long"
    assert b"context window" in done.stderr


def test_a_deleted_conversation_comes_back_where_it_goes_on(program: Program) -> None:
    asked = program.run("ask", "--json", "--max-tokens", "4", "Remember me.")
    name = json.loads(asked.stdout)["conversation"]
    [journal] = program.home.rglob("*.db")
    kept = SqliteJournal(open_database(journal, 0))
    kept.append(ConversationDeleted(name, 0))
    kept.close()
    again = program.run("ask", "--max-tokens", "4", "--conversation", name, "Do you?")
    assert b"it is back in the list" in again.stderr
    assert name in program.run("history", "list").stdout.decode()


def test_ctrl_c_keeps_what_arrived(program: Program) -> None:
    with program.start("ask", "--max-tokens", "3000", "Tell me a very long story.") as child:
        assert child.stdout.read(1)
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout_s=30)
    assert child.returncode == 130
    assert b"stopped; the reply so far is kept" in stderr
    listed = program.run("history", "search", "--json", "very long story")
    assert json.loads(listed.stdout)


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    done = Program(tmp_path).run("ask", "hello")
    assert done.returncode == 4
    assert b"no model is installed (assistant models pull" in done.stderr


def test_a_broken_setting_is_named_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "assistant"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text("[engine]\nthraeds = 2\n")
    done = Program(tmp_path).run("ask", "hello")
    assert done.returncode == 2
    assert b"line 2" in done.stderr
    assert b"threads" in done.stderr
