"""A code block that is still open: each complete line of it is final at once."""

import re
from collections.abc import Sequence

from assistant.tui.markdown.box import Box
from assistant.tui.markdown.lines import Sheet
from assistant.tui.markdown.parser import Node, literal


def _closing(node: Node) -> re.Pattern[str]:
    mark = node.token.markup
    return re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")


def is_open_fence(node: Node, source: Sequence[str]) -> bool:
    """Whether `node` is a fence whose opening line is complete and whose closing line is not; the last line may grow."""
    growing = len(source) - 1
    if node.kind != "fence" or node.first >= growing:
        return False
    end = node.last - 1
    return not (node.first < end < growing and _closing(node).fullmatch(source[end]))


class OpenFence:
    """A fence under way on a sheet."""

    def __init__(self, node: Node, opening: str, sheet: Sheet, width: int) -> None:
        """Sets the title; `opening` is the fence's first source line."""
        self._sheet = sheet
        self._box = Box(literal(node.token.info), width)
        self._row = len(sheet.lines)
        self._mark = node.token.markup[0]
        self._closing = _closing(node)
        self._indent = re.compile(rf" {{0,{len(opening) - len(opening.lstrip(' '))}}}")
        self._lines: list[str] = []
        sheet.extend(self._box.title())

    def take(self, text: str) -> tuple[bool, str]:
        """Sets the complete lines of `text`; gives whether the fence was closed, and what of the text is left."""
        *lines, rest = text.split("\n")
        for number, line in enumerate(lines):
            if self._closing.fullmatch(line):
                return True, "\n".join([*lines[number + 1 :], rest])
            line = self._indent.sub("", line, count=1)
            self._lines.append(line)
            self._sheet.extend(self._box.line(line))
        return False, rest

    def end(self, rest: str = "") -> None:
        """Sets the line that is not complete and the lower edge; both go when there is more."""
        if rest.strip(" ").strip(self._mark):
            self._sheet.extend(self._box.peek(self._indent.sub("", rest, count=1)))
        self._sheet.extend(self._box.bottom())
        text = "\n".join(self._lines)
        self._sheet.codes.append(self._box.code(self._row, len(self._sheet.lines), text))
