"""What the policy refuses in the chat is on record as its refusal, and never as the person's."""

from pathlib import Path

import pytest

from assistant.domain.consent import State
from assistant.domain.rules import NoRules
from tests.tui.cloud_chat import ask_cloud, cloud_chat, grant, over, sheet
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import Answer

NO_RULES = NoRules("the file is gone")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


async def test_a_refusal_of_the_rules_is_theirs(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.town.rule_set = NO_RULES
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        await until(pilot, lambda: on.denials == [("mistral-eu", ["no_rules"])])
        await pilot.press("escape")
        await over(app, pilot)
        assert app.chat.composer.text == "hello"
    assert on.states == []
    assert on.denials == [("mistral-eu", ["no_rules"])]


async def test_what_is_prepared_otherwise_and_refused_again_is_on_record_again(
    tmp_path: Path,
) -> None:
    on = cloud_chat(tmp_path)
    on.town.rule_set = NO_RULES
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        shown = await sheet(app, pilot)
        before = shown._petition.proposal
        await pilot.press("r")
        await until(pilot, lambda: shown._petition.proposal is not before)
        await sheet(app, pilot)
        await pilot.press("escape")
        await over(app, pilot)
    assert len(on.denials) == 2
    assert on.states == []


async def test_a_local_only_message_that_was_to_leave_is_on_record(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await pilot.press("ctrl+l")
        await ask_cloud(app, pilot, "my secret plan")
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
        await until(pilot, lambda: on.denials == [("mistral-eu", ["local_only"])])
    assert on.states == []
    assert on.denied[0]["label"] == "local-only"


async def test_what_waited_while_the_rules_went_is_on_record(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    on.cloud.answers = [Answer(("one",)), Answer(("slow",), hold=0), Answer(("never",))]
    async with opened(on.stage) as (app, pilot):
        await grant(app, pilot, "first", "c")
        await pilot.press("ctrl+t")
        await send(app, pilot, "second")
        await until(pilot, lambda: len(on.cloud.asked) == 2)
        await send(app, pilot, "third")
        await until(pilot, lambda: app.chat.desk.turns.queued(app.chat.desk.chat) == ["third"])
        on.town.rule_set = NO_RULES
        on.cloud.go.set()
        await until(pilot, lambda: app.chat.composer.text == "third")
        await answered(app, pilot)
        await until(pilot, lambda: on.denials == [("mistral-eu", ["no_rules"])])
    assert on.left == ["first", "second"]
    assert on.states == [State.GIVEN]


async def test_panic_while_a_yes_is_given_is_on_record_as_offline(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "hello")
        await sheet(app, pilot)
        on.border.panic()
        await pilot.press("c")
        await over(app, pilot)
    assert on.denials == [("mistral-eu", ["offline"])]
    assert on.states == []


async def test_a_text_too_long_for_the_route_is_on_record(tmp_path: Path) -> None:
    on = cloud_chat(tmp_path)
    async with opened(on.stage) as (app, pilot):
        await ask_cloud(app, pilot, "many words " * 40_000)
        await until(pilot, lambda: on.denials == [("mistral-eu", ["too_long"])])
        await over(app, pilot)
