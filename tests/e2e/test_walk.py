"""A walk through every feature by keys alone: the real program, a real terminal, the real model, in homes of their own."""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.tui.app import AssistantApp
from assistant.tui.commands import commands
from assistant.tui.fallback import Offer
from assistant.tui.turn import Chat
from assistant.tui.verbs import VERBS
from tests.e2e import walk_routes, walk_sheets, walk_talk, walk_words
from tests.e2e.conftest import Installed
from tests.e2e.program import ONE_THREAD, Program
from tests.e2e.walker import Walker
from tests.standins import hailo_process
from tests.standins.machines import make
from tests.tui.word_stage import word_stage

pytestmark = pytest.mark.timeout(900)
Chapter = Callable[[Walker], None]
WALKS = (walk_talk, walk_words, walk_sheets, walk_routes)
SHORT = "[generation]\ntitles = false\nmax_tokens = 4\ntemperature = 0.0\n"
"""Replies of a few tokens, the same each time, and no titles by the model: the walk waits for neither."""


def test_no_command_is_left_out(tmp_path: Path) -> None:
    walked = {name for walk in WALKS for name in walk.WALKED}
    assert {name for name in walked if name.startswith("/")} == {f"/{verb.name}" for verb in VERBS}
    assert {name for name in walked if not name.startswith("/")} == palette(tmp_path)


def palette(folder: Path) -> set[str]:
    """Every entry that the palette can have: in a chat on record, of which a reply failed."""
    app = AssistantApp(word_stage(folder).services, folder)
    desk = app.chat.desk
    desk.chat = Chat(conversation="c")
    [route] = desk._engine.routes
    desk.fallback.offer = Offer(desk.chat, "", route, desk.labels.of_next(desk.chat))
    return {entry.title for entry in commands(app, lambda: None)}


@contextmanager
def person(program: Program, **environment: str) -> Iterator[Walker]:
    on = Walker(program, **environment)
    try:
        yield on
    finally:
        on.terminal.close()


def walk(on: Walker, chapters: Sequence[Chapter], walked: Set[str]) -> None:
    """One chapter after the other; what they used is what their list says."""
    for chapter in chapters:
        chapter(on)
    assert on.walked == walked


def test_talking(tmp_path: Path, starter_model: Path) -> None:
    program = Program(tmp_path)
    program.settle(SHORT + ONE_THREAD)
    walk_talk.put_files(tmp_path, starter_model)
    with person(program) as on:
        walk(on, walk_talk.CHAPTERS, walk_talk.WALKED)


def test_words(tmp_path: Path, installed: Installed) -> None:
    program = installed(tmp_path)
    program.settle(SHORT + ONE_THREAD)
    walk_words.put_files(tmp_path)
    with person(program) as on:
        walk(on, walk_words.CHAPTERS, walk_words.WALKED)


def test_sheets(tmp_path: Path) -> None:
    walk_sheets.put_files(tmp_path)
    with person(Program(tmp_path)) as on:
        walk(on, walk_sheets.CHAPTERS, walk_sheets.WALKED)


def test_routes(tmp_path: Path, installed: Installed) -> None:
    program, machine = installed(tmp_path), make(tmp_path / "pi", "h10_511")
    program.settle(SHORT + ONE_THREAD)
    added = program.run("routes", "add", "--row", walk_routes.CLOUD, "--model", "m")
    assert added.returncode == 0, added.stderr
    with hailo_process.running("--time-scale", "0.02") as server:
        walk_routes.put_files(tmp_path, server.port)
        with person(program, **machine.environment) as on:
            walk(on, walk_routes.CHAPTERS[:3], on.walked)
            server.fault("drop", 2)
            walk(on, walk_routes.CHAPTERS[3:], walk_routes.WALKED)
