"""Titles that a model words: what becomes of what it says, where it is asked, and what it must not change."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.engine import Engine
from assistant.conversation.titles import ASK, MOST_MESSAGES, WIDTH, entitle, task_for, worded
from assistant.domain.events import ConversationLabelled, ConversationRenamed, TitledBy
from assistant.domain.hygiene import harmless
from assistant.domain.prompt import ChatMessage, Role
from assistant.domain.sensitivity import Label
from assistant.domain.side_work import SideKind
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.conversation.doubles import CountingClock, ScriptedBackend
from tests.fakes import NOW_MS, started, whole_turn
from tests.finding import hits

ABOUT = "How do I keep four Pis in time without NTP?"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    made.append(started("c1", "How do I", system="be brief"))
    for event in whole_turn("t1", ABOUT, "Use PTP."):
        made.append(event)
    yield made
    made.close()


def engine_over(journal: SqliteJournal, backend: ScriptedBackend) -> Engine:
    return Engine(journal, {backend.route.id: backend}, CountingClock(), "i", flush_ms=0)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Keeping Pis in Time", "Keeping Pis in Time"),
        ('**Title: "Time without NTP."**\nmore', "Time without NTP"),
        ("<think>hm</think>\n\nTime without NTP", "Time without NTP"),
        ("<think>Time without NTP", ""),
        ("Titel: Vier Pis ohne Time", "Vier Pis ohne Time"),
        ("Here are three titles without NTP:\n1. x", ""),
        ("This conversation is about keeping time", ""),
        ("The Holy Spirit", ""),
        ("keep " * 30, ""),
        ("\x1b[31mkeep\u202e time", "␛[31mkeep⟨U+202E⟩ time"),
        ("keep keep keep keep", ""),
        ("わらでらでらでらで keep", ""),
        ("keep: https://example.org/", ""),
        ("***", ""),
        ("", ""),
    ],
)
def test_a_title_is_found_in_what_is_said_or_there_is_none(said: str, title: str) -> None:
    assert worded(said, ABOUT) == title


def test_two_characters_of_another_script_are_a_word() -> None:
    assert worded("时间同步", "如何保持时间?") == "时间同步"


@given(st.text(), st.text())
def test_whatever_is_said_a_title_is_harmless_and_short(said: str, about: str) -> None:
    title = worded(said, about)
    assert len(title) <= WIDTH
    assert "\n" not in title
    assert harmless(title) == title


async def test_the_conversation_itself_is_asked_so_that_what_was_read_stays_of_use(
    journal: SqliteJournal,
) -> None:
    backend = ScriptedBackend(("Time ", "for Pis"))
    assert await entitle(engine_over(journal, backend), journal, "c1") == "Time for Pis"
    [request] = backend.requests
    assert request.conversation == "c1"
    assert request.messages == (
        ChatMessage(Role.SYSTEM, "be brief"),
        ChatMessage(Role.USER, ABOUT),
        ChatMessage(Role.ASSISTANT, "Use PTP."),
        ChatMessage(Role.USER, ASK),
    )
    found = journal.conversation("c1")
    assert found is not None
    assert (found.title, found.titled, found.messages) == ("Time for Pis", TitledBy.MODEL, 2)
    assert not hits(journal, ASK)


async def test_the_permit_has_the_label_of_all_that_was_said(journal: SqliteJournal) -> None:
    journal.append(ConversationLabelled("c1", Label.LOCAL_ONLY, NOW_MS))
    backend = ScriptedBackend(("Time",))
    await entitle(engine_over(journal, backend), journal, "c1")
    assert backend.permits[0].decision.label is Label.LOCAL_ONLY


@pytest.mark.parametrize("by", [TitledBy.PERSON, TitledBy.KEPT, TitledBy.MODEL])
async def test_a_title_is_worded_once_and_never_in_the_place_of_a_person_s(
    journal: SqliteJournal, by: TitledBy
) -> None:
    journal.append(ConversationRenamed("c1", "Mine", NOW_MS, by))
    backend = ScriptedBackend()
    assert await entitle(engine_over(journal, backend), journal, "c1") == ""
    assert not backend.requests


async def test_where_the_model_words_none_the_persons_own_words_are_one(
    journal: SqliteJournal,
) -> None:
    backend = ScriptedBackend(("The Holy Spirit",))
    own = "Keep four Pis in time without NTP"
    assert await entitle(engine_over(journal, backend), journal, "c1") == own
    found = journal.conversation("c1")
    assert found is not None
    assert (found.title, found.titled) == (own, TitledBy.PROMPT)


async def test_words_that_say_nothing_leave_the_old_one(journal: SqliteJournal) -> None:
    journal.append(started("c2", "hi"))
    for event in whole_turn("t2", "hi", "Hello.", conversation="c2"):
        journal.append(event)
    backend = ScriptedBackend(("The Holy Spirit",))
    assert await entitle(engine_over(journal, backend), journal, "c2") == ""
    found = journal.conversation("c2")
    assert found is not None
    assert (found.title, found.titled) == ("hi", TitledBy.PROMPT)


async def test_what_does_not_fit_is_not_asked(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(window_tokens=70)
    assert await entitle(engine_over(journal, backend), journal, "c1") == ""
    assert not backend.requests


async def test_where_something_runs_it_is_tried_later(journal: SqliteJournal) -> None:
    backend = ScriptedBackend()
    engine = engine_over(journal, backend)
    async with engine.aside(SideKind.TITLE, "c1"):
        assert await entitle(engine, journal, "c1") is None
    assert not backend.requests


def test_a_long_conversation_keeps_the_title_it_is_known_by(journal: SqliteJournal) -> None:
    assert task_for(journal, "c1") is not None
    parent = "r-t1"
    for number in range(2, MOST_MESSAGES // 2 + 2):
        for event in whole_turn(f"t{number}", parent=parent):
            journal.append(event)
        parent = f"r-t{number}"
    assert task_for(journal, "c1") is None


def test_there_is_none_for_what_is_not_there(journal: SqliteJournal) -> None:
    assert task_for(journal, "nobody") is None
    journal.append(started("empty"))
    assert task_for(journal, "empty") is None
