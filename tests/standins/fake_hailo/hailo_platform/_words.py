"""What both stand-ins of the HAT agree on: how text is cut into tokens, put into a template, and answered."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

START = "<|im_start|>"
END = "<|im_end|>"
SYSTEM_OF_QWEN = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
GARBAGE = ("!!", " 的的", " ,,", " ss", " 0 0", " ((")
# The awkward ones are here on purpose: a slash, accents, quotes, a backslash, lines, a character of four bytes.
WORDS = (
    "heron", "river", "and/or", "stone", "café", "morning", "quiet", "paper", "seven", "lantern",
    '"so-called"', "north", "C:\\temp", "window", "naïve", "copper", "field", "→", "orchard", "😀",
)  # fmt: skip
_PIECES = re.compile(r"<\|im_(?:start|end)\|>|[A-Za-z]{1,5}|\d|[^\sA-Za-z\d]")

Message = dict[str, str]


@dataclass(frozen=True)
class Family:
    """What sets one family's chat template apart; the marks around messages are ChatML's for all of them."""

    name: str
    default_system: str = ""
    trims: bool = False
    opens_thinking: bool = False
    thinks: bool = False

    @property
    def opening(self) -> str:
        """What the prompt ends with, so that a reply may begin."""
        return f"{START}assistant\n" + ("<think>\n" if self.opens_thinking else "")

    def normal(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as this template shows them to the model."""
        shown = [{"role": each["role"], "content": self._content(each)} for each in messages]
        if self.default_system and (not shown or shown[0]["role"] != "system"):
            shown.insert(0, {"role": "system", "content": self.default_system})
        return shown

    def render(self, messages: Sequence[Message], *, fresh: bool = True) -> str:
        """The prompt for `messages`; a context that is not `fresh` gets no system message of the template's own."""
        shown = self.normal(messages)
        if not fresh and self.default_system and len(shown) > len(messages):
            shown = shown[1:]
        body = "".join(f"{START}{each['role']}\n{each['content']}{END}\n" for each in shown)
        return body + self.opening

    def _content(self, message: Message) -> str:
        content = message["content"]
        if self.thinks and message["role"] == "assistant":
            content = content.rpartition("</think>")[2].lstrip("\n")
        return content.strip() if self.trims else content


QWEN = Family("qwen2", default_system=SYSTEM_OF_QWEN)
LLAMA = Family("llama", trims=True)
DEEPSEEK = Family("deepseek", opens_thinking=True, thinks=True)
QWEN3 = Family("qwen3", thinks=True)


def count(text: str) -> int:
    """Tokens of `text`: five letters, one digit or one other sign each."""
    return len(_PIECES.findall(text))


def token_ids(text: str) -> list[int]:
    """A number for each token; equal tokens have equal numbers."""
    return [sum(piece.encode()) % 151_643 for piece in _PIECES.findall(text)]


def parse(text: str) -> list[Message]:
    """The messages that a rendered text holds; what was said twice is there twice."""
    found = []
    for part in text.split(START)[1:]:
        role, _, content = part.partition("\n")
        for tail in (f"{END}\n", END):
            if content.endswith(tail):
                content = content[: -len(tail)]
                break
        found.append({"role": role, "content": content.replace(END, "")})
    return found


@dataclass(frozen=True)
class Answer:
    """How replies are made: `words` from the seed, `echo` of the question, or the text itself."""

    kind: str = "words"
    length: int = 24
    seed: int = 0

    def pieces(self, question: str, family: Family, seed: int | None = None) -> list[str]:
        """The reply to `question`, one piece for each token, without the end token."""
        chance = random.Random(f"{self.seed if seed is None else seed}:{question}")
        said = self._said(question, chance)
        if not family.thinks:
            return said
        thought = ["\n", *_spoken(chance.choices(WORDS[:6], k=5)), "\n", "</think>", "\n\n"]
        return [*thought[1:], *said] if family.opens_thinking else ["<think>", *thought, *said]

    def _said(self, question: str, chance: random.Random) -> list[str]:
        if self.kind == "words":
            words = _spoken(chance.choices(WORDS, k=self.length))
            return [
                "\n" + word[1:] if index % 11 == 10 else word for index, word in enumerate(words)
            ]
        return re.findall(r"\s*\S+", question if self.kind == "echo" else self.kind)


def garbage(length: int) -> list[str]:
    """What a model says whose window has overflowed."""
    return [GARBAGE[index % len(GARBAGE)] for index in range(length)]


def _spoken(words: Sequence[str]) -> list[str]:
    return [word if index == 0 else f" {word}" for index, word in enumerate(words)]
