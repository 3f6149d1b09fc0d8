"""A person in the closed network who sends to the cloud: sets routes up, grants, asks, and what is on record of it."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.domain.audit import EpochKey, Verification, payload_mac
from assistant.domain.audit_entries import OutboxLine
from assistant.domain.consent import Moment
from assistant.machine.clock import SystemClock
from assistant.proof.closed import ClosedNetwork
from assistant.storage.audit_desk import AuditDesk, AuditStores
from assistant.storage.audit_papers import AuditPapers
from assistant.storage.database import open_database
from assistant.storage.paths import Places
from assistant.storage.secrets.environment import variable
from assistant.wiring.keys import KeyRoom
from tests.commands.rig import FACTS
from tests.e2e import running
from tests.e2e.egress.clouds import KEY
from tests.e2e.egress.inside import Inside
from tests.e2e.egress.wire import Request, permits
from tests.e2e.program import ONE_THREAD, Program
from tests.e2e.running import Running
from tests.standins.cloud_line import Got

ROW, ROW_HOST, ROW_MODEL = (
    "ovhcloud",
    "oai.endpoints.kepler.ai.cloud.ovh.net",
    "Meta-Llama-3_3-70B-Instruct",
)
"""A route of the registry that the shipped rules let pass: nothing has to be written for it but its name and its model."""

_OWN_HEADERS = frozenset(("anthropic-version",))
"""Those that belong to what a permit is for; the door adds the others by itself."""


@dataclass(frozen=True)
class Granted:
    """A grant for a conversation of its own."""

    conversation: str
    code: str


@dataclass(frozen=True)
class Ended:
    """A command that came to its end."""

    code: int
    out: str
    err: str
    most_bytes: int = 0
    """The most memory that it ever had."""


class Sender(Inside):
    """The program in the closed network, with the key of every route in its environment."""

    @property
    def places(self) -> Places:
        """Where it keeps what it keeps."""
        home = self.program.home
        own = [home / part / "assistant" for part in (".config", ".local/share", ".local/state", ".cache")]  # fmt: skip
        return Places(*own)

    @property
    def journal(self) -> Path:
        """The one file of the record."""
        return self.places.journal_file

    def at(self, home: Path, **extra: str) -> "Sender":
        """The same at another home, with more in the environment."""
        return Sender(Program(home), self.network, {**self.extra, **extra})

    def several(self, *commands: Sequence[str]) -> list[Ended]:
        """Runs commands one after the other, in one process."""
        return run_each([(self, command) for command in commands])

    def set_up(self, *commands: Sequence[str]) -> list[Ended]:
        """As `several`; each of them has to succeed."""
        ended = self.several(*commands)
        for command, each in zip(commands, ended, strict=True):
            assert each.code == 0, f"{command}: {each.err}"
        return ended

    def start(self, *args: str) -> Running:
        """Starts a command of the program."""
        return Running(self.command(*args), self.environment)

    def run_to_end(self, *python: str, through: Sequence[str] = ()) -> Ended:
        """Runs Python with these arguments, started by way of another command."""
        command = self.network.inside(*through, sys.executable, *python)
        return ended(started(command, self.environment))

    def typed(self, command: Sequence[str], text: str) -> Ended:
        """Runs a command of the program with a text on its input."""
        done = self.run(*command, stdin=text.encode())
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_each(commands: Sequence[tuple[Sender, Sequence[str]]]) -> list[Ended]:
    """Runs commands one after the other in one process, each at its own home, in the environment of the first."""
    first, _ = commands[0]
    told = json.dumps([(str(each.program.home), list(command)) for each, command in commands])
    command = first.network.inside(sys.executable, "-m", "tests.e2e.egress.commands", told)
    done = running.run(command, first.environment, timeout_s=110)
    assert done.returncode == 0, done.stderr.decode()
    return [Ended(**json.loads(line)) for line in done.stdout.splitlines()]


def started(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """A process without input, whose output is kept."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def ended(process: "subprocess.Popen[bytes] | Running") -> Ended:
    """Waits for its end."""
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        # Little is printed, so neither pipe fills up while the other is read.
        out, err = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(process.returncode, out.decode(), err.decode(), used.ru_maxrss * 1024)


def sender(network: ClosedNetwork, home: Path, authority: Path, extra: Mapping[str, str]) -> Sender:
    """A home whose settings name the authority of this network's providers, as those of a company's machine do."""
    made = Sender(Program(home), network, extra)
    made.places.config.mkdir(parents=True, exist_ok=True)
    made.places.settings_file.write_text(f'{ONE_THREAD}[network]\nca_bundle = "{authority}"\n')
    return made


def keys(*routes: str) -> dict[str, str]:
    """The environment variables that hold their keys."""
    return {variable(route): KEY for route in routes}


def endpoint(route: str, host: str, *more: str, model: str = "a-model") -> list[tuple[str, ...]]:
    """The commands that make a host in the cloud a route of one's own, with facts that the shipped rules let pass."""
    url = f"https://{host}/v1"
    return [
        ("routes", "add", route, "--url", url, "--model", model),
        ("routes", "declare", route, "--place", "cloud", *FACTS, *more, "--yes-i-declare"),
    ]


def grant(route: str, *more: str) -> tuple[str, ...]:
    """The command that grants a new conversation to a route."""
    said = ("--new", "--for", "conversation", "--yes-i-grant", "--json", *more)
    return ("consent", "grant", "--route", route, *said)


def granted(said: Ended) -> Granted:
    """What `grant` printed."""
    row = json.loads(said.out)
    return Granted(str(row["conversation"]), str(row["code"]))


def ask(route: str, conversation: str, *words: str) -> tuple[str, ...]:
    """The command that asks there."""
    return ("ask", "--route", route, "--conversation", conversation, *words)


# What is on record.


@contextmanager
def desk(sender: Sender) -> Iterator[AuditDesk]:
    """The audit of a home, with the keys that lie there."""
    stores: AuditStores = KeyRoom(sender.places).audit
    database = open_database(sender.journal, SystemClock().now_ms())
    try:
        yield AuditDesk(database, stores)
    finally:
        database.close()


def now() -> Moment:
    """This moment."""
    clock = SystemClock()
    return Moment(clock.now_ms(), clock.monotonic_ms(), clock.boot)


def verified(sender: Sender) -> Verification:
    """What a reading of every record finds."""
    with desk(sender) as found:
        return AuditPapers(found).verify(now())


def bodies(sender: Sender, kind: str) -> list[dict[str, object]]:
    """The records of one kind, the oldest first."""
    with desk(sender) as found, found.database.read() as db:
        rows = db.execute("SELECT CAST(body AS TEXT) FROM audit ORDER BY seq").fetchall()
    read = [json.loads(row[0]) for row in rows]
    return [body for body in read if body["kind"] == kind]


def latest_turn(sender: Sender) -> dict[str, Any]:
    """The record of the turn that ended last."""
    with desk(sender) as found, found.database.read() as db:
        [row] = db.execute("SELECT record FROM turn ORDER BY finished DESC LIMIT 1").fetchall()
    read = json.loads(row[0])
    assert isinstance(read, dict)
    return read


def line_of(sender: Sender, route: str) -> OutboxLine:
    """The one permit of a route."""
    [line] = [line for line in permits(sender.journal) if line.permit.route == route]
    return line


def mac_of(sender: Sender, request: Request) -> str:
    """What the audit must hold of a request as it came out of TLS."""
    own = [f"{n}: {v}" for n, v in request.headers.items() if n in _OWN_HEADERS]
    head = "\n".join([request.line.split(" ")[1], *own, ""])
    return payload_mac(_key(sender), head.encode() + request.body)


def certificate_digest(pem: Path) -> str:
    """What a permit's end must hold of the host that showed it."""
    import ssl

    text = pem.read_text()
    begin = text.index("-----BEGIN CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:])).hexdigest()


def heard_nothing(got: Sequence[Got]) -> bool:
    """Whether not one byte of HTTP reached a provider."""
    return all(not each.plain for each in got)


def _key(sender: Sender) -> EpochKey:
    key = KeyRoom(sender.places).audit.keys.get()
    assert key is not None
    return key
