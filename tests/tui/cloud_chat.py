"""A stage with cloud routes: the real border over the real consents and audit; the provider does as it is told."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from textual.pilot import Pilot

from assistant.conversation.border import Border, Person, World
from assistant.conversation.engine import Engine
from assistant.domain.audit_entries import OutboxLine
from assistant.domain.cloud_routes import CloudRoute, Wire
from assistant.domain.cloud_setup import CLOUD, CloudSetup
from assistant.domain.consent import Grant, Principal, Standing, State
from assistant.domain.departure import PriceBound
from assistant.domain.permit import Outgoing, Receipt
from assistant.domain.places import Address, Place, Route
from assistant.domain.prompt import ChatMessage
from assistant.domain.residency import CountrySet, RouteFacts
from assistant.domain.routing import LocalReport
from assistant.domain.rules import NoRules, Rules
from assistant.domain.secret import Auth, Secret
from assistant.domain.settings import Settings
from assistant.ports import Generation
from assistant.scanning.scanner import PatternScanner
from assistant.storage.audit_desk import AuditDesk
from assistant.storage.consents import SqliteConsents
from assistant.storage.journal import SqliteJournal
from assistant.tui.app import AssistantApp
from assistant.tui.screens.consent import ConsentScreen
from assistant.tui.screens.hushed import DEAF_MS
from assistant.tui.screens.one_line import LineScreen
from tests.facts_maker import EU, GOOD, RULE, SEEN
from tests.storage.leaving_stage import Ring
from tests.tui.driving import answered, until
from tests.tui.fake_services import Answer, Stage, StageBackend, stage

EU_ROUTE = Route("mistral-eu", Place.CLOUD, CLOUD, "mistral-medium")
US_ROUTE = Route("far-away", Place.CLOUD, CLOUD, "far-model")
FACTS = replace(GOOD, route=EU_ROUTE.id, operator="Mistral AI", operator_law=frozenset(("FR",)))
SETS = (CountrySet("EU", EU, SEEN, "a test"),)


def setup_of(route: Route, facts: RouteFacts) -> CloudSetup:
    """`route` as it is set up, with `facts` declared of it."""
    url = f"https://api.{route.id}.example/v1"
    row = CloudRoute(replace(facts, route=route.id), Wire.OPENAI, url, Auth.BEARER, "eu")
    return CloudSetup(row, route.model, images=route.images)


@dataclass
class DistantBackend(StageBackend):
    """Implements ports.leaving.DistantBackend."""

    route: Route = EU_ROUTE

    @property
    def setup(self) -> CloudSetup:
        return setup_of(self.route, FACTS)

    def compose(self, request: Generation) -> Outgoing:
        images = "".join(one.base64 for m in request.messages for one in m.pictures)
        words = "|".join(f"{m.role}:{m.text}" for m in request.messages)
        body = f"{request.sampling.max_tokens} {words}{images}".encode()
        address = Address(f"api.{self.route.id}.example", 443, secure=True)
        return Outgoing(address, "/v1/chat/completions", body)

    def estimate(self, messages: Sequence[ChatMessage]) -> int:
        return sum(3 + len(message.text.split()) for message in messages)


@dataclass
class Town:
    """Implements Policies, Secrets, Prices and Receipts as values that a test may change."""

    facts: dict[str, RouteFacts] = field(default_factory=lambda: {EU_ROUTE.id: FACTS})
    rule_set: Rules | NoRules = field(default_factory=lambda: Rules((RULE,), "a" * 64))
    price: PriceBound | None = None
    images: bool = False
    registry_digest: str = "b" * 64
    store: str = "memory"

    def rules(self) -> Rules | NoRules:
        return self.rule_set

    def setup(self, route: str) -> CloudSetup | None:
        if route not in self.facts:
            return None
        named = next(r for r in (EU_ROUTE, US_ROUTE) if r.id == route)
        return setup_of(replace(named, images=self.images), self.facts[route])

    def key(self, route: str, address: Address) -> Secret | None:
        del route, address
        return None

    def keep(self, route: str, address: Address, key: Secret) -> None:
        raise NotImplementedError

    def forget(self, route: str) -> None:
        raise NotImplementedError

    def locked(self) -> bool:
        return False

    def own(self) -> Collection[str]:
        return ()

    @property
    def digest(self) -> str:
        return "d" * 64

    def bound(self, setup: CloudSetup, input_tokens: int, reply_tokens: int) -> PriceBound | None:
        del setup, input_tokens, reply_tokens
        return self.price

    def receipt(self, permit: str) -> Receipt | None:
        del permit
        return Receipt(100, 50, "203.0.113.9", "c" * 64)


@dataclass
class CloudChat:
    """The stage, the provider's backend, and what the border asks."""

    stage: Stage
    cloud: DistantBackend
    town: Town
    border: Border
    consents: SqliteConsents
    audit: AuditDesk

    @property
    def grants(self) -> list[tuple[Grant, Standing]]:
        """Every grant that was asked for, the newest first."""
        return [(g, self.consents.standing(g.id)) for g, _ in self.consents.all()]

    @property
    def states(self) -> list[State | None]:
        """Where each of them stands."""
        return [standing.state for _, standing in self.grants]

    @property
    def left(self) -> list[str]:
        """The last message of each request that the provider got."""
        return [request.messages[-1].text for request in self.cloud.asked]

    @property
    def outbox(self) -> Sequence[OutboxLine]:
        """What is on record as having left."""
        return self.audit.lines()

    @property
    def denied(self) -> list[dict[str, object]]:
        """The refusals on record, in order."""
        with self.audit.database.read() as db:
            rows = db.execute("SELECT body FROM audit ORDER BY seq").fetchall()
        found = [json.loads(body) for (body,) in rows]
        return [entry for entry in found if entry["kind"] == "denied"]

    @property
    def denials(self) -> list[tuple[object, object]]:
        """Of each of them the route and the codes."""
        return [(entry["route"], entry["reasons"]) for entry in self.denied]

    def see(self) -> None:
        """The provider's model takes images from now on."""
        self.town.images, self.cloud.route = True, replace(self.cloud.route, images=True)

    def revoke(self) -> None:
        """Another window takes every grant back."""
        for grant, _ in self.consents.given():
            self.border.revoke(grant.id, "another window")

    def serve(self, route: Route, facts: RouteFacts) -> DistantBackend:
        """One more cloud route."""
        backend = DistantBackend(self.stage.clock, [Answer(("from afar",))], route)
        self.town.facts[route.id] = facts
        self.stage.machine.backends = {**self.stage.machine.backends, route.id: backend}
        return backend


def cloud_chat(folder: Path, *answers: Answer, settings: Settings | None = None) -> CloudChat:
    """A stage on which the processor says `answers`, and one cloud route is set up."""
    on = stage(folder, *answers, settings=settings)
    desk = AuditDesk(on.journal.database, Ring().stores)
    journal, consents, town = SqliteJournal(on.journal.database, desk), SqliteConsents(desk), Town()
    scanner = PatternScanner(on.clock.monotonic_ms)
    world = World(town, consents, scanner, town, town, town)
    border = Border(world, on.clock, Person(Principal(1000, "install"), "0.2", "session"), 512)
    engine = Engine(
        journal, on.machine.backends, on.clock, "test", flush_ms=0, border=lambda: border
    )

    async def look() -> LocalReport:
        return await on.machine.look(engine)

    on.services = replace(
        on.services,
        engine=engine,
        journal=journal,
        look=look,
        sets=lambda: SETS,
    )
    on.journal = journal
    cloud = DistantBackend(on.clock, [Answer(("From ", "the cloud."))])
    on.machine.backends = {**on.machine.backends, EU_ROUTE.id: cloud}
    return CloudChat(on, cloud, town, border, consents, desk)


async def sheet(app: AssistantApp, pilot: Pilot[int]) -> ConsentScreen:
    """The sheet that opens, once its keys do something."""
    await until(pilot, lambda: isinstance(app.screen, ConsentScreen))
    await pilot.pause()
    found = app.screen
    assert isinstance(found, ConsentScreen)
    awake(app)
    return found


def awake(app: AssistantApp) -> None:
    """Lets the while pass in which no key does anything."""
    app._services.clock.go_on(DEAF_MS)  # type: ignore[attr-defined]


async def ask_cloud(app: AssistantApp, pilot: Pilot[int], text: str) -> None:
    """Types `text` and presses Ctrl+S."""
    app.chat.composer.put(text)
    await pilot.pause()
    await pilot.press("ctrl+s")


async def grant(app: AssistantApp, pilot: Pilot[int], text: str, key: str = "o") -> None:
    """Sends `text` to the cloud with the yes that `key` is, and waits for the reply."""
    await ask_cloud(app, pilot, text)
    await sheet(app, pilot)
    await pilot.press(key)
    await until(pilot, lambda: not isinstance(app.screen, ConsentScreen))
    await until(pilot, lambda: not app.chat.desk.chat.held)
    await answered(app, pilot)


async def over(app: AssistantApp, pilot: Pilot[int]) -> None:
    """Waits until the sheet is closed and what it said has happened."""
    await until(pilot, lambda: not isinstance(app.screen, ConsentScreen))
    await until(pilot, lambda: not app.chat.desk.chat.held)
    await answered(app, pilot)


async def typed(app: AssistantApp, pilot: Pilot[int], text: str) -> None:
    """Answers the line that a key of the sheet opens."""
    await until(pilot, lambda: isinstance(app.screen, LineScreen))
    app.screen.query_one("Input").value = text  # type: ignore[attr-defined]
    await pilot.press("enter")
