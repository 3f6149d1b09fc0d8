"""What the journal has, as the transcript shows it."""

from dataclasses import replace

import pytest

from assistant.domain.events import Stage
from assistant.domain.places import Route
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.readings import RequestReading
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Latency, Usage
from assistant.ports import ConversationSummary, Notice
from assistant.storage.database import in_memory
from assistant.storage.journal import SqliteJournal
from assistant.tui.entries import (
    NEAR,
    Opened,
    asked_entry,
    blank,
    clock_time,
    context,
    entries,
    heading,
    latest_reply,
    outcome,
    prompts,
    read,
    reply_entry,
    waiting,
    with_figures,
)
from assistant.tui.wording import Bound
from tests.fakes import started, whole_turn
from tests.tui.driving import settled_surroundings
from tests.tui.fake_machine import HAT_ROUTE
from tests.tui.fake_services import NOON_MS
from tests.turn_maker import CLOUD, LOCAL, NETWORK, record

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def said(key: str, role: Role, text: str, finish: Finish | None = None) -> Message:
    return Message(key, "c", None, role, text, Label.NORMAL, "t1", NOON_MS, finish)


def opened(finish: Finish = Finish.STOP, *, recorded: bool = True) -> Opened:
    path = [said("q", Role.USER, "why?"), said("a", Role.ASSISTANT, "because", finish)]
    records = {"t1": record(finish=finish)} if recorded else {}
    summary = ConversationSummary("c", "why?", NOON_MS, NOON_MS, "a", 2, "")
    return Opened(summary, path, records, [Notice("q", "moved")], "", None)


@pytest.mark.parametrize(
    ("before_ms", "shown"),
    [
        (0, "12:00"),
        (DAY_MS, "22 Nov 12:00"),
        (400 * DAY_MS, "2025-10-19"),
        (-DAY_MS, "24 Nov 12:00"),
    ],
)
def test_times_have_a_date_where_it_was_not_today(before_ms: int, shown: str) -> None:
    assert clock_time(NOON_MS - before_ms, NOON_MS) == shown


def test_a_whole_conversation() -> None:
    notice, question, reply = entries(opened(), NOON_MS)
    assert (notice.role, notice.text) == (Role.SYSTEM, "moved")
    assert (question.heading, question.aside) == ("you", "12:00")
    assert reply.heading == "assistant · local · SmolLM2-135M-Instruct-Q4_1"
    assert reply.aside == "412 ms · 8.7 tok/s"
    assert not reply.error
    assert not reply.open


def test_a_failed_reply_keeps_its_text_and_says_why() -> None:
    reply = entries(opened(Finish.FAILED), NOON_MS)[-1]
    assert (reply.text, reply.error) == ("because", "engine: the worker died (send it again)")
    assert "failed" not in reply.aside


def test_a_reply_without_a_record_makes_nothing_up() -> None:
    reply = entries(opened(Finish.CANCELLED, recorded=False), NOON_MS)[-1]
    assert (reply.heading, reply.aside, reply.place) == ("assistant", "stopped", None)


@pytest.mark.parametrize(
    ("finish", "words"),
    [
        (Finish.STOP, "412 ms · 8.7 tok/s"),
        (Finish.CANCELLED, "stopped · 412 ms · 8.7 tok/s"),
        (Finish.LENGTH, "cut at the limit · 412 ms · 8.7 tok/s"),
    ],
)
def test_how_a_reply_ended(finish: Finish, words: str) -> None:
    assert outcome(record(finish=finish), finish) == words


def test_unknown_figures_are_left_out() -> None:
    silent = record(usage=Usage(), latency_ms=Latency())
    assert outcome(silent, Finish.STOP) == ""


def test_a_local_only_message_is_marked() -> None:
    message = replace(said("q", Role.USER, "x"), label=Label.LOCAL_ONLY)
    assert asked_entry(message, NOON_MS).aside == "▲ local-only · 12:00"


def test_how_full_the_window_was_at_the_end() -> None:
    assert context(opened()) == (1273, 4096)
    assert context(opened(recorded=False)) is None
    assert context(None) is None


@pytest.mark.parametrize(
    ("at", "route", "after_ms", "words"),
    [
        (Stage.PREPARE, LOCAL, 0, "preparing"),
        (Stage.QUEUE, LOCAL, 400, "waiting for the engine (queue)"),
        (Stage.QUEUE, HAT_ROUTE, 12_400, "waiting for the HAT (queue) 12 s"),
        (Stage.LOAD, HAT_ROUTE, 999, "loading model"),
        (Stage.LOAD, LOCAL, 7_200, "loading model 7 s"),
        (Stage.CONNECT, NETWORK, 0, "connecting to den-server"),
        (Stage.PREFILL, HAT_ROUTE, 3_000, "reading the prompt 3 s"),
        (Stage.DECODE, LOCAL, 9_000, ""),
    ],
)
def test_what_a_reply_waits_for(at: Stage, route: Route, after_ms: float, words: str) -> None:
    reading = RequestReading("t1", 0, after_ms, 0, at, route)
    assert waiting(reading) == words
    assert waiting(None) == ""


def test_the_last_reply_and_the_prompts() -> None:
    assert (latest_reply(opened()), prompts(opened())) == ("because", ["why?"])
    assert latest_reply(None) == ""


def test_an_empty_chat_says_where_an_answer_would_come_from() -> None:
    def said(bound: Bound) -> str:
        (entry,) = blank(bound)
        return entry.text

    here = said(Bound(LOCAL, LOCAL.place, "hailo-ollama is not running"))
    assert "answers on this machine. Nothing you type leaves it." in here
    assert "It runs on the processor: hailo-ollama is not running" in here
    assert "It runs on the HAT." in said(Bound(HAT_ROUTE, HAT_ROUTE.place))
    own = Route("box", LOCAL.place, "remote", "big")
    assert "It runs on box." in said(Bound(own, own.place))
    assert "another machine of this network: den-server" in said(Bound(NETWORK, NETWORK.place))
    assert "cloud" in said(Bound(CLOUD, CLOUD.place))
    assert "No model" in said(Bound())
    assert heading(None) == "assistant"
    assert heading(HAT_ROUTE) == "assistant · local · hat · qwen2.5-instruct:1.5b"
    assert heading(replace(NETWORK, model="")) == "assistant · network · den-server"
    assert heading(NETWORK) == "assistant · network · den-server · qwen2.5:7b"


def test_figures_of_what_is_far_up_are_read_when_it_comes_in_sight() -> None:
    """A long conversation opens without a look at each of its turns."""
    journal = SqliteJournal(in_memory(NOON_MS))
    journal.append(started())
    parent = None
    for number in range(NEAR):
        for event in whole_turn(f"t{number}", f"q{number}", f"r{number}", parent=parent):
            journal.append(event)
        parent = f"r-t{number}"
    opened = read(journal, "c1")
    assert opened is not None
    assert len(opened.path) == 2 * NEAR
    assert len(opened.records) == NEAR // 2
    found = entries(opened, NOON_MS)
    assert [entry.turn for entry in found[-NEAR:]] == [""] * NEAR
    first = found[1]
    assert (first.turn, first.heading) == ("t0", "assistant")
    whole = reply_entry("r-t0", "r0", journal.record("t0"), Finish.STOP)
    assert with_figures(journal, first) == whole
    assert with_figures(journal, replace(first, aside="▲ local-only")).aside.startswith("▲ local")
    assert with_figures(journal, replace(first, turn="nobody")) == replace(first, turn="")
    journal.close()
    assert with_figures(journal, first) == replace(first, turn="")
