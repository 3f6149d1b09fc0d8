"""A conversation of 10,000 messages: opened by as many questions to the journal as a short one, and walked to its beginning."""

import sqlite3
from pathlib import Path

from assistant.storage.database import Database
from tests.tui.driving import opened, screen_text, until
from tests.tui.fake_services import NOON_MS, Stage, stage

MANY = 10_000


def long_chat(on: Stage, name: str, messages: int) -> None:
    """A conversation in which a person and a reply take turns."""
    with on.journal.database.write() as db:
        [[before]] = db.execute("SELECT coalesce(max(n), 0) FROM message")
        db.execute(
            "INSERT INTO conversation(id, title, system, created_at_ms, updated_at_ms, activity, head, messages)"
            " VALUES (?, ?, '', 1, 1, 1, ?, ?)",
            (name, name, f"{name}-{messages - 1}", messages),
        )
        db.executemany(
            "INSERT INTO message(n, id, conversation, parent, role, text, label, turn, created_at_ms, finish)"
            " VALUES (?, ?, ?, ?, ?, ?, 'normal', ?, ?, ?)",
            (_message(before, name, number) for number in range(messages)),
        )


def _message(before: int, name: str, number: int) -> tuple[object, ...]:
    asked = number % 2 == 0
    n = before + number + 1
    said = f"said {number} in {name}"
    turn, finish = f"t-{name}-{number // 2}", None if asked else "stop"
    role = "user" if asked else "assistant"
    parent = n - 1 if number else None
    return (n, f"{name}-{number}", name, parent, role, said, turn, NOON_MS, finish)


class Counted:
    """Counts what a database is asked."""

    def __init__(self, database: Database) -> None:
        self.statements = 0
        with database.read() as db:
            self._db: sqlite3.Connection = db
        self._db.set_trace_callback(self._asked)

    def _asked(self, _statement: str) -> None:
        self.statements += 1


async def test_a_long_one_is_opened_by_as_few_questions_as_a_shorter_one(tmp_path: Path) -> None:
    on = stage(tmp_path)
    long_chat(on, "short", 200)
    long_chat(on, "long", MANY)
    asked = []
    async with opened(on) as (app, pilot):
        transcript = app.chat.transcript
        for name, count in (("short", 200), ("long", MANY)):
            counted = Counted(on.journal.database)
            await app.chat.desk.open(name)
            asked.append(counted.statements)
            await until(pilot, lambda count=count: len(transcript.pages) == count)  # type: ignore[misc]
            assert f"said {count - 1} in {name}" in screen_text(app)
    assert 0 < asked[0] < 100
    assert abs(asked[1] - asked[0]) < 10


async def test_it_shows_its_end_and_is_walked_to_its_beginning(tmp_path: Path) -> None:
    on = stage(tmp_path)
    long_chat(on, "long", MANY)
    async with opened(on) as (app, pilot):
        await app.chat.desk.open("long")
        transcript = app.chat.transcript
        transcript.focus()
        await until(pilot, lambda: f"said {MANY - 1} in long" in screen_text(app))
        assert "said 0 in long" not in screen_text(app)
        counted = Counted(on.journal.database)
        for _ in range(5):
            await pilot.press("pageup")
        # One look for each reply that came in sight.
        assert counted.statements < 200
        await pilot.press("home")
        await until(pilot, lambda: "said 0 in long" in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: f"said {MANY - 1} in long" in screen_text(app))
