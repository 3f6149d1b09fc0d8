"""What is cut, copied or taken out of the composer: whole wherever it is pasted, and as strict there as it was."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from assistant.domain.attachments import Attachment, compose
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.storage.search import SqliteFinder
from assistant.tui import titles
from assistant.tui.app import AssistantApp
from assistant.tui.labels import Labels
from assistant.tui.library import Library
from assistant.tui.screens.beside import BesideScreen
from assistant.tui.screens.prompt_form import PromptFormScreen
from assistant.tui.screens.search import SearchScreen
from assistant.tui.screens.system import SystemScreen
from assistant.tui.turn import Chat
from assistant.tui.widgets.composer import Composer
from assistant.tui.widgets.transcript_selection import whole
from tests.tui.driving import answered, opened, screen_text, send, settled_surroundings, until
from tests.tui.fake_services import Answer, stage
from tests.tui.word_stage import word_stage

SECRET = "Anna of ward twelve takes lithium since last spring."
OTHER = "Somebody in room nine forgot the chart of a patient again."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


class WritingApp(App[None]):
    """A composer alone; the clipboard is the program's own."""

    def compose(self) -> ComposeResult:
        yield Composer()


@pytest.mark.parametrize("message", [compose("why?", [Attachment("a.txt", "text", "x\n" * 99)])])
@pytest.mark.parametrize("keys", ["ctrl+x", "ctrl+c"])
async def test_a_token_is_whole_where_it_is_pasted(message: str, keys: str) -> None:
    app = WritingApp()
    async with app.run_test(size=(60, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.focus()
        composer.put(message)
        composer.action_select_all()
        await pilot.press(keys)
        assert (composer.text == "") is (keys == "ctrl+x")
        assert app.clipboard == message
        composer.put("")
        await pilot.press("ctrl+v")
        assert composer.full_text == message
        assert composer.text == "⟦a.txt · 198 bytes · ~50 tokens⟧ why?"


async def test_a_long_paste_is_whole_too_and_a_token_of_before_is_taken_again() -> None:
    app = WritingApp()
    async with app.run_test(size=(60, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.focus()
        composer.attach(Attachment("pasted text", "paste", "long " * 2_000))
        shown, whole = composer.text, composer.full_text
        await pilot.press("ctrl+x", "ctrl+v")
        assert (composer.text, composer.full_text) == (shown, whole)
        await pilot.press("ctrl+v")
        assert len(composer.attachments) == 2


@pytest.mark.parametrize(
    ("keys", "gone"),
    [
        (("ctrl+x",), SECRET),
        (("home", "ctrl+k"), SECRET),
        (("ctrl+u",), SECRET),
        (("ctrl+w",), ""),
        (("backspace",), ""),
    ],
)
async def test_what_goes_by_one_key_is_told(keys: tuple[str, ...], gone: str) -> None:
    app, told = WritingApp(), list[str]()
    async with app.run_test(size=(80, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.focus()
        composer.put(SECRET)
        composer.lifted = told.append
        await pilot.press(*keys)
        assert {text.strip() for text in told} == ({gone} if gone else set())


async def test_what_waits_while_prompts_are_called_back_is_told_and_they_are_not() -> None:
    app, told = WritingApp(), list[str]()
    async with app.run_test(size=(80, 20)) as pilot:
        composer = app.query_one(Composer)
        composer.focus()
        composer.recall.fill(["one", "two"])
        composer.put(SECRET)
        composer.lifted = told.append
        await pilot.press("home", "up", "up", "down", "down")
        assert (told, composer.text) == ([SECRET], SECRET)


def test_what_is_lifted_is_as_strict_as_what_stood_there() -> None:
    labels, chat = Labels(Settings), Chat()
    labels.lifted(chat, OTHER)
    chat.mark = Label.LOCAL_ONLY
    labels.lifted(chat, SECRET)
    assert labels.of_taken(f"Look: {SECRET}", Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken(OTHER, Label.NORMAL) is Label.NORMAL
    other = Labels(Settings)
    chat.typed = SECRET
    other.restored(chat, Label.LOCAL_ONLY)
    assert other.of_taken(SECRET, Label.NORMAL) is Label.LOCAL_ONLY


async def cut_and_pasted_elsewhere(app: AssistantApp, pilot: Pilot[int]) -> Label:
    composer, desk = app.chat.composer, app.chat.desk
    composer.action_select_all()
    await pilot.press("ctrl+x")
    await send(app, pilot, "hello")
    await answered(app, pilot)
    await pilot.press("ctrl+n", "ctrl+v")
    await until(pilot, lambda: composer.text == SECRET)
    return desk.labels.of_next(desk.chat)


async def test_a_local_only_text_that_was_cut_is_so_in_the_next_chat(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        app.chat.composer.insert(SECRET)
        await pilot.pause()
        assert await cut_and_pasted_elsewhere(app, pilot) is Label.LOCAL_ONLY


async def test_a_local_only_draft_of_before_is_so_too(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.journal.save_draft("", SECRET, Label.LOCAL_ONLY)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.composer.text == SECRET)
        assert await cut_and_pasted_elsewhere(app, pilot) is Label.LOCAL_ONLY


async def test_the_other_answer_is_known_once_it_is_in_view(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer((SECRET,)), Answer((OTHER,)))
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, "which one?")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("r")
        await until(pilot, lambda: len(on.backend.asked) == 2)
        await answered(app, pilot)
        conversation = app.chat.desk.chat.conversation
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await app.chat.desk.open(conversation)
        labels = app.chat.desk.labels
        assert labels.of_taken(SECRET, Label.NORMAL) is Label.NORMAL
        app.chat.transcript.focus()
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, BesideScreen))
        for text in (SECRET, OTHER):
            assert labels.of_taken(text, Label.NORMAL) is Label.LOCAL_ONLY


@pytest.mark.parametrize("keys", [("ctrl+l",), ()], ids=["local-only", "normal"])
async def test_a_selection_in_a_reply_that_comes_has_its_label(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    on = word_stage(tmp_path, Answer(("Room 12, yes.\n\n", "More"), hold=1))
    (tmp_path / "prompts" / "cite.md").write_text("Tell me: {{selection}}\n")
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await pilot.press(*keys)
        await send(app, pilot, "where?")
        await until(pilot, lambda: "Room 12" in screen_text(app))
        transcript = app.chat.transcript
        app.screen.selections = {transcript: whole(len(transcript.pages.entries) - 1)}
        await Library(app.chat, app.chat.desk.chat).use_named("cite", "")
        assert "Room 12" in app.chat.composer.text
        after = Label.LOCAL_ONLY if keys else Label.NORMAL
        assert desk.labels.of_next(desk.chat) is after
        on.backend.go.set()
        await answered(app, pilot)


async def test_what_a_search_shows_of_a_local_only_message_is_known(tmp_path: Path) -> None:
    on = stage(tmp_path, Answer((OTHER,)))
    async with opened(on) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, SECRET)
        await answered(app, pilot)
    again = stage(tmp_path)
    other = SqliteFinder(again.journal.database)
    again = replace(again, services=replace(again.services, finder=lambda: other))
    async with opened(again) as (app, pilot):
        await pilot.press("ctrl+f")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        await pilot.press(*"lithium")
        await until(pilot, lambda: "2 found" in screen_text(app))
        labels = app.chat.desk.labels
        assert labels.of_taken(f"Look: {SECRET}", Label.NORMAL) is Label.LOCAL_ONLY
        assert labels.of_taken(OTHER, Label.NORMAL) is Label.NORMAL


@pytest.mark.parametrize("keys", [("ctrl+l",), ()], ids=["local-only", "normal"])
@pytest.mark.parametrize("sheet", ["/system", "/prompt clerk"])
async def test_what_is_copied_or_cut_in_a_sheet_is_as_strict_as_what_is_typed(
    tmp_path: Path, sheet: str, keys: tuple[str, ...]
) -> None:
    on = word_stage(tmp_path)
    asks = '+++\n[variables.who]\nquestion = "Who?"\n+++\nYou write for {{who}}.\n'
    (tmp_path / "prompts" / "clerk.md").write_text(asks)
    async with opened(on) as (app, pilot):
        await pilot.press(*keys)
        await send(app, pilot, sheet)
        await until(pilot, lambda: isinstance(app.screen, SystemScreen | PromptFormScreen))
        app.screen.post_message(events.Paste(SECRET))
        await until(pilot, lambda: SECRET[:20] in screen_text(app))
        await pilot.press(
            *(["ctrl+a", "ctrl+x"] if sheet == "/system" else ["shift+home", "ctrl+c"])
        )
        assert app.clipboard.endswith(SECRET)
        await pilot.press("escape", "ctrl+n")
        after = Label.LOCAL_ONLY if keys else Label.NORMAL
        assert app.chat.desk.labels.of_taken(f"Look: {SECRET}", Label.NORMAL) is after


async def test_what_the_program_takes_out_is_not_told() -> None:
    app, told = WritingApp(), list[str]()
    async with app.run_test(size=(80, 20)):
        composer = app.query_one(Composer)
        composer.lifted = told.append
        composer.insert("@/home/somebody/a/long/path.txt")
        composer.delete((0, 0), composer.document.end)
        assert told == []
