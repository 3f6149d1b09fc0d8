"""Everything that goes wrong at a provider's end or on the way there: what the person reads, and how much may have left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.e2e.egress.clouds import host
from tests.e2e.egress.far_cloud import Host

ELSEWHERE = "elsewhere.example"
"""Where redirects lead."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One of them, at a host and a route of its own. `fault` is told to the stand-in.

    `says` is what the person reads, `code` the exit code; `leaves` says whether the request leaves before it is clear.
    `leads` are the addresses that the name has here, where they are not the host's own.
    """

    says: str
    fault: str = ""
    code: int = 4
    leaves: bool = True
    dialect: str = "openai"
    leads: tuple[str, ...] = ()
    certified: str = ""
    strange: bool = False

    def at(self, number: int, name: str) -> Host:
        """Its host."""
        made = host(number, host_name(name), self.fault, dialect=self.dialect)
        answers = (self.leads,) if self.leads else made.answers
        return replace(made, answers=answers, certified=self.certified, strange=self.strange)

    @property
    def model(self) -> str:
        """A model of that wire."""
        return "claude-haiku-4-5" if self.dialect == "anthropic" else "a-model"


def host_name(name: str) -> str:
    """The host of the fault `name`."""
    return f"{name}.gate.example"


def hosts(faults: Sequence[tuple[str, Fault]]) -> list[Host]:
    """All of them, each at an address of its own."""
    return [fault.at(number, name) for number, (name, fault) in enumerate(faults)]


def _rebound(*ips: str) -> Fault:
    return Fault(says="is not a public address; nothing was sent", code=3, leaves=False, leads=ips)


ENDING: dict[str, Fault] = {
    "another-host": Fault(
        says="did not prove who it is", leaves=False, certified="another.example"
    ),
    "unknown-authority": Fault(says="did not prove who it is", leaves=False, strange=True),
    "rebound-to-loopback": _rebound(LOOPBACK),
    "rebound-to-a-private-one": _rebound("10.1.2.3"),
    "rebound-to-link-local": _rebound("169.254.169.254"),
    "rebound-to-one-of-two": _rebound("192.88.99.77", "192.168.1.1"),
    "redirect": Fault(
        says=f"sends on to https://{ELSEWHERE}/v1", fault=f"redirect:https://{ELSEWHERE}/v1", code=3
    ),
    "wrong-key": Fault(says="does not take the key", fault="401"),
    "busy": Fault(says="try again in 7 s", fault="429:7", dialect="anthropic"),
    "broken": Fault(says="failed: status 500", fault="500"),
    "overloaded": Fault(says="is overloaded", fault="529", dialect="anthropic"),
    "overloaded-midway": Fault(says="is overloaded", fault="stream-error", dialect="anthropic"),
    "drop": Fault(says="was cut", fault="drop"),
    "cut": Fault(says="was cut", fault="cut"),
    "unfinished": Fault(says="ended the reply before its end", fault="unfinished"),
    "nonsense": Fault(says="was cut", fault="nonsense"),
    "wrong-json": Fault(says="does not speak OpenAI's wire", fault="wrong-json"),
    "page": Fault(says="what came is a web page", fault="page"),
    "escapes": Fault(says="failed: ", fault="ansi"),
}
"""Those that come to an end by themselves."""

FLOODS: dict[str, Fault] = {
    "gigabyte": Fault(says="", fault="gigabyte"),
    "gigabyte-of-error": Fault(says="failed", fault="gigabyte:500"),
    "endless-line": Fault(says="a line of more than", fault="endless-line", dialect="anthropic"),
}
"""Those that send more than anybody wants."""

HELD: dict[str, Fault] = {
    "hang": Fault(says="its grant was revoked, so the stream was cut", fault="hang", code=3),
    "hang-in-panic": Fault(says="so the stream was cut", fault="hang", code=3, dialect="anthropic"),
    "slow-head": Fault(says="stopped", fault="slow-head", code=130),
    "slow-body": Fault(says="stopped", fault="slow-body", code=130, dialect="anthropic"),
    "silent": Fault(says="", fault="silent", code=-9),
    "once": Fault(says="all 1 requests of the grant are used"),
}
"""Those that go on until somebody ends them, and one that is as it should be."""

ALL = {**ENDING, **FLOODS, **HELD}
