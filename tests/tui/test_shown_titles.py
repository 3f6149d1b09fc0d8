"""A title that was made from a local-only text is known as one wherever it is shown: a copy of it is local-only."""

from pathlib import Path

import pytest
from textual.widgets import Input

from assistant.domain.events import ConversationLabelled, ConversationRenamed, Labelled, TitledBy
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.storage.branches import SqliteBranches
from assistant.storage.journal import SqliteJournal
from assistant.tui import titles
from assistant.tui.entries import labelled, read
from assistant.tui.labels import Labels
from assistant.tui.screens.rename import RenameScreen
from assistant.tui.shelf import Shelf
from assistant.tui.shown_titles import ShownTitles
from tests.fakes import started, whole_turn
from tests.tui.driving import (
    answered,
    opened,
    screen_text,
    send,
    settled_surroundings,
    until,
)
from tests.tui.fake_services import stage

TITLE = "Anna of ward twelve fears that the pumps are wrong"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


def talk(journal: SqliteJournal, name: str, title: str, *labels: Label) -> None:
    """A chat with a question of each of `labels`, each with its reply."""
    journal.append(started(name, title))
    parent = None
    for number, label in enumerate(labels):
        turn = f"{name}-{number}"
        for event in whole_turn(turn, conversation=name, parent=parent):
            journal.append(event)
        found = journal.conversation(name)
        assert found is not None
        parent = found.head
        asked = journal.path(parent or "")[-2]
        if label is not Label.NORMAL:
            journal.append(Labelled(name, asked.id, label, 0))


def test_titles_are_as_strict_as_what_they_come_from(tmp_path: Path) -> None:
    on = stage(tmp_path)
    journal = on.journal
    private, normal = Label.LOCAL_ONLY, Label.NORMAL
    talk(journal, "of one", "a private beginning", private, normal)
    talk(journal, "of none", "nobody knows of what")
    talk(journal, "free", "a quest…", normal, private)
    talk(journal, "own words", "something of the second one", normal, private)
    talk(journal, "by a model", "hello", normal, private)
    journal.append(ConversationRenamed("by a model", "worded of both", 0, TitledBy.MODEL))
    talk(journal, "by hand", "hello", normal)
    journal.append(ConversationRenamed("by hand", "as the person says", 0, TitledBy.PERSON))
    talk(journal, "of a copy", "hello", normal)
    journal.append(ConversationRenamed("of a copy", "from elsewhere", 0, TitledBy.KEPT))
    talk(journal, "all", "of a local-only chat", normal)
    journal.append(ConversationLabelled("all", private, 0))
    names = [one.id for one in journal.conversations(-1)]
    assert len(names) == 8
    kept = SqliteBranches(journal.database).kept_titles([*names, "no such"])
    assert sorted(kept) == [
        "a private beginning",
        "from elsewhere",
        "nobody knows of what",
        "of a local-only chat",
        "something of the second one",
        "worded of both",
    ]


class CountingBranches(SqliteBranches):
    """Notes what it is asked for."""

    asked: tuple[tuple[str, ...], ...] = ()

    def kept_titles(self, conversations: object) -> list[str]:
        assert isinstance(conversations, list)
        self.asked += (tuple(conversations),)
        return list(super().kept_titles(conversations))


def test_each_title_is_asked_for_once(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    talk(journal, "c1", TITLE, Label.LOCAL_ONLY)
    branches, labels = CountingBranches(journal.database), Labels(Settings)
    shown = ShownTitles(branches, labels)
    for _ in range(2):
        shown.listed([("c1", TITLE)])
    shown.listed([("c1", "another"), ("c1", TITLE)])
    assert branches.asked == (("c1",), ("c1",))
    assert labels.of_taken(f"about {TITLE}", Label.NORMAL) is Label.LOCAL_ONLY


async def test_one_that_begins_just_now_is_asked_for_once_it_has_a_message(tmp_path: Path) -> None:
    on = stage(tmp_path)
    talk(on.journal, "c0", "of before, nobody knows of what")
    async with opened(on) as (app, pilot):
        labels = app.chat.desk.labels
        old, new = "of before, nobody knows of what", "a beginning that is not over"
        await until(pilot, lambda: labels.of_taken(old, Label.NORMAL) is Label.LOCAL_ONLY)
        talk(on.journal, "c1", new)
        app.chat.face.desk_changed()
        await until(pilot, lambda: new[:12] in screen_text(app))
        assert labels.of_taken(new, Label.NORMAL) is Label.NORMAL
        talk(on.journal, "c2", TITLE, Label.LOCAL_ONLY)
        app.chat.face.desk_changed()
        await until(pilot, lambda: TITLE[:12] in screen_text(app))
        assert labels.of_taken(TITLE, Label.NORMAL) is Label.LOCAL_ONLY


async def test_one_that_begins_before_the_list_was_read_again_is_not_one_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = stage(tmp_path)
    talk(on.journal, "c0", "of before, nobody knows of what")
    with monkeypatch.context() as slow:
        # A disk that takes its time: the list is what it was before the first frame.
        slow.setattr(Shelf, "refresh", lambda *_: None)
        async with opened(on) as (app, pilot):
            talk(on.journal, "c1", TITLE)
            slow.undo()
            app.chat.face.desk_changed()
            await until(pilot, lambda: TITLE[:12] in screen_text(app))
            labels = app.chat.desk.labels
            assert labels.of_taken(TITLE, Label.NORMAL) is Label.NORMAL
            old = "of before, nobody knows of what"
            assert labels.of_taken(old, Label.NORMAL) is Label.LOCAL_ONLY


def test_a_short_one_is_a_word_that_anybody_may_say_until_it_is_chosen(tmp_path: Path) -> None:
    journal = stage(tmp_path).journal
    talk(journal, "c1", "Room 12", Label.LOCAL_ONLY)
    talk(journal, "c2", "a question", Label.NORMAL)
    labels = Labels(Settings)
    shown = ShownTitles(SqliteBranches(journal.database), labels)
    shown.listed([("c1", "Room 12"), ("c2", "a question")])
    assert labels.of_taken("Room 12", Label.NORMAL) is Label.NORMAL
    for title in ("Room 12", "a question"):
        shown.chosen(title)
    assert labels.of_taken("Room 12", Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken("a question", Label.NORMAL) is Label.NORMAL


@pytest.mark.parametrize("title", [TITLE, "Room 12"])
async def test_a_title_that_is_copied_from_its_sheet_is_local_only(
    tmp_path: Path, title: str
) -> None:
    on = stage(tmp_path)
    talk(on.journal, "c1", title, Label.LOCAL_ONLY)
    async with opened(on) as (app, pilot):
        app.chat.run_worker(app.chat.act("rename", "c1"))
        await until(pilot, lambda: isinstance(app.screen, RenameScreen))
        app.screen.query_one(Input).select_all()
        await pilot.press("ctrl+c", "escape")
        assert app.clipboard == title
        await pilot.press("ctrl+v")
        labels, chat = app.chat.desk.labels, app.chat.desk.chat
        await until(pilot, lambda: labels.of_next(chat) is Label.LOCAL_ONLY)
        assert labels.of_taken("How do I bake bread?", Label.NORMAL) is Label.NORMAL


async def test_a_title_of_a_chat_that_is_kept_here_later_is_so_from_then_on(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        desk = app.chat.desk
        name = desk.chat.conversation
        await app.chat.engine.rename(name, TITLE)
        assert desk.labels.of_taken(TITLE, Label.NORMAL) is Label.NORMAL
        await desk.sending.keep_here(on.journal.path(desk.chat.head or "")[0].id)
        assert desk.labels.of_taken(TITLE, Label.NORMAL) is Label.LOCAL_ONLY


async def test_a_title_that_a_person_makes_of_a_local_only_text_stays_so_after_the_run(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "hello")
        await answered(app, pilot)
        name, shelf = app.chat.desk.chat.conversation, app.chat.face.shelf
        app.chat.desk.labels.known([TITLE])
        await shelf.rename(name, "How to bake bread")
        assert titled(on.journal, name) is TitledBy.PERSON
        await shelf.rename(name, f"Ward: {TITLE}")
        assert titled(on.journal, name) is TitledBy.KEPT
        await send(app, pilot, "/title How to bake bread")
        await until(pilot, lambda: titled(on.journal, name) is TitledBy.PERSON)
        await pilot.press("ctrl+l")
        await send(app, pilot, "/title The pin is 4711, as they say")
        await until(pilot, lambda: titled(on.journal, name) is TitledBy.KEPT)
    labels, found = Labels(Settings), read(on.journal, name)
    assert found is not None
    labels.remember(labelled(found))
    assert labels.of_taken("The pin is 4711, as they say", Label.NORMAL) is Label.LOCAL_ONLY


def titled(journal: SqliteJournal, name: str) -> TitledBy | None:
    found = journal.conversation(name)
    return found.titled if found else None
