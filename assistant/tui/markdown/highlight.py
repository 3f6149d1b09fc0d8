"""Colours code line by line, so that a block that still grows is never read twice."""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

from assistant.tui.markdown.lines import Span

MAX_COLUMNS = 2_000
MAX_LINES = 5_000
"""Beyond these a line, or the rest of a block, stays plain: colour is not worth a stall."""

_PAIRS = (("/*", "*/"), ("<!--", "-->"), ('"""', '"""'))


class Token(NamedTuple):
    """A piece of code and its kind, named as Pygments names it (`Name.Function`)."""

    kind: str
    text: str


_LOOKS = (
    ("Comment", "comment"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Tag", "name"),
    ("Name.Decorator", "name"),
    ("Name.Builtin", "builtin"),
    ("Name.Attribute", "builtin"),
    ("Generic.Inserted", "string"),
    ("Generic.Deleted", "comment"),
    ("Generic.Heading", "name"),
    ("Generic.Subheading", "name"),
    ("Generic.Prompt", "comment"),
)


@lru_cache(256)
def _look(kind: str) -> str:
    return next((f"block {look}" for name, look in _LOOKS if kind.startswith(name)), "block")


class _Lexer(Protocol):
    """What is used of a Pygments lexer; `_tokens` is there where it is made of states."""

    _tokens: dict[str, list[tuple[object, object, object]]]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, object, str]]: ...


@cache
def _names() -> dict[str, str]:
    # The mapping without plugins: looking for those would scan every installed package.
    from pygments.lexers import get_all_lexers  # type: ignore[import-untyped]

    return {alias: entry[0] for entry in get_all_lexers(plugins=False) for alias in entry[1]}


@lru_cache(32)
def _lexer(language: str) -> _Lexer | None:
    from pygments.lexers import find_lexer_class

    name = _names().get(language.lower())
    kind = find_lexer_class(name) if name else None
    return None if kind is None else kind()


def _named(pieces: Iterable[tuple[int, object, str]]) -> Iterator[Token]:
    for _, kind, text in pieces:
        yield Token(str(kind).removeprefix("Token."), text)


class _Stepper:
    """Runs a lexer over one line at a time, keeping its stack of states from line to line.

    This is the loop of `pygments.lexer.RegexLexer.get_tokens_unprocessed`, which itself gives no stack back.
    A lexer of another make reads each line on its own.
    """

    def __init__(self, lexer: _Lexer) -> None:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer  # type: ignore[import-untyped]

        self._lexer = lexer
        by_states = isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer)
        self._rules = lexer._tokens if by_states else None
        self.stack: tuple[str, ...] = ("root",)

    def line(self, text: str) -> list[Token]:
        """The tokens of one line; the newline belongs to it."""
        if self._rules is None:
            return list(_named(self._lexer.get_tokens_unprocessed(text)))
        return list(_named(self._steps(text, self._rules)))

    def _steps(
        self, text: str, rules: dict[str, list[tuple[object, object, object]]]
    ) -> Iterator[tuple[int, object, str]]:
        at = 0
        stack = list(self.stack)
        while at < len(text):
            for matches, action, state in rules[stack[-1]]:
                match = matches(text, at)  # type: ignore[operator]  # a compiled pattern's `match`
                if match is None:
                    continue
                if callable(action):
                    yield from action(self._lexer, match)
                elif action is not None:
                    yield at, action, match.group()
                at = match.end()
                _move(stack, state)
                break
            else:
                if text[at] == "\n":
                    stack = ["root"]
                yield at, "Error", text[at]
                at += 1
        self.stack = tuple(stack)


def _move(stack: list[str], state: object) -> None:
    """Goes to the state that a rule names: a number pops, `#push` repeats, names are put on top."""
    if isinstance(state, int):
        del stack[max(len(stack) + state, 1) :]
    elif isinstance(state, tuple):
        for name in state:
            if name != "#pop":
                stack.append(stack[-1] if name == "#push" else name)
            elif len(stack) > 1:
                stack.pop()
    elif state == "#push":
        stack.append(stack[-1])


@lru_cache(32)
def _spanning(language: str) -> tuple[tuple[str, str], ...]:
    """The pairs that enclose several lines in this language, which its lexer knows only as one match."""
    lexer = _lexer(language)
    if lexer is None:
        return ()
    found = []
    for start, end in _PAIRS:
        whole = _named(lexer.get_tokens_unprocessed(f"{start} a\nb\n{end}\n"))
        if all(_is_enclosed(kind) for kind, text in whole if text.strip()):
            stepper = _Stepper(lexer)
            stepper.line(f"{start} a\n")
            if not all(_is_enclosed(kind) for kind, text in stepper.line("b\n") if text.strip()):
                found.append((start, end))
    return tuple(found)


def _is_enclosed(kind: str) -> bool:
    return kind.startswith(("Comment", "Literal.String"))


class Highlighter:
    """Gives the spans of a block's lines, in order; an unknown language stays plain."""

    def __init__(self, language: str) -> None:
        lexer = _lexer(language) if language else None
        self._language = language
        self._stepper = None if lexer is None else _Stepper(lexer)
        self._until = ""
        self._lines = 0

    def line(self, text: str) -> tuple[Span, ...]:
        """The spans of the next line of the block."""
        self._lines += 1
        if self._stepper is None or not text or len(text) > MAX_COLUMNS or self._lines > MAX_LINES:
            return (Span(text, "block"),) if text else ()
        try:
            return tuple(self._coloured(text, self._stepper))
        except Exception:  # noqa: BLE001 - some hundred lexers of others read hostile text here: plain is always right
            self._stepper = None
            return (Span(text, "block"),)

    def peek(self, text: str) -> tuple[Span, ...]:
        """The spans of a line that is not complete yet."""
        stepper, until, lines = self._stepper, self._until, self._lines
        stack = stepper.stack if stepper else ()
        spans = self.line(text)
        self._stepper, self._until, self._lines = stepper, until, lines
        if stepper:
            stepper.stack = stack
        return spans

    def _coloured(self, text: str, stepper: _Stepper) -> Iterator[Span]:
        if self._until:
            inside, end, text = text.partition(self._until)
            yield Span(inside + end, "block comment")
            if not end:
                return
            self._until = ""
        tokens = stepper.line(text + "\n")
        start = self._opening(text, tokens)
        at = 0
        for kind, piece in tokens:
            piece = piece.rstrip("\n") if at + len(piece) > len(text) else piece
            if start is not None and at + len(piece) > start:
                piece = piece[: max(start - at, 0)]
            at += len(piece)
            if piece:
                yield Span(piece, _look(kind))
        if start is not None:
            yield Span(text[start:], "block comment")

    def _opening(self, text: str, tokens: list[Token]) -> int | None:
        """Where this line opens a comment that it does not close."""
        for opening, closing in _spanning(self._language):
            start = text.rfind(opening)
            if start < 0 or closing in text[start + len(opening) :]:
                continue
            if _opens(start, tokens, opening):
                self._until = closing
                return start
        return None


def _opens(start: int, tokens: list[Token], mark: str) -> bool:
    """Whether the mark at `start` opens something, rather than standing in a string or a comment."""
    own = "Literal.String" if mark[0] == '"' else "Comment"
    at = 0
    for kind, text in tokens:
        if at <= start < at + len(text):
            return not _is_enclosed(kind) or (at == start and kind.startswith(own))
        at += len(text)
    return False
