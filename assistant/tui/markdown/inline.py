"""Inline Markdown as spans: emphasis, code, links with their address in sight, images as text."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.tui.markdown.lines import Span
from assistant.tui.markdown.parser import inline, literal

if TYPE_CHECKING:
    from markdown_it.token import Token

_PLAIN = re.compile(r"[A-Za-z0-9 .,;:?'\"()%/+=-]*\Z").match
# What could still open an emphasis, a code span, a link or an autolink.
_UNRESOLVED = re.compile(r"[`\[]|\*(?!\s)|(?<!\w)_(?!\s)|~~|<(?=[A-Za-z])").search
_DELIMITERS = re.compile(r"\\.|`+|\*\*?|~~").finditer


MAX_BRACKETS = 300
"""Of a paragraph with more `[` that begin no link, nothing is read: looking for their ends would take seconds."""


def spans_of(content: str, look: str = "") -> tuple[Span, ...]:
    """The spans of a paragraph's content; a newline in it stays one."""
    if _PLAIN(content) or content.count("[") - content.count("](") > MAX_BRACKETS:
        return (Span(content, look),) if content else ()
    return tuple(_Reader(look).read(inline(content)))


def is_closed(content: str) -> bool:
    """Whether nothing that follows `content` and a blank can change how it looks."""
    if _PLAIN(content):
        return True
    texts = (token.content for token in inline(content) if token.type == "text")
    return not any(_UNRESOLVED(text) for text in texts)


def closers(line: str) -> str:
    """What would close the emphasis and the code that the last line of a growing text has open.

    With it a half-arrived `**word` is drawn bold at once, and does not shift when its end arrives.
    """
    open_marks: list[str] = []
    for match in _DELIMITERS(line):
        mark = match.group()
        in_code = bool(open_marks) and open_marks[-1][0] == "`"
        if open_marks and open_marks[-1] == mark:
            open_marks.pop()
        elif not in_code and _may_open(line, match):
            open_marks.append(mark)
    if not open_marks or line[-1:] in "*`~\\ ":
        return ""
    return "".join(reversed(open_marks))


def _may_open(line: str, mark: re.Match[str]) -> bool:
    before, after = line[: mark.start()][-1:], line[mark.end() : mark.end() + 1]
    return mark.group()[0] != "\\" and not after.isspace() and not before.isalnum()


class _Reader:
    """Walks over inline tokens and keeps the looks that are on."""

    def __init__(self, look: str) -> None:
        self._looks = [look] if look else []
        self._spans: list[Span] = []
        self._links: list[tuple[str, int]] = []

    def read(self, tokens: "list[Token]") -> list[Span]:
        for token in tokens:
            if token.type in _MARKS:
                self._mark(_MARKS[token.type], token.nesting)
            else:
                _READERS.get(token.type, _Reader.text)(self, token)
        return self._spans

    def _mark(self, look: str, nesting: int) -> None:
        if nesting > 0:
            self._looks.append(look)
        else:
            self._looks.remove(look)

    def _put(self, text: str, *looks: str) -> None:
        if text:
            self._spans.append(Span(text, " ".join([*self._looks, *looks])))

    def text(self, token: "Token") -> None:
        self._put(literal(token.content))

    def newline(self, _: "Token") -> None:
        self._spans.append(Span("\n"))

    def code(self, token: "Token") -> None:
        self._put(literal(token.content), "code")

    def link_open(self, token: "Token") -> None:
        self._links.append((literal(str(token.attrs.get("href", ""))), len(self._spans)))
        self._looks.append("link")

    def link_close(self, _: "Token") -> None:
        self._looks.remove("link")
        address, start = self._links.pop()
        label = "".join(span.text for span in self._spans[start:])
        if address and address not in (label, f"mailto:{label}"):
            self._put(" ")
            self._put(f"({address})", "url")

    def image(self, token: "Token") -> None:
        self._put(f"[image: {literal(token.content)}]", "link")
        if source := literal(str(token.attrs.get("src", ""))):
            self._put(" ")
            self._put(f"({source})", "url")


_MARKS = {
    f"{name}_{end}": look
    for name, look in (("strong", "strong"), ("em", "emphasis"), ("s", "strike"))
    for end in ("open", "close")
}
_READERS: "dict[str, Callable[[_Reader, Token], None]]" = {
    "softbreak": _Reader.newline,
    "hardbreak": _Reader.newline,
    "code_inline": _Reader.code,
    "link_open": _Reader.link_open,
    "link_close": _Reader.link_close,
    "image": _Reader.image,
}
