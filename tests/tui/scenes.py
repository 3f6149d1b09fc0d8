"""Every screen in a state that shows most of it, by the name of its module: what its pictures are taken of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot
from textual.widgets import Input

from assistant.domain.audit_entries import Outcome
from assistant.storage.looks import LooksShelf
from assistant.tui.app import AssistantApp
from assistant.tui.screens.beside import BesideScreen
from tests.tui.cloud_chat import ask_cloud, cloud_chat, sheet
from tests.tui.cloud_stage import cloud_stage, line
from tests.tui.driving import answered, screen_text, send, until
from tests.tui.fake_machine import DOWN
from tests.tui.fake_services import Answer, Stage, StageModels, half_way, stage, with_hat
from tests.tui.test_attaching import see_names, with_disk
from tests.tui.test_beside import LONG, SHORT, two_answers
from tests.tui.test_cloud_sheets import KEY, grants
from tests.tui.test_costs_screen import shown as costs_shown
from tests.tui.test_costs_screen import staged
from tests.tui.test_looking import two_to_send
from tests.tui.test_looking import with_disk as with_images
from tests.tui.test_search import look
from tests.tui.test_search import shelf as searched
from tests.tui.test_snapshots import QUESTION, REPLY, told
from tests.tui.test_snapshots_cloud import FINDINGS, priced
from tests.tui.test_snapshots_exchange import with_desk
from tests.tui.test_snapshots_local import machine, see_hat, see_routes
from tests.tui.test_snapshots_shelf import shelf, to_the_list
from tests.tui.test_tco_screen import guide
from tests.tui.word_stage import word_stage

Act = Callable[[AssistantApp, Pilot[int]], Awaitable[None]]


class Scene(NamedTuple):
    """`make` builds the stage in a folder, `act` brings the screen into its state; `dark` where no other test has it in the dark at both sizes.

    `wide` where it folds away at 80 columns.
    """

    make: Callable[[Path], Stage]
    act: Act
    dark: bool = False
    wide: bool = False


def pressed(*keys: str, until_: str) -> Act:
    """Presses keys, and waits for a text."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: until_ in screen_text(app))

    return act


async def prompts(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The second of the library."""
    await pressed("f6", until_="Code reviewer")(app, pilot)
    await pressed("down", until_="You review")(app, pilot)


def commanded(line: str, until_: str) -> Act:
    """Types a command, runs it, and waits for a text."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        app.chat.composer.put(line)
        await pilot.press("enter")
        await until(pilot, lambda: until_ in screen_text(app))

    return act


def asked(then: Act, *texts: str) -> Act:
    """Sends texts, waits for each answer, then goes on."""

    async def act(app: AssistantApp, pilot: Pilot[int]) -> None:
        for text in texts:
            await send(app, pilot, text)
            await answered(app, pilot)
        await then(app, pilot)

    return act


async def nothing(_app: AssistantApp, _pilot: Pilot[int]) -> None:
    """It is there already."""


async def two_held(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Two local-only messages before a send, of which one may be let go."""
    for text in ("The ward's monitors are in room 12.", "Anna takes the night shift."):
        await pilot.press("ctrl+l")
        await send(app, pilot, text)
        await answered(app, pilot)
    await ask_cloud(app, pilot, "And how exact is that?")
    await sheet(app, pilot)
    await pressed("x", until_="Let which message go?")(app, pilot)


async def findings(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The consent sheet for a text in which something was found."""
    await ask_cloud(app, pilot, FINDINGS)
    await sheet(app, pilot)


async def keyed(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A key of a route, typed unseen."""
    app.action_cloud("key")
    await until(pilot, lambda: app.screen.query(Input))
    app.screen.query_one(Input).value = KEY


async def outbox(app: AssistantApp, pilot: Pilot[int]) -> None:
    """All that ever left."""
    app.action_cloud("outbox")
    await until(pilot, lambda: "may have left" in screen_text(app))


async def requests(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The requests of one line of the costs."""
    await costs_shown(app, pilot)
    await pressed("enter", until_="30 requests")(app, pilot)


async def beside(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Two whole answers."""
    screen = await two_answers(app, pilot)
    await until(pilot, lambda: screen.sides[1].record is not None)
    await until(pilot, lambda: "pmc" in screen_text(app))
    assert isinstance(app.screen, BesideScreen)


async def themes(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The list, with the theme of the moment at hand."""
    app.action_themes()
    await until(pilot, lambda: "enter keep" in screen_text(app))


async def settings(app: AssistantApp, pilot: Pilot[int]) -> None:
    """One is being changed, to what it cannot be."""
    app.action_settings()
    await until(pilot, lambda: "top_p" in screen_text(app))
    await pilot.press("down", "enter", "ctrl+u", "9", "enter")


async def importing(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A path is asked for."""
    app.action_exchange("import")
    await until(pilot, lambda: "Import chats" in screen_text(app))


async def sampling(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Values of a preset beside the settings' own."""
    await send(app, pilot, "/preset precise")
    await until(pilot, lambda: app.chat.desk.chat.preset == "precise")
    app.clear_notifications()
    await commanded("/set", "How replies in this chat are made")(app, pilot)


async def archive(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The archive in the place of the list."""
    await to_the_list(app, pilot)
    await pressed("A", until_="Sailing weather")(app, pilot)


async def queued(app: AssistantApp, pilot: Pilot[int]) -> None:
    """A reply is coming, two messages wait, a third is typed."""
    await send(app, pilot, QUESTION)
    await until(pilot, lambda: "phc2sys" in screen_text(app))
    for text in ("And for the ward's monitors?", "What does it cost?"):
        await send(app, pilot, text)
    app.chat.composer.put("A third one, being typed")


async def fetching(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The starter is half way."""
    await until(pilot, lambda: "Not now" in screen_text(app))
    await pilot.press("enter")
    await until(pilot, lambda: "MB/s" in screen_text(app))


async def searching(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Hits of a word."""
    await look(app, pilot, *"time")
    await until(pilot, lambda: "found" in screen_text(app))


async def seen(app: AssistantApp, pilot: Pilot[int]) -> None:
    """The costs of a month."""
    await costs_shown(app, pilot)


def on_way(folder: Path) -> Stage:
    """No model, and one that can be fetched and stays half way."""
    return stage(folder, installed=False, models=StageModels((half_way(),), hold=asyncio.Event()))


def with_outbox(folder: Path) -> Stage:
    """A permit of each end."""
    on = cloud_stage(folder)
    on.outbox.all = [line(1), line(2, None), line(3, Outcome.UNSENT, 0), line(4, Outcome.CANCELLED)]
    return on.stage


def with_grants(folder: Path) -> Stage:
    """A grant that lives and one that was taken back."""
    on = cloud_stage(folder)
    grants(on)
    return on.stage


def two_routes(folder: Path) -> Stage:
    """The processor and the HAT say different things."""
    on = stage(folder, Answer((LONG,)))
    with_hat(on, Answer((SHORT,)))
    return on


def themed(folder: Path) -> Stage:
    """A person who may have themes of their own."""
    on = stage(folder)
    return replace(on, services=replace(on.services, looks=LooksShelf(folder)))


SCENES: Mapping[str, Scene] = {
    "chat": Scene(lambda f: stage(f, told(REPLY)), asked(nothing, QUESTION)),
    "queue": Scene(lambda f: stage(f, told(REPLY, hold=17)), queued),
    "chats": Scene(shelf, to_the_list, wide=True),
    "archive": Scene(shelf, archive, wide=True),
    "completion": Scene(word_stage, pressed("slash", "s", until_="/system")),
    "path_choice": Scene(with_disk, see_names, wide=True),
    "consent": Scene(lambda f: priced(f).stage, findings),
    "images": Scene(with_images, two_to_send),
    "held_message": Scene(lambda f: cloud_chat(f).stage, two_held, dark=True),
    "grants": Scene(with_grants, pressed("f4", until_="revoked")),
    "outbox": Scene(with_outbox, outbox),
    "secret": Scene(lambda f: cloud_stage(f).stage, keyed),
    "routes": Scene(lambda f: machine(f, DOWN), see_routes),
    "hat": Scene(lambda f: machine(f, DOWN), see_hat),
    "fetch": Scene(on_way, fetching),
    "help": Scene(stage, pressed("f1", until_="Everywhere")),
    "pick": Scene(word_stage, commanded("/preset", "Preset of this chat"), dark=True),
    "prompts": Scene(word_stage, prompts),
    "prompt_form": Scene(word_stage, commanded("/prompt ward Sleep well.", "To whom?"), dark=True),
    "sampling": Scene(word_stage, sampling),
    "system": Scene(word_stage, commanded("/system", "System prompt of this chat"), dark=True),
    "beside": Scene(two_routes, beside),
    "rename": Scene(stage, asked(commanded("/title", "Title"), "Clocks"), dark=True),
    "one_line": Scene(with_desk, importing, dark=True),
    "search": Scene(searched, searching),
    "settings": Scene(stage, settings),
    "themes": Scene(themed, themes, dark=True),
    "costs": Scene(lambda f: staged(f, "filled").stage, seen),
    "cost_entries": Scene(lambda f: staged(f, "filled").stage, requests, dark=True),
    "tco": Scene(stage, guide),
}
"""Modules of `tui/screens`, and what else a person sees, by name."""
