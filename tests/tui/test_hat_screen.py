"""The HAT's screen: every state has its words, its evidence and its command, at any width."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.hat import MEANING, Hat, HatState
from assistant.domain.routing import LocalReport
from assistant.domain.sensing import Sensed
from assistant.tui.screens.hat import HatScreen
from assistant.tui.screens.hat_page import hat_page, where
from tests.tui.driving import NARROW, opened, screen_text, settled_surroundings, toasts, until
from tests.tui.fake_machine import COOL, CPU_ROUTE, DOWN, HAT_ROUTE, HOT, NO_HAT, READY, state
from tests.tui.fake_services import stage, with_hat

CPU = state(CPU_ROUTE)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    settled_surroundings(monkeypatch)


def report(hat: Hat, sensed: Sensed = COOL) -> LocalReport:
    ready = hat.state is HatState.READY
    routes = (state(HAT_ROUTE, ready, hat.why), CPU) if ready else (CPU,)
    return LocalReport(hat, sensed, routes)


def page(of: LocalReport, width: int = 76) -> str:
    return hat_page(of, width).plain


@pytest.mark.parametrize("found", list(HatState))
def test_every_state_is_a_sentence_with_its_evidence_and_its_command(found: HatState) -> None:
    hat = Hat(found, ("seen this",), ("beware of that",), "sudo modprobe hailo1x_pci", None)
    shown = page(report(hat))
    assert shown.lower().startswith(MEANING[found].lower())
    assert f"state {found.value}" in shown
    for words in ("  · seen this", "  · beware of that", "  sudo modprobe hailo1x_pci"):
        assert f"\n{words}\n" in f"{shown}\n"
    assert "about as fast as a Pi 5's own processor" in " ".join(shown.split())


def test_where_prompts_go_and_why() -> None:
    assert where(report(READY)) == "prompts run on the HAT, with qwen2.5-instruct:1.5b"
    assert where(report(DOWN)) == "prompts run on the processor, with smollm2-135m"
    unused = replace(report(READY), routes=(CPU, state(HAT_ROUTE)))
    assert where(unused).endswith("smollm2-135m: the HAT is ready, but hat.use is off")
    by_name = replace(state(HAT_ROUTE), by_name=True)
    assert where(replace(unused, routes=(by_name,))) == "the HAT is ready, but hat.use is off"
    own = replace(state(CPU_ROUTE), id="attic", backend="remote")
    assert where(replace(report(NO_HAT), routes=(own,))).startswith("prompts run on attic, with")
    nothing = replace(report(NO_HAT), routes=())
    assert where(nothing) == "no route of this machine is ready"
    assert where(replace(nothing, problem="settings: line 3")) == "settings: line 3"


def test_what_is_not_there_is_left_out() -> None:
    shown = page(LocalReport(NO_HAT, Sensed(), ()))
    for title in ("What mends it", "Routes", "Warnings", "Sensors"):
        assert title not in shown


def test_sensors_and_what_they_mean() -> None:
    assert "processor  54 °C" in page(report(READY))
    assert "board      4.9 W~ without HAT" in page(report(READY))
    hot = " ".join(page(report(READY, HOT)).split())
    assert "the processor is at 83 °C and slows down from 80 °C on" in hot


@given(st.sampled_from([READY, DOWN, NO_HAT]), st.integers(24, 120))
def test_no_line_is_wider_than_the_sheet_where_words_can_be_parted(hat: Hat, width: int) -> None:
    shown = page(LocalReport(hat, COOL, ()), width)
    longest = max((len(word) for word in shown.split()), default=0)
    assert all(len(line) <= max(width, longest + 6) for line in shown.split("\n"))


@pytest.mark.parametrize("size", [NARROW, (120, 40), (30, 10)])
async def test_it_opens_looks_again_copies_and_closes(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    on = stage(tmp_path)
    with_hat(on, ready=False)
    async with opened(on, size) as (app, pilot):
        written: list[str] = []
        app.to_terminal = written.append
        await pilot.press("f8")
        await until(pilot, lambda: "hailo-ollama is not" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: app.clipboard == "hailo-ollama")
        on.machine.hat = READY
        await pilot.press("r")
        await until(pilot, lambda: "The Hailo-10H is" in screen_text(app))
        assert on.machine.looks == 2
        await pilot.press("c")
        await until(pilot, lambda: "there is no command to copy" in toasts(app))
        await pilot.press("f8")
        await until(pilot, lambda: not isinstance(app.screen, HatScreen))


async def test_it_is_one_of_a_kind_and_in_the_palette(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with opened(on) as (app, pilot):
        app.action_hat()
        app.action_hat()
        await until(pilot, lambda: isinstance(app.screen, HatScreen))
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        names = {command.title for command in app.get_system_commands(app.screen)}
        assert {"HAT", "Route"} <= names
        assert "Ask again" not in names
