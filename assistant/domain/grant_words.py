"""A grant in words: how far it goes, what is left of it, what it has let out."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from assistant.domain.consent import Grant, Standing, State

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_SPANS: Final = ((2 * _DAY, _DAY, "days"), (2 * _HOUR, _HOUR, "h"), (_MINUTE, _MINUTE, "min"))

_STATES: Final = {
    State.REQUESTED: "asked for",
    State.GIVEN: "live",
    State.REFUSED: "refused",
    State.WITHDRAWN: "revoked",
    State.EXPIRED: "over",
    State.SUPERSEDED: "replaced",
    State.INVALIDATED: "void",
}


def span_words(ms: int) -> str:
    """`9 days`, `5 h`, `11 min`, `40 s`; never more than there is."""
    for least, unit, word in _SPANS:
        if ms >= least:
            return f"{ms // unit} {word}"
    return f"{max(0, ms) // _SECOND} s"


def state_words(standing: Standing) -> str:
    """Where it stands, in a word."""
    return _STATES[standing.state] if standing.state else "never asked for"


def reach_words(grant: Grant) -> str:
    """`one message`, `a conversation`, and up to which label."""
    extent = "one message" if grant.reach.message else "a conversation"
    fallback = ", also where a local route fails" if grant.fallback else ""
    return f"{extent}, {grant.reach.ceiling.value} text at most{fallback}"


def left_words(grant: Grant, standing: Standing, now_ms: int) -> str:
    """`11 min, 97 requests, 0.18 EUR left`: what is left of time, requests and money at `now_ms` (Unix time)."""
    return ", ".join(_left(grant, standing, now_ms)) + " left"


def let_out_words(standing: Standing) -> str:
    """`3 requests, 4,812 bytes`: what went out under it, at most."""
    count = standing.let_out
    if not count:
        return "nothing"
    return f"{count} request{'' if count == 1 else 's'}, {standing.sent_bytes:,} bytes"


def _left(grant: Grant, standing: Standing, now_ms: int) -> Iterator[str]:
    limits, cost = grant.limits, standing.cost
    yield span_words(limits.not_after_ms - now_ms)
    requests = max(0, limits.max_requests - len(standing.sends))
    yield f"{requests} request{'' if requests == 1 else 's'}"
    if limits.max_cost is not None:
        rest = None if cost is None else max(Decimal(0), limits.max_cost - cost)
        yield f"{'unknown' if rest is None else f'{rest:f}'} {limits.currency}"
