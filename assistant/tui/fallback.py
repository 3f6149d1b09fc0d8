"""A turn that failed on the HAT, and the same text on another route of this machine: offered, or sent at once."""

from typing import TYPE_CHECKING, NamedTuple

from assistant.conversation.engine import Engine
from assistant.domain.hygiene import one_line
from assistant.domain.places import Route
from assistant.domain.prompt import Finish, Role
from assistant.tui.entries import Opened, on_hat, runs_on
from assistant.tui.turn import Chat

if TYPE_CHECKING:
    from assistant.domain.turns import TurnRecord


class Offer(NamedTuple):
    """`text` may be asked once more, in `chat`, on `route`; nothing is sent until a person says so."""

    chat: Chat
    text: str
    route: Route


class Fallback:
    """Keeps the offer of the conversation in view; never one that leaves this machine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.offer: Offer | None = None

    def other_route(self, record: "TurnRecord") -> Route | None:
        """Where the prompt of a turn that failed on the HAT may be asked again; None where it may not."""
        refused = record.error is not None and record.error.code == "refused"
        if record.finish is not Finish.FAILED or refused or not on_hat(record.route):
            return None
        return self._engine.alternative(record.route)

    def over(self, chat: Chat, text: str, record: "TurnRecord") -> None:
        """A turn of the conversation in view is over."""
        route = self.other_route(record)
        self.offer = Offer(chat, text, route) if route else None

    def opened(self, chat: Chat, opened: Opened | None) -> None:
        """Another conversation is in view: its latest turn may have failed earlier."""
        self.offer = None
        path = opened.path if opened else ()
        asked = next((m for m in reversed(path) if m.role is Role.USER), None)
        record = opened.records.get(path[-1].turn) if opened and path else None
        if asked is not None and record is not None:
            self.over(chat, asked.text, record)

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
        return f"asks the same on {runs_on(route)} · {route.id} · {one_line(route.model, 40)}"
