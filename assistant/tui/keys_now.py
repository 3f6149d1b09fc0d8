"""The keys as they are now: those that a person chose, else the usual ones."""

import re
from collections.abc import Mapping, Sequence

from textual.binding import Binding
from textual.dom import DOMNode

ROOM = re.compile(r"\[\[([a-z_]+\.[a-z_0-9]+) (\S+?)\]\]")
"""Room for a key in a text: `[[ACTION KEY]]`, with the usual key, as it is written where nobody has another one."""


class Keys:
    """The keys as they are now; without a wish of the person's, as they are shipped."""

    def __init__(self, wanted: Mapping[str, Sequence[str]] | None = None) -> None:
        """`wanted` are the keys by action, checked."""
        self._wanted = _normal(wanted) if wanted else {}

    @property
    def keymap(self) -> dict[str, str]:
        """What the screen is told."""
        return {name: ",".join(those) for name, those in self._wanted.items()}

    def of(self, binding: Binding) -> str:
        """The keys of a binding, with commas between them."""
        return ",".join(self._wanted.get(binding.id or "", ())) or binding.key

    def said(self, text: str) -> str:
        """`text` with the keys as they are now in the rooms for them. Once for each text: what it quotes may look like one."""
        return ROOM.sub(self._in_room, text) if "[[" in text else text

    def _in_room(self, room: re.Match[str]) -> str:
        action, usual = room.groups()
        wanted = self._wanted.get(action, ())
        return _read_as(wanted[0], short=usual.startswith("^")) if wanted else usual

    def first(self, action: str, usual: str) -> str:
        """The first key of an action."""
        return next(iter(self._wanted.get(action, ())), usual)


def with_keys(node: DOMNode, text: str) -> str:
    """`text` for a widget of the program, with the keys as they are now."""
    found = getattr(node.app, "keys_now", None)
    return (found if isinstance(found, Keys) else Keys()).said(text)


def _read_as(key: str, *, short: bool) -> str:
    from assistant.domain.keys import sign

    read = sign(key).replace("escape", "esc")
    return read.replace("ctrl+", "^") if short else read


def _normal(wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    from assistant.domain.keys import Action, chosen

    return {one.id: one.keys for one in chosen([Action(name, "", ()) for name in wanted], wanted)}
