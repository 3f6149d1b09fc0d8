"""What is said once more goes to the cloud by the usual sheet, with the labels of what it came of, or stays."""

from pathlib import Path

import pytest

from assistant.domain.consent import State
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.tui import tree
from tests.tui.cloud_chat import CloudChat, cloud_chat, grant, over, sheet
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import Answer


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def path(on: CloudChat) -> list[str]:
    [summary] = on.stage.journal.conversations()
    return [m.text for m in on.stage.journal.path(summary.head or "")]


async def test_a_reply_of_the_cloud_is_asked_for_again_by_a_sheet_each_time(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "Why is the sky blue?")
        app.chat.transcript.focus()
        await pilot.press("r")
        await sheet(app, pilot)
        await pilot.press("escape")
        await over(app, pilot)
        assert on.left == ["Why is the sky blue?"]
        assert app.chat.composer.text == "", "it is on record: nothing has to come back"
        app.chat.transcript.focus()
        await pilot.press("r")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: len(on.left) == 2)
        await over(app, pilot)
        [summary] = on.stage.journal.conversations()
        siblings = app.chat.desk.siblings.branches
        assert siblings is not None
        assert [len(all_of) for all_of in siblings.siblings(summary.head or "").values()] == [2]
        assert path(on) == ["Why is the sky blue?", "From the cloud."]
    assert on.states == [State.GIVEN, State.REFUSED, State.EXPIRED], "each was asked for"


async def test_an_edit_that_is_refused_a_grant_is_an_edit_still(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path, Answer(("one",)))
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "first")
        await answered(app, pilot)
        app.chat.composer.put("aside")
        app.chat.transcript.focus()
        await pilot.press("e")
        await until(pilot, lambda: app.chat.composer.text == "first")
        await pilot.press("!", "ctrl+s")
        await sheet(app, pilot)
        await pilot.press("escape")
        await over(app, pilot)
        assert app.chat.composer.text == "first!"
        await pilot.press("ctrl+s")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: on.left == ["first!"])
        await over(app, pilot)
        assert app.chat.composer.text == "aside"
        assert path(on) == ["first!", "From the cloud."]


async def test_what_is_local_only_stays_so_through_an_edit_and_another_route(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path, Answer(("one",)))
    async with opened(on.stage) as (app, pilot):
        await pilot.press("ctrl+l")
        await send(app, pilot, "the key is under the mat")
        await answered(app, pilot)
        app.chat.transcript.focus()
        await pilot.press("e")
        await until(pilot, lambda: app.chat.composer.text.startswith("the key"))
        app.chat.composer.put("quite another text")
        await pilot.pause()
        await pilot.press("ctrl+l", "ctrl+l", "ctrl+s")
        await until(pilot, lambda: any("local-only, so it stays" in text for text in toasts(app)))
        await over(app, pilot)
        assert app.chat.desk.labels.of_next(app.chat.desk.chat) is Label.LOCAL_ONLY
        await pilot.press("escape")
        app.chat.transcript.focus()
        await pilot.press("R")
        await until(pilot, lambda: app.screen is not app.chat)
        await pilot.press("end", "enter")
        await until(pilot, lambda: sum("so it stays" in text for text in toasts(app)) == 2)
        await over(app, pilot)
    assert on.left == []
    assert len(on.denied) == 2


async def test_a_reply_of_the_cloud_that_was_cut_is_gone_on_with_in_words(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.cloud.answers = [Answer(("From ", "the"), hold=1), Answer(("cloud.",))]
    async with opened(on.stage) as (app, pilot):
        app.chat.composer.put("Where from?")
        await pilot.press("ctrl+s")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.chat.desk.turns.running and app.chat.desk.turns.running.text)
        await pilot.press("escape")
        await answered(app, pilot)
        assert on.stage.journal.records()[-1].finish is Finish.CANCELLED
        app.chat.transcript.focus()
        await pilot.press("g")
        await sheet(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: len(on.left) == 2)
        await over(app, pilot)
    assert on.left[-1] == tree.GO_ON
    assert on.cloud.asked[-1].continues == ""
