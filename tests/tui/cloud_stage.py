"""A stage with a border: grants in memory, an outbox of a few lines, a desk for keys that remembers what it was given."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from assistant.domain.audit_entries import OutboxLine, Outcome, PermitEnded, PermitMinted
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.consent import (
    Actor,
    Grant,
    Limits,
    Moment,
    Notice,
    Principal,
    Reach,
    Reserved,
    State,
    Stated,
)
from assistant.domain.errors import SecretsError
from assistant.domain.secret import Secret
from assistant.domain.sensitivity import Label
from tests.conversation.border_doubles import SETUP, Rig
from tests.facts_maker import GOOD
from tests.tui.fake_services import NOON_MS, Stage, stage

HOUR_MS = 3_600_000


@dataclass
class DeskOfKeys:
    """Implements tui.services.KeyDesk."""

    routes: tuple[CloudSetup, ...] = (SETUP,)
    passphrase: str = ""
    made: bool = True
    opened: bool = True
    beside: bool = False
    """Whether new keys go to another store, and only an older one lies in this one."""
    kept: dict[str, str] = field(default_factory=dict)

    def setups(self) -> Sequence[CloudSetup]:
        return self.routes

    def kept_in(self) -> str:
        return "the app's own vault"

    def keep(self, setup: CloudSetup, key: Secret) -> None:
        if key.reveal() == "bad":
            raise SecretsError("that cannot be a key", "copy it once more")
        self.kept[setup.id] = key.reveal()

    def needs(self, *, to_read: bool = False) -> str:
        if self.beside and not to_read:
            return ""
        return "" if self.opened else "passphrase" if self.made else "new"

    def unlock(self, passphrase: Secret) -> None:
        if passphrase.reveal() != self.passphrase:
            raise SecretsError("that is not the passphrase", "try again")
        self.opened = True


@dataclass
class Lines:
    """Implements ports.leaving.Outbox."""

    all: Sequence[OutboxLine] = ()

    def lines(self, limit: int = 100, offset: int = 0) -> Sequence[OutboxLine]:
        return self.all[offset : offset + limit]


@dataclass
class CloudStage:
    """The stage, its rig with the border, its outbox and its desk."""

    stage: Stage
    rig: Rig
    outbox: Lines
    keys: DeskOfKeys

    def granted(
        self, name: str, state: State = State.GIVEN, sends: int = 0, **limits: object
    ) -> Grant:
        """A grant with the id `name` that stands as `state`."""
        bounds = Limits(NOON_MS, NOON_MS + 11 * 60_000, 100)
        grant = Grant(
            id=f"01KAQ0000000000000000{name}",
            principal=Principal(1000, "install"),
            notice=Notice("0" * 64, "en", "0.2"),
            reach=Reach(Label.NORMAL, "talk"),
            limits=replace(bounds, **limits),  # type: ignore[arg-type]
            facts=GOOD,
            model="big-model",
            fingerprint=SETUP.fingerprint,
        )
        at = Moment(NOON_MS, 1_000.0, "boot-1")
        said = [Stated(grant.id, at, State.REQUESTED, Actor.SYSTEM, "test", "5" * 64)]
        said.append(replace(said[0], state=State.GIVEN, actor=Actor.USER))
        if state is not State.GIVEN:
            said.append(replace(said[1], state=state))
        self.rig.consents.record(grant, said)
        self.rig.consents.events += [
            Reserved(grant.id, at, f"{name}-{number}", 1604, 500, Decimal("0.02"))
            for number in range(sends)
        ]
        return grant


def cloud_stage(folder: Path) -> CloudStage:
    """A stage whose engine has a border."""
    on, rig = stage(folder), Rig()
    rig.border._clock = on.clock
    on.services.engine._border = lambda: rig.border
    outbox, keys = Lines(), DeskOfKeys()
    on.services = replace(on.services, outbox=lambda: outbox, keys=keys)
    return CloudStage(on, rig, outbox, keys)


def line(
    number: int, outcome: Outcome | None = Outcome.CLOSED, sent: int | None = 4812
) -> OutboxLine:
    """One permit of the outbox; without an `outcome` its end is not on record."""
    minted = PermitMinted(
        permit=f"p{number}", turn="t", conversation="talk", decision="d", rule="strict", rules="", registry="",
        route="good", model="big-model", host="api.example:443", fingerprint="", grant="01KAQ0000000000000000ABC123",
        label="normal", messages=("m",), sent_bytes=4812, payload_mac="",
    )  # fmt: skip
    ended = None if outcome is None else PermitEnded(f"p{number}", outcome, sent)
    return OutboxLine(number, Moment(NOON_MS - number * HOUR_MS, 0, "b"), minted, ended)
