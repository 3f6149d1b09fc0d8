"""The rules and the cloud routes in force: read anew where a file changed, and at no cost where none did."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.domain.cloud_routes import NoRegistry, Registry
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.errors import AssistantError
from assistant.domain.rules import NoRules, Rules
from assistant.storage import registry, rules_file, shipped, toml_file
from assistant.storage.cloud_file import CloudFile

_Stamp = tuple[int, int, int, int] | str
"""Of a file: its times, its size, its number; or why it cannot be looked at."""

SETTLED_NS: Final = 100_000_000
"""A file that changed this shortly before it was read may change again without another time: it is read anew."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the files said; `problem` says why there are no cloud routes, where that is so."""

    stamps: tuple[_Stamp, ...]
    settled: bool
    rules: Rules | NoRules
    setups: tuple[CloudSetup, ...]
    digest: str
    problem: str


class FilePolicies:
    """Implements ports.leaving.Policies over the shipped files and the person's own. Safe to use from any thread."""

    def __init__(self, config: Path, find: Callable[[str], Path] = shipped.path) -> None:
        """`config` is the person's folder; `find` gives the shipped files."""
        self._own_rules = config / rules_file.FILE
        self._own_routes = config / "routes.toml"
        self._find = find
        self._loaded: _Loaded | None = None

    def rules(self) -> Rules | NoRules:
        """The rules, or why there are none. Never raises."""
        return self._now().rules

    def setup(self, route: str) -> CloudSetup | None:
        """The cloud route with that id as it is set up now; None where it is not. Never raises."""
        return next((one for one in self.setups() if one.id == route), None)

    def setups(self) -> tuple[CloudSetup, ...]:
        """All cloud routes that are set up. Never raises."""
        return self._now().setups

    @property
    def registry_digest(self) -> str:
        """SHA-256 in hex of the files that the routes were read from; "" where they cannot be read."""
        return self._now().digest

    @property
    def problem(self) -> str:
        """Why no cloud route is known, where that is for a fault of a file; else ""."""
        return self._now().problem

    def _now(self) -> _Loaded:
        stamps = self._stamps()
        loaded = self._loaded
        if loaded is None or loaded.stamps != stamps or not loaded.settled:
            loaded = self._load(stamps)
            self._loaded = loaded
        return loaded

    def _stamps(self) -> tuple[_Stamp, ...]:
        shipped_files = (registry.COUNTRIES, registry.ROUTES, rules_file.SHIPPED)
        return (
            *(self._shipped_stamp(name) for name in shipped_files),
            _stamp(self._own_rules),
            _stamp(self._own_routes),
        )

    def _shipped_stamp(self, name: str) -> _Stamp:
        try:
            return _stamp(self._find(name))
        except AssistantError as error:
            return str(error)

    def _load(self, stamps: tuple[_Stamp, ...]) -> _Loaded:
        began_ns = time.time_ns()
        found = registry.load_registry(self._find)
        rules = rules_file.load_rules(self._own_rules, found, self._find)
        setups, digest, problem = self._read_setups(found)
        times_ns = [time_ns for s in stamps if not isinstance(s, str) for time_ns in s[:2]]
        settled = all(abs(began_ns - time_ns) > SETTLED_NS for time_ns in times_ns)
        # Where a file was swapped while it was read, what was read is used once and not kept.
        settled = settled and self._stamps() == stamps
        return _Loaded(stamps, settled, rules, setups, digest, problem)

    def _read_setups(self, found: Registry | NoRegistry) -> tuple[tuple[CloudSetup, ...], str, str]:
        if isinstance(found, NoRegistry):
            return (), "", found.problem
        file = CloudFile(self._own_routes, lambda: found)
        try:
            text = toml_file.read(self._own_routes)
            setups = tuple(entry.setup for entry in file.read(text))
        except AssistantError as error:
            return (), "", error.note().line()
        return setups, hashlib.sha256(f"{found.digest}\0{text}".encode()).hexdigest(), ""


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        return error.strerror or type(error).__name__
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
