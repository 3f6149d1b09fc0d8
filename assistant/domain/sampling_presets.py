"""How replies are made in one conversation: presets by name, single values, and what each of them may be; pure."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.prompt import Sampling
from assistant.domain.settings import INT32, RANGES, Range

Value = float | int | tuple[str, ...] | None

KEYS: tuple[str, ...] = tuple(field.name for field in fields(Sampling))
"""What a preset may say, in the order in which it is shown."""

WHOLE = ("top_k", "seed", "max_tokens")
SETTINGS_WORDS = ("settings", "default")
"""What stands for the settings' own value where one is typed."""

NO_NAMES = ("off", *SETTINGS_WORDS)
"""What stands for no preset where one is named."""
NAME_WISH = "small letters, digits, - and _, at most 32"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_RANDOM = "random"
_SEED = Range(0, 2**32 - 1)
_NONE_WORDS = ("none", "random", "—")
_STOPS = 8
"""More texts that end a reply are not taken by every server."""

ABOUT: Mapping[str, str] = {
    "temperature": "How freely words are chosen: 0 always takes the likeliest one.",
    "top_p": "Only the likeliest words that together have this share; 1 means all.",
    "top_k": "Only this many of the likeliest words; 0 means all.",
    "min_p": "Words less likely than this share of the likeliest one are left out.",
    "repeat_penalty": "Above 1, words that were just used become less likely.",
    "seed": "The same seed gives the same reply; random: another one each time.",
    "max_tokens": "The longest reply in tokens; 0 means as many as fit.",
    "stop": "A reply ends before any of these texts.",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """Some of the values of a sampling, under a name; what it does not say is as the settings say.

    `own`: it stands in the person's file, not in the shipped one.
    """

    name: str
    values: Mapping[str, Value]
    about: str = ""
    own: bool = False

    def over(self, base: Sampling) -> Sampling:
        """`base`, with what this preset says instead."""
        return replace(base, **self.values)  # type: ignore[arg-type]  # checked() gave each its kind

    @property
    def words(self) -> str:
        """What it is for; where nobody wrote that, what it says."""
        sampling = self.over(Sampling())
        return self.about or ", ".join(f"{key} {shown(sampling, key)}" for key in self.values)


def unfit_name(name: str) -> str:
    """Why `name` cannot name a preset; "" where it can."""
    if not _NAME.fullmatch(name):
        return f"{one_line(name, 40)!r} cannot name a preset"
    return f"{name!r} stands for no preset" if name in NO_NAMES else ""


def preset_of(name: str, sampling: Sampling, base: Sampling, about: str = "") -> Preset:
    """The person's own preset that makes `sampling` of `base`. Raises: UsageError where the two are the same."""
    values = {key: getattr(sampling, key) for key in differing(sampling, base)}
    if not values:
        raise UsageError("replies here are made as the settings say", "change a value first")
    return Preset(name, values, about, own=True)


def checked(key: str, value: object) -> Value:
    """`value` as `key` takes it. Raises: UsageError that says what it may be."""
    if key not in KEYS:
        raise UsageError(f"there is no value {one_line(key, 40)!r}", "known: " + ", ".join(KEYS))
    if key == "stop":
        return _stops(value)
    if (value is None and key in ("seed", "max_tokens")) or (key == "seed" and value == _RANDOM):
        return None
    whole = key in WHOLE
    kinds: tuple[type, ...] = (int,) if whole else (int, float)
    wish = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise UsageError(f"{key} must be {wish}, not {one_line(repr(value), 40)}", allowed(key))
    assert isinstance(value, int | float)
    if not _range(key).holds(value):
        raise UsageError(f"{key} must be {allowed(key)}, not {value}")
    if key == "max_tokens" and not value:
        return None
    return value if whole else float(value)


def typed(key: str, text: str) -> Value:
    """What a person typed for `key`. Raises: UsageError that says what it may be."""
    text = text.strip()
    if key not in KEYS:
        return checked(key, text)
    if key == "stop":
        try:
            parts = [] if text in _NONE_WORDS else shlex.split(text)
        except ValueError as error:
            raise UsageError(f"stop: {error}", 'write each text as "..."') from error
        return checked(key, [part.replace(r"\n", "\n") for part in parts])
    if text in _NONE_WORDS:
        return checked(key, None)
    try:
        number: int | float = int(text) if key in WHOLE else float(text)
    except ValueError:
        kind = "a whole number" if key in WHOLE else "a number"
        raise UsageError(
            f"{key} must be {kind}, not {one_line(text, 40)!r}", allowed(key)
        ) from None
    return checked(key, number)


def with_value(sampling: Sampling, key: str, value: Value) -> Sampling:
    """`sampling` with another value for `key`, as `checked` gave it."""
    return Preset("", {key: value}).over(sampling)


def allowed(key: str) -> str:
    """What `key` may be, in words."""
    if key == "stop":
        return f"up to {_STOPS} texts"
    span = _range(key)
    words = f"{span.low:,} or more" if span.high == INT32 else str(span)
    return f"{words}, or random" if key == "seed" else words


def shown(sampling: Sampling, key: str) -> str:
    """The value of `key` as a person reads it."""
    value: Value = getattr(sampling, key)
    if key == "stop":
        texts = (one_line(text.replace("\n", r"\n"), 40) for text in sampling.stop)
        return " ".join(shlex.quote(text) for text in texts) or "none"
    if value is None:
        return "random" if key == "seed" else "as fits"
    return (
        f"{value:,}"
        if key in ("top_k", "max_tokens")
        else f"{value:g}"
        if key != "seed"
        else str(value)
    )


def differing(sampling: Sampling, base: Sampling) -> tuple[str, ...]:
    """The keys whose values are not those of `base`."""
    return tuple(key for key in KEYS if getattr(sampling, key) != getattr(base, key))


def _stops(value: object) -> tuple[str, ...]:
    texts = tuple(value) if isinstance(value, list | tuple) else None
    if texts is None or not all(isinstance(text, str) and text for text in texts):
        raise UsageError("stop must be a list of texts", 'such as "###"')
    if len(texts) > _STOPS:
        raise UsageError(f"stop must be {allowed('stop')}, not {len(texts)}")
    return texts


def _range(key: str) -> Range:
    return _SEED if key == "seed" else RANGES[f"generation.{key}"]
