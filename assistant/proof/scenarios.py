"""What the program does in the closed network, each in a home of its own, and what tried to leave meanwhile."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.proof.closed import ClosedNetwork, Tried, environment
from assistant.proof.control import NAME
from assistant.proof.frames import told
from assistant.proof.screen import sit

_PATIENCE_S: Final = 600.0
_ROUTE: Final = "selftest"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that the program does: `arguments` of the command line, none for the chat; it must end with `exit_code`."""

    name: str
    what: str
    arguments: tuple[str, ...]
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a scenario; `exit_code` is None where it did not end by itself."""

    scenario: Scenario
    exit_code: int | None
    tried: Tried

    @property
    def done(self) -> bool:
        """Whether it did what it was to do."""
        return self.exit_code == self.scenario.exit_code

    def to_json(self) -> dict[str, object]:
        """An entry of `scenarios` in the report."""
        return {
            "name": self.scenario.name,
            "what": self.scenario.what,
            "done": self.done,
            "exit": self.exit_code,
            **tried_json(self.tried),
        }


def tried_json(tried: Tried) -> dict[str, object]:
    """What tried to leave, as the report has it."""
    return {
        "bytes": tried.size_bytes,
        "packets": tried.packets,
        "look_ups": list(dict.fromkeys(tried.look_ups)),
        "tried": told(tried.frames),
    }


def scenarios(model: Path | None) -> tuple[Scenario, ...]:
    """All of them, in order; `model` is the file that answers (None: no model is installed)."""
    add = Scenario("models-add", "takes in the model", ("models", "add", str(model)))
    hello = ("ask", "--max-tokens", "16", "Say hello.")
    url = f"https://{_ROUTE}.example/v1"
    return (
        Scenario("doctor", "looks at this machine", ("doctor",)),
        *([add] if model else []),
        Scenario("models-list", "lists the models", ("models", "list")),
        Scenario(
            "pull-refused", "is asked for a model that there is not", ("models", "pull", _ROUTE), 2
        ),
        Scenario(
            "routes-add",
            "takes in a server, not declared",
            ("routes", "add", _ROUTE, "--url", url, "--model", "any"),
        ),
        Scenario("routes-list", "lists the servers", ("routes", "list")),
        Scenario(
            "ask-refused", "is asked to send to that server", ("ask", "--route", _ROUTE, "hello"), 3
        ),
        Scenario("ask", "answers a question", hello)
        if model
        else Scenario("ask", "is asked where no model is", hello, 4),
        Scenario("telemetry", "writes its figures into a file", ("telemetry", "export")),
        Scenario("chat", "opens the chat, is idle, quits", ()),
    )


def run(network: ClosedNetwork, scenario: Scenario, home: Path) -> Ran:
    """Runs one of them inside `network`, at home in `home`. Blocks. Raises: SelftestError."""
    before = network.count()
    command = network.inside(sys.executable, "-m", "assistant", *scenario.arguments)
    own = environment(at_home(home))
    code = _ended(command, own) if scenario.arguments else sit(command, own)
    return Ran(scenario, code, network.since(before))


def control(network: ClosedNetwork) -> tuple[bool, Tried]:
    """Has something leave on purpose: whether the look-up and the connection were both seen. Raises: SelftestError."""
    before = network.count()
    _ended(network.inside(sys.executable, "-m", "assistant.proof.control"), environment())
    tried = network.since(before)
    opened = any(frame.kind == "tcp" and frame.opens for frame in tried.frames)
    return NAME in tried.look_ups and opened and tried.size_bytes > 0, tried


def at_home(home: Path) -> dict[str, str]:
    """What changes in the environment so that nothing of the person's own is touched."""
    folders = {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("config", "data", "state", "cache")}  # fmt: skip
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        **folders,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }


def _ended(command: list[str], own: Mapping[str, str]) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            env=own,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode
