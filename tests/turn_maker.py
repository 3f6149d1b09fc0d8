"""Makes events and records of turns, with figures that a test chooses."""

from assistant.domain.charges import Cost
from assistant.domain.decisions import Decision, Verdict
from assistant.domain.errors import ErrorNote
from assistant.domain.events import Asked, Decided, Delta, Finished, Progress, Stage
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Message, Role
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Latency, TurnRecord, Usage

LOCAL = Route("local", Place.THIS_MACHINE, "llama", "SmolLM2-135M-Instruct-Q4_1")
NETWORK = Route("den-server", Place.THIS_NETWORK, "remote", "qwen2.5:7b")
CLOUD = Route("mistral-eu", Place.CLOUD, "remote", "mistral-medium")

ALLOWED = Decision("d1", Verdict.ALLOW, "local", (), Label.NORMAL)
BROKE = ErrorNote("engine", "engine", "the worker died", "send it again")

USAGE = Usage(96, 64, 28, context_tokens=1273, context_window=4096)
LATENCY = Latency(2.1, 0.1, 0.0, None, 412.0, 3120.0, 3541.0)


def record(
    turn: str = "t1",
    route: Route = LOCAL,
    finish: Finish = Finish.STOP,
    usage: Usage = USAGE,
    latency_ms: Latency = LATENCY,
) -> TurnRecord:
    """A finished turn; a failed one carries an error."""
    error = BROKE if finish is Finish.FAILED else None
    return TurnRecord(turn, "c1", "", finish, error, route, ALLOWED, usage, latency_ms, Cost())


def asked(turn: str = "t1") -> Asked:
    """A person's message that opens `turn`."""
    message = Message("m1", "c1", None, Role.USER, "hello", Label.NORMAL, turn, 0)
    return Asked(message, "r1", "i1", 0)


def decided(turn: str = "t1", route: Route = LOCAL) -> Decided:
    """The verdict on `turn`."""
    return Decided(turn, ALLOWED, route, 0)


def progress(
    stage: Stage,
    done: int | None = None,
    total: int | None = None,
    *,
    turn: str = "t1",
    window: int | None = None,
    cached: int | None = None,
) -> Progress:
    """`turn` is in `stage`."""
    return Progress(turn, stage, LOCAL, done, total, window, cached)


def delta(tokens: int, turn: str = "t1") -> Delta:
    """Text arrived; `tokens` tokens so far."""
    return Delta(turn, "x", 1, tokens, 0)


def finished(of: TurnRecord) -> Finished:
    """The end of a turn."""
    return Finished(of, 0)
