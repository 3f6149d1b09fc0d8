"""A code block that is still open: each complete line of it is final at once."""

import re
from collections.abc import Sequence

from assistant.tui.markdown.box import Box
from assistant.tui.markdown.lines import Sheet
from assistant.tui.markdown.parser import Node, literal

TAB = 4
"""Columns from one stop of a tab to the next."""


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


def moved_out(line: str, columns: int) -> str:
    """`line` without the blanks of its first `columns`; of a tab that reaches beyond them the rest is left, as blanks (CommonMark 2.2)."""
    at = passed = 0
    while passed < columns and at < len(line) and line[at] in " \t":
        passed += TAB - passed % TAB if line[at] == "\t" else 1
        at += 1
    return " " * (passed - columns) + line[at:]


class OpenFence:
    """A fence under way on a sheet."""

    def __init__(self, node: Node, opening: str, sheet: Sheet, width: int) -> None:
        """Sets the title; `opening` is the fence's first source line."""
        self._sheet = sheet
        self._box = Box(literal(node.token.info), width)
        self._row = len(sheet.lines)
        self._mark = node.token.markup[0]
        self._closing = _closing(node)
        self._indent = len(opening) - len(opening.lstrip(" "))
        self._lines: list[str] = []
        sheet.extend(self._box.title())

    def take(self, text: str) -> tuple[bool, str]:
        """Sets the complete lines of `text`; gives whether the fence was closed, and what of the text is left."""
        *lines, rest = text.split("\n")
        for number, line in enumerate(lines):
            if self._closing.fullmatch(line):
                return True, "\n".join([*lines[number + 1 :], rest])
            line = moved_out(line, self._indent)
            self._lines.append(line)
            self._sheet.extend(self._box.line(line))
        return False, rest

    def end(self, rest: str = "") -> None:
        """Sets the line that is not complete and the lower edge; both go when there is more."""
        if rest.strip(" ").strip(self._mark):
            self._sheet.extend(self._box.peek(moved_out(rest, self._indent)))
        self._sheet.extend(self._box.bottom())
        text = "\n".join(self._lines)
        self._sheet.codes.append(self._box.code(self._row, len(self._sheet.lines), text))
