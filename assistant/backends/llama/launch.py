"""Starts a worker on the highest rung of the ladder that holds, and remembers which one that was."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.child import ChildDiedError, Death
from assistant.backends.llama import identity, ladder
from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.process import WorkerProcess, environment
from assistant.backends.llama.protocol import Failed, Fault, Load, Loaded
from assistant.domain.errors import EngineError, ModelError
from assistant.domain.settings import EngineSettings

# -P: a folder that the program was started in must not lend its files to the worker.
COMMAND = (sys.executable, "-P", "-m", "assistant.backends.llama.apart")
STATE_SHAPE = "kv-f16 flash-auto swa-full"
"""What, besides model and build, a saved KV state depends on."""
_MAGIC = b"GGUF"
_LOOK_S = 10.0
# Those of apart.py, which is not imported here: the worker's libraries hang on it.
_LOOK, _APART = "--look", "apart"
_NEXT_MODEL = "choose another with: assistant models list"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a worker needs to know to start."""

    model_path: Path
    settings: EngineSettings
    state_dir: Path
    cache_dir: Path
    log_path: Path
    command: Sequence[str] = COMMAND

    @property
    def state_folder(self) -> Path:
        """Where KV states are kept."""
        return self.cache_dir / "kv"

    def key(self) -> str:
        """What the standing of this model is remembered under. Raises: ModelError."""
        try:
            return ladder.key(self.model_path)
        except OSError as error:
            raise unreadable(self.model_path, error) from error

    def load_frame(self, rung: Rung, *, self_test: bool) -> Load:
        """What the worker is told first. Raises: OSError where the model file is gone."""
        model = identity.model_identity(self.model_path)
        return Load(
            model=os.fspath(self.model_path),
            context_tokens=max(0, self.settings.context_tokens),
            threads=self.settings.threads
            if self.settings.threads > 0
            else identity.physical_cores(),
            rung=rung.value,
            self_test=self_test,
            state_folder=os.fspath(self.state_folder),
            state_key=identity.digest(model, identity.build() or "", STATE_SHAPE),
            state_limit_bytes=max(0, self.settings.kv_cache_mb) * 1_000_000,
        )


@dataclass(frozen=True, slots=True)
class Launched:
    """A worker that is ready, its context window, and whether it is cut off from the network by the kernel."""

    worker: WorkerProcess
    window_tokens: int
    netns: bool


Ask = Callable[..., str | None]
"""Runs a program and gives what it prints: `ask("true", timeout_s=2.0, extra={})`."""


def is_apart(ask: Ask) -> bool | None:
    """Whether a worker that is started now is cut off from the network by the kernel; None where nobody can tell. Blocks."""
    program, *rest = COMMAND
    said = ask(program, *rest, _LOOK, timeout_s=_LOOK_S, extra=environment())
    return None if said is None else said == _APART


async def launch(plan: Plan) -> Launched:
    """Starts a worker. Raises: ModelError for a bad file; EngineError where no rung holds, or the worker was killed."""
    if identity.build() is None:
        raise EngineError("llama-cpp-python is not installed", "make run sets it up")
    _inspect(plan.model_path)
    key = plan.key()
    known = ladder.standing(plan.state_dir, key)
    if known.held:
        try:
            return await _try(plan, known.rung, self_test=False)
        except ChildDiedError as died:
            _not_killed(died.death)
            known = known.crashed()
            ladder.keep(plan.state_dir, key, known)
    return await _climb_down(plan, key, known)


async def _climb_down(plan: Plan, key: str, known: ladder.Standing) -> Launched:
    rung: Rung | None = known.rung
    death = Death("", "")
    while rung is not None:
        try:
            launched = await _try(plan, rung, self_test=True)
        except ChildDiedError as died:
            _not_killed(died.death)
            death, rung = died.death, rung.below()
        else:
            ladder.keep(plan.state_dir, key, known.passed(rung))
            return launched
    raise EngineError(
        f"{plan.model_path.name} cannot be run here: the engine {death.what} at every setting, the safest too"
        f" ({death.tail or 'its log is empty'})",
        f"see {plan.log_path}, or {_NEXT_MODEL}",
    )


async def _try(plan: Plan, rung: Rung, *, self_test: bool) -> Launched:
    """One attempt on one rung. Raises: ChildDiedError, ModelError, EngineError."""
    try:
        frame = plan.load_frame(rung, self_test=self_test)
        worker = await WorkerProcess.start(plan.command, plan.log_path)
    except OSError as error:
        raise EngineError(
            f"the engine could not be started ({error.strerror}: {error.filename})",
            "assistant doctor",
        ) from error
    try:
        answer = await worker.load(frame)
    except BaseException:
        # Cancelled or dead: either way nobody will use it.
        worker.kill()
        raise
    match answer:
        case Loaded(window_tokens, netns):
            return Launched(worker, window_tokens, netns)
        case Failed(_, Fault.SELF_TEST, message):
            failure: Exception = ChildDiedError(Death("failed its self-test", message))
        case Failed():
            failure = _refusal(plan.model_path, answer)
        case _:
            failure = EngineError(
                f"the engine answered {type(answer).__name__}", "assistant doctor"
            )
    await worker.end(patience_s=1.0)
    raise failure


def _inspect(path: Path) -> None:
    """Raises: ModelError where it can be seen without an engine that `path` is no model."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise unreadable(path, error) from error
    if magic != _MAGIC:
        raise ModelError(f"{path} is not a GGUF file", _NEXT_MODEL)


def unreadable(path: Path, error: OSError) -> ModelError:
    """The error for a model file that cannot be opened."""
    return ModelError(f"{path} cannot be read: {error.strerror or error}", _NEXT_MODEL)


def _refusal(path: Path, failed: Failed) -> ModelError:
    if failed.fault is Fault.MEMORY:
        return ModelError(
            f"{path.name}: {failed.message}",
            "set engine.context_tokens lower, or choose a smaller model",
        )
    return ModelError(
        f"{path} cannot be loaded: {failed.message}",
        "fetch or add the file again, or choose another with: assistant models list",
    )


def _not_killed(death: Death) -> None:
    """A worker that something killed from outside says nothing of the rung. Raises: EngineError."""
    if death.killed:
        raise EngineError(
            f"the engine {death.what} while it loaded the model",
            "the system may be short of memory: close programs or choose a smaller model",
        )
