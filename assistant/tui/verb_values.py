"""What may follow a command, for its completion; each is read when the command is typed, on the screen's own thread."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from assistant.domain.sampling_presets import ABOUT, KEYS, allowed, shown
from assistant.domain.sensitivity import Label
from assistant.tui.tuning import Tuning
from assistant.tui.widgets.completion import Choice

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen

_LABELS = {
    Label.PUBLIC: "may go anywhere that you let it",
    Label.NORMAL: "leaves only under a grant of yours",
    Label.LOCAL_ONLY: "never leaves this machine",
}


def _models(screen: "ChatScreen") -> Sequence[Choice]:
    from assistant.tui.models import known

    found = known(screen.services.models.installed(), screen.desk.bearings.states)
    return [Choice(one.name, one.name, f"{one.route} · {one.about}", ends=True) for one in found]


def _routes(screen: "ChatScreen") -> Sequence[Choice]:
    states = [one for one in screen.desk.bearings.states if one.ready]
    auto = Choice("auto", "auto", "the HAT where it is ready, else the processor", ends=True)
    return [auto, *(Choice(one.id, one.id, one.model or "", ends=True) for one in states)]


def _prompts(screen: "ChatScreen") -> Sequence[Choice]:
    words = screen.services.words
    found = words().prompts.read().prompts if words else ()
    return [
        Choice(f"{one.name} ", one.name, f"{one.title} · {one.kind.value}", ends=True)
        for one in found
    ]


def _presets(screen: "ChatScreen") -> Sequence[Choice]:
    words = screen.services.words
    found = words().presets.read() if words else ()
    off = Choice("off", "off", "as the settings say", ends=True)
    return [*(Choice(one.name, one.name, one.about, ends=True) for one in found), off]


def _keys(screen: "ChatScreen") -> Sequence[Choice]:
    now = Tuning(screen, screen.desk.chat).sampling
    return [Choice(f"{key} ", f"{key} {shown(now, key)}", ABOUT[key]) for key in KEYS]


def _temperatures(screen: "ChatScreen") -> Sequence[Choice]:
    now = shown(Tuning(screen, screen.desk.chat).sampling, "temperature")
    about = f"{allowed('temperature')}; now {now}"
    return [Choice(value, value, about, ends=True) for value in ("0.2", "0.7", "1.1", "settings")]


def _labels(_: "ChatScreen") -> Sequence[Choice]:
    return [Choice(one.value, one.value, about, ends=True) for one, about in _LABELS.items()]


def _system(_: "ChatScreen") -> Sequence[Choice]:
    return [Choice("clear", "clear", "the model is told nothing", ends=True)]


def _forms(_: "ChatScreen") -> Sequence[Choice]:
    from assistant.tui.exporting import FORMS

    return [Choice(form, form, f"a file that ends with .{form}", ends=True) for form in FORMS]


VALUES: Mapping[str, Callable[["ChatScreen"], Sequence[Choice]]] = {
    "model": _models,
    "route": _routes,
    "prompt": _prompts,
    "preset": _presets,
    "set": _keys,
    "temperature": _temperatures,
    "label": _labels,
    "system": _system,
    "export": _forms,
}
"""By the name of the command."""
