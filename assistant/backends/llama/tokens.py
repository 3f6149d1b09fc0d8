"""Between text and tokens: the vocabulary of a loaded model, and prompts as tokens."""

import ctypes
from collections.abc import Sequence

from assistant.backends.llama.bindings import llama
from assistant.backends.llama.template import CHATML_WORDS, ControlWords, Template
from assistant.domain.prompt import ChatMessage, Role

# llama_token_attr of llama.h.
_UNKNOWN, _CONTROL, _EATS_SPACE_BEFORE = 1, 8, 128
_CACHED_CHARACTERS = 4_000_000
_PROBE = "assistant-reply"


class Vocabulary:
    """The tokens of one model. Raises: ValueError where the model has none that can be used."""

    def __init__(self, model: llama.llama_model_p) -> None:
        """`model` has to outlive it."""
        self._vocab = llama.llama_model_get_vocab(model)
        self.size = llama.llama_vocab_n_tokens(self._vocab)
        self._pieces: dict[int, bytes] = {}
        self._ends: dict[int, bool] = {}
        control, glued = [], []
        for token in range(self.size):
            attributes = llama.llama_vocab_get_attr(self._vocab, token)
            if attributes & (_CONTROL | _UNKNOWN):
                word = self.word(token)
                control.append(word)
                if attributes & _EATS_SPACE_BEFORE:
                    glued.append(word)
        self.words = ControlWords([*control, *CHATML_WORDS], glued)
        self.bos = llama.llama_vocab_bos(self._vocab)
        self.wants_bos = bool(llama.llama_vocab_get_add_bos(self._vocab)) and self.bos >= 0
        self.bos_text = self.word(self.bos) if self.bos >= 0 else ""
        eos = llama.llama_vocab_eos(self._vocab)
        self.eos_text = self.word(eos) if eos >= 0 else ""

    def is_control(self, token: int) -> bool:
        """Whether `token` is no text but a mark."""
        return bool(llama.llama_vocab_get_attr(self._vocab, token) & (_CONTROL | _UNKNOWN))

    def ends_reply(self, token: int) -> bool:
        """Whether the model says with `token` that it is done."""
        known = self._ends.get(token)
        if known is None:
            known = self._ends[token] = bool(llama.llama_vocab_is_eog(self._vocab, token))
        return known

    def end_with(self, token: int) -> None:
        """Takes `token` as an end too."""
        self._ends[token] = True

    def piece(self, token: int) -> bytes:
        """The bytes of `token`; none where it is a control token."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._piece(token)
        return known

    def tokenise(self, part: str) -> list[int]:
        """`part` as tokens, control words as control tokens."""
        text = part.encode("utf-8", "replace")
        # A token takes at least a byte, but for a space that some tokenizers put in front.
        room = len(text) + 8
        tokens = (llama.llama_token * room)()
        count = llama.llama_tokenize(self._vocab, text, len(text), tokens, room, False, True)
        if count < 0:
            raise ValueError(f"a text of {len(text)} bytes cannot be tokenised")
        return list(tokens[:count])

    def word(self, token: int) -> str:
        """How `token` is written in the vocabulary."""
        return bytes(llama.llama_vocab_get_text(self._vocab, token)).decode("utf-8", "replace")

    def _piece(self, token: int) -> bytes:
        for room in (32, 1024):
            buffer = ctypes.create_string_buffer(room)
            count = llama.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if count >= 0:
                return buffer.raw[:count]
        return b""


class Tokenizer:
    """Prompts as tokens: the template's and the vocabulary's work, each part done once."""

    def __init__(self, vocabulary: Vocabulary, template: Template) -> None:
        """Learns from the template with which token a reply ends."""
        self._vocabulary = vocabulary
        self._template = template
        self._known: dict[str, list[int]] = {}
        self._known_characters = 0
        self.stops = CHATML_WORDS if template.is_fallback else ()
        self._learn_end()

    def prompt(
        self,
        messages: Sequence[ChatMessage],
        cells: Sequence[int] = (),
        *,
        reply: bool = True,
        begun: str = "",
    ) -> list[int]:
        """`messages` as tokens, up to where the reply begins where `reply` is set, or to where what is `begun` of it ends.

        Where `cells`, the tokens of the KV cache, spell the same text in other tokens, theirs are taken: a model does not
        always write a text in the tokens in which it would be read. Raises: ValueError where a text is too long.
        """
        vocabulary = self._vocabulary
        parts = self._template.render(messages, reply=reply, begun=begun)
        marked = not vocabulary.wants_bos or (parts and parts[0].startswith(vocabulary.bos_text))
        tokens = [] if marked else [vocabulary.bos]
        in_step, at = True, 0
        for part in parts:
            in_step = in_step and tokens[at:] == cells[at : len(tokens)]
            at = len(tokens)
            spelt = self._spelt(part, cells, at) if in_step else None
            tokens += spelt or self._tokens(part)
        return tokens

    def stable(self, messages: Sequence[ChatMessage], cells: Sequence[int]) -> list[int]:
        """The tokens of `messages` that stay as they are whatever is typed on at the end of the last one."""
        *before, last = messages
        longer = ChatMessage(last.role, last.text + "x")
        left = self.prompt(messages, cells, reply=False)
        right = self.prompt([*before, longer], cells, reply=False)
        same = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
        return left[:same]

    def _spelt(self, part: str, cells: Sequence[int], at: int) -> list[int] | None:
        """The tokens of `cells` from `at` on that spell exactly `part`; None where they do not."""
        wanted = part.encode("utf-8", "replace")
        mark = self._mark(part)
        if mark is None or at >= len(cells) or cells[at] != mark:
            return None
        done, found = len(self._vocabulary.word(mark).encode()), [mark]
        while done < len(wanted):
            at += 1
            piece = self._vocabulary.piece(cells[at]) if at < len(cells) else b""
            if not piece or not wanted.startswith(piece, done):
                return None
            done += len(piece)
            found.append(cells[at])
        return found

    def _mark(self, part: str) -> int | None:
        """The control token that `part` begins with; None where it begins with text."""
        token = next(iter(self._tokens(part)), None)
        if token is None or not self._vocabulary.is_control(token):
            return None
        return token if part.startswith(self._vocabulary.word(token)) else None

    def _tokens(self, part: str) -> list[int]:
        known = self._known.get(part)
        if known is None:
            known = self._vocabulary.tokenise(part)
            if self._known_characters + len(part) > _CACHED_CHARACTERS:
                self._known.clear()
                self._known_characters = 0
            if len(part) <= _CACHED_CHARACTERS:
                self._known[part] = known
                self._known_characters += len(part)
        return known

    def _learn_end(self) -> None:
        """A template may close replies with a control token that the model file does not name as an end."""
        turns = [ChatMessage(Role.USER, "?"), ChatMessage(Role.ASSISTANT, _PROBE)]
        parts = self._template.render(turns, reply=False)
        holding = [i for i, part in enumerate(parts) if _PROBE in part]
        after = parts[holding[-1] + 1 : holding[-1] + 2] if holding else []
        for part in after:
            mark = self._mark(part)
            if mark is not None:
                self._vocabulary.end_with(mark)
