"""How long a provider asks one to wait, in each of the ways in which they say so; pure."""

import re
from collections.abc import Mapping

_MOST_SECONDS = 31 * 86_400.0
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?")
# OpenAI, Azure, Groq and Mistral; Anthropic. What is not used up does not have to come back.
_LIMITS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
)


def wait_s(headers: Mapping[str, str], now_ms: int, written: str = "") -> float | None:
    """Seconds until one may ask again; `written` is what the body says. None where nobody says, or what is said cannot be."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _sane(milliseconds / 1000)
    for said in (headers.get("retry-after", ""), written):
        if (found := _seconds(said, now_ms)) is not None:
            return found
    resets = [_seconds(headers.get(r, ""), now_ms) for left, r in _LIMITS if headers.get(left) == "0"]  # fmt: skip
    return max((each for each in resets if each is not None), default=None)


def in_words(seconds: float) -> str:
    """A wait as a person reads it, rounded up."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{-int(-seconds // size)} {unit}"
    return f"{max(1, -int(-seconds // 1))} s"


def _seconds(said: str, now_ms: int) -> float | None:
    """Seconds, `6m0s`, or a moment in either of the two ways in which HTTP and the APIs write one."""
    said = said.strip()
    number = _number(said)
    if number is not None:
        return _sane(number)
    parts = _PART.findall(said) if len(said) < 40 else []
    if parts and "".join(number + unit for number, unit in parts) == said:
        return _sane(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    moment_s = _moment(said)
    return None if moment_s is None else _sane(max(0.0, moment_s - now_ms / 1000))


def _number(said: str) -> float | None:
    return float(said) if _NUMBER.fullmatch(said.strip()) and said.isascii() else None


def _moment(said: str) -> float | None:
    """Unix time in s; None where it is no moment."""
    from datetime import datetime
    from email.utils import parsedate_to_datetime

    if not 10 <= len(said) <= 40:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(said)
            # Without a zone it would be this machine's.
            return found.timestamp() if found.tzinfo is not None else None
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _sane(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= _MOST_SECONDS else None
