"""Talks to a backend and keeps what came back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.backends.llama.client import LlamaBackend
from assistant.domain.places import Place, Route
from assistant.domain.prompt import ChatMessage, Role, Sampling
from assistant.domain.turns import Usage
from assistant.ports import Backend, Done, Generation, PromptProgress, Text
from tests.fakes import generate

ROUTE = Route("cpu", Place.THIS_MACHINE, "llama", "smollm2")
GREEDY = Sampling(temperature=0, max_tokens=16)
SYSTEM = ChatMessage(Role.SYSTEM, "You are a concise assistant.")


def user(text: str) -> ChatMessage:
    """What a person says."""
    return ChatMessage(Role.USER, text)


def assistant(text: str) -> ChatMessage:
    """What the model said."""
    return ChatMessage(Role.ASSISTANT, text)


@dataclass
class Heard:
    """A whole reply; `at_start` and the counts are the engine's own."""

    texts: list[str] = field(default_factory=list)
    tokens: int = 0
    progress: list[PromptProgress] = field(default_factory=list)
    done: Done | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.texts)

    @property
    def usage(self) -> Usage:
        """What was counted at its end."""
        assert self.done is not None
        return self.done.usage

    @property
    def cached(self) -> int:
        """Prompt tokens that did not have to be evaluated."""
        assert self.usage.cached_input_tokens is not None
        return self.usage.cached_input_tokens


def generation(
    messages: Sequence[ChatMessage],
    sampling: Sampling = GREEDY,
    conversation: str = "c1",
    id: str = "t1",  # noqa: A002 (the field's name)
) -> Generation:
    """A request."""
    return Generation(id, conversation, tuple(messages), sampling)


async def hear(backend: Backend, request: Generation) -> Heard:
    """Asks and listens to the end."""
    heard = Heard()
    async for event in generate(backend, request):
        assert heard.done is None, "something came after Done"
        match event:
            case Text(text, tokens):
                heard.texts.append(text)
                heard.tokens += tokens
            case PromptProgress():
                heard.progress.append(event)
            case Done():
                heard.done = event
    assert heard.done is not None
    return heard


def worker_pid(backend: LlamaBackend) -> int:
    """The process that runs the model now."""
    worker = backend._worker()
    assert worker is not None
    return worker.pid
