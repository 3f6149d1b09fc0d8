"""Which key does what: names of keys, and whether the keys that a person chose can live side by side."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

EVERYWHERE = "everywhere"
SHARED = ("composer", "conversation", "chats")
"""The places in which the keys of `everywhere` work too; every other place is a sheet over the chat, with keys of its own."""

FIXED: Mapping[str, str] = {
    "f9": "goes offline",
    "ctrl+q": "quits",
    "ctrl+c": "copies or stops",
    "ctrl+p": "opens the palette",
    "tab": "goes to the next part",
    "shift+tab": "goes to the part before",
    "escape": "closes, stops and denies",
}
"""Keys that stay what they are: nothing else gets them, and what has them keeps them."""

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_ALIASES = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+left_square_bracket": "escape",
    "esc": "escape",
}
"""What a terminal sends for both."""
_SIGNS = {
    "?": "question_mark", "/": "slash", "[": "left_square_bracket", "]": "right_square_bracket", ".": "full_stop",
    ",": "comma", ";": "semicolon", ":": "colon", "-": "minus", "+": "plus", "_": "underscore", "=": "equals_sign",
    "!": "exclamation_mark", "#": "number_sign", "$": "dollar_sign", "%": "percent_sign", "&": "ampersand",
    "'": "apostrophe", '"': "quotation_mark", "(": "left_parenthesis", ")": "right_parenthesis", "*": "asterisk",
    "<": "less_than_sign", ">": "greater_than_sign", "@": "at", "\\": "backslash", "^": "circumflex_accent",
    "`": "grave_accent", "{": "left_curly_bracket", "|": "vertical_line", "}": "right_curly_bracket", "~": "tilde",
    " ": "space",
}  # fmt: skip
_NAMED = (
    *("enter", "escape", "tab", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
    *("up", "down", "left", "right"),
    *(f"f{number}" for number in range(1, 25)),
)  # fmt: skip
NAMES = (*_NAMED, *_SIGNS.values())
"""Every key that has more than one letter."""


@dataclass(frozen=True, slots=True)
class Action:
    """What keys do: `PLACE.NAME`, what that is in words, its keys, and whether they can be others."""

    id: str
    about: str
    keys: tuple[str, ...]
    fixed: bool = False

    @property
    def place(self) -> str:
        """Where its keys work."""
        return self.id.partition(".")[0]


class Problem(NamedTuple):
    """What is wrong with the keys of `action`, and what to do."""

    action: str
    what: str
    hint: str


def key_of(text: str) -> str | None:
    """The name of a key as the screen knows it; None where there is no such key. `?` is `question_mark`, `ctrl+i` is `tab`."""
    text = text.strip() or text
    *before, key = text.split("+") if len(text) > 1 else [text]
    if text.endswith("+") and len(text) > 1:
        before, key = [part for part in text.split("+") if part], "+"
    modifiers = sorted(part.strip().lower() for part in before)
    if any(part not in _MODIFIERS for part in modifiers) or len(set(modifiers)) < len(modifiers):
        return None
    key = key.strip() or key
    key = _SIGNS.get(key, key if len(key) == 1 else key.lower())
    if key == "esc":
        key = "escape"
    single = len(key) == 1 and key.isascii() and key.isalnum()
    if not single and key not in NAMES:
        return None
    if modifiers and single:
        key = key.lower()
    whole = "+".join([*modifiers, key])
    return _ALIASES.get(whole, whole)


def sign(key: str) -> str:
    """A key as a person writes it: `ctrl+slash` as `ctrl+/`."""
    *before, last = key.split("+")
    signs = {name: one for one, name in _SIGNS.items() if one != " "}
    return "+".join([*before, signs.get(last, last)])


def chosen(actions: Sequence[Action], wanted: Mapping[str, Sequence[str]]) -> tuple[Action, ...]:
    """All actions, with the keys that a person wants for them; `wanted` was found to have no problem."""
    named = {
        name: tuple(dict.fromkeys(filter(None, map(key_of, keys)))) for name, keys in wanted.items()
    }
    return tuple(replace(one, keys=named.get(one.id, one.keys)) for one in actions)


def problems(actions: Sequence[Action], wanted: Mapping[str, Sequence[str]]) -> list[Problem]:
    """Everything that keeps `wanted` (keys by action) from being used; `actions` have their usual keys."""
    known = {one.id: one for one in actions}
    found = [*_unusable(known, wanted)]
    return found or list(conflicts(actions, chosen(actions, wanted), wanted))


def _unusable(
    known: Mapping[str, Action], wanted: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    """What is wrong with single entries."""
    for name, keys in wanted.items():
        action = known.get(name)
        if action is None:
            yield Problem(name, f"there is no action {name!r}", _nearest(name, known))
        elif action.fixed:
            yield Problem(name, f"the keys of {name} stay as they are", "take the line out")
        elif not keys:
            yield Problem(name, f"{name} has no key", 'write one, such as "f10"')
        else:
            yield from _wrong_keys(action, keys)


def _wrong_keys(action: Action, keys: Sequence[str]) -> Iterator[Problem]:
    for text in keys:
        key = key_of(text)
        if key is None:
            hint = _nearest(text.rpartition("+")[2].lower(), NAMES)
            yield Problem(action.id, f"there is no key {text!r}", hint)
        elif key in FIXED and key not in action.keys:
            yield Problem(action.id, f"{key} always {FIXED[key]}", "choose another key")
        elif key == "enter" and key not in action.keys and action.place != "composer":
            yield Problem(action.id, "enter stays what it is", "choose another key")
        elif action.place == "composer" and is_text(key):
            yield Problem(action.id, f"{text!r} is text where a person writes", "add ctrl or alt")
    for key in FIXED:
        if key in action.keys and key not in [key_of(text) for text in keys]:
            yield Problem(action.id, f"{key} stays with {action.id}", f'add "{key}" to its keys')


def is_text(key: str) -> bool:
    """Whether the key writes a character where a person types."""
    return len(key) == 1 or key in _SIGNS.values() or key in ("shift+space", "backspace")


def conflicts(
    usual: Sequence[Action], now: Sequence[Action], wanted: Iterable[str] = ()
) -> Iterator[Problem]:
    """Two actions on one key where both would answer; what shares a key as shipped, the nearer one going first, may go on."""
    shipped = {_pair(a, b, key) for a, b, key in _together(usual)}
    touched = set(wanted)
    for a, b, key in _together(now):
        if _pair(a, b, key) in shipped:
            continue
        first, other = (a, b) if a.id in touched else (b, a)
        what = f"{key} is both {first.id} and {other.id}"
        yield Problem(first.id, what, f"give {first.id} another key, or {other.id}")


def overlaps(actions: Sequence[Action]) -> list[tuple[str, str, str]]:
    """Every two actions that one key reaches: (the one, the other, the key)."""
    return [(a.id, b.id, key) for a, b, key in _together(actions)]


def _together(actions: Sequence[Action]) -> Iterator[tuple[Action, Action, str]]:
    by_key: dict[str, list[Action]] = {}
    for action in actions:
        for key in action.keys:
            by_key.setdefault(key, []).append(action)
    for key, those in by_key.items():
        for a, b in combinations(those, 2):
            if _meet(a.place, b.place):
                yield a, b, key


def _meet(one: str, other: str) -> bool:
    if one == other:
        return True
    if {one, other} == {"tco", "tco_fields"}:
        return True
    return EVERYWHERE in (one, other) and (one in SHARED or other in SHARED)


def _pair(a: Action, b: Action, key: str) -> tuple[frozenset[str], str]:
    return frozenset((a.id, b.id)), key


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    if not close:
        ends = {one.rpartition(".")[2]: one for one in names}
        close = [ends[end] for end in difflib.get_close_matches(name.rpartition(".")[2], ends, 1)]
    return f"did you mean {close[0]}?" if close else "assistant keys list has them all"
