"""The cloud routes that a person set up, connected: their file, the rules, where their keys are, and what each still needs."""

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.ports import Clock
from assistant.storage import paths
from assistant.wiring.keys import KeyRoom

if TYPE_CHECKING:
    from assistant.domain.cloud_setup import CloudSetup
    from assistant.domain.residency import RouteFacts
    from assistant.domain.routing import RouteState
    from assistant.storage.cloud_file import CloudFile
    from assistant.storage.policies import FilePolicies


@dataclass(frozen=True, slots=True)
class CloudState:
    """One cloud route: whether something can be sent there now, given a consent, and why; `key` says where its key is from."""

    setup: "CloudSetup"
    ready: bool
    why: str
    key: str

    @property
    def state(self) -> "RouteState":
        """The same as any route's."""
        from assistant.domain.routing import RouteState

        route = self.setup.route
        return RouteState(route.id, route.place, route.backend, route.model, self.ready, self.why)


class CloudRoutes:
    """What is set up. Each part is made where it is first needed."""

    def __init__(self, places: paths.Places, clock: Clock, keys: KeyRoom) -> None:
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
        from assistant.storage.registry import load_registry
        from assistant.storage.routes import FILE

        return CloudFile(self._config / FILE, load_registry)

    @property
    def today(self) -> date:
        """The day of the rules: facts hold until one."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()

    def states(self) -> tuple[CloudState, ...]:
        """Every cloud route with what it still needs. Nobody is asked anything. Raises: SettingsError."""
        # Without one, neither the registry nor a store for keys is looked into.
        return tuple(self.state(entry.setup) for entry in self.file.entries())

    def state(self, setup: "CloudSetup") -> CloudState:
        """What one of them still needs. Never raises."""
        needs, key = self._needs_key(setup)
        lacking = setup.row.unusable or needs
        if lacking:
            return CloudState(setup, ready=False, why=lacking, key=key)
        passes, why = self.passing(setup.row.facts)
        return CloudState(setup, passes, why, key)

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
        return False, judged.reasons[0].text + (f"; and {more} more reasons" if more else "")

    def _needs_key(self, setup: "CloudSetup") -> tuple[str, str]:
        """What it lacks of a key ("": nothing), and where its key is from."""
        from assistant.domain.permit import Auth

        if setup.row.auth is Auth.NONE:
            return "", "none is needed"
        try:
            source = self.keys.routes.source(setup.id)
        except AssistantError as error:
            return str(error), ""
        return ("" if source else f"it has no key (assistant routes key {setup.id})"), source
