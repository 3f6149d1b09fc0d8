"""Attaching in the chat: names behind an @, pasted paths, folders that are asked about, the labels that files bring."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from assistant.domain.attachments import ASK_FILES, Attachment, compose, parted
from assistant.domain.sensitivity import Label
from assistant.domain.settings import LabelSettings, Settings
from assistant.storage.attachments import DiskAttachments
from assistant.tui.app import AssistantApp
from assistant.tui.attaching import path_of
from assistant.tui.screens.pick import PickScreen
from assistant.tui.widgets.path_choice import PathChoice
from tests.tui.cloud_chat import ask_cloud, cloud_chat, over, sheet
from tests.tui.driving import (
    NARROW,
    WIDE,
    answered,
    opened,
    screen_text,
    settled_surroundings,
    toasts,
    until,
)
from tests.tui.fake_services import Answer, Stage, stage
from tests.tui.test_snapshots import Compare, picture

RULES = Settings(labels=LabelSettings(folders=("~/disk/clinic=local-only", "~/disk/www=public")))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def with_disk(folder: Path, on: Stage | None = None) -> Stage:
    """A stage whose program was started in a folder with files."""
    on = on or stage(folder, Answer(("Read.",)), settings=RULES)
    disk = folder / "disk"
    for name, text in {
        "src/main.py": "print('hello')\n" * 40,
        "src/util.py": "x = 1\n",
        "clinic/ward.txt": "The monitors in room 12 run late.\n",
        "www/index.html": "<p>\n",
        "my notes.txt": "a note\n",
    }.items():
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_text(text)
    services = replace(on.services, attaching=lambda: DiskAttachments(disk, folder))
    return replace(on, services=services)


def choice(app: AssistantApp) -> Sequence[str]:
    """The names that are shown."""
    found = app.chat.query(PathChoice)
    return [one.path for one in found.first().candidates] if found else []


async def named(app: AssistantApp, pilot: Pilot[int], *names: str) -> None:
    await until(pilot, lambda: choice(app) == list(names), f"never came: {names}")


async def attached(app: AssistantApp, pilot: Pilot[int], count: int = 1) -> None:
    composer = app.chat.composer
    await until(pilot, lambda: len(composer.attachments) == count and not composer.reading)


async def test_a_name_behind_an_at_becomes_an_attachment(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press(*"see @s")
        await named(app, pilot, "src/")
        await pilot.press("tab")
        await named(app, pilot, "src/main.py", "src/util.py")
        await pilot.press("down", "up", "enter")
        await attached(app, pilot)
        assert app.chat.composer.text == "see ⟦src/main.py · 600 bytes · ~150 tokens⟧ "
        assert "attached ~150 tokens, ~4 % of 4,096" in screen_text(app)
        await pilot.press(*"?", "enter")
        await answered(app, pilot)
        [summary] = on.journal.conversations()
        own, found = parted(on.journal.path(summary.head or "")[0].text)
        assert (own, found[0].text) == ("see src/main.py ?", "print('hello')\n" * 40)
        assert summary.title == "see src/main.py ?"
        assert "▸ src/main.py · 600 bytes · ~150 tokens · t shows it" in screen_text(app)
        assert "print(" not in screen_text(app)
        app.chat.transcript.focus()
        await pilot.press("home", "t")
        assert "│ print('hello')" in screen_text(app)


async def test_escape_keeps_what_was_typed_and_enter_sends_it(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press(*"a@s @m")
        await named(app, pilot, "my notes.txt")
        await pilot.press("escape", *"y")
        await pilot.pause()
        assert choice(app) == []
        await pilot.press("backspace", "backspace", "backspace", *"@m")
        await named(app, pilot, "my notes.txt")
        await pilot.press("tab")
        await attached(app, pilot)
        assert app.chat.composer.full_text == compose(
            "a@s my notes.txt ", [Attachment("my notes.txt", "text", "a note\n")]
        )


async def test_a_pasted_path_is_offered_and_not_taken(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    path = str(tmp_path / "disk/my notes.txt")
    async with opened(on) as (app, pilot):
        app.chat.composer.post_message(events.Paste(f"'{path}'"))
        await named(app, pilot, path)
        assert app.chat.composer.text == f"'{path}'"
        await pilot.press("tab")
        await attached(app, pilot)
        assert app.chat.composer.text == "⟦my notes.txt · 7 bytes · ~2 tokens⟧ "
        app.chat.composer.put("")
        app.chat.composer.post_message(events.Paste("file://" + path.replace(" ", "%20")))
        await named(app, pilot, path)
        await pilot.press("x")
        assert app.chat.composer.text.endswith("notes.txtx")
        assert choice(app) == []


async def test_a_large_folder_is_asked_about(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    for number in range(ASK_FILES + 1):
        (tmp_path / "disk/many").mkdir(exist_ok=True)
        (tmp_path / f"disk/many/{number}.txt").write_text("words\n")
    async with opened(on) as (app, pilot):
        for answer, count in ((("enter",), 0), (("down", "enter"), 1)):
            app.chat.composer.put("")
            app.chat.composer.focus()
            await pilot.press(*"@many")
            await named(app, pilot, "many/")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            assert "attach 21 files · 126 bytes · ~31 tokens" in screen_text(app)
            await pilot.press(*answer)
            await attached(app, pilot, count)
        assert app.chat.composer.text.startswith("⟦many/ · ")


async def test_a_file_of_a_local_only_folder_makes_the_message_local_only(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press(*"@clinic/w")
        await named(app, pilot, "clinic/ward.txt")
        await pilot.press("enter")
        await attached(app, pilot)
        assert "▲ local-only" in screen_text(app)
        await pilot.press("ctrl+l")
        assert "▲ local-only" in screen_text(app)
        await pilot.press("enter")
        await answered(app, pilot)
        [summary] = on.journal.conversations()
        labels = {message.label for message in on.journal.path(summary.head or "")}
        assert labels == {Label.LOCAL_ONLY}
        # Its text is known now, wherever it comes from.
        app.chat.composer.post_message(events.Paste("the monitors in ROOM 12 run late"))
        await pilot.pause()
        assert "▲ local-only" in screen_text(app)


async def test_what_is_attached_is_on_the_sheet_and_scanned(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    text = "Pay DE89370400440532013000 today.\n"
    async with opened(on.stage, WIDE) as (app, pilot):
        message = compose("What is to do?", [Attachment("bill.txt", "text", text)])
        await ask_cloud(app, pilot, message)
        await sheet(app, pilot)
        shown = screen_text(app)
        assert "--- attachment 1 of 1: bill.txt (text, 34 bytes, 1 line) ---" in shown
        assert "Pay ⟦iban-1⟧ today." in shown
        await pilot.press("o")
        await over(app, pilot)
    [left] = on.left
    assert left == message.replace("DE89370400440532013000", "⟦iban-1⟧")
    [summary] = on.stage.journal.conversations()
    assert on.stage.journal.path(summary.head or "")[0].text == message


async def test_a_local_only_attachment_does_not_leave(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, settings=RULES)
    on.stage.services = with_disk(tmp_path, on=on.stage).services
    async with opened(on.stage, WIDE) as (app, pilot):
        await pilot.press(*"@clinic/w")
        await named(app, pilot, "clinic/ward.txt")
        await pilot.press("enter")
        await attached(app, pilot)
        await pilot.press(*"why?", "ctrl+l", "ctrl+s")
        await until(pilot, lambda: app.chat.composer.text and not app.chat.desk.chat.held)
        await pilot.pause()
        assert "▲ local-only" in screen_text(app)
    assert on.left == []


async def test_a_draft_keeps_its_attachments_and_their_label(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    async with opened(on) as (app, pilot):
        await pilot.press(*"@clinic/w")
        await named(app, pilot, "clinic/ward.txt")
        await pilot.press("enter")
        await attached(app, pilot)
        await app.chat.desk.close()
        shown = app.chat.composer.text
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: app.chat.composer.text == shown)
        assert "▲ local-only" in screen_text(app)
        await pilot.press("ctrl+l")
        assert "▲ local-only" in screen_text(app)


async def test_what_cannot_be_attached_is_said_and_the_palette_begins(tmp_path: Path) -> None:
    on = with_disk(tmp_path)
    (tmp_path / "disk/blob.bin").write_bytes(b"\0\1")
    async with opened(on) as (app, pilot):
        await pilot.press("x")
        assert app.chat.face.attach is not None
        app.chat.face.attach.begin()
        assert app.chat.composer.text == "x @"
        await pilot.press("b")
        await named(app, pilot, "blob.bin")
        await pilot.press("enter")
        await until(pilot, lambda: toasts(app))
        assert toasts(app)[-1].startswith("attachment: blob.bin is not a text")
        assert app.chat.composer.text == "x "


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/b.txt", "/a/b.txt"),
        (" '/a b.txt' ", "/a b.txt"),
        ('"~/a b"', "~/a b"),
        ("/a\\ b.txt", "/a b.txt"),
        ("file:///a%20b", "/a b"),
        ("file://localhost/a", "/a"),
        ("file:/a", "/a"),
        ("./a", "./a"),
        ("../a", "../a"),
        ("a/b", ""),
        ("/", ""),
        ("/a\n/b", ""),
        ("file://host/a", ""),
        ("see /a", ""),
        ("https://a/b", ""),
        ("/" + "a" * 5_000, ""),
    ],
)
def test_what_is_a_path(text: str, path: str) -> None:
    assert path_of(text) == path


async def see_names(app: AssistantApp, pilot: Pilot[int]) -> None:
    await pilot.press(*"what does @")
    await named(app, pilot, "clinic/", "src/", "www/", "my notes.txt")
    await pilot.press("down")


async def see_folded(app: AssistantApp, pilot: Pilot[int]) -> None:
    found = [
        Attachment("src/main.py", "text", "print('hello')\n" * 3),
        Attachment("paper.pdf, pages 1 to 300 of 812", "pdf", "words " * 200),
    ]
    app.chat.composer.put(compose("What do they have in common?", found))
    await pilot.press("enter")
    await answered(app, pilot)
    app.chat.composer.put(compose("", [Attachment("notes.txt", "text", "x" * 1_240)]))


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("what", ["names", "folded"])
def test_pictures(snap_compare: Compare, tmp_path: Path, size: tuple[int, int], what: str) -> None:
    see = see_names if what == "names" else see_folded
    assert picture(snap_compare, with_disk(tmp_path), size, see)
