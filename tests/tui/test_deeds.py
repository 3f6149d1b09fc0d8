"""What typed commands do: each through the composer, as a person does it."""

import stat
from pathlib import Path

from assistant.domain.sensitivity import Label
from assistant.tui.labels import KEPT
from tests.tui.driving import answered, opened, send, toasts, until
from tests.tui.fake_services import Answer
from tests.tui.word_stage import word_stage


async def test_a_preset_makes_the_replies_of_this_chat_alone(tmp_path: Path) -> None:
    on = word_stage(tmp_path, Answer(("one",)), Answer(("two",)), Answer(("three",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "/preset precise")
        await until(pilot, lambda: app.chat.desk.chat.preset == "precise")
        assert "precise" in str(app.chat.composer.border_subtitle)
        await send(app, pilot, "first")
        await answered(app, pilot)
        await send(app, pilot, "/set seed 7")
        await until(pilot, lambda: "seed 7 in this chat" in toasts(app))
        await send(app, pilot, "second")
        await answered(app, pilot)
        first = app.chat.desk.chat.conversation
        await send(app, pilot, "/clear")
        await until(pilot, lambda: not app.chat.desk.chat.conversation)
        await send(app, pilot, "third")
        await answered(app, pilot)
        sampled = [(one.sampling.temperature, one.sampling.seed) for one in on.backend.asked]
        assert sampled == [(0.2, None), (0.2, 7), (0.7, None)]
        summary = on.journal.conversation(first)
        assert summary is not None
        assert summary.sampling is not None
        assert (summary.preset, summary.sampling.seed) == ("", 7)
        await app.chat.desk.open(first)
        assert app.chat.desk.chat.sampling == summary.sampling


async def test_a_system_prompt_is_told_and_can_be_cleared(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "/system Answer\nin Dutch.")
        await until(pilot, lambda: app.chat.desk.chat.system == "Answer\nin Dutch.")
        await send(app, pilot, "hello")
        await answered(app, pilot)
        await send(app, pilot, "/system clear")
        await until(pilot, lambda: app.chat.desk.chat.system == "")
        await send(app, pilot, "again")
        await answered(app, pilot)
        told = [one.messages[0].text for one in on.backend.asked]
        assert told == ["Answer\nin Dutch.", "hello"]


async def test_a_local_only_system_prompt_keeps_the_chat_here(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        chat = app.chat.desk.chat
        await send(app, pilot, "/prompt role")
        await until(pilot, lambda: chat.system == "You know that Anna lives in room 12.")
        assert chat.label is Label.LOCAL_ONLY
        app.chat.action_label_chat()
        await until(pilot, lambda: KEPT in toasts(app))
        await send(app, pilot, "hello")
        await answered(app, pilot)
        summary = on.journal.conversation(chat.conversation)
        assert summary is not None
        assert (summary.label, summary.system) == (Label.LOCAL_ONLY, chat.system)
        path = on.journal.path(summary.head or "")
        assert {one.label for one in path} == {Label.LOCAL_ONLY}
        await send(app, pilot, "/system clear")
        await until(pilot, lambda: chat.system == "")
        app.chat.action_label_chat()
        await until(pilot, lambda: chat.label is Label.NORMAL)


async def test_what_is_no_command_is_said_and_stays_and_no_key_sends_it(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        for key in ("enter", "ctrl+s", "ctrl+t"):
            app.chat.composer.put("/modle x")
            await pilot.press(key)
            await until(pilot, lambda: app.chat.composer.full_text == "/modle x")
            assert any("did you mean /model?" in said for said in toasts(app))
            app.clear_notifications()
        await send(app, pilot, "/etc/hosts is what?")
        await answered(app, pilot)
        assert [one.messages[-1].text for one in on.backend.asked] == ["/etc/hosts is what?"]


async def test_the_next_label_and_the_title(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        chat = app.chat.desk.chat
        await send(app, pilot, "/label local-only")
        await until(pilot, lambda: app.chat.desk.labels.of_next(chat) is Label.LOCAL_ONLY)
        await send(app, pilot, "hello")
        await answered(app, pilot)
        await send(app, pilot, "/title Two words")
        await until(pilot, lambda: chat.title == "Two words")
        summary = on.journal.conversation(chat.conversation)
        assert summary is not None
        assert summary.title == "Two words"
        assert on.journal.path(summary.head or "")[0].label is Label.LOCAL_ONLY


async def test_an_export_is_private_and_replaces_nothing(tmp_path: Path) -> None:
    on = word_stage(tmp_path, Answer(("It is so.",)))
    async with opened(on) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        file = tmp_path / "a file.md"
        await send(app, pilot, f"/export '{file}'")
        await until(pilot, file.exists)
        assert "It is so." in file.read_text("utf-8")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        await send(app, pilot, f"/export md '{file}'")
        await until(pilot, lambda: any("is there already" in said for said in toasts(app)))
        assert app.chat.composer.full_text == f"/export md '{file}'"
        assert "It is so." in file.read_text("utf-8")


async def test_what_is_typed_faster_than_a_command_waits_for_it(tmp_path: Path) -> None:
    on = word_stage(tmp_path)
    async with opened(on) as (app, pilot):
        composer = app.chat.composer
        composer.put("/label local-only")
        composer.action_submit()
        composer.insert("a secret")
        composer.action_submit()
        assert composer.full_text == "a secret"
        await until(pilot, lambda: not composer.pending)
        await pilot.press("enter")
        await answered(app, pilot)
        chat = app.chat.desk.chat
        assert on.journal.path(chat.head or "")[0].label is Label.LOCAL_ONLY
        composer.put("/clear")
        composer.action_submit()
        composer.insert("for the new chat")
        await until(pilot, lambda: app.chat.desk.chat is not chat)
        assert composer.full_text == "for the new chat"
