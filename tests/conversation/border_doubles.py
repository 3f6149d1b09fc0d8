"""Stand-ins for what the border asks: a cloud backend that is told what to say, consents in memory, rules as values."""

from collections.abc import Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

from assistant.conversation.border import Border, Person, World
from assistant.conversation.engine import Engine, Proposal
from assistant.domain.audit_entries import PermitEnded, PermitMinted
from assistant.domain.cloud_routes import CloudRoute, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.consent import (
    Actor,
    ConsentEvent,
    Grant,
    Moment,
    Principal,
    Reserved,
    Settled,
    Standing,
    State,
    Stated,
    fold,
)
from assistant.domain.coverage import gaps
from assistant.domain.departure import Departure, PriceBound
from assistant.domain.errors import RefusedError
from assistant.domain.events import (
    Asked,
    Decided,
    Event,
    Finished,
    PermitOver,
    Permitted,
    Progress,
    TurnEvent,
)
from assistant.domain.leave import Denied
from assistant.domain.permit import Outgoing, Receipt
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage, Prompt
from assistant.domain.residency import RouteFacts
from assistant.domain.rules import NoRules, Rules
from assistant.domain.secret import Auth, Secret
from assistant.domain.sensitivity import Label
from assistant.domain.turns import TurnRecord
from assistant.ports import Generation
from assistant.ports.accounting import Accounts
from assistant.scanning.scanner import PatternScanner
from tests.conversation.doubles import ListJournal, ScriptedBackend
from tests.conversation.money_doubles import LimitsDouble
from tests.facts_maker import GOOD, RULE, TODAY
from tests.fakes import FakeClock

CLOUD = Route(GOOD.route, Place.CLOUD, "cloud", "big-model")
ROW = CloudRoute(GOOD, Wire.OPENAI, "https://api.example/v1", Auth.BEARER, "eu")
SETUP = CloudSetup(ROW, CLOUD.model)
TODAY_MS = int(datetime.combine(TODAY, time(12), UTC).timestamp() * 1000)
KEY = "k-0123456789-abcdef"


@dataclass
class CloudScripted(ScriptedBackend):
    """Says `pieces`; what it composes depends on the words and the bound alone, as on a real wire."""

    route: Route = CLOUD
    setup: CloudSetup = SETUP

    @property
    def estimates(self) -> bool:
        return True

    def compose(self, request: Generation) -> Outgoing:
        words = "|".join(f"{m.role}:{m.text}" for m in request.messages)
        body = f"{request.sampling.max_tokens} {words}".encode()
        return Outgoing(Address("api.example", 443, secure=True), "/v1/chat/completions", body)

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        return sum(3 + len(message.text.split()) for message in messages)


@dataclass
class Memory:
    """Implements ports.leaving.Consents in memory, and the journal's own look at a grant inside the commit."""

    grants: dict[str, Grant] = field(default_factory=dict)
    events: list[ConsentEvent] = field(default_factory=list)
    offline: bool = False
    lifts: list[Moment] = field(default_factory=list)
    denials: list[tuple[str, ...]] = field(default_factory=list)

    def record(self, grant: Grant, stated: Sequence[Stated]) -> None:
        self.grants[grant.id] = grant
        self.events += stated

    def state(self, stated: Stated) -> None:
        self.events.append(stated)

    def deny(self, denied: Denied) -> None:
        self.denials.append(denied.entry.reasons)

    def standing(self, grant: str) -> Standing:
        return fold(grant, self.events)

    def given(self, route: str | None = None) -> Sequence[tuple[Grant, Standing]]:
        found = [
            (grant, self.standing(grant.id))
            for grant in reversed(self.grants.values())
            if route in (None, grant.facts.route)
        ]
        return [(grant, standing) for grant, standing in found if standing.state is State.GIVEN]

    def all(self) -> Sequence[tuple[Grant, Sequence[ConsentEvent]]]:
        return [(g, [e for e in self.events if e.grant == g.id]) for g in self.grants.values()]

    def latest(self) -> Moment | None:
        return self.events[-1].at if self.events else None

    def panic(self, at: Moment) -> Sequence[str]:
        ids = [grant.id for grant, _ in self.given()]
        self.events += [Stated(one, at, State.WITHDRAWN, Actor.USER, "panic") for one in ids]
        self.offline = True
        return ids

    def lift(self, at: Moment) -> None:
        self.lifts.append(at)
        self.offline = False


@dataclass
class BorderJournal(ListJournal):
    """Commits a permit only while the grant covers it, as the real journal does in one transaction."""

    consents: Memory = field(default_factory=Memory)

    def append(self, event: Event) -> None:
        if isinstance(event, Permitted) and event.leave is not None:
            leave = event.leave
            if self.consents.offline:
                raise RefusedError("everything is offline")
            if leave.request is not None and leave.reserved is not None:
                grant = self.consents.grants[leave.reserved.grant]
                standing = self.consents.standing(grant.id)
                missing = gaps(grant, standing, leave.request, leave.at)
                if missing:
                    raise RefusedError("; ".join(reason.text for reason in missing))
                self.consents.events.append(leave.reserved)
        super().append(event)
        if isinstance(event, PermitOver) and event.ended.settled is not None:
            self.consents.events.append(event.ended.settled)

    @property
    def minted(self) -> list[PermitMinted]:
        found = (e.leave for e in self.events if isinstance(e, Permitted))
        return [leave.entry for leave in found if leave is not None]

    @property
    def ended(self) -> list[PermitEnded]:
        return [e.ended.entry for e in self.events if isinstance(e, PermitOver)]

    @property
    def denials(self) -> list[tuple[str, ...]]:
        found = (e.denied for e in self.events if isinstance(e, Decided))
        return [denied.entry.reasons for denied in found if denied is not None]

    @property
    def accounts(self) -> list[Reserved | Settled]:
        return [e for e in self.consents.events if not isinstance(e, Stated)]


@dataclass
class Town:
    """Implements Policies, Secrets, Prices and Receipts as values."""

    rule_set: Rules | NoRules = field(default_factory=lambda: Rules((RULE,), "a" * 64))
    facts: RouteFacts | None = GOOD
    price: PriceBound | None = None
    keys: tuple[str, ...] = (KEY,)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    sent: bool = True
    shut: bool = False
    registry_digest: str = "b" * 64
    store: str = "memory"

    def rules(self) -> Rules | NoRules:
        return self.rule_set

    def setup(self, route: str) -> CloudSetup | None:
        if self.facts is None or route != CLOUD.id:
            return None
        row = CloudRoute(self.facts, Wire.OPENAI, ROW.base_url, Auth.BEARER, "eu")
        return CloudSetup(row, CLOUD.model)

    def key(self, route: str, address: Address) -> Secret | None:
        return Secret(self.keys[0])

    def keep(self, route: str, address: Address, key: Secret) -> None:
        raise NotImplementedError

    def forget(self, route: str) -> None:
        raise NotImplementedError

    def locked(self) -> bool:
        return self.shut

    def own(self) -> Collection[str]:
        return self.keys

    @property
    def digest(self) -> str:
        return "d" * 64

    def bound(self, setup: CloudSetup, input_tokens: int, reply_tokens: int) -> PriceBound | None:
        return self.price

    def receipt(self, permit: str) -> Receipt | None:
        return Receipt(100, 50, "203.0.113.9", "c" * 64) if self.sent else None


@dataclass
class Rig:
    """An engine with a local and a cloud route, and everything that a test may change."""

    town: Town = field(default_factory=Town)
    clock: FakeClock = field(default_factory=lambda: FakeClock(TODAY_MS))
    consents: Memory = field(default_factory=Memory)
    cloud: CloudScripted = field(default_factory=CloudScripted)
    local: ScriptedBackend = field(default_factory=ScriptedBackend)
    limits: LimitsDouble = field(default_factory=LimitsDouble)
    accounts: Accounts | None = None

    def __post_init__(self) -> None:
        self.journal = BorderJournal(consents=self.consents)
        world = World(
            self.town, self.consents, _scanner(self), self.town, self.town, self.town, self.limits
        )
        person = Person(Principal(1000, "install"), "0.2", "session-1")
        self.border = Border(world, self.clock, person)
        backends = {"cpu": self.local, CLOUD.id: self.cloud}
        self.engine = Engine(
            self.journal,
            backends,
            self.clock,
            "i",
            flush_ms=0,
            border=lambda: self.border,
            accounts=None if self.accounts is None else lambda: self._accounts,
        )

    @property
    def _accounts(self) -> Accounts:
        assert self.accounts is not None
        return self.accounts

    @staticmethod
    def cloud_messages(departure: Departure) -> list[ChatMessage]:
        """What would leave, as a model is given it."""
        return [ChatMessage(one.role, one.text) for one in departure.leaves]


def _scanner(rig: Rig) -> PatternScanner:
    return PatternScanner(rig.clock.monotonic_ms)


def prompt(text: str = "Why is the sky blue?", parent: str | None = None) -> Prompt:
    return Prompt(text, "talk", parent)


async def follow(rig: Rig, proposal: Proposal) -> tuple[TurnRecord, list[TurnEvent | Progress]]:
    async with aclosing(rig.engine.send(proposal)) as events:
        found = [event async for event in events]
    last = found[-1]
    assert isinstance(last, Finished)
    return last.record, found


async def local(rig: Rig, text: str, parent: str | None, label: Label = Label.NORMAL) -> str:
    """A turn on this machine; returns the reply's id."""
    proposal = rig.engine.propose(replace(prompt(text, parent), label=label), "cpu")
    _, events = await follow(rig, proposal)
    return next(event.reply for event in events if isinstance(event, Asked))
