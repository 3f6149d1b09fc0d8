"""Every key has a name that a person can change, none does two things, and a wish that cannot be is told."""

import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from textual import keys as textual_keys
from textual.binding import Binding
from textual.dom import DOMNode

import assistant.tui
from assistant.domain.keys import NAMES, overlaps
from assistant.storage.looks import LooksShelf
from assistant.tui.actions import action_name
from assistant.tui.app import AssistantApp
from assistant.tui.keymap import actions, places
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.screens.help import HelpScreen
from tests.tui.driving import NARROW, answered, opened, screen_text, toasts, until
from tests.tui.fake_services import Stage, stage

PROTECTED = {"ConsentScreen", "Deny"}
"""Their keys are nobody's to change: enter and escape deny there, and no letter may come to mean a grant."""


def binding_classes() -> Iterator[type[DOMNode]]:
    """Every class of the screen that binds keys."""
    for module in pkgutil.walk_packages(assistant.tui.__path__, "assistant.tui."):
        for one in vars(import_module(module.name)).values():
            ours = isinstance(one, type) and issubclass(one, DOMNode)
            if ours and one.__module__ == module.name and one.__dict__.get("BINDINGS"):
                yield one


def test_every_binding_has_a_name_and_a_place() -> None:
    known = {one for those in places(AssistantApp).values() for one in those}
    for one in binding_classes():
        bindings = [each for each in one.__dict__["BINDINGS"] if isinstance(each, Binding)]
        if one.__name__ in PROTECTED:
            assert not any(each.id for each in bindings), one
            continue
        assert one in known, f"{one.__name__}: give it a place in assistant/tui/keymap.py"
        for each in bindings:
            assert each.id, f"{one.__name__}: BINDINGS = named(PLACE, BINDINGS) below its list"


def test_the_consent_sheet_is_among_the_protected() -> None:
    assert ConsentScreen.__name__ in PROTECTED
    assert not any("grant(" in each.about or "deny" in each.id for each in actions(AssistantApp))


def test_one_name_stands_for_one_thing_and_is_told() -> None:
    found = actions(AssistantApp)
    assert len({one.id for one in found}) == len(found)
    assert all(one.about for one in found if ".text." not in one.id), found


def test_no_usual_key_does_two_things() -> None:
    assert overlaps(actions(AssistantApp)) == [
        ("everywhere.stop", "chats.leave", "escape"),
        # While a search is on; else it is the code block's.
        ("conversation.hit_on", "conversation.code_on", "n"),
    ]


def test_names_of_keys_are_those_of_the_screen() -> None:
    known = {key.value for key in textual_keys.Keys} | {
        textual_keys._character_to_key(chr(code)) for code in range(32, 127)
    }
    assert set(NAMES) <= known


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("step(-1)", "step_back"),
        ("move(10)", "move_on_10"),
        ("by('day')", "by_day"),
        ("step(True)", "step_on"),
        ("dismiss(False)", "close"),
        ("screen.to_cloud", "to_cloud"),
    ],
)
def test_names_of_actions(action: str, name: str) -> None:
    assert action_name(action) == name


def dressed(folder: Path, keys: str) -> Stage:
    on = stage(folder)
    (folder / "keys.toml").write_text(keys)
    return replace(on, services=replace(on.services, looks=LooksShelf(folder)))


async def test_a_key_of_ones_own_works_and_is_shown(tmp_path: Path) -> None:
    wanted = '[everywhere]\nhelp = "f10"\nnew_chat = "f12"\n[composer]\nsubmit = "ctrl+j"\nnewline = "enter"\n'
    async with opened(dressed(tmp_path, wanted)) as (app, pilot):
        assert "f10 help" in screen_text(app)
        assert "^j send" in screen_text(app)
        await pilot.press("a", "enter", "b", "f1")
        assert app.chat.composer.text == "a\nb"
        assert not isinstance(app.screen, HelpScreen)
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "f10 " in screen_text(app)
        assert "f12 " in screen_text(app)
        await pilot.press("escape", "ctrl+j")
        await answered(app, pilot)
        await until(pilot, lambda: app.chat.desk.chat.conversation)
        await pilot.press("f12")
        await until(pilot, lambda: not app.chat.desk.chat.conversation)


async def test_a_wish_that_cannot_be_is_told_and_the_usual_keys_stay(tmp_path: Path) -> None:
    async with opened(dressed(tmp_path, '[everywhere]\nhelp = "f3"\n'), NARROW) as (app, pilot):
        [said] = toasts(app)
        assert "keys.toml, line 2: f3 is both everywhere.help and everywhere.costs" in said
        assert said.endswith("the usual keys are used")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
