"""The life of the HAT's worker: one at a time has the device, and the next is started where it died or cannot be relied on."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from assistant.backends.child import Child, ChildDiedError, ChildSilentError
from assistant.backends.hailo import device_faults as faults
from assistant.backends.hailo import device_protocol as protocol
from assistant.backends.hailo.device_protocol import Answer, Ask, Failed, Loaded
from assistant.domain.secret import without_keys

WORKER = Path(__file__).with_name("device_worker.py")
Worker = Child[Ask, Answer]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the worker may say nothing, in seconds: while it loads (70 s were reported), while it works, at its end.

    It gives up waiting for a token after 60 s, so one that is silent for longer hangs.
    """

    load_s: float = 300.0
    silence_s: float = 90.0
    end_s: float = 5.0


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a worker needs to know to start; the paths are absolute, `extra` is added to its environment."""

    name: str
    hef: Path
    log_path: Path
    python: str
    limits: Limits
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> tuple[str, ...]:
        """The argv. -P: the folder of the worker's file must not lend it its neighbours."""
        return (self.python, "-P", os.fspath(WORKER))

    def environment(self) -> dict[str, str]:
        """This program's own, without its keys and without what steers its Python: the worker's is another one."""
        around = without_keys(os.environ)
        kept = {name: value for name, value in around.items() if not name.startswith("PYTHON")}
        return {**kept, "HAILORT_LOGGER_PATH": os.fspath(self.log_path.parent), **self.extra}

    def inspect(self) -> None:
        """Raises: ModelError where it can be seen without a device that the file cannot be read."""
        try:
            self.hef.open("rb").close()
        except OSError as error:
            raise faults.unreadable(self.hef, error) from error


@dataclass(frozen=True, slots=True)
class Launched:
    """A worker that is ready, and its context window."""

    worker: Worker
    window_tokens: int


class Workers:
    """The worker that runs, and how one comes after the other."""

    def __init__(self, plan: Plan) -> None:
        """Starts nothing yet."""
        self._plan = plan
        self._launching: asyncio.Task[Launched] | None = None
        self._leaving: Worker | None = None
        self._gone: asyncio.Task[None] | None = None

    @property
    def running(self) -> Worker | None:
        """The worker that is ready; None where none is."""
        launching = self._launching
        if launching is None or not launching.done() or launching.cancelled():
            return None
        if launching.exception() is not None or launching.result().worker.death:
            return None
        return launching.result().worker

    async def ready(self) -> Launched:
        """The worker that runs, or a new one; who gives up waiting leaves it to the next to use. Raises: ModelError, EngineError."""
        if self._launching is None or (self._launching.done() and self.running is None):
            self._launching = asyncio.create_task(self._launch())
        return await asyncio.shield(self._launching)

    async def answers(
        self, worker: Worker, frame: Ask, patience_s: float | None = None
    ) -> AsyncGenerator[Answer, None]:
        """The answers to `frame`. Raises: EngineError, ModelError; the next call then starts a new worker."""
        patience_s = patience_s or self._plan.limits.silence_s
        try:
            async with aclosing(worker.ask(frame.id, frame, patience_s)) as answers:
                async for answer in answers:
                    if isinstance(answer, Failed):
                        self._dismiss(worker)
                        raise faults.trouble(answer, self._plan.hef, self._plan.log_path.parent)
                    yield answer
        except ChildDiedError as error:
            raise faults.died(error.death) from error
        except ChildSilentError as error:
            self._dismiss(worker)
            raise faults.silent(patience_s) from error

    async def answer(self, worker: Worker, frame: Ask, patience_s: float | None = None) -> Answer:
        """The first answer to `frame`. Raises: EngineError, ModelError."""
        async with aclosing(self.answers(worker, frame, patience_s)) as answers:
            return await anext(answers)

    async def close(self) -> None:
        """Ends the worker, which gives the device back. Never raises."""
        launching, self._launching = self._launching, None
        if launching is not None:
            launching.cancel()
            await asyncio.wait({launching})
            if not launching.cancelled() and launching.exception() is None:
                worker = launching.result().worker
                worker.send(protocol.close())
                await worker.end(self._plan.limits.end_s)
        if self._gone is not None:
            await self._gone

    async def _launch(self) -> Launched:
        """Starts a worker once the one before it is gone: only one process may have the device."""
        if self._gone is not None:
            await asyncio.shield(self._gone)
        plan = self._plan
        plan.inspect()
        try:
            worker = await Worker.spawn(
                protocol.SPEECH, plan.command, plan.environment(), plan.log_path
            )
        except OSError as error:
            raise faults.unstartable(plan.python, error) from error
        try:
            frame = protocol.load(os.fspath(plan.hef), plan.name)
            answer = await self.answer(worker, frame, plan.limits.load_s)
        except asyncio.CancelledError:
            # Nobody will use it, and it does not hear a request to end before the model is loaded.
            worker.kill()
            self._dismiss(worker)
            raise
        if not isinstance(answer, Loaded):
            self._dismiss(worker)
            raise faults.odd(answer)
        return Launched(worker, answer.window_tokens)

    def _dismiss(self, worker: Worker) -> None:
        """Ends a worker that cannot be relied on any more; one that does not put its things in order is killed."""
        if worker is self._leaving:
            return
        if worker is self.running:
            self._launching = None
        worker.terminate()
        self._leaving = worker
        self._gone = asyncio.create_task(worker.end(self._plan.limits.end_s))
