"""Puts the model's chat template around messages, so that nothing in a message can pass for a part of the template."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import jinja2
import jinja2.ext
import jinja2.parser
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assistant.domain.prompt import ChatMessage, Role

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']"
    " + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""The template for a model that brings none, or one that cannot be used."""
CHATML_WORDS = ("<|im_start|>", "<|im_end|>")

_BREAK = "\ufdd0"
"""Stands inside a control word that a message holds: a noncharacter, which no text may contain (Unicode 23.7)."""

_EDGE = "\ufdd1"
"""Stands where a message begins or ends with what may be a piece of a control word."""

# What a template of unknown origin may raise while it is compiled or rendered.
_BROKEN = (
    jinja2.TemplateError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)

_NO_TEXT = re.compile(f"[\ud800-\udfff{_BREAK}{_EDGE}]")


class ControlWords:
    """The texts that a tokenizer turns into control tokens: the only ones with which a message could close its turn."""

    def __init__(self, words: Iterable[str], eats_space_before: Iterable[str] = ()) -> None:
        """`eats_space_before`: words whose token takes in the white space before it."""
        self._words = frozenset(word for word in words if len(word) > 1)
        self._glued = frozenset(eats_space_before)
        self._lengths = sorted({len(word) for word in self._words}, reverse=True)
        self._first = _any_of(word[0] for word in self._words)
        self._last = {word[-1] for word in self._words}

    def hide(self, text: str) -> str:
        """`text` with every control word broken, and marked where text around it could complete one.

        Leading and trailing white space stays outside of the breaks: templates strip it.
        """
        core = _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
        stripped = core.strip()
        lead = core[: len(core) - len(core.lstrip())]
        trail = core[len(lead) + len(stripped) :]
        broken, done = [], 0
        for at in self._starts(stripped):
            broken.append(stripped[done : at + 1])
            done = at + 1
        inside = _BREAK.join([*broken, stripped[done:]])
        head = _EDGE if self._ends_one(stripped) else ""
        tail = _EDGE if self._begins_one(stripped) else ""
        return lead + head + inside + tail + trail

    def cut(self, rendered: str) -> list[str]:
        """`rendered` in parts that are tokenised one by one, with the same result as the whole but for the breaks.

        A part begins at a control word of the template, where tokenizers cut anyway, so that parts can be cached.
        """
        parts = []
        for piece in self._joined(rendered).split(_BREAK):
            edges = sorted({0, *self._cuts(piece), len(piece)})
            parts += [piece[a:b] for a, b in pairwise(edges)]
        return parts

    def _cuts(self, piece: str) -> Iterator[int]:
        done = 0
        for at in self._starts(piece):
            if at >= done:
                done = at + next(n for n in self._lengths if piece[at : at + n] in self._words)
                if not self._is_glued(piece, at):
                    yield at

    def _joined(self, rendered: str) -> str:
        """`rendered` with a break at those edges across which a control word would come to be, the others gone."""
        whole, *rest = rendered.split(_EDGE)
        for part in rest:
            whole += (_BREAK if self._comes_to_be(whole, part) else "") + part
        return whole

    def _comes_to_be(self, left: str, right: str) -> bool:
        reach = self._lengths[0] - 1
        tail, head = left[-reach:], right[:reach]
        spans = [
            (at, at + length)
            for at in range(len(tail))
            for length in self._lengths
            if (tail + head)[at : at + length] in self._words
        ]
        return any(start < len(tail) < end for start, end in spans)

    def _starts(self, text: str) -> list[int]:
        if not self._first:
            return []
        return [m.start() for m in self._first.finditer(text) if self._at(text, m.start())]

    def _at(self, text: str, at: int) -> bool:
        return any(text[at : at + length] in self._words for length in self._lengths)

    def _is_glued(self, text: str, at: int) -> bool:
        return any(text.startswith(word, at) for word in self._glued)

    def _begins_one(self, text: str) -> bool:
        if not self._first or not text:
            return False
        tail_at = max(0, len(text) - self._lengths[0] + 1)
        tails = [text[m.start() :] for m in self._first.finditer(text, tail_at)]
        return any(word.startswith(tail) for tail in tails for word in self._words)

    def _ends_one(self, text: str) -> bool:
        if not self._first:
            return False
        heads = [
            text[: i + 1] for i, c in enumerate(text[: self._lengths[0] - 1]) if c in self._last
        ]
        return any(word.endswith(head) for head in heads for word in self._words)


class Template:
    """A chat template, rendered in jinja2's sandbox with what Transformers gives to templates."""

    def __init__(self, source: str | None, words: ControlWords, bos: str, eos: str) -> None:
        """`source` None, or one that cannot be used, gives ChatML."""
        self._words = words
        self._marks = {"bos_token": bos, "eos_token": eos}
        self._template = _environment().from_string(CHATML)
        self.is_fallback = True
        if source:
            try:
                self._template = _environment().from_string(source)
                self._render(self._template, [(Role.USER.value, "?")], reply=True)
                self.is_fallback = False
            except _BROKEN:
                self._template = _environment().from_string(CHATML)

    def render(
        self, messages: Sequence[ChatMessage], *, reply: bool = True, begun: str = ""
    ) -> list[str]:
        """The prompt in parts (see ControlWords.cut); with `reply` up to where the model's reply begins.

        `begun` is what there is of the reply already, its thought too: it stands at the end, as the model wrote it, and open.
        """
        begun = self._words.hide(begun)
        shown = [(m.role.value, self._words.hide(m.text)) for m in messages]
        for arranged in (shown, _plain(shown)):
            try:
                return self._words.cut(self._render(self._template, arranged, reply) + begun)
            except _BROKEN:
                continue
        fallback = _environment().from_string(CHATML)
        return self._words.cut(self._render(fallback, shown, reply) + begun)

    def _render(
        self, template: jinja2.Template, messages: Sequence[tuple[str, str]], reply: bool
    ) -> str:
        return template.render(
            messages=[{"role": role, "content": text} for role, text in messages],
            add_generation_prompt=reply,
            raise_exception=_refuse,
            strftime_now=time.strftime,
            tools=None,
            **self._marks,
        )


def _plain(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """For templates that know no system role and insist on turns: the system text joins the first message of the person."""
    plain: list[tuple[str, str]] = []
    for role, text in messages:
        speaker = Role.USER.value if role == Role.SYSTEM.value else role
        if plain and plain[-1][0] == speaker:
            plain[-1] = (speaker, f"{plain[-1][1]}\n\n{text}")
        else:
            plain.append((speaker, text))
    return plain


def _any_of(characters: Iterable[str]) -> re.Pattern[str] | None:
    distinct = "".join(sorted({re.escape(c) for c in characters}))
    return re.compile(f"[{distinct}]") if distinct else None


class _GenerationTag(jinja2.ext.Extension):
    """Reads over `{% generation %}`, which Transformers' templates use to mark replies for training."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: jinja2.parser.Parser) -> list[nodes.Node]:
        """The tag's body as it is."""
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> ImmutableSandboxedEnvironment:
    # The settings of Transformers' chat_template_utils, which templates are written for.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_GenerationTag, jinja2.ext.loopcontrols],
    )
    environment.filters["tojson"] = _to_json
    return environment


def _to_json(value: object, indent: int | None = None, *, ensure_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _refuse(message: str) -> str:
    raise jinja2.TemplateError(message)
