"""A copy of a local-only text is local-only, wherever that text was in view: a reply that still comes, a summary, a system prompt."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.attachments import compose
from assistant.domain.errors import EngineError
from assistant.domain.prompt import Summary
from assistant.domain.sensitivity import Label
from assistant.domain.settings import LabelSettings, Settings
from assistant.tui import titles
from assistant.tui.kept import Kept
from assistant.tui.labels import Labels, of_reply
from assistant.tui.screens.prompt_form import PromptFormScreen
from assistant.tui.turn import Ask, Chat, Running
from tests.picture_maker import JPEG, image
from tests.tui.cloud_chat import cloud_chat
from tests.tui.driving import answered, opened, send, settled_surroundings, toasts, until
from tests.tui.fake_services import Answer, stage
from tests.tui.word_stage import word_stage
from tests.turn_maker import ALLOWED, asked, record

WORDS = "The monitors in room twelve of the clinic run late since Tuesday night, says Anna."


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)
    monkeypatch.setattr(titles, "PAUSE_S", 3600.0)


def test_an_image_is_known_as_a_whole_and_its_base64_wherever_it_is_pasted() -> None:
    kept, photo, other = Kept(), image("photo.jpg", JPEG), image()
    kept.attached(photo, Label.LOCAL_ONLY)
    assert kept.of_files(compose("Where?", [other, photo])) is Label.LOCAL_ONLY
    assert kept.of_files(compose("Where?", [other])) is Label.PUBLIC
    assert not kept.holds(compose("Where?", [other]))
    assert kept.holds(f"see {photo.text}")


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(0, 40), st.integers(0, 3))
def test_any_run_of_words_of_what_has_come_is_known(
    cuts: list[int], start: int, looks: int
) -> None:
    """Whatever the parts, and whoever asked before."""
    kept, parts, left = Kept(), list[str](), WORDS
    kept.come("t1", parts)
    for number, cut in enumerate(cuts):
        parts.append(left[:cut])
        left = left[cut:]
        if looks and number % looks == 0:
            kept.holds("nothing of it")
    parts.append(left)
    run = WORDS[start : start + 55]
    assert sum(map(str.isalnum, run)) < 39 or kept.holds(f"Tell me: {run}?")
    assert not kept.holds("How do I keep four Pis in time without a clock?")
    kept.came("t1")
    assert not kept.holds(WORDS)


async def test_a_reply_that_still_comes_is_known_and_stays_so_in_another_chat(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path, Answer((WORDS[:40], WORDS[40:], " End."), hold=2))
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        await pilot.press("ctrl+l")
        await send(app, pilot, "a secret question")
        await until(pilot, lambda: desk.turns.running and len(desk.turns.running.text) >= 2)
        assert desk.labels.of_taken(WORDS[10:70], Label.NORMAL) is Label.LOCAL_ONLY
        await pilot.press("ctrl+n")
        on.backend.go.set()
        await answered(app, pilot)
        assert desk.labels.of_taken(WORDS[10:70], Label.NORMAL) is Label.LOCAL_ONLY
        assert desk.labels.of_taken("How do I bake bread?", Label.NORMAL) is Label.NORMAL


def test_a_reply_whose_question_was_made_local_only_is_known_from_then_on() -> None:
    labels, chat = Labels(Settings), Chat()
    running = Running(Ask(chat, "hello"), asked(), ALLOWED, [WORDS[:60]])
    labels.coming(running)
    assert labels.of_taken(WORDS[5:55], Label.NORMAL) is Label.NORMAL
    labels.keep(running, "m1")
    assert of_reply(running) is Label.LOCAL_ONLY
    assert labels.of_taken(WORDS[5:55], Label.NORMAL) is Label.LOCAL_ONLY
    assert labels.of_taken("hello", Label.NORMAL) is Label.LOCAL_ONLY
    running.text.append(WORDS[60:])
    labels.coming(running)
    assert labels.of_taken(WORDS[30:80], Label.NORMAL) is Label.LOCAL_ONLY
    labels.came(running, replace(record(), reply=WORDS))
    assert labels.of_taken(WORDS[30:80], Label.NORMAL) is Label.LOCAL_ONLY


def test_a_question_below_one_that_was_made_local_only_is_no_copy() -> None:
    labels, running = Labels(Settings), Running(Ask(Chat(), "hello"), asked(), ALLOWED)
    labels.keep(running, "m0")
    assert of_reply(running) is Label.LOCAL_ONLY
    assert labels.of_taken("hello", Label.NORMAL) is Label.NORMAL


async def test_one_that_is_kept_here_while_it_comes_stays_so_whatever_is_kept_meanwhile(
    tmp_path: Path,
) -> None:
    on = stage(tmp_path, Answer(("one",)), Answer((WORDS[:40], WORDS[40:], " End."), hold=1))
    async with opened(on) as (app, pilot):
        desk = app.chat.desk

        async def keep_first_here() -> None:
            await desk.sending.keep_here(on.journal.path(desk.chat.head or "")[0].id)

        await send(app, pilot, "other")
        await answered(app, pilot)
        other = desk.chat.conversation
        await pilot.press("ctrl+n")
        await send(app, pilot, "a question")
        await until(pilot, lambda: desk.turns.running and len(desk.turns.running.text) >= 1)
        await keep_first_here()
        await desk.open(other)
        await keep_first_here()
        on.backend.go.set()
        await answered(app, pilot)
        assert desk.labels.of_taken(WORDS[30:], Label.NORMAL) is Label.LOCAL_ONLY


async def test_what_was_kept_here_before_it_failed_is_not_asked_of_the_cloud(
    tmp_path: Path,
) -> None:
    dead = EngineError("the worker died", "send again")
    on = cloud_chat(tmp_path, Answer(("half", "more"), hold=1, failure=dead))
    async with opened(on.stage) as (app, pilot):
        await send(app, pilot, "a question of mine")
        await until(pilot, lambda: on.stage.backend.asked)
        desk = app.chat.desk
        await desk.sending.keep_here(on.stage.journal.path(desk.chat.head or "")[0].id)
        on.stage.backend.go.set()
        await answered(app, pilot)
        await pilot.press("f5")
        await until(pilot, lambda: any("this message is local-only" in t for t in toasts(app)))
    assert (on.left, on.states) == ([], [])


async def test_a_summary_of_local_only_messages_is_known(tmp_path: Path) -> None:
    on = stage(tmp_path, *(Answer((f"reply {number} of it",)) for number in range(2)))
    async with opened(on) as (app, pilot):
        desk = app.chat.desk
        for number in range(2):
            await pilot.press("ctrl+l")
            await send(app, pilot, f"q{number}")
            await answered(app, pilot)
        path = on.journal.path(desk.chat.head or "")
        name = desk.chat.conversation
        made = Summary("s1", name, path[1].id, WORDS, Label.LOCAL_ONLY, "cpu", 1)
        await app.chat.engine.compact(made)
        await desk.open(name)
        assert desk.labels.of_taken(WORDS[10:70], Label.NORMAL) is Label.LOCAL_ONLY


async def test_what_is_typed_into_a_system_prompt_has_the_label_of_what_is_typed(
    tmp_path: Path,
) -> None:
    on = word_stage(tmp_path, settings=Settings(labels=LabelSettings(default="local-only")))
    prompt = (
        '+++\nkind = "system"\n\n[variables.who]\nquestion = "Who?"\n+++\nYou write for {{who}}.\n'
    )
    (tmp_path / "prompts" / "clerk.md").write_text(prompt)
    async with opened(on) as (app, pilot):
        await send(app, pilot, "/prompt clerk")
        await until(pilot, lambda: isinstance(app.screen, PromptFormScreen))
        await pilot.press(*"Jane", "enter")
        await until(pilot, lambda: app.chat.desk.chat.instructed is not None)
        chat = app.chat.desk.chat
        assert (chat.system, chat.label) == ("You write for Jane.", Label.LOCAL_ONLY)
