"""The chat as a person uses it: real engine, real journal, a backend that does as it is told."""

import asyncio
from pathlib import Path

import pytest

from assistant.domain.errors import EngineError
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.settings import EngineSettings, Settings
from assistant.tui.app import AssistantApp
from tests.tui.driving import (
    NARROW,
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, HeldJournal, ReadOnlyJournal, Stage, stage


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def messages(on: Stage, conversation: str) -> list[Message]:
    """What the journal has of a conversation."""
    summary = on.journal.conversation(conversation)
    return list(on.journal.path(summary.head)) if summary and summary.head else []


async def test_a_question_is_answered_kept_and_listed(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "What is a Pi?\nIn one line.")
        await answered(app, pilot)
        await until(pilot, lambda: "What is a Pi?" in screen_text(app).split("New chat")[1])
        shown = screen_text(app)
    assert "In one line." in shown
    assert "Hello there." in shown
    assert "assistant · local · smollm2-135m" in shown
    assert "tok/s" in shown
    (summary,) = on.journal.conversations()
    assert summary.title == "What is a Pi?"
    assert [m.text for m in messages(on, summary.id)] == [
        "What is a Pi?\nIn one line.",
        "Hello there.",
    ]
    assert on.backend.closed


async def test_the_second_question_follows_the_first_reply(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        for question in ("one", "two"):
            await send(app, pilot, question)
            await answered(app, pilot)
        (summary,) = on.journal.conversations()
        said = [m.text for m in messages(on, summary.id)]
    assert said == ["one", "Hello there.", "two", "Hello there."]
    assert [m.text for m in on.backend.asked[1].messages if m.role is Role.USER] == ["one", "two"]


async def test_escape_stops_and_keeps_what_came(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("partial ", "never shown"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "go")
        await until(pilot, lambda: "partial" in screen_text(app))
        await pilot.press("escape")
        await answered(app, pilot)
        await until(pilot, lambda: "stopped" in screen_text(app))
        (summary,) = on.journal.conversations()
        question, reply = messages(on, summary.id)
    assert (question.text, reply.text, reply.finish) == ("go", "partial ", Finish.CANCELLED)


async def test_a_queued_message_is_shown_and_sent_in_its_turn(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("first",), hold=0), Answer(("second",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: on.backend.asked)
        await send(app, pilot, "two")
        await until(pilot, lambda: "queued two" in screen_text(app))
        assert app.chat.composer.text == ""
        on.backend.go.set()
        await until(pilot, lambda: "second" in screen_text(app))
        await answered(app, pilot)
        assert "queued" not in screen_text(app)
        (summary,) = on.journal.conversations()
        assert [m.text for m in messages(on, summary.id)] == ["one", "first", "two", "second"]


async def test_the_up_arrow_takes_a_queued_message_back(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("first",), hold=0))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: on.backend.asked)
        await send(app, pilot, "two")
        await until(pilot, lambda: "queued" in screen_text(app))
        await pilot.press("up")
        await until(pilot, lambda: app.chat.composer.text == "two")
        assert "queued" not in screen_text(app)
        on.backend.go.set()
        await answered(app, pilot)
    assert len(on.backend.asked) == 1


async def test_stopping_hands_the_queued_message_back(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("first",), hold=0))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: on.backend.asked)
        await send(app, pilot, "two")
        await send(app, pilot, "three")
        app.chat.composer.put("four")
        await pilot.press("escape")
        await answered(app, pilot)
        assert app.chat.composer.text == "two\n\nthree\n\nfour"
    assert len(on.backend.asked) == 1


async def test_queued_and_typed_text_survive_a_crash(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("first",), hold=0))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: on.backend.asked)
        await send(app, pilot, "two")
        app.chat.composer.put("three")
        (summary,) = on.journal.conversations()
        await until(pilot, lambda: on.journal.draft(summary.id) == "two\n\nthree")
        assert on.journal.draft("") == ""


async def test_a_dead_engine_fails_the_turn_and_keeps_everything(tmp_path: Path) -> None:
    dead = EngineError("the worker died", "send again; it starts anew")
    on = stage(tmp_path, Answer(("partial ",), failure=dead), Answer(("well again",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "go")
        await answered(app, pilot)
        await until(pilot, lambda: "the worker died" in screen_text(app))
        shown = screen_text(app)
        assert "go" in shown
        assert "partial" in shown
        assert "failed" in shown
        await send(app, pilot, "again")
        await until(pilot, lambda: "well again" in screen_text(app))
        await answered(app, pilot)


async def test_a_prompt_that_cannot_be_recorded_comes_back(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        on.journal.database.close()
        await send(app, pilot, "precious words")
        await until(pilot, lambda: app.chat.composer.text == "precious words")
        assert any("journal" in text or "closed" in text for text in toasts(app))
    assert not on.backend.asked


async def test_a_read_only_journal_refuses_to_send_and_says_so(tmp_path: Path) -> None:
    on = stage(tmp_path, journal_type=ReadOnlyJournal)
    async with opened(on) as (app, pilot):
        assert "READ-ONLY" in screen_text(app)
        await send(app, pilot, "hello")
        await until(pilot, lambda: toasts(app))
        assert app.chat.composer.text == "hello"
    assert not on.backend.asked


async def test_a_draft_comes_back_with_its_conversation(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        (summary,) = on.journal.conversations()
        app.chat.composer.put("half a thought")
        await pilot.pause()
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.chat.desk.chat.conversation == "")
        assert app.chat.composer.text == ""
        app.chat.composer.put("another")
        await pilot.pause()
        await app.chat.desk.open(summary.id)
        assert app.chat.composer.text == "half a thought"
        await app.chat.desk.open("")
        assert app.chat.composer.text == "another"
        await app.action_quit()
    assert on.journal.draft(summary.id) == "half a thought"
    assert on.journal.draft("") == "another"


async def test_a_reply_goes_on_while_another_conversation_is_in_view(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("begun ", "and ended"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: "begun" in screen_text(app))
        (summary,) = on.journal.conversations()
        await app.chat.desk.open("")
        await until(pilot, lambda: "begun" not in screen_text(app))
        await app.chat.desk.open(summary.id)
        await until(pilot, lambda: "begun" in screen_text(app))
        on.backend.go.set()
        await until(pilot, lambda: "and ended" in screen_text(app))
        await answered(app, pilot)
        assert screen_text(app).count("begun") == 1


async def test_a_new_chat_whose_first_text_waits_is_come_back_to(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("begun ", "and ended"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: "begun" in screen_text(app))
        (summary,) = on.journal.conversations()
        await app.chat.desk.open("")
        await send(app, pilot, "waits here")
        await until(pilot, lambda: "queued waits here" in screen_text(app))
        for conversation in ("", summary.id, ""):
            await app.chat.desk.open(conversation)
            assert app.chat.composer.text == ""
        await until(pilot, lambda: "queued waits here" in screen_text(app))
        on.backend.go.set()
        await answered(app, pilot)
        assert app.chat.desk.chat.title == "waits here"


async def test_what_was_typed_last_stays_with_its_conversation(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await answered(app, pilot)
        (summary,) = on.journal.conversations()
        app.chat.composer.put("typed a moment ago")
        await app.chat.desk.open("")
        await app.chat.desk.open(summary.id)
        assert app.chat.composer.text == "typed a moment ago"


async def test_a_reply_that_ends_while_its_conversation_is_read_is_shown_whole(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path, Answer(("begun ", "and ended"), hold=1), journal_type=HeldJournal)
    HeldJournal.gate.set()
    async with opened(on) as (app, pilot):
        await send(app, pilot, "one")
        await until(pilot, lambda: "begun" in screen_text(app))
        (summary,) = on.journal.conversations()
        await app.chat.desk.open("")
        HeldJournal.gate.clear()
        HeldJournal.reading.clear()
        opening = asyncio.get_running_loop().create_task(app.chat.desk.open(summary.id))
        await until(pilot, HeldJournal.reading.is_set)
        on.backend.go.set()
        await answered(app, pilot)
        HeldJournal.gate.set()
        await opening
        await until(pilot, lambda: "begun and ended" in screen_text(app))
        assert "tok/s" in screen_text(app).split("begun and ended")[0]


async def test_live_and_reopened_look_the_same(tmp_path: Path) -> None:
    text = "# Title\n\n- a\n- b\n\n```py\nx = 1\n```\n"
    on = stage(tmp_path, Answer(tuple(text)))
    on.backend.window_tokens = 60
    async with opened(on) as (app, pilot):
        for question in ("one " * 10, "two " * 10, "three"):
            await send(app, pilot, question)
            await answered(app, pilot)
        await until(pilot, lambda: "no longer fit" in screen_text(app))
        app.chat.transcript.focus()
        await pilot.pause()
        live = screen_text(app)
        (summary,) = on.journal.conversations()
        await app.chat.desk.open("")
        await app.chat.desk.open(summary.id)
        app.chat.transcript.focus()
        await until(pilot, lambda: screen_text(app) == live, "the reopened chat looks otherwise")


async def test_typing_lets_the_engine_read_ahead_once_the_person_pauses(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (_app, pilot):
        await pilot.press("h", "e", "y")
        await until(pilot, lambda: on.backend.prefilled)
        assert on.backend.prefilled[-1].messages[-1].text == "hey"
    assert len(on.backend.prefilled) == 1


async def test_reading_ahead_can_be_turned_off(tmp_path: Path) -> None:
    settings = Settings(engine=EngineSettings(prefill_while_typing=False, load_at_start=False))
    on = stage(tmp_path, settings=settings)
    app = AssistantApp(on.services, tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("h", "e", "y")
        await pilot.pause(0.5)
    assert not on.backend.prefilled
    assert not on.backend.loads


async def test_a_model_that_does_not_load_is_said(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.backend.load_failure = EngineError("no rung holds", "see the log")
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: "engine: no rung holds (see the log)" in toasts(app))


async def test_warnings_are_shown_at_the_start(tmp_path: Path) -> None:
    on = stage(tmp_path, warnings=("another window of this program is open",))
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: "another window of this program is open" in toasts(app))


async def test_a_hostile_reply_reaches_no_terminal(tmp_path: Path) -> None:
    on = stage(
        tmp_path,
        Answer(("\x1b]0;owned\x07", "\x9b31m", "[b]bold[/b] \u202eevil", "[@click=app.quit]x[/]")),
    )
    async with opened(on) as (app, pilot):
        await send(app, pilot, "\u202e[red]title[/red]\x1b[31m")
        await answered(app, pilot)
        await until(pilot, lambda: "[b]bold[/b]" in screen_text(app))
        shown = screen_text(app)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert "[@click=app.quit]x[/]" in shown
    assert "[red]title[/red]" in shown


async def test_the_status_keys_follow_what_runs(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("a", "b"), hold=1))
    async with opened(on) as (app, pilot):
        assert "enter send" in screen_text(app)
        await send(app, pilot, "go")
        await until(pilot, lambda: "esc stop" in screen_text(app))
        on.backend.go.set()
        await answered(app, pilot)
        await until(pilot, lambda: "enter send" in screen_text(app))
        assert "context" in screen_text(app)


async def test_keys_in_the_bar_can_be_clicked(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        last = screen_text(app).splitlines()[-1]
        await pilot.click("#status", offset=(last.index("f1 help") + 3, 0))
        await until(pilot, lambda: type(app.screen).__name__ == "HelpScreen")


async def test_quitting_while_a_reply_runs_records_its_end(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer(("partial", "x"), hold=1))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "go")
        await until(pilot, lambda: "partial" in screen_text(app))
        await pilot.press("ctrl+q")
    assert app.return_code == 0
    (record,) = on.journal.records()
    assert record.finish is Finish.CANCELLED


async def test_80x24_keeps_the_one_line_and_calls_columns_over(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on, NARROW) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        assert "tok/s · TTFT" in screen_text(app).splitlines()[-2]
        assert not app.chat.columns.panel.display
        await pilot.press("f2")
        await until(pilot, lambda: "This request" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "This request" not in screen_text(app))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app.chat.columns.chats.has_focus)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.composer.has_focus)
        assert not app.chat.columns.chats.display


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (2, 6), (3, 10), (4, 24), (40, 3), (300, 4)])
async def test_tiny_terminals_do_not_end_it(tmp_path: Path, size: tuple[int, int]) -> None:
    on = stage(tmp_path)
    async with opened(on, size) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "Hello there." in screen_text(app))
        await pilot.resize_terminal(*size)
        await pilot.press("f1", "escape", "f2", "ctrl+o", "escape")
        await until(pilot, lambda: app.chat.composer.has_focus)
