"""The screen, as far as what lies on the desk needs it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assistant.domain.routing import RouteState
    from assistant.tui.petition import Answer, Petition
    from assistant.tui.widgets.composer import Composer
    from assistant.tui.widgets.queue import Queue
    from assistant.tui.widgets.transcript import Transcript


class Sheets(Protocol):
    """What opens over the chat and ends with what the person says; from a worker alone."""

    async def ask_consent(self, petition: "Petition") -> "Answer | None":
        """Shows what would leave, and asks for a yes."""
        ...

    async def ask_cloud_route(self, states: "Sequence[RouteState]") -> str | None:
        """Asks which cloud route is meant; None where the person does not say."""
        ...

    async def ask_yes(self, title: str, yes: str) -> bool:
        """Asks whether to do what `yes` says."""
        ...


class View(Protocol):
    """What the desk shows things on."""

    transcript: "Transcript"
    composer: "Composer"
    queue: "Queue"
    sheets: Sheets

    def tell(self, text: str, error: bool = False) -> None:
        """Says something that passes."""
        ...

    def said(self, text: str) -> str:
        """`text` with the keys as they are now."""
        ...

    def need_model(self) -> None:
        """Something was to be sent and no model is installed."""
        ...

    def desk_changed(self) -> None:
        """Another conversation is in view, or other turns run or are over."""
        ...

    def bearings_changed(self) -> None:
        """Prompts may go another way, or something else is waited for."""
        ...

    def label(self) -> None:
        """The next message has another label, or goes another way."""
        ...

    def tick(self) -> None:
        """Shows the readings of the moment."""
        ...
