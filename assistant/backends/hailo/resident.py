"""The model on the HAT as far as this program knows: has it loaded and unloaded, and keeps what the server may hold."""

import asyncio
from dataclasses import replace

from assistant.backends.hailo.asking import Controls
from assistant.backends.hailo.dialects import probe
from assistant.backends.hailo.notebook import Memory, Notebook
from assistant.backends.hailo.troubles import complained, failed, is_busy, is_unknown_model
from assistant.backends.hailo.wire import (
    CHAT,
    KEEP_ALIVE_S,
    ComplaintError,
    complaint,
    load_body,
    unload_body,
)
from assistant.domain.control import Control
from assistant.domain.errors import AssistantError, ServerError
from assistant.domain.hat_facts import Dialect
from assistant.ports import Patience

BUSY_MS = 30_000
"""So long a HAT counts as taken after a load failed for that; then it is worth another try."""


class Resident:
    """One model of one server."""

    def __init__(
        self,
        controls: Controls,
        model: str,
        dialect: Dialect,
        notebook: Notebook,
        patience: Patience,
    ) -> None:
        """Asks nothing yet."""
        self._controls = controls
        self._model = model
        self._notebook = notebook
        self._patience = patience
        self.dialect = dialect
        self._server = str(controls.address)
        self.memory = notebook.memory(self._server) or Memory()
        self._warm_until_ms = 0.0
        self._lost = False
        self._busy = ("", 0.0)
        self._loading: asyncio.Task[None] | None = None

    @property
    def busy(self) -> str:
        """What the server said when another program had the HAT; "" where that is long ago, or never was."""
        said, until_ms = self._busy
        return said if self._controls.clock.monotonic_ms() < until_ms else ""

    async def load(self) -> None:
        """Has the model loaded unless it surely is. Who gives up waiting leaves the load to the next to use.

        Raises: ModelError, EngineError, ServerError.
        """
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._ready())
            self._loading.add_done_callback(_look)
        await asyncio.shield(self._loading)

    async def close(self) -> None:
        """Waits for nothing any more; the server stays as it is."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})

    def asked(self, wording: int) -> None:
        """A request goes out: from now on nobody knows what the server holds."""
        self._remember(self.memory.asked(self._model, wording))

    def replied(self, *, whole: bool) -> None:
        """A reply came; where it came `whole`, the server holds what it should."""
        self._remember(replace(self.memory, sure=whole))
        self._warm()

    async def explained(
        self, error: ComplaintError | ServerError, *, began: bool = False, silent_s: float
    ) -> AssistantError:
        """`error` for the person, once what can be put right has been.

        `began`: some of a reply had come. `silent_s`: so long the server was waited for.
        """
        self._warm_until_ms = 0.0
        if isinstance(error, ComplaintError):
            await self._put_right(error.said)
            return complained(error.said, self._model)
        self._lost = True
        return failed(error, self._controls.address, self.dialect, began=began, silent_s=silent_s)

    async def _ready(self) -> None:
        """Loads the model where that may be needed; unloads first where a load went wrong or another model is loaded."""
        self.memory = self._notebook.memory(self._server) or self.memory
        known = self.memory.sound and self.memory.model == self._model
        now_ms = self._controls.clock.monotonic_ms()
        if known and now_ms < self._warm_until_ms:
            return
        unseen = 0 < self._warm_until_ms <= now_ms
        try:
            if self._lost or unseen:
                # It may have come back as another release, also while nobody asked it anything.
                self.dialect = await probe(self._controls, self._patience)
                self._lost = False
            if not known:
                await self._control(Control.UNLOAD, unload_body(self._model))
            self._remember(self.memory.loading(self._model))
            await self._control(Control.LOAD, load_body(self._model))
        except (ComplaintError, ServerError) as error:
            raise await self.explained(error, silent_s=self._patience.head_s) from error
        self._remember(replace(self.memory, sound=True))
        self._warm()

    async def _put_right(self, said: str) -> None:
        """Unloads after a failure: the server would go on with a model that was never made (facts §1.9)."""
        if is_unknown_model(said):
            return
        if is_busy(said):
            self._busy = (said, self._controls.clock.monotonic_ms() + BUSY_MS)
        self._remember(replace(self.memory, sound=False, sure=False))
        try:
            await self._control(Control.UNLOAD, unload_body(self._model))
        except (ComplaintError, ServerError):
            return  # the next load begins with an unload
        self._remember(replace(self.memory, sound=True))

    async def _control(self, purpose: Control, body: dict[str, object]) -> None:
        """Raises: ComplaintError, ServerError."""
        permit = self._controls.permit(purpose, "POST", CHAT, body)
        answer = await self._controls.ask(permit, self._patience)
        said = complaint(answer.status, answer.body)
        if said is not None:
            raise ComplaintError(said)

    def _warm(self) -> None:
        self._warm_until_ms = self._controls.clock.monotonic_ms() + KEEP_ALIVE_S * 1000

    def _remember(self, memory: Memory) -> None:
        self.memory = memory
        self._notebook.keep_memory(self._server, memory)


def _look(task: asyncio.Task[None]) -> None:
    """Takes the outcome of a load that nobody waits for any more; the next one meets it again."""
    if not task.cancelled():
        task.exception()
