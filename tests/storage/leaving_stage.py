"""A journal with an audit and consents, and the events of a turn that leaves this machine."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from assistant.domain.audit import Anchor, EpochKey
from assistant.domain.audit_entries import Outcome, PermitEnded, PermitMinted, SendDenied
from assistant.domain.consent import Grant, Moment, Reserved, Settled, Stated
from assistant.domain.coverage import SendRequest
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.errors import StorageError
from assistant.domain.events import Decided, PermitOver, Permitted
from assistant.domain.leave import Denied, Ended, Leave
from assistant.domain.places import Place, Route
from assistant.domain.sensitivity import Label
from assistant.storage.audit_desk import AuditDesk, AuditStores
from assistant.storage.consents import SqliteConsents
from assistant.storage.database import Database, open_database
from assistant.storage.journal import SqliteJournal
from tests.audit_maker import DIGEST
from tests.facts_maker import GIVEN, GRANT, NOW, PRINT, REQUEST
from tests.fakes import NOW_MS, asked, started
from tests.storage.audit_stage import Anchors, Kept, Keys

CLOUD = Route("good", Place.CLOUD, "cloud", "a-model")
SERVER = Route("gpu", Place.THIS_NETWORK, "remote", "a-model")
PAYLOAD = b"POST /v1\n\n{}"
PAYLOAD_SHEET = sha256(PAYLOAD).hexdigest()


class First:
    """Where the first key is kept until it is taken."""

    def __init__(self) -> None:
        self.key: EpochKey | None = None

    def first(self) -> EpochKey | None:
        return self.key

    def keep_first(self, key: EpochKey) -> None:
        self.key = key

    def erase_first(self) -> None:
        self.key = None


class Locked:
    """A keyring that gives nothing and takes nothing."""

    def get(self) -> None:
        raise StorageError("the keyring is locked", "unlock it")

    def set(self, _value: EpochKey | Anchor) -> None:
        self.get()

    def first(self) -> None:
        self.get()

    def keep_first(self, _key: EpochKey) -> None:
        self.get()

    def erase_first(self) -> None:
        self.get()


LOCKED = AuditStores(Locked(), Locked(), Locked())


@dataclass
class Ring:
    """One keyring, which several programs use."""

    kept: Kept = field(default_factory=Kept)
    first: First = field(default_factory=First)

    @property
    def stores(self) -> AuditStores:
        return AuditStores(Keys(self.kept), Anchors(self.kept), self.first)


class Program:
    """One program with the file open."""

    def __init__(self, folder: Path, stores: AuditStores | None) -> None:
        self.database: Database = open_database(folder / "journal.db", NOW_MS)
        self.desk = AuditDesk(self.database, stores)
        self.journal = SqliteJournal(self.database, self.desk)
        self.consents = SqliteConsents(self.desk)

    def ask(self, turn: str = "t1", route: Route = CLOUD) -> None:
        """A turn that was decided on for `route`, and runs."""
        if self.journal.conversation("c1") is None:
            self.journal.append(started())
        self.journal.append(asked(turn))
        self.journal.append(allowed(turn, route))

    def grant(self, grant: Grant = GRANT) -> None:
        """The person gives a grant for the bytes of PAYLOAD."""
        self.consents.record(grant, said(grant))

    def count(self, table: str) -> int:
        with self.database.read() as db:
            [count] = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a test's own word
        return int(count)

    def bodies(self, what: str = "") -> list[str]:
        """The audit's records that hold `what`."""
        with self.database.read() as db:
            rows = db.execute("SELECT body FROM audit ORDER BY seq").fetchall()
        return [body for (body,) in rows if what in body]

    def close(self) -> None:
        self.journal.close()


def said(grant: Grant = GRANT, at: Moment = NOW) -> list[Stated]:
    """Requested and given, for the bytes of PAYLOAD."""
    return [replace(one, grant=grant.id, at=at, sheet=PAYLOAD_SHEET) for one in GIVEN]


def allowed(turn: str = "t1", route: Route = CLOUD) -> Decided:
    reasons = (Reason("granted", "you granted it"),)
    decision = Decision(f"d-{turn}", Verdict.ALLOW, "strict", reasons, Label.NORMAL)
    return Decided(turn, decision, route, NOW_MS)


def request(**changes: object) -> SendRequest:
    return replace(REQUEST, sheet=PAYLOAD_SHEET, **changes)  # type: ignore[arg-type]


def entry(turn: str = "t1", grant: str = GRANT.id) -> PermitMinted:
    return PermitMinted(
        permit=f"p-{turn}",
        turn=turn,
        conversation="c1",
        decision=f"d-{turn}",
        rule="strict",
        rules=DIGEST,
        registry=DIGEST,
        route=CLOUD.id,
        model=CLOUD.model,
        host="api.example.org",
        fingerprint=PRINT,
        grant=grant,
        label="normal",
        messages=(f"q-{turn}",),
        sent_bytes=len(PAYLOAD),
        payload_mac="",
        most_tokens=REQUEST.tokens,
        most_cost=REQUEST.cost,
        currency="EUR",
    )


def permitted(turn: str = "t1", at: Moment = NOW, grant: str = GRANT.id) -> Permitted:
    """A permit for PAYLOAD under `grant`."""
    reserved = Reserved(grant, at, f"p-{turn}", len(PAYLOAD), REQUEST.tokens, REQUEST.cost)
    leave = Leave(entry(turn, grant), at, PAYLOAD, request(), reserved)
    return Permitted(turn, f"p-{turn}", PAYLOAD_SHEET, at.wall_ms, leave)


def to_server(turn: str = "t1") -> Permitted:
    """A permit for PAYLOAD to a server of the network: nobody's consent is asked for."""
    bare = replace(entry(turn, ""), route=SERVER.id, fingerprint="")
    return Permitted(turn, f"p-{turn}", PAYLOAD_SHEET, NOW_MS, Leave(bare, NOW, PAYLOAD))


def over(
    turn: str = "t1", at: Moment = NOW, tokens: int | None = 30, cost: Decimal | None = None
) -> PermitOver:
    """The end of that permit."""
    ended = PermitEnded(
        f"p-{turn}", Outcome.CLOSED, len(PAYLOAD), 900, output_tokens=tokens, cost=cost
    )
    settled = Settled(GRANT.id, at, f"p-{turn}", tokens, cost)
    return PermitOver(turn, f"p-{turn}", at.wall_ms, Ended(ended, at, settled))


def refused(turn: str = "t1") -> Decided:
    """A send that was denied, as the audit is told of it."""
    denied = SendDenied(
        turn, "c1", f"d-{turn}", "default", ("undeclared",), DIGEST, DIGEST, "own", "", "normal", ()
    )
    decision = Decision(f"d-{turn}", Verdict.DENY, "default", (), Label.NORMAL)
    return Decided(turn, decision, CLOUD, NOW_MS, Denied(denied, NOW))
