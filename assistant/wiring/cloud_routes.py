"""The cloud routes that a person set up, connected: their file, the rules, where their keys are, and what each still needs."""

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.residency import CountrySet, RouteFacts
    from assistant.domain.routing import RouteState
    from assistant.ports import Clock
    from assistant.storage import paths
    from assistant.storage.cloud_entries import CloudEntry
    from assistant.storage.cloud_file import CloudFile
    from assistant.storage.policies import FilePolicies
    from assistant.wiring.keys import KeyRoom


@dataclass(frozen=True, slots=True)
class CloudState:
    """One cloud route: whether something can be sent there now, given a consent, and why; `key` says where its key is from.

    `passes` and `rules` are what the rules say of it, whatever else it needs; `note` is what became of the person's own word on
    it, where that does not hold.
    """

    setup: "CloudSetup"
    ready: bool
    why: str
    key: str
    passes: bool
    rules: str
    note: str = ""

    @property
    def state(self) -> "RouteState":
        """The same as any route's."""
        from assistant.domain.routing import RouteState

        route = self.setup.route
        return RouteState(route.id, route.place, route.backend, route.model, self.ready, self.why)


class CloudRoutes:
    """What is set up. Each part is made where it is first needed."""

    def __init__(self, places: "paths.Places", clock: "Clock", keys: "KeyRoom") -> None:
        """Reads nothing yet."""
        self.keys = keys
        self._config = places.config
        self._clock = clock

    @functools.cached_property
    def policies(self) -> "FilePolicies":
        """The rules and the cloud routes in force."""
        from assistant.storage.policies import FilePolicies

        return FilePolicies(self._config)

    @functools.cached_property
    def file(self) -> "CloudFile":
        """The cloud routes as the person's file has them."""
        from assistant.storage.cloud_file import CloudFile
        from assistant.storage.routes import FILE

        return CloudFile(self._config / FILE, lambda: self.policies.registry())

    @property
    def today(self) -> date:
        """The day of the rules: facts hold until one."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()

    def sets(self) -> "tuple[CountrySet, ...]":
        """The country sets whose names a person knows; none where the registry cannot be read."""
        from assistant.domain.cloud_routes import Registry

        found = self.policies.registry()
        # Why it cannot be read is told where its routes are.
        return found.countries.sets if isinstance(found, Registry) else ()

    def states(self) -> tuple[CloudState, ...]:
        """Every cloud route with what it still needs. Nobody is asked anything. Raises: SettingsError."""
        # Without one, neither the registry nor a store for keys is looked into.
        return tuple(self.state(entry) for entry in self.file.entries())

    def state(self, entry: "CloudEntry") -> CloudState:
        """What one of them still needs. Never raises."""
        setup = entry.setup
        needs, key = self._needs_key(setup)
        passes, rules = self.passing(setup.row.facts)
        ready, why = passes, rules
        if setup.row.unusable:
            ready, why = False, setup.row.unusable
        if needs:
            ready, why = False, needs if ready else f"{why}; {needs}"
        return CloudState(setup, ready, why, key, passes, rules, _note(entry))

    def passing(self, facts: "RouteFacts") -> tuple[bool, str]:
        """Whether a rule lets clean text of some label go there, and which, or the first reason why none does."""
        from assistant.domain.decisions import Verdict
        from assistant.domain.rules import Content, judge
        from assistant.domain.sensitivity import Label

        rules = self.policies.rules()
        judged = judge(rules, facts, Label.NORMAL, Content.CLEAN, self.today)
        if judged.verdict is Verdict.ALLOW:
            return True, f"rule {judged.rule} passes; each send needs your consent"
        public = judge(rules, facts, Label.PUBLIC, Content.CLEAN, self.today)
        if public.verdict is Verdict.ALLOW:
            return True, f"rule {public.rule} lets public text pass; each send needs your consent"
        more = len(judged.reasons) - 1
        rest = f"; and {more} more {'reason' if more == 1 else 'reasons'}" if more else ""
        return False, judged.reasons[0].text + rest

    def lacking(self, facts: "RouteFacts") -> tuple[str, ...]:
        """The facts that the person has to declare before clean text passes; empty where it does, or where that is not enough."""
        from assistant.domain.rules import lacking
        from assistant.domain.sensitivity import Label

        if self.passing(facts)[0]:
            return ()
        rules = self.policies.rules()
        normal = lacking(rules, facts, Label.NORMAL, self.today)
        return normal or lacking(rules, facts, Label.PUBLIC, self.today)

    def _needs_key(self, setup: "CloudSetup") -> tuple[str, str]:
        """What it lacks of a key ("": nothing), and where its key is from."""
        from assistant.domain.secret import Auth

        if setup.row.auth is Auth.NONE:
            return "", "none is needed"
        try:
            source = self.keys.routes.source(setup.id)
        except AssistantError as error:
            return str(error), ""
        return ("" if source else f"it has no key (assistant routes key {setup.id})"), source


def _note(entry: "CloudEntry") -> str:
    """Why the person's own word on a route does not hold; "" where it does, and where there is none."""
    if not entry.void and (entry.declared_for or not entry.facts):
        return ""
    from assistant.domain.sheet import fact_words

    words = fact_words([name for name, _ in entry.facts])
    again = f"assistant routes declare {entry.setup.id}"
    if entry.void:
        rest = f", and {words} unknown again" if words else ""
        return f"changed since you declared it on {entry.declared_on}: your word is void{rest} ({again})"
    return f"not declared yet, so still unknown: {words} ({again})"
