"""Whether a grant covers one send, and why not: every limit is looked at, and what cannot be judged is not covered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assistant.domain.consent import CHAT, DAY_MS, Extent, Grant, Moment, Standing, State
from assistant.domain.decisions import Reason
from assistant.domain.rules import SENDABLE_CONTENT, SENDABLE_LABELS, Content
from assistant.domain.sensitivity import Label, join

CLOCK_SLACK_MS: Final = 2_000
"""A clock may be corrected by so much before it counts as set back, and two programs may write so much out of their order."""

SHORT_MS: Final = 3_600_000
"""A grant for no longer than this ends with the run of the machine: without a clock of its own, it cannot tell for how long it was off."""

LAPSING: Final = frozenset(("grant_facts_changed", "clock_set_back", "grant_boot"))
"""Codes of what ends a grant for good, though facts and clock may be put back afterwards."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One send that asks for leave.

    `label` is the join over all that would leave, `content` the worst that a scan of it found. `sheet` is the digest of the
    very bytes. `pictures` are how many of them leave, which nobody has looked into. `tokens` and `cost` are what it may come to at most; an unknown cost is None. `session` is the run of the
    program. `fallback` says that no person chose this route for this message.
    """

    route: str
    fingerprint: str
    label: Label
    content: Content
    conversation: str
    message: str
    sheet: str
    tokens: int
    cost: Decimal | None
    currency: str
    session: str
    fallback: bool = False
    purpose: str = CHAT
    pictures: int = 0


def covers(
    grant: Grant,
    standing: Standing,
    request: SendRequest,
    now: Moment,
    seen: Iterable[Moment] = (),
) -> bool:
    """Whether `grant`, as it stands, gives leave for `request` at `now`. `seen` are other times on record."""
    return not gaps(grant, standing, request, now, seen)


def gaps(
    grant: Grant,
    standing: Standing,
    request: SendRequest,
    now: Moment,
    seen: Iterable[Moment] = (),
) -> tuple[Reason, ...]:
    """Everything in which `grant` falls short of `request`; nothing means that it covers it. Never raises."""
    try:
        return (
            *_state(grant, standing),
            *_subject(grant, request),
            *_content(grant, request),
            *_reach(grant, standing, request),
            *_time(grant, standing, now, seen),
            *_budget(grant, standing, request),
        )
    except Exception as error:  # noqa: BLE001 - what cannot be judged must not count as covered
        text = f"the grant could not be judged ({type(error).__name__})"
        return (Reason("error", text),)


def ending(
    grant: Grant,
    standing: Standing,
    fingerprint: str | None,
    now: Moment,
    seen: Iterable[Moment] = (),
) -> State | None:
    """The state that a given grant has come to by itself, for the record; None where it still holds, or does not hold anyway.

    `fingerprint` is that of the route and model as they are now (None: the route is no more). The end of a session is told by that session alone.
    """
    if standing.state is not State.GIVEN:
        return None
    if fingerprint != grant.fingerprint:
        return State.INVALIDATED
    limits, cost = grant.limits, standing.cost
    spent = len(standing.sends) >= limits.max_requests
    spent |= limits.max_tokens is not None and standing.tokens >= limits.max_tokens
    spent |= limits.max_cost is not None and (cost is None or cost >= limits.max_cost > 0)
    over = any(reason.code != "grant_not_yet" for reason in _time(grant, standing, now, seen))
    return State.EXPIRED if spent or over else None


def lapse(
    grant: Grant,
    standing: Standing,
    fingerprint: str | None,
    now: Moment,
    seen: Iterable[Moment] = (),
) -> State | None:
    """As `ending`, for that alone which may be put back: it has to go on record when it is met."""
    if standing.state is not State.GIVEN:
        return None
    if fingerprint != grant.fingerprint:
        return State.INVALIDATED
    found = {reason.code for reason in _time(grant, standing, now, seen)}
    return None if LAPSING.isdisjoint(found) else State.EXPIRED


def is_set_back(now: Moment, seen: Iterable[Moment]) -> bool:
    """Whether the clock was set back since one of `seen`, which are times on record.

    In the same run of the machine the monotonic clock tells how much time has passed at least; across runs only the order
    can be told.
    """
    return any(_is_before(now, moment) for moment in seen)


def _is_before(now: Moment, moment: Moment) -> bool:
    passed_ms = now.wall_ms - moment.wall_ms
    if moment.boot != now.boot:
        return passed_ms < -CLOCK_SLACK_MS
    least_ms = now.monotonic_ms - moment.monotonic_ms
    # Another program may write what it did a moment later before this one gets to write: that is no clock that was set.
    return least_ms < -CLOCK_SLACK_MS or passed_ms < least_ms - CLOCK_SLACK_MS


def _state(grant: Grant, standing: Standing) -> Iterator[Reason]:
    if standing.grant != grant.id:
        yield Reason("grant_other", "what is on record is of another grant")
    if standing.state is not State.GIVEN:
        state = standing.state.value if isinstance(standing.state, State) else "never requested"
        yield Reason("grant_not_given", f"the grant is {state}")


def _subject(grant: Grant, request: SendRequest) -> Iterator[Reason]:
    if request.purpose != grant.purpose:
        yield Reason("grant_purpose", f"the grant is for {grant.purpose}, not {request.purpose}")
    if request.route != grant.facts.route:
        yield Reason("grant_route", f"the grant is for {grant.facts.route}, not {request.route}")
    elif request.fingerprint != grant.fingerprint:
        text = f"what {request.route} declares, or its model, has changed since you granted it"
        yield Reason("grant_facts_changed", text)


def _content(grant: Grant, request: SendRequest) -> Iterator[Reason]:
    ceiling = grant.reach.ceiling
    if request.label not in SENDABLE_LABELS:
        yield Reason("local_only", "no grant covers local-only text")
    elif join((request.label, ceiling)) is not ceiling:
        yield Reason(
            "grant_label", f"the grant covers {ceiling.value} text, this is {request.label.value}"
        )
    if request.content not in SENDABLE_CONTENT:
        yield Reason("found_secret", "no grant covers text with a finding in it, or unscanned text")


def _reach(grant: Grant, standing: Standing, request: SendRequest) -> Iterator[Reason]:
    reach = grant.reach
    if request.conversation != reach.conversation:
        yield Reason("grant_conversation", "the grant is for another conversation")
    elif reach.extent is Extent.MESSAGE:
        if request.message != reach.message:
            yield Reason("grant_message", "the grant is for another message")
        if not request.sheet or request.sheet != standing.sheet:
            yield Reason("grant_sheet", "what would leave is not what was shown to you")
    elif request.pictures:
        text = "what an image shows is not looked into, so each send of one needs a yes of its own"
        yield Reason("grant_pictures", text)
    if request.fallback and not (grant.fallback and reach.extent is Extent.CONVERSATION):
        text = "the grant does not let a message come here by itself when a local route fails"
        yield Reason("grant_fallback", text)
    if grant.limits.session and grant.limits.session != request.session:
        yield Reason("grant_session", "the grant ended with the session that it was given in")


def _time(
    grant: Grant, standing: Standing, now: Moment, seen: Iterable[Moment]
) -> Iterator[Reason]:
    limits = grant.limits
    if is_set_back(now, (*standing.seen, *seen)):
        yield Reason("clock_set_back", "the clock was set back, so the grant has lapsed")
    if now.wall_ms < limits.not_before_ms:
        yield Reason("grant_not_yet", "the grant does not hold yet")
    if now.wall_ms >= limits.not_after_ms:
        yield Reason("grant_over", "the time of the grant is over")
    short = limits.not_after_ms - limits.not_before_ms <= SHORT_MS
    if short and (standing.given is None or standing.given.boot != now.boot):
        text = "the grant was for minutes, and the machine was started anew since"
        yield Reason("grant_boot", text)
    used = standing.last_used
    if used is not None and now.wall_ms - used.wall_ms >= limits.idle_days * DAY_MS:
        yield Reason("grant_idle", f"the grant was not used for {limits.idle_days} days")


def _budget(grant: Grant, standing: Standing, request: SendRequest) -> Iterator[Reason]:
    limits = grant.limits
    if len(standing.sends) >= limits.max_requests:
        yield Reason("grant_requests", f"all {limits.max_requests} requests of the grant are used")
    if request.tokens < 0 or (request.cost is not None and request.cost < 0):
        yield Reason("grant_amount", "the bound of this send is negative")
    if limits.max_tokens is not None and standing.tokens + request.tokens > limits.max_tokens:
        left = max(0, limits.max_tokens - standing.tokens)
        text = f"the grant has {left} tokens left, this may take {request.tokens}"
        yield Reason("grant_tokens", text)
    if limits.max_cost is None:
        return
    if request.cost is None or standing.cost is None:
        yield Reason("grant_price_unknown", "the price is not known, and the grant has a budget")
    elif request.currency != limits.currency:
        text = f"the budget is in {limits.currency}, the price in {request.currency}"
        yield Reason("grant_currency", text)
    elif standing.cost + request.cost > limits.max_cost:
        left_cost = max(Decimal(0), limits.max_cost - standing.cost)
        text = f"the grant has {left_cost} {limits.currency} left, this may cost {request.cost}"
        yield Reason("grant_cost", text)
