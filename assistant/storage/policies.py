"""The cloud routes and the rules in force: read anew where a file changed, and at no cost where none did."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from assistant.domain.errors import AssistantError
from assistant.storage import shipped

if TYPE_CHECKING:
    from assistant.domain.cloud_routes import NoRegistry, Registry
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.rules import NoRules, Rules

_T = TypeVar("_T")

_Stamp = tuple[int, int, int, int] | str
"""Of a file: its times, its size, its number; or why it cannot be looked at."""

_Stamps = tuple[_Stamp, ...]

SETTLED_NS: Final = 100_000_000
"""A file that changed this shortly before it was read may change again without another time: it is read anew."""


class _Kept(Generic[_T]):
    """What files say, for as long as they stay as they are."""

    def __init__(self, look: Callable[[], _Stamps], load: Callable[[], _T]) -> None:
        self._look = look
        self._load = load
        self._known: tuple[_Stamps, _T] | None = None

    def now(self) -> _T:
        """The same as the last time, where nothing changed; else read anew."""
        stamps = self._look()
        known = self._known
        if known is not None and known[0] == stamps:
            return known[1]
        began_ns = time.time_ns()
        value = self._load()
        times_ns = [time_ns for s in stamps if not isinstance(s, str) for time_ns in s[:2]]
        settled = all(abs(began_ns - time_ns) > SETTLED_NS for time_ns in times_ns)
        # Where a file was swapped while it was read, what was read is used once and not kept.
        self._known = (stamps, value) if settled and self._look() == stamps else None
        return value

    @property
    def settled(self) -> bool:
        """Whether something is kept: the files had not changed just then."""
        return self._known is not None


@dataclass(frozen=True, slots=True)
class _Routes:
    """What the files of routes said; `problem` says why there are no cloud routes, where that is so."""

    registry: "Registry | NoRegistry"
    setups: "tuple[CloudSetup, ...]"
    digest: str
    problem: str


class FilePolicies:
    """Implements ports.leaving.Policies over the shipped files and the person's own. Safe to use from any thread.

    Who asks for routes alone does not load the rules, and without a file of the person's own nothing is set up.
    """

    def __init__(self, config: Path, find: Callable[[str], Path] = shipped.path) -> None:
        """`config` is the person's folder; `find` gives the shipped files."""
        self._config = config
        self._own_routes = config / "routes.toml"
        self._find = find
        self._shipped: dict[str, Path] = {}
        self._routes = _Kept(self._route_stamps, self._read_routes)
        self._rules = _Kept(self._rule_stamps, self._read_rules)

    def registry(self) -> "Registry | NoRegistry":
        """The rows that are known, or why there are none. Never raises."""
        return self._routes.now().registry

    def rules(self) -> "Rules | NoRules":
        """The rules, or why there are none. Never raises."""
        return self._rules.now()

    def setup(self, route: str) -> "CloudSetup | None":
        """The cloud route with that id as it is set up now; None where it is not. Never raises."""
        return next((one for one in self.setups() if one.id == route), None)

    def setups(self) -> "tuple[CloudSetup, ...]":
        """All cloud routes that are set up. Never raises."""
        if not os.path.lexists(self._own_routes):
            return ()
        return self._routes.now().setups

    @property
    def registry_digest(self) -> str:
        """SHA-256 in hex of the files that the routes were read from; "" where they cannot be read."""
        return self._routes.now().digest

    @property
    def problem(self) -> str:
        """Why no cloud route is known, where that is for a fault of a file; else ""."""
        return self._routes.now().problem

    def _route_stamps(self) -> _Stamps:
        from assistant.storage import registry

        shipped_files = (registry.COUNTRIES, registry.ROUTES)
        return (*(self._shipped_stamp(name) for name in shipped_files), _stamp(self._own_routes))

    def _rule_stamps(self) -> _Stamps:
        """Of the routes' files too: the rules are written in their sets of countries."""
        from assistant.storage import rules_file

        own = _stamp(self._config / rules_file.FILE)
        return (*self._route_stamps(), self._shipped_stamp(rules_file.SHIPPED), own)

    def _shipped_stamp(self, name: str) -> _Stamp:
        # Where it was found it is looked for first; where it is not there any more, it is searched for anew.
        known = self._shipped.get(name)
        stamp = "" if known is None else _stamp(known)
        if not isinstance(stamp, str):
            return stamp
        try:
            found = self._find(name)
        except AssistantError as error:
            return str(error)
        self._shipped[name] = found
        return _stamp(found)

    def _read_rules(self) -> "Rules | NoRules":
        from assistant.storage import rules_file

        return rules_file.load_rules(self._config / rules_file.FILE, self.registry(), self._find)

    def _read_routes(self) -> _Routes:
        from assistant.domain.cloud_routes import NoRegistry
        from assistant.storage import registry, toml_file
        from assistant.storage.cloud_file import CloudFile

        found = registry.load_registry(self._find)
        if isinstance(found, NoRegistry):
            return _Routes(found, (), "", found.problem)
        file = CloudFile(self._own_routes, lambda: found)
        try:
            text = toml_file.read(self._own_routes)
            setups = tuple(entry.setup for entry in file.read(text))
        except AssistantError as error:
            return _Routes(found, (), "", error.note().line())
        digest = hashlib.sha256(f"{found.digest}\0{text}".encode()).hexdigest()
        return _Routes(found, setups, digest, "")


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        return error.strerror or type(error).__name__
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
