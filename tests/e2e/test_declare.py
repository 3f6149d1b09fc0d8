"""Declaring a cloud route at a real terminal: what is known is shown, what is not is asked for, and one word makes it count."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.terminal import ForkedTerminal, Terminal

QUESTIONS = ("where it is kept", "is it used for training", "may people read it", "where its connection")  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    done = program.run("routes", "add", "--row", "mistral-eu", "--model", "m")
    assert done.returncode == 0, done.stderr
    return program


@contextmanager
def typing(program: Program, *argv: str) -> Iterator[Terminal]:
    command = program.command("routes", "declare", "mistral-eu", *argv)
    terminal = ForkedTerminal(command, program.environment, 160, 60)
    try:
        yield terminal
    finally:
        terminal.close()


def listed(program: Program) -> dict[str, object]:
    [found] = json.loads(program.run("routes", "list", "--json").stdout)["routes"]
    assert isinstance(found, dict)
    return found


def answer(person: Terminal, *answers: str) -> str:
    """Each of QUESTIONS in turn; the screen with the last one."""
    for question, said in zip(QUESTIONS, answers, strict=False):
        person.wait_for_text(question)
        person.send(f"{said}\r")
    return person.wait_for_text("Type declare:")


def test_what_is_unknown_is_asked_for_with_help_and_the_word_makes_it_count(
    program: Program,
) -> None:
    with typing(program) as person:
        shown = answer(person, "FR", "no", "", "")
        assert "stored: unknown for 30 days · training: unknown" in shown
        assert "The terms of your own plan say it" in shown
        assert "who runs it" not in shown
        assert "where it is worked on" not in shown
        assert "stored: FR for 30 days · not used for training" in shown
        assert "storage, training declared by you on" in shown
        assert "then    rule strict-eu passes" in shown
        person.send("declare\r")
        assert person.wait_for_exit() == 0
        assert "mistral-eu is declared" in person.text()
    assert (listed(program)["passes"], listed(program)["declared"]) == (
        True,
        ["storage", "training"],
    )
    with typing(program, "--storage", "DE") as person:
        person.wait_for_text("is it used for training (yes, no or unknown) [no]:")
        assert "where it is kept" not in person.text()


@pytest.mark.parametrize("word", ["", "yes", "DECLARE"])
def test_every_other_word_declares_nothing(program: Program, word: str) -> None:
    with typing(program) as person:
        answer(person, "FR", "no", "unknown", "")
        person.send(f"{word}\r")
        assert person.wait_for_exit() == 3
        assert "nothing was declared" in person.text()
    assert listed(program)["declared"] == []
