"""What a model thought is a quote in the Markdown that a person reads."""

from contextlib import closing

import pytest

from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from assistant.storage.markdown import conversation_lines
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
