"""The questions before a send to the cloud, at a real terminal: what is shown, which word is a yes, where the key goes."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.rig import FACTS, KEY, ROUTE, beside
from tests.e2e.program import Program
from tests.e2e.terminal import ForkedTerminal, Terminal
from tests.standins.cloud import Cloud

VARIABLE = "ASSISTANT_KEY_GATE"
PASSPHRASE = "a horse of course"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with beside(Cloud(key=KEY, echo=True)) as cloud:
        yield cloud


@pytest.fixture
def program(tmp_path: Path, cloud: Cloud) -> Program:
    """The provider is set up as a route of the person's own, and has no key yet."""
    program = Program(tmp_path)
    url = f"http://127.0.0.1:{cloud.port}"
    done = program.run("routes", "add", ROUTE, "--url", url, "--model", "gpt-4.1")
    assert done.returncode == 0, done.stderr
    done = program.run(
        "routes", "declare", ROUTE, "--place", "cloud", *FACTS, "--yes-i-declare"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return program


@contextmanager
def typing(program: Program, *argv: str, key: str = "") -> Iterator[Terminal]:
    environment = {**program.environment, **({VARIABLE: key} if key else {})}
    terminal = ForkedTerminal(program.command(*argv), environment, 140, 50)
    try:
        yield terminal
    finally:
        terminal.close()


def test_once_sends_that_one_message(program: Program, cloud: Cloud) -> None:
    with typing(program, "ask", "--route", ROUTE, "Where is the fox?", key=KEY) as person:
        shown = person.wait_for_text("anything else denies:")
        assert "Gate GmbH (law: DE)" in shown
        assert "user: Where is the fox?" in shown
        assert "They cannot find names" in shown
        assert cloud.got == []
        person.send("once\r")
        assert person.wait_for_exit() == 0
        assert person.text().count("Where is the fox?") > 1
    assert len(cloud.requests) == 1
    listed = program.run("consent", "list", "--all").stdout.decode()
    assert "expired" in listed
    assert "used 1 of 1 requests, let out " in listed


@pytest.mark.parametrize("word", ["", "y", "yes", "ONCE"])
def test_enter_and_every_other_word_deny_on_record(
    program: Program, cloud: Cloud, word: str
) -> None:
    with typing(program, "ask", "--route", ROUTE, "Where is the fox?", key=KEY) as person:
        person.wait_for_text("anything else denies:")
        person.send(f"{word}\r")
        assert person.wait_for_exit() == 3
        assert "you have not granted this send" in person.text()
    assert cloud.got == []
    listed = program.run("consent", "list", "--all")
    assert b"refused" in listed.stdout


def test_what_was_typed_ahead_is_no_answer(program: Program, cloud: Cloud) -> None:
    with typing(program, "ask", "--route", ROUTE, "Where is the fox?", key=KEY) as person:
        person.send("once\r")
        person.wait_for_text("anything else denies:")
        person.send("\r")
        assert person.wait_for_exit() == 3
    assert cloud.got == []


def test_ctrl_c_at_the_question_ends_the_program_and_sends_nothing(
    program: Program, cloud: Cloud
) -> None:
    with typing(program, "ask", "--route", ROUTE, "Where is the fox?", key=KEY) as person:
        person.wait_for_text("anything else denies:")
        person.send("\x03")
        assert person.wait_for_exit() == 130
        assert "Traceback" not in person.text()
    assert cloud.got == []


def test_a_key_is_typed_unseen_into_a_vault_which_is_unlocked_for_a_send(
    program: Program, cloud: Cloud
) -> None:
    with typing(program, "routes", "key", ROUTE) as person:
        person.wait_for_text("a new passphrase for it:")
        person.send(f"{PASSPHRASE}\r")
        person.wait_for_text("once more:")
        person.send(f"{PASSPHRASE}\r")
        person.wait_for_text(f"key for {ROUTE} at 127.0.0.1")
        person.send(f"{KEY}\r")
        assert person.wait_for_exit() == 0
        assert "is kept in a vault of this app" in person.text()
        raw = person.raw
        assert KEY.encode() not in raw
        assert PASSPHRASE.encode() not in raw
    files = [file for file in program.home.rglob("*") if file.is_file()]
    assert not any(KEY.encode() in file.read_bytes() for file in files)

    granted = program.run(
        *("consent", "grant", "--route", ROUTE, "--new", "--for", "15m", "--yes-i-grant")
    )
    conversation = granted.stdout.decode().split()[-1]
    ask = ("ask", "--route", ROUTE, "--conversation", conversation, "Where is the fox?")
    locked = program.run(*ask)
    assert locked.returncode != 0
    assert cloud.got == []
    with typing(program, *ask) as person:
        person.wait_for_text("passphrase of the vault")
        person.send(f"{PASSPHRASE}\r")
        assert person.wait_for_exit() == 0
    assert cloud.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_grant_asks_for_the_word(program: Program) -> None:
    grant = ("consent", "grant", "--route", ROUTE, "--new", "--for", "conversation")
    with typing(program, *grant) as person:
        person.wait_for_text("type grant")
        person.send("\r")
        assert person.wait_for_exit() == 3
    with typing(program, *grant) as person:
        person.wait_for_text("type grant")
        person.send("grant\r")
        assert person.wait_for_exit() == 0
        assert "is granted" in person.text()


def test_the_wizard_asks_for_each_fact(program: Program) -> None:
    url = "https://llm.example/v1"
    assert program.run("routes", "add", "far", "--url", url, "--model", "m").returncode == 0
    with typing(program, "routes", "declare", "far", "--place", "cloud") as person:
        for question, answer in (
            ("who runs it", "Far GmbH"),
            ("whose law", "DE"),
            ("where it is worked on", "EEA"),
            ("where it is kept", "nothing"),
            ("for how many days", ""),
            ("used for training", "no"),
            ("people read it", ""),
            ("its connection is opened", ""),
            ("which API", ""),
            ("which header", "bearer"),
        ):
            person.wait_for(functools.partial(_asks, question))
            person.send(f"{answer}\r")
        person.wait_for_text("Is this true of it? Type declare:")
        assert "rule strict-eu passes" in person.text()
        person.send("declare\r")
        assert person.wait_for_exit() == 0
    listed = program.run("routes", "list").stdout.decode()
    assert "Far GmbH (law: DE) · processed: EEA · not stored · not used for training" in listed


def _asks(question: str, text: str) -> bool:
    """Whether the last row that holds something asks that."""
    rows = [line for line in text.splitlines() if line.strip()]
    return bool(rows) and question in rows[-1]
