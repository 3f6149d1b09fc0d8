"""The record of one turn: the object that `ask --json` prints and the journal keeps."""

from dataclasses import dataclass
from typing import TypedDict

from assistant.domain.attempts import Attempt, attempt_from_json
from assistant.domain.charges import Compared, Cost, compared_from_json, cost_from_json
from assistant.domain.decisions import Decision, DecisionJson, Reason, Verdict
from assistant.domain.errors import ErrorNote
from assistant.domain.fields import Fields
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens spent; None where nobody said. `context_tokens` of `context_window` were in use at the end.

    `cached_input_tokens` (read from the provider's cache, or kept in the engine) and `cache_write_tokens` are parts of
    `input_tokens`, `reasoning_tokens` are a part of `output_tokens`.
    """

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    estimated: bool = False
    context_tokens: int | None = None
    context_window: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time went, in ms; None where a part did not happen or is not known. `first_token` and `total` count from the send."""

    prepare: float | None = None
    queue: float | None = None
    load: float | None = None
    connect: float | None = None
    first_token: float | None = None
    decode: float | None = None
    total: float | None = None

    @property
    def prefill(self) -> float | None:
        """The wait for the first token less what came before the engine had the prompt."""
        if self.first_token is None:
            return None
        before = (self.prepare or 0) + (self.queue or 0) + (self.load or 0) + (self.connect or 0)
        return max(0.0, self.first_token - before)

    def to_json(self) -> dict[str, float | None]:
        """The turn's `latency_ms`, to a tenth of a millisecond."""
        parts = {
            "prepare": self.prepare,
            "queue": self.queue,
            "load": self.load,
            "connect": self.connect,
            "first_token": self.first_token,
            "decode": self.decode,
            "total": self.total,
        }
        return {name: None if ms is None else round(ms, 1) for name, ms in parts.items()}


class TurnJson(TypedDict):
    """The object of design §4; an unknown figure is null."""

    turn: str
    conversation: str
    reply: str
    finish: str
    error: dict[str, str] | None
    route: dict[str, str]
    decision: DecisionJson
    usage: dict[str, int | bool | None]
    latency_ms: dict[str, float | None]
    tokens_per_second: float | None
    cost: dict[str, object]
    compared: list[dict[str, object]]
    attempts: int
    day: str
    tried: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn, whole: what came back, how it ended, what it took.

    `attempts` counts the permits that it took: 0 where it was refused, failed or was stopped before there was one, and then the
    ledger leaves it out. `day` is the calendar day of its end where the machine was then, as 2026-11-27:
    the ledger counts it there for ever ("" in records from before there was a ledger). `tried` has each attempt where there were
    several; where there was one, the record itself tells of it.
    """

    turn: str
    conversation: str
    reply: str
    finish: Finish
    error: ErrorNote | None
    route: Route
    decision: Decision
    usage: Usage
    latency_ms: Latency
    cost: Cost
    compared: tuple[Compared, ...] = ()
    attempts: int = 1
    day: str = ""
    tried: tuple[Attempt, ...] = ()

    @property
    def tokens_per_second(self) -> float | None:
        """Decode rate over the tokens after the first; None below two tokens.

        From the time as it is shown, to a tenth of a ms: who reads the object gets the same rate.
        """
        tokens, decode_ms = self.usage.output_tokens, self.latency_ms.to_json()["decode"]
        if tokens is None or tokens < 2 or not decode_ms:
            return None
        return (tokens - 1) / decode_ms * 1000

    def to_json(self) -> TurnJson:
        """The object of design §4."""
        rate = self.tokens_per_second
        usage = self.usage
        return {
            "turn": self.turn,
            "conversation": self.conversation,
            "reply": self.reply,
            "finish": self.finish.value,
            "error": self.error.to_json() if self.error else None,
            "route": self.route.to_json(),
            "decision": self.decision.to_json(),
            "usage": {
                "input_tokens": usage.input_tokens,
                "cached_input_tokens": usage.cached_input_tokens,
                "output_tokens": usage.output_tokens,
                "estimated": usage.estimated,
                "context_tokens": usage.context_tokens,
                "context_window": usage.context_window,
                "cache_write_tokens": usage.cache_write_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
            },
            "latency_ms": self.latency_ms.to_json(),
            "tokens_per_second": None if rate is None else round(rate, 2),
            "cost": self.cost.to_json(),
            "compared": [one.to_json() for one in self.compared],
            "attempts": self.attempts,
            "day": self.day,
            "tried": [one.to_json() for one in self.tried],
        }


def turn_from_json(data: object) -> TurnRecord:
    """The record that `TurnRecord.to_json` gave. Raises: ValueError that names what is missing or wrong."""
    fields = Fields(data)
    error = fields.maybe_child("error")
    return TurnRecord(
        turn=fields.name("turn"),
        conversation=fields.name("conversation"),
        reply=fields.text("reply"),
        finish=fields.choice("finish", Finish),
        error=None if error is None else _error(error),
        route=route_from_json(fields.child("route")),
        decision=decision_from_json(fields.child("decision")),
        usage=_usage(fields.child("usage")),
        latency_ms=_latency(fields.child("latency_ms")),
        cost=cost_from_json(fields.child("cost")),
        compared=tuple(compared_from_json(one) for one in fields.children("compared")),
        attempts=fields.whole("attempts") if fields.holds("attempts") else 1,
        day=fields.text("day") if fields.holds("day") else "",
        tried=_tried(fields),
    )


def _tried(fields: Fields) -> tuple[Attempt, ...]:
    found = fields.children("tried") if fields.holds("tried") else ()
    return tuple(attempt_from_json(one) for one in found)


def route_from_json(fields: Fields) -> Route:
    """The route that `Route.to_json` gave. Raises: ValueError."""
    return Route(
        fields.text("id"),
        fields.choice("place", Place),
        fields.text("backend"),
        fields.text("model"),
    )


def decision_from_json(fields: Fields) -> Decision:
    """The decision that `Decision.to_json` gave. Raises: ValueError."""
    return Decision(
        fields.text("id"),
        fields.choice("verdict", Verdict),
        fields.text("rule"),
        tuple(Reason(r.text("code"), r.text("text")) for r in fields.children("reasons")),
        fields.choice("label", Label),
    )


def _error(fields: Fields) -> ErrorNote:
    return ErrorNote(
        fields.text("code"), fields.text("title"), fields.text("message"), fields.text("hint")
    )


def _usage(fields: Fields) -> Usage:
    return Usage(
        fields.maybe_whole("input_tokens"),
        fields.maybe_whole("cached_input_tokens"),
        fields.maybe_whole("output_tokens"),
        fields.flag("estimated"),
        fields.maybe_whole("context_tokens"),
        fields.maybe_whole("context_window"),
        fields.maybe_whole("cache_write_tokens") if fields.holds("cache_write_tokens") else None,
        fields.maybe_whole("reasoning_tokens") if fields.holds("reasoning_tokens") else None,
    )


def _latency(fields: Fields) -> Latency:
    return Latency(
        fields.maybe_number("prepare"),
        fields.maybe_number("queue"),
        fields.maybe_number("load"),
        fields.maybe_number("connect"),
        fields.maybe_number("first_token"),
        fields.maybe_number("decode"),
        fields.maybe_number("total"),
    )
