"""What nobody said to the other, a thought or a summary, is a quote in the Markdown that a person reads."""

import io
from contextlib import closing

import pytest

from assistant.domain.events import Compacted
from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label
from assistant.storage.database import in_memory
from assistant.storage.exports import Form, lines
from assistant.storage.imports.bringing import bring_in
from assistant.storage.journal import SqliteJournal
from assistant.storage.markdown import SUMMARISED, conversation_lines
from assistant.storage.sheets import sheet_of
from assistant.storage.transfer import documents
from tests.fakes import NOW_MS, started, whole_turn


def said(reply: str, question: str = "a question") -> list[str]:
    """What is written of a turn, but for who speaks."""
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        for event in (started(), *whole_turn("t1", question, reply)):
            journal.append(event)
        [document] = documents(journal.database, ["c1"])
        lines = list(conversation_lines(sheet_of(document)))
    return [line for line in lines if not line.startswith(("#", "**"))]


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        (
            "<think>\nFirst \x1b[2Jthis.\n\nThen.\n</think>\n\nYes.",
            ["> *thought*\n>\n> First ␛[2Jthis.\n>\n> Then.\n", "Yes.\n"],
        ),
        ("<think>hm", ["> *thought*\n>\n> hm\n"]),
        ("<think>\n\n</think>\n\nYes.", ["Yes.\n"]),
        ("Yes.", ["Yes.\n"]),
    ],
)
def test_a_thought_is_a_quote(reply: str, written: list[str]) -> None:
    assert said(reply) == ["a question\n", *written]


def test_tags_of_a_person_are_text() -> None:
    question = "<think>hm</think> what is this?"
    assert said("A tag.", question) == [f"{question}\n", "A tag.\n"]


def test_a_summary_stands_whole_where_it_ends_and_comes_back() -> None:
    text = "They spoke of \x1b[2Jfoxes.\n\n" + "And of dens. " * 400
    with closing(SqliteJournal(in_memory(NOW_MS))) as journal:
        for event in (started(), *whole_turn("t1"), *whole_turn("t2", parent="r-t1")):
            journal.append(event)
        summary = Summary("s1", "c1", "r-t1", text, Label.NORMAL, "cpu", 1)
        journal.append(Compacted(summary, NOW_MS))
        raw = "".join(f"{line}\n" for line in lines(journal.database, ["c1"], Form.MARKDOWN))
        [there] = documents(journal.database, ["c1"])
    first, quote, second = raw.partition(f"> *{SUMMARISED}*\n>\n> They spoke of ␛[2Jfoxes.\n>\n")
    assert quote
    assert second.startswith("> And of dens. ")
    assert second.partition("\n")[0].count("dens") == 400
    # Who asks and who answers, once above the summary, once below it.
    assert (first.count("**you"), second.count("**you")) == (1, 1)
    with closing(SqliteJournal(in_memory(NOW_MS))) as other:
        bring_in(other.database, io.BytesIO(raw.encode()))
        assert list(documents(other.database, ["c1"])) == [there]
