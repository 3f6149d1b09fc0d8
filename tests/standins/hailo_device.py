"""The HAT behind the stand-in of hailo-ollama: one chip, one model, one context, and a server's memory of it."""

import asyncio
import fcntl
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.standins.fake_hailo.hailo_platform._words import (
    END,
    Family,
    Message,
    count,
    garbage,
    parse,
)
from tests.standins.hailo_dto import Json
from tests.standins.hailo_facts import DEFAULT_PREDICT, KEEP_ALIVE_S, Model, Plan
from tests.standins.hailo_faults import Faults


class DeviceError(Exception):
    """HailoRT refused or gave up; the text is the line that helps."""


class CrashError(Exception):
    """The server process dies here."""


@dataclass
class Options:
    """What a request asks of the generation; None: the model's own."""

    limit: int = DEFAULT_PREDICT
    seed: int | None = None
    tools: bool = False

    @classmethod
    def read(cls, options: Json, *, tools: bool = False) -> "Options":
        """Refuses what HailoRT refuses. Raises: DeviceError."""
        for name, sound in _SOUND.items():
            value = options.get(name)
            if isinstance(value, int | float) and not sound(float(value)):
                raise DeviceError(f"Failed to set {name}")
        limit, seed = options.get("num_predict"), options.get("seed")
        return cls(
            limit if isinstance(limit, int) else DEFAULT_PREDICT,
            seed if isinstance(seed, int) and seed != -1 else None,
            tools,
        )


_SOUND: dict[str, Callable[[float], bool]] = {
    "frequency_penalty": lambda value: value != 0,
    "temperature": lambda value: value >= 0,
    "top_p": lambda value: 0 <= value <= 1,
    "top_k": lambda value: value >= 1,
}


@dataclass
class Chip:
    """A model on the device and the text that its KV cache holds."""

    model: Model
    capacity: int
    text: str = ""

    @property
    def tokens(self) -> int:
        """Tokens in the cache; may exceed the capacity, the window slides without a word."""
        return count(self.text)


@dataclass
class Completion:
    """A running generation: tokens come on a schedule that was fixed when it began."""

    plan: Plan
    faults: Faults
    chip: Chip
    pieces: list[str]
    reason: str
    new_tokens: int
    begun: float = field(default_factory=time.monotonic)
    read_tokens: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        slow = self.faults.take("slow-prefill")
        own = self.plan.prefill_s(self.chip.model, self.new_tokens)
        self.prefill_s = self.plan.wall_s(slow.at if slow else own)
        self.first_at = self.begun + self.prefill_s
        self.timeout_s = self.plan.wall_s(self.plan.timeout_s)

    async def read(self) -> str | None:
        """The next piece, None at the end. Raises: DeviceError after the read timeout, CrashError."""
        number = self.read_tokens
        if self.faults.take("crash", number):
            raise CrashError
        if self.faults.take("hang", number):
            await asyncio.Event().wait()
        stalled = self.faults.take("stall", number) is not None
        if stalled or (number == 0 and self.prefill_s > self.timeout_s):
            await asyncio.sleep(self.timeout_s)
            raise DeviceError("read failed!")
        await _until(self.first_at + number / self.plan.tokens_per_s(self.chip.model))
        if number == len(self.pieces):
            self.chip.text += END
            self.ended = True
            return None
        self.read_tokens += 1
        self.chip.text += self.pieces[number]
        return self.pieces[number]

    async def release(self) -> None:
        """Gives the device back; one that is still generating ends its token and takes the recovery sequence first."""
        if not self.ended:
            self.chip.text += END
            self.ended = True
            await asyncio.sleep(self.plan.wall_s(self.plan.recovery_s))


async def _until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        await asyncio.sleep(left)


class Context:
    """What the server keeps between requests; its faults are the real one's (facts §1.9, §1.10)."""

    def __init__(self, plan: Plan, faults: Faults) -> None:
        self.plan = plan
        self.release = plan.release
        self.faults = faults
        self.model_name = ""
        self.chip: Chip | None = None
        self.last_prompt = ""
        self.history: list[str] = []
        self.expires_at: float | None = None
        self._path = ""
        self._device: int | None = None

    async def load(self, model: Model, keep_alive: object) -> None:
        """Makes `model` the loaded one. The path is noted first: after a failure a second try skips the loading."""
        self.model_name = model.name
        seconds = keep_alive if isinstance(keep_alive, int) else KEEP_ALIVE_S
        self.expires_at = time.monotonic() + self.plan.wall_s(seconds) if seconds >= 0 else None
        if self._path == model.name:
            return
        self._path = model.name
        self._let_go()
        await asyncio.sleep(self.plan.wall_s(self.release.switch_pause_s))
        self._take()
        if self.faults.take("load"):
            raise DeviceError("Failed to create LLM")
        load_s = self.plan.load_s if self.plan.load_s is not None else model.load_s
        await asyncio.sleep(self.plan.wall_s(load_s))
        self.chip = Chip(model, self.plan.context_tokens)
        if self.release.by_prompt:
            self.last_prompt = ""

    def reset(self) -> None:
        """Unload. 5.1.1 forgets its prompt at the next load only, which comes to the same."""
        self.model_name = self._path = ""
        self.history.clear()
        self.expires_at = None
        self._let_go()

    def loaded(self) -> Chip:
        """The chip. Raises: what comes of a model that was never made."""
        if self.chip is None:
            if self.release.crashes_without_model:
                raise CrashError
            raise DeviceError("LLM not loaded")
        return self.chip

    def begin(self, messages: Sequence[Message], options: Options) -> Completion:
        """Uploads what is new and starts. Raises: DeviceError, CrashError."""
        chip = self.loaded()
        if self.release.by_prompt:
            new = self._by_prompt(chip, messages)
        else:
            new = self._by_messages(chip, messages)
        chip.text += new
        question = next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")
        pieces = self.plan.answer.pieces(question, chip.model.family, options.seed)
        if options.tools and self.plan.reply == "tool":
            pieces = ['<tool_call>{"name": "look", "arguments": {"where": "here"}}</tool_call>']
        if chip.tokens > chip.capacity:
            pieces = garbage(len(pieces))
        limited = len(pieces) > options.limit
        reason = "length" if limited else "stop"
        if limited:
            pieces = pieces[: options.limit]
        return Completion(self.plan, self.faults, chip, pieces, reason, count(new))

    def remember(self, reply: str, reason: str) -> None:
        """Notes a reply that came to its end; a partial one is never noted."""
        if self.release.by_prompt:
            self.last_prompt += reply + (END if reason == "stop" else "")
        elif self.release.sorts_replies:
            self.history.append(json.dumps({"content": reply, "role": "assistant"}))
        else:
            escaped = reply.replace("\\", "\\\\").replace('"', '\\"')
            self.history.append(_by_hand("assistant", escaped))

    def meant(self, messages: Sequence[Message], family: Family) -> list[Message]:
        """The conversation that the client wants the model to see; 5.3.0 takes content for JSON text."""
        return family.normal([self._decoded(message) for message in messages])

    def seen(self, family: Family) -> list[Message]:
        """What the device holds before the reply that is being opened; nothing where the window has slid."""
        chip = self.loaded()
        return [] if chip.tokens > chip.capacity else family.normal(parse(chip.text)[:-1])

    def as_json(self) -> Json:
        """For `GET /__fake/context`."""
        chip = self.chip
        return {
            "profile": self.plan.profile,
            "model": self.model_name or None,
            "loaded": chip is not None,
            "capacity": chip.capacity if chip else None,
            "tokens": chip.tokens if chip else 0,
            "overflowed": chip is not None and chip.tokens > chip.capacity,
            "text": chip.text if chip else "",
            "messages": parse(chip.text) if chip else [],
            "history": self.last_prompt if self.release.by_prompt else list(self.history),
        }

    def _by_prompt(self, chip: Chip, messages: Sequence[Message]) -> str:
        prompt = chip.model.family.render(messages)
        if prompt.startswith(self.last_prompt) and len(prompt) != len(self.last_prompt):
            new = prompt[len(self.last_prompt) :]
        else:
            chip.text = ""
            new = prompt
        self.last_prompt = prompt
        self._refuse()
        return new

    def _by_messages(self, chip: Chip, messages: Sequence[Message]) -> str:
        wanted = [self._as_text(message) for message in messages]
        known = len(self.history)
        if len(wanted) > known and wanted[:known] == self.history:
            new = wanted[known:]
        else:
            chip.text = ""
            new = wanted
        self._refuse()
        try:
            read = [json.loads(text) for text in new]
        except ValueError:
            raise DeviceError("Failed to generate") from None
        if chip.text and any(message["role"] == "system" for message in read):
            raise DeviceError("Failed to generate")
        self.history = wanted
        opening = "\n" if chip.text else ""
        return opening + chip.model.family.render(read, fresh=not chip.text)

    def _refuse(self) -> None:
        if self.faults.take("500"):
            raise DeviceError("Failed to generate")

    def _as_text(self, message: Message) -> str:
        if self.release.escapes_by_hand:
            return _by_hand(message["role"], message["content"].replace('"', '\\"'))
        return json.dumps({"role": message["role"], "content": message["content"]})

    def _decoded(self, message: Message) -> Message:
        if not self.release.escapes_by_hand:
            return message
        try:
            read: Message = json.loads(self._as_text(message))
        except ValueError:
            return message
        return read

    def _take(self) -> None:
        """Opens the device, which one process may hold."""
        busy = self.faults.take("busy") is not None
        if self.plan.lock_file and not busy:
            self._device = os.open(self.plan.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._device, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._let_go()
                busy = True
        if busy:
            raise DeviceError("Failed to create VDevice")

    def _let_go(self) -> None:
        self.chip = None
        if self._device is not None:
            os.close(self._device)
            self._device = None


def _by_hand(role: str, content: str) -> str:
    """How 5.3.0 makes JSON: nothing but what is already in `content` is escaped."""
    return f'{{"role": "{role}", "content": "{content}"}}'
