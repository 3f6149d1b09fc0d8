"""The settings as rows of a list: key, value, default, and what they mean, read from where they are declared."""

import ast
import inspect
import textwrap
from dataclasses import dataclass, fields, replace
from itertools import pairwise

from assistant.domain.hygiene import one_line
from assistant.domain.settings import CHOICES, INT32, RANGES, Range, Settings

Value = str | int | float | bool

_SHOWN = 200
"""Characters of a value that the list shows."""
_LIVE = ("engine.prefill_while_typing", "engine.load_at_start", "hat.fall_back")
_WHEN = {
    "generation": "From the next message on.",
    "engine": "The model is loaded again for it.",
    "hat": "The routes are looked at again for it.",
    "cloud": "From the next send on.",
    "network": "From the next start on.",
    "labels": "From the next message on.",
    "costs": "From the next message on; the limits from the next send on.",
    "power": "From the next message on.",
    "tariff": "From the next message on.",
    "hardware": "At once, for all days.",
    "screen": "At once.",
}
_EXCEPTIONS = {
    "generation.system_prompt": "From the next new chat on.",
    "engine.prefill_while_typing": "At once.",
    "hat.fall_back": "At once.",
    "engine.load_at_start": "From the next start on.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting; `about` says what it means, what it may be and from when it holds."""

    table: str
    name: str
    value: Value | tuple[str, ...]
    default: Value | tuple[str, ...]
    about: str

    @property
    def key(self) -> str:
        """The dotted key."""
        return f"{self.table}.{self.name}"

    @property
    def shown(self) -> str:
        """The value as a person reads it."""
        if isinstance(self.value, bool):
            return "on" if self.value else "off"
        if isinstance(self.value, tuple):
            return one_line(", ".join(repr(text) for text in self.value), _SHOWN) or "—"
        return one_line(str(self.value), _SHOWN) or "—"

    @property
    def reloads(self) -> bool:
        """Whether the routes have to be looked at again, or a model has to be loaded again, to follow it."""
        return self.table in ("engine", "hat") and self.key not in _LIVE

    def with_value(self, value: Value) -> "Row":
        """The same setting with another value."""
        return replace(self, value=value)


def rows(settings: Settings) -> list[Row]:
    """Every setting, in the order of the file."""
    defaults = Settings()
    found = []
    for table in fields(settings):
        section = getattr(settings, table.name)
        meanings = _meanings(type(section))
        for field in fields(section):
            default = getattr(getattr(defaults, table.name), field.name)
            value = getattr(section, field.name)
            about = _about(f"{table.name}.{field.name}", meanings.get(field.name, ""))
            found.append(Row(table.name, field.name, value, default, about))
    return found


def parsed(text: str, like: Value | tuple[str, ...]) -> Value:
    """`text` as a value of the kind of `like`. Raises: ValueError with what it should be."""
    text = text.strip()
    try:
        if isinstance(like, int):
            return int(text)
        if isinstance(like, float):
            return float(text)
    except ValueError:
        kind = "a whole number" if isinstance(like, int) else "a number"
        raise ValueError(f"{text!r} is not {kind}") from None
    return text


def _about(key: str, meaning: str) -> str:
    span = RANGES.get(key)
    words = CHOICES.get(key, ())
    allowed = f" It may be {_span(span) if span else ' or '.join(words)}." if span or words else ""
    when = _EXCEPTIONS.get(key) or _WHEN[key.split(".")[0]]
    return f"{meaning}{allowed} {when}".strip()


def _span(span: Range) -> str:
    return f"{span.low:,} or more" if span.high == INT32 else str(span)


def _meanings(section: type[object]) -> dict[str, str]:
    """The text under each field of a settings class; nothing where the source is not at hand."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(section)))
    except OSError:
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for before, after in pairwise(body):
        if not isinstance(before, ast.AnnAssign) or not isinstance(before.target, ast.Name):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[before.target.id] = str(after.value.value)
    return found
