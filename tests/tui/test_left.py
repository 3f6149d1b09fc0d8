"""What the bar says of what has left is what the outbox says, however long ago that was."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.audit_entries import OutboxLine, Outcome
from assistant.domain.errors import StorageError
from tests.tui.cloud_chat import cloud_chat, grant
from tests.tui.cloud_stage import Lines, line
from tests.tui.driving import opened, screen_text, settled_surroundings, until
from tests.tui.fake_services import Stage, stage

NOTHING = "nothing has left"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def with_outbox(on: Stage, lines: Sequence[OutboxLine]) -> Stage:
    outbox = Lines(lines)
    on.services = replace(on.services, outbox=lambda: outbox)
    return on


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), True),
        ((line(1, Outcome.UNSENT, 0),), True),
        ((line(1, Outcome.UNSENT, 0), line(2)), False),
        ((line(1, None, None),), False),
        ((*(line(n, Outcome.UNSENT, 0) for n in range(100)), line(100)), False),
    ],
)
async def test_it_is_said_only_while_it_is_so(
    tmp_path: Path, lines: tuple[OutboxLine, ...], said: bool
) -> None:
    async with opened(with_outbox(stage(tmp_path), lines)) as (app, pilot):
        await until(pilot, lambda: app.chat.desk.left.ever is not None)
        await pilot.pause()
        assert (NOTHING in screen_text(app)) is said


async def test_from_the_permit_on_it_is_said_no_more(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.stage.services = replace(on.stage.services, outbox=lambda: on.audit)
    async with opened(on.stage) as (app, pilot):
        await until(pilot, lambda: NOTHING in screen_text(app))
        await grant(app, pilot, "first")
        await until(pilot, lambda: app.chat.desk.left.ever)
        await until(pilot, lambda: NOTHING not in screen_text(app))


async def test_an_outbox_that_cannot_be_read_is_not_called_empty(tmp_path: Path) -> None:
    class Broken(Lines):
        def lines(self, limit: int = 100, offset: int = 0) -> Sequence[OutboxLine]:
            raise StorageError("the journal cannot be read")

    on = stage(tmp_path)
    broken = Broken()
    on.services = replace(on.services, outbox=lambda: broken)
    async with opened(on) as (app, pilot):
        await until(pilot, lambda: LOADED in screen_text(app))
        assert app.chat.desk.left.ever is None
        assert NOTHING not in screen_text(app)


LOADED = "LOCAL ONLY"
