"""A turn that failed on this machine, and the same text on another route: of this machine offered or at once, of the cloud offered."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from assistant.conversation.engine import Engine
from assistant.domain.hygiene import one_line
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Role
from assistant.domain.sensitivity import Label
from assistant.tui.entries import Opened, on_hat, runs_on
from assistant.tui.turn import Ask, Chat

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord


class Offer(NamedTuple):
    """`text` may be asked once more, in `chat`, on `route`; nothing is sent until a person says so."""

    chat: Chat
    text: str
    route: Route
    label: Label

    @property
    def distant(self) -> bool:
        """Whether it would leave this machine."""
        return self.route.place is Place.CLOUD


class Fallback:
    """Keeps the offer of the conversation in view."""

    def __init__(self, engine: Engine, distant: Callable[[], Route | None] = lambda: None) -> None:
        """`distant` gives the cloud route that ctrl+s sends to (None: there is not just one)."""
        self._engine = engine
        self._distant = distant
        self.offer: Offer | None = None

    def other_route(self, record: "TurnRecord") -> Route | None:
        """Where of this machine the prompt of a turn that failed on the HAT may be asked again; None where it may not."""
        refused = record.error is not None and record.error.code == "refused"
        if record.finish is not Finish.FAILED or refused or not on_hat(record.route):
            return None
        return self._engine.alternative(record.route)

    def over(self, ask: Ask, record: "TurnRecord") -> None:
        """A turn of the conversation in view is over."""
        route = self.other_route(record) or self._cloud(ask.label, record)
        self.offer = Offer(ask.chat, ask.text, route, ask.label) if route else None

    def _cloud(self, label: Label, record: "TurnRecord") -> Route | None:
        """The cloud, where no route of this machine is left to ask; never for what must not leave."""
        refused = record.error is not None and record.error.code == "refused"
        here = record.route.place is Place.THIS_MACHINE
        if record.finish is not Finish.FAILED or refused or not here or label is Label.LOCAL_ONLY:
            return None
        return self._distant()

    def opened(self, chat: Chat, opened: Opened | None) -> None:
        """Another conversation is in view: its latest turn may have failed earlier."""
        self.offer = None
        path = opened.path if opened else ()
        asked = next((m for m in reversed(path) if m.role is Role.USER), None)
        record = opened.records.get(path[-1].turn) if opened and path else None
        if asked is not None and record is not None:
            self.over(Ask(chat, asked.text, label=asked.label), record)

    def take(self) -> Offer | None:
        """The offer, which is gone with it."""
        offer, self.offer = self.offer, None
        return offer

    @property
    def line(self) -> str:
        """What the offer says, behind its key; "" where there is none."""
        if self.offer is None:
            return ""
        route = self.offer.route
        if self.offer.distant:
            names = f"{one_line(route.id, 40)} · {one_line(route.model, 40)}"
            return f"to the cloud, asks you first · {names}"
        return f"asks the same on {runs_on(route)} · {route.id} · {one_line(route.model, 40)}"
