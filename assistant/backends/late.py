"""A backend that is made at its first use, so that the first frame does not wait for its modules."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING

from assistant.domain.places import Route
from assistant.domain.prompt import ChatMessage
from assistant.ports import Backend, BackendEvent, Generation

if TYPE_CHECKING:
    from assistant.domain.permit import Outgoing, Permit


class LateBackend:
    """Implements ports.Backend by another one, which `make` makes once."""

    def __init__(self, route: Route, make: Callable[[], Backend]) -> None:
        """`route` must be the one that the made backend serves."""
        self._route = route
        self._make = make
        self._made: Backend | None = None

    @property
    def route(self) -> Route:
        """See ports.Backend."""
        return self._route

    async def load(self) -> int:
        """See ports.Backend. Raises: ModelError, EngineError."""
        return await self._backend().load()

    @property
    def estimates(self) -> bool:
        """See ports.Backend."""
        return self._backend().estimates

    @property
    def continues(self) -> bool:
        """See ports.Backend."""
        return self._backend().continues

    @property
    def prompt_limit(self) -> int | None:
        """See ports.Backend."""
        return self._backend().prompt_limit

    async def count(self, messages: Sequence[ChatMessage]) -> int:
        """See ports.Backend. Raises: ModelError, EngineError."""
        return await self._backend().count(messages)

    def compose(self, request: Generation) -> "Outgoing":
        """See ports.Backend."""
        return self._backend().compose(request)

    def generate(self, request: Generation, permit: "Permit") -> AsyncGenerator[BackendEvent, None]:
        """See ports.Backend. Raises: RefusedError, ModelError, EngineError."""
        return self._backend().generate(request, permit)

    async def stop(self, generation: str) -> None:
        """See ports.Backend."""
        if self._made is not None:
            await self._made.stop(generation)

    async def prefill(self, request: Generation) -> None:
        """See ports.Backend. Raises: ModelError, EngineError."""
        await self._backend().prefill(request)

    async def forget(self, conversation: str) -> None:
        """See ports.Backend; what earlier runs kept on disk goes too."""
        await self._backend().forget(conversation)

    async def close(self) -> None:
        """See ports.Backend; what was never made need not end."""
        if self._made is not None:
            await self._made.close()

    def _backend(self) -> Backend:
        if self._made is None:
            self._made = self._make()
        return self._made
