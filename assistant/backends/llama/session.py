"""Does what is asked of a loaded model: counts, prefills, generates, and keeps the KV cache worth its while."""

import time
from dataclasses import dataclass

from assistant.backends.llama.bindings import llama
from assistant.backends.llama.inbox import Inbox
from assistant.backends.llama.kvstore import StateFiles
from assistant.backends.llama.outbox import Outbox, Stream
from assistant.backends.llama.prefix import LEAST_MATCH, common_prefix, gap
from assistant.backends.llama.protocol import (
    Count,
    Counted,
    Ended,
    Evaluated,
    Fault,
    Finished,
    Forget,
    Generate,
    Prefill,
)
from assistant.backends.llama.reply import ReplyText
from assistant.backends.llama.runtime import Model, WorkerError, plain
from assistant.backends.llama.sampling import chain
from assistant.backends.llama.tokens import Tokenizer, Vocabulary
from assistant.domain.prompt import ChatMessage, Finish

IDLE_S = 5.0
LONG_IDLE_S = 30.0
_GROWN_SHARE = 0.25
"""A state that grew by less than this waits for LONG_IDLE_S: each save writes all of it, and an SD card wears."""
_REPORT_S = 0.1


@dataclass(frozen=True, slots=True)
class Ready:
    """A prompt in the KV cache, `cached` tokens of it from before; `complete` unless it had to give way."""

    cached: int
    complete: bool


class Session:
    """A model at work for one client."""

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        vocabulary: Vocabulary,
        states: StateFiles,
        inbox: Inbox,
        outbox: Outbox,
    ) -> None:
        """Nothing is in the cache yet."""
        self._model = model
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._states = states
        self._inbox = inbox
        self._outbox = outbox
        self._conversation = ""
        self._unsaved = 0
        self._idle_since = time.monotonic()

    def count(self, frame: Count) -> None:
        """Answers how many tokens the messages take."""
        tokens = self._tokenizer.prompt(frame.messages, self._model.cells.tokens)
        self._outbox.send(Counted(frame.id, len(tokens)))

    def prefill(self, frame: Prefill) -> None:
        """Evaluates what will stay of a prompt that is being typed, until something else is asked."""
        if not self._inbox.gives_way:
            self._model.begin(steady=False)
            self._enter(frame.conversation, frame.messages)
            stable = self._tokenizer.stable(frame.messages, self._model.cells.tokens)
            if len(stable) < self._model.window:
                kept = self._reuse(stable, exact=False)
                self._model.evaluate(stable[kept:], lambda: None, logits=False)
        self._idle_since = time.monotonic()
        self._outbox.send(Ended(frame.id))

    def generate(self, frame: Generate) -> None:
        """Streams a reply. Raises: WorkerError, with what was streamed standing."""
        sampling = frame.sampling
        messages, begun = frame.messages, frame.continues
        self._enter(frame.conversation, messages, begun)
        prompt = self._tokenizer.prompt(messages, self._model.cells.tokens, begun=begun)
        room = self._model.window - len(prompt)
        if room <= 0:
            raise WorkerError(
                Fault.TOO_LONG,
                f"{len(prompt)} tokens, the context window holds {self._model.window}",
            )
        exact = sampling.temperature <= 0 or sampling.seed is not None
        self._model.begin(steady=exact)
        ready = self._read(frame.id, prompt, exact=exact)
        finish, produced = Finish.CANCELLED, 0
        if ready.complete:
            limit = room if sampling.max_tokens is None else min(sampling.max_tokens, room)
            finish, produced = self._reply(frame, limit)
        self._unsaved += produced
        self._idle_since = time.monotonic()
        self._outbox.send(
            Finished(frame.id, finish, len(prompt), ready.cached, produced, len(prompt) + produced)
        )

    def forget(self, frame: Forget) -> None:
        """Drops a conversation from memory; its files are the client's to remove."""
        if frame.conversation == self._conversation:
            self._model.trim(0)
            self._conversation, self._unsaved = "", 0
        self._outbox.send(Ended(frame.id))

    def save(self) -> None:
        """Writes the state of the conversation in memory where that is worth it and not done."""
        model = self._model
        worth = self._unsaved > 0 and len(model.cells) >= LEAST_MATCH
        self._unsaved = 0
        if worth and self._conversation:
            self._states.save(self._conversation, model.state_bytes(), model.save)

    def patience_s(self) -> float | None:
        """How long to wait for something to do before `save`; None where there is nothing to save."""
        if not self._unsaved:
            return None
        grown = self._unsaved >= _GROWN_SHARE * len(self._model.cells)
        due = self._idle_since + (IDLE_S if grown else LONG_IDLE_S)
        return max(0.0, due - time.monotonic())

    def _enter(self, conversation: str, messages: tuple[ChatMessage, ...], begun: str = "") -> None:
        """Makes `conversation` the one in memory; its saved state comes back where it spares more than what is there."""
        if conversation == self._conversation and len(self._model.cells):
            return
        prompt = self._tokenizer.prompt(messages, self._model.cells.tokens, begun=begun)
        in_memory = common_prefix(self._model.cells.tokens, prompt)
        kept = plain(self._states.tokens(conversation))
        wanted = self._tokenizer.prompt(messages, kept, begun=begun) if kept else []
        on_disk = common_prefix(kept, wanted)
        self.save()
        self._conversation = conversation
        if on_disk >= in_memory + LEAST_MATCH and len(kept) <= self._model.window:
            self._states.load(conversation, self._model.restore)

    def _reuse(self, prompt: list[int], *, exact: bool) -> int:
        """Cuts the cells down to what serves `prompt`, closing the gap that dropped turns left; says how many serve."""
        model = self._model
        shared = common_prefix(model.cells.tokens, prompt)
        missing = gap(model.cells.tokens, prompt, shared)
        if missing:
            model.drop(shared, missing)
        return model.trim(model.cells.usable(prompt, exact=exact))

    def _read(self, request: int, prompt: list[int], *, exact: bool) -> Ready:
        """Brings `prompt` into the cache and reports how far it is."""
        cached = self._reuse(prompt, exact=exact)
        self._outbox.send(Evaluated(request, cached, len(prompt), cached))
        said = time.monotonic()

        def told() -> None:
            nonlocal said
            done = len(self._model.cells)
            if done == len(prompt) or time.monotonic() - said >= _REPORT_S:
                said = time.monotonic()
                self._outbox.send(Evaluated(request, done, len(prompt), cached))

        # The last token alone, where the same prompt has to give the same reply: a repetition then starts from the very
        # same values, and evaluates no more than that token.
        cut = len(prompt) - 1 if exact else cached
        evaluate = self._model.evaluate
        complete = evaluate(prompt[cached:cut], told, logits=False) and evaluate(prompt[cut:], told)
        self._unsaved += len(self._model.cells) - cached
        return Ready(cached, complete)

    def _reply(self, frame: Generate, limit: int) -> tuple[Finish, int]:
        """Samples until the model, a stop string, `limit` or the person ends it; says why and after how many tokens."""
        model, vocabulary = self._model, self._vocabulary
        reply = ReplyText((*frame.sampling.stop, *self._tokenizer.stops))
        stream = Stream(self._outbox, frame.id)
        produced, finish = 0, Finish.LENGTH
        with chain(frame.sampling, vocabulary.size) as sampler:
            while produced < limit:
                token = llama.llama_sampler_sample(sampler, model.context, -1)
                if vocabulary.ends_reply(token):
                    finish = Finish.STOP
                    break
                produced += 1
                stream.add(reply.feed(vocabulary.piece(token)))
                if reply.stopped:
                    finish = Finish.STOP
                    break
                if produced < limit and not (self._go_on() and model.step(token)):
                    finish = Finish.CANCELLED
                    break
        stream.end(reply.end())
        return finish, produced

    def _go_on(self) -> bool:
        """Answers whoever only asks for a count; False where the reply is to end."""
        while (count := self._inbox.take_count()) is not None:
            self.count(count)
        return not self._inbox.gives_way
