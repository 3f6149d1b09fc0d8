"""Many routes set up and granted at once, by the rooms behind the commands: each command reads rules and registry anew, which takes long."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from assistant.commands.facts import facts_of
from assistant.domain.cloud_routes import Registry, Wire
from assistant.domain.consent import Reach
from assistant.domain.secret import Auth
from assistant.domain.sensitivity import Label
from assistant.domain.settings import Settings
from assistant.domain.terms import Span, Terms
from assistant.machine.clock import SystemClock
from assistant.storage import paths
from assistant.storage.cloud_entries import own_endpoint
from assistant.storage.cloud_file import CloudFile
from assistant.storage.instances import Instance
from assistant.storage.journal import open_journal
from assistant.storage.registry import load_registry
from assistant.storage.routes import FILE
from assistant.wiring.cloud import CloudRoom
from assistant.wiring.keys import KeyRoom
from tests.e2e.egress.faults import Fault, host_name
from tests.e2e.egress.sending import Granted, Sender

SAID = {
    "operator": "Gate GmbH",
    "law": "DE",
    "processing": "EEA",
    "storage": "nothing",
    "retention_days": "unknown",
    "training": "no",
    "human_review": "no",
    "transit": "DE",
}
"""Facts that the shipped rules let pass."""


def set_up(sender: Sender, faults: Mapping[str, Fault]) -> dict[str, Granted]:
    """A declared route for each, and a grant for it in a conversation of its own; one request for `once`."""
    registry = load_registry()
    assert isinstance(registry, Registry)
    with _room(sender) as room:
        file = CloudFile(sender.places.config / FILE, lambda: registry)
        for name, fault in faults.items():
            facts = facts_of(name, SAID, registry.countries, room.routes.today)
            claude = fault.dialect == "anthropic"
            wire = (Wire.ANTHROPIC, Auth.X_API_KEY) if claude else (Wire.OPENAI, Auth.BEARER)
            url = f"https://{host_name(name)}/v1"
            entry = own_endpoint(registry, facts, url, *wire, fault.model)
            file.keep_cloud(entry.declare(room.routes.today))
        return {name: _granted(room, name) for name in faults}


def _granted(room: CloudRoom, name: str) -> Granted:
    conversation = asyncio.run(room.begin_conversation(name))
    setup = room.routes.policies.setup(name)
    assert setup is not None
    terms = Terms(Span.CONVERSATION, 1 if name == "once" else 10)
    grant = room.border().grant_ahead(setup, Reach(Label.NORMAL, conversation), terms, "a test")
    return Granted(conversation, grant.receipt_code)


@contextmanager
def _room(sender: Sender) -> Iterator[CloudRoom]:
    with ExitStack() as held:
        places, clock = sender.places, SystemClock()
        assert not paths.make(places)
        instance = Instance(places.instances, clock.new_id())
        held.callback(instance.release)
        keys = KeyRoom(places)
        opened = open_journal(places.journal_file, instance, clock.now_ms(), keys.audit)
        held.callback(opened.journal.close)
        yield CloudRoom(places, clock, opened.journal, Settings(), keys)
