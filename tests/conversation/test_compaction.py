"""Summaries: what they are of, in which parts they are made, what stands for what afterwards, and where they never go."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.conversation.compaction import (
    KEPT_TURNS,
    LEAST_TOKENS,
    Plan,
    asking,
    compact,
    plan,
)
from assistant.conversation.engine import Engine
from assistant.conversation.stopping import StoppedError
from assistant.conversation.window import SUMMARY_ASKED, SUMMARY_TAKEN
from assistant.domain.errors import EngineError, PromptTooLongError, UsageError
from assistant.domain.estimates import text_size
from assistant.domain.events import Finished, HeadMoved, Labelled, Trimmed
from assistant.domain.places import OWN, Place, Route
from assistant.domain.prompt import ChatMessage, Prompt, Role
from assistant.domain.sensitivity import Label
from assistant.storage.database import open_database
from assistant.storage.journal import SqliteJournal
from tests.conversation.doubles import CountingClock, ScriptedBackend
from tests.fakes import NOW_MS, asked, decided, delta, finished, started, whole_turn

TURNS = 5


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(open_database(tmp_path / "journal.db", NOW_MS))
    made.append(started("c1", system="be brief"))
    parent = None
    for number in range(TURNS):
        for event in whole_turn(
            f"t{number}", f"question {number}", f"reply {number}", parent=parent
        ):
            made.append(event)
        parent = f"r-t{number}"
    yield made
    made.close()


def engine_over(journal: SqliteJournal, *backends: ScriptedBackend) -> Engine:
    served = {backend.route.id: backend for backend in backends}
    return Engine(journal, served, CountingClock(), "i", flush_ms=0)


def head(journal: SqliteJournal) -> str:
    found = journal.conversation("c1")
    assert found is not None
    assert found.head is not None
    return found.head


async def ask(engine: Engine, parent: str, text: str = "and now?", route: str = "") -> Finished:
    prompt = Prompt(text, "c1", parent, system="be brief")
    events = [event async for event in engine.send(engine.propose(prompt, route or None))]
    assert isinstance(events[-1], Finished)
    return events[-1]


def summary_of(text: str) -> tuple[ChatMessage, ChatMessage]:
    return (
        ChatMessage(Role.USER, f"{SUMMARY_ASKED}\n\n{text}"),
        ChatMessage(Role.ASSISTANT, SUMMARY_TAKEN),
    )


def test_all_but_the_newest_turns_are_summarised(journal: SqliteJournal) -> None:
    made = plan(journal, "c1")
    assert (made.upto, made.count, made.kept) == ("r-t2", 6, 2 * KEPT_TURNS)
    assert [one.text for one in made.read][:2] == ["question 0", "reply 0"]
    assert made.earlier is None


@pytest.mark.parametrize("conversation", ["", "nobody", "short"])
def test_where_there_is_nothing_older_it_says_so(journal: SqliteJournal, conversation: str) -> None:
    journal.append(started("short"))
    for event in whole_turn("only", conversation="short"):
        journal.append(event)
    with pytest.raises(UsageError, match="nothing to summarise yet"):
        plan(journal, conversation)


def test_what_the_window_has_lost_is_part_of_it_in_any_case(journal: SqliteJournal) -> None:
    journal.append(asked("t5", parent="r-t4"))
    journal.append(decided("t5"))
    journal.append(Trimmed("t5", 10, "q-t5", NOW_MS))
    journal.append(finished(turn="t5"))
    made = plan(journal, "c1")
    assert (made.upto, made.count, made.kept) == ("r-t4", 10, 2)


async def test_the_summary_stands_for_what_it_is_of(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(("They talked", " of numbers."))
    engine = engine_over(journal, backend)
    told: list[tuple[int, int]] = []
    made = plan(journal, "c1")
    summary = await compact(engine, made, lambda done, count: told.append((done, count)))
    assert (summary.text, summary.upto, summary.route) == ("They talked of numbers.", "r-t2", "cpu")
    assert told == [(0, 6)]
    [request] = backend.requests
    lines = ["User: question 0", "Assistant: reply 0", "User: question 1", "Assistant: reply 1"]
    assert request.messages == asking("", [*lines, "User: question 2", "Assistant: reply 2"])
    assert backend.forgotten == [request.conversation]
    assert request.conversation != "c1"
    await ask(engine, head(journal))
    assert backend.requests[1].messages == (
        ChatMessage(Role.SYSTEM, "be brief"),
        *summary_of("They talked of numbers."),
        *(ChatMessage(m.role, m.text) for m in journal.path("r-t4")[6:]),
        ChatMessage(Role.USER, "and now?"),
    )
    # The messages are where they were.
    assert [one.text for one in journal.path("r-t4")][:2] == ["question 0", "reply 0"]


async def test_a_second_summary_folds_the_first(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(("first",))
    engine = engine_over(journal, backend)
    one = await compact(engine, plan(journal, "c1"))
    await ask(engine, head(journal))
    backend.pieces = ("second",)
    made = plan(journal, "c1")
    assert (made.earlier, [m.text for m in made.read]) == (one, ["question 3", "reply 3"])
    await compact(engine, made)
    assert "Summary of what was said before:\nfirst" in backend.requests[-1].messages[1].text
    path = [m.id for m in journal.path(head(journal))]
    standing = journal.summary("c1", path)
    assert standing is not None
    assert standing.text == "second"
    await engine.undo_compaction("c1", standing.id)
    assert journal.summary("c1", path) == one


async def test_long_conversations_are_folded_part_by_part(journal: SqliteJournal) -> None:
    long = "tock " * 150
    journal.append(started("c2"))
    parent = None
    for number in range(6):
        turn = f"long{number}"
        for event in whole_turn(turn, long, long, conversation="c2", parent=parent):
            journal.append(event)
        parent = f"r-{turn}"
    backend = ScriptedBackend(("so far",), window_tokens=400)
    await compact(engine_over(journal, backend), plan(journal, "c2"))
    assert len(backend.requests) > 3
    for request in backend.requests:
        assert await backend.count(request.messages) <= 300
    said = " ".join(request.messages[1].text for request in backend.requests)
    assert said.count("tock") == 8 * 150
    assert all("so far" in request.messages[1].text for request in backend.requests[1:])


async def test_a_window_too_small_for_anything_is_no_loop(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(window_tokens=40)
    with pytest.raises(PromptTooLongError, match="too small to summarise in"):
        await compact(engine_over(journal, backend), plan(journal, "c1"))


@pytest.mark.parametrize("said", [("",), ("<think>hm</think>",), ("<think>on and on",)])
async def test_a_model_that_gives_none_leaves_all_as_it_was(
    journal: SqliteJournal, said: tuple[str, ...]
) -> None:
    with pytest.raises(EngineError, match="gave no summary"):
        await compact(engine_over(journal, ScriptedBackend(said)), plan(journal, "c1"))
    assert journal.summary("c1", ["r-t2"]) is None


async def test_what_a_model_says_is_harmless(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(("\x1b[31mred\u202e",))
    summary = await compact(engine_over(journal, backend), plan(journal, "c1"))
    assert summary.text == "␛[31mred⟨U+202E⟩"


async def test_a_message_that_is_sent_goes_first(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    engine = engine_over(journal, backend)
    side = asyncio.create_task(compact(engine, plan(journal, "c1")))
    while not backend.requests:
        await asyncio.sleep(0)
    turn = asyncio.create_task(ask(engine, "r-t4"))
    with pytest.raises(StoppedError):
        await side
    assert backend.gate
    backend.gate.set()
    assert (await turn).record.reply == "Hello"
    assert journal.summary("c1", ["r-t2"]) is None


async def test_its_label_is_the_strictest_of_all_that_it_is_of(journal: SqliteJournal) -> None:
    journal.append(Labelled("c1", "q-t1", Label.LOCAL_ONLY, NOW_MS))
    backend = ScriptedBackend()
    made = plan(journal, "c1")
    assert made.label is Label.LOCAL_ONLY
    summary = await compact(engine_over(journal, backend), made)
    assert summary.label is Label.LOCAL_ONLY
    assert backend.permits[0].decision.label is Label.LOCAL_ONLY


async def test_a_reply_made_from_a_summary_has_its_label(journal: SqliteJournal) -> None:
    """Also where the messages got theirs after the summary was made: they lie on the path."""
    engine = engine_over(journal, ScriptedBackend())
    await compact(engine, plan(journal, "c1"))
    journal.append(Labelled("c1", "q-t0", Label.LOCAL_ONLY, NOW_MS))
    over = await ask(engine_over(journal, ScriptedBackend()), "r-t4")
    assert over.record.decision.label is Label.LOCAL_ONLY
    assert journal.path(head(journal))[-1].label is Label.LOCAL_ONLY


async def test_the_journal_keeps_it_as_strict_as_what_it_is_of(journal: SqliteJournal) -> None:
    journal.append(Labelled("c1", "q-t0", Label.LOCAL_ONLY, NOW_MS))
    made = plan(journal, "c1")
    careless = Plan("c1", made.upto, 6, 4, made.read, None, Label.PUBLIC)
    await compact(engine_over(journal, ScriptedBackend()), careless)
    kept = journal.summary("c1", [made.upto])
    assert kept is not None
    assert kept.label is Label.LOCAL_ONLY


async def test_a_branch_that_leaves_before_its_end_does_not_have_it(
    journal: SqliteJournal,
) -> None:
    backend = ScriptedBackend()
    engine = engine_over(journal, backend)
    await compact(engine, plan(journal, "c1"))
    journal.append(HeadMoved("c1", "r-t1", NOW_MS))
    await ask(engine, "r-t1")
    texts = [m.text for m in backend.requests[-1].messages]
    assert texts == ["be brief", "question 0", "reply 0", "question 1", "reply 1", "and now?"]


@pytest.mark.parametrize("place", [Place.THIS_NETWORK, Place.CLOUD])
async def test_it_never_leaves_this_machine(journal: SqliteJournal, place: Place) -> None:
    backend = ScriptedBackend(("A SUMMARY",))
    away = ScriptedBackend(route=Route("away", place, OWN, "toy"))
    engine = engine_over(journal, backend, away)
    await compact(engine, plan(journal, "c1"))
    await ask(engine, "r-t4", route="away")
    for request in away.requests:
        texts = [m.text for m in request.messages]
        assert not any("A SUMMARY" in text for text in texts)
        assert "question 0" in texts
    assert bool(away.requests) is (place is Place.THIS_NETWORK)


async def test_reading_ahead_reads_what_a_send_would(journal: SqliteJournal) -> None:
    backend = ScriptedBackend()
    engine = engine_over(journal, backend)
    await compact(engine, plan(journal, "c1"))
    prompt = Prompt("and now?", "c1", "r-t4", system="be brief")
    await engine.prefill(prompt)
    await ask(engine, "r-t4")
    assert backend.prefilled[0].messages == backend.requests[-1].messages


async def test_a_reply_that_still_comes_is_not_summarised(journal: SqliteJournal) -> None:
    journal.append(asked("t5", parent="r-t4"))
    journal.append(decided("t5"))
    journal.append(delta("so f", "t5"))
    made = plan(journal, "c1")
    assert made.upto == "r-t3"


async def test_a_model_that_goes_on_and_on_is_cut_off(journal: SqliteJournal) -> None:
    backend = ScriptedBackend(("and on " * 4,) * 500)
    summary = await compact(engine_over(journal, backend), plan(journal, "c1"))
    assert LEAST_TOKENS <= text_size(summary.text + " ") < LEAST_TOKENS + 10
