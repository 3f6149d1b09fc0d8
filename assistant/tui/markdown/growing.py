"""Lays out a text that grows at its end: what is finished is set once, only the open end is read again."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.tui.markdown.fence import OpenFence, is_open_fence
from assistant.tui.markdown.inline import closers, is_closed, spans_of
from assistant.tui.markdown.lines import GAP, Code, Line, Sheet, Span
from assistant.tui.markdown.parser import Node, blocks
from assistant.tui.markdown.typeset import Memo, Typesetter, gap_before
from assistant.tui.markdown.wrap import wrap

_LISTS = ("bullet_list", "ordered_list")
_SENTINEL = "\ue000"
"""Stands for the part of a paragraph that is set already, so that the parser sees a paragraph go on."""

_LONG = 600
_KEPT = 150
"""Characters: a paragraph longer than the one is set in parts, but for the other at its end."""
_MANY = 100
"""Rows: a longer table is set in parts, each with columns as wide as it needs; the whole has them even at the end."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """What of the open block is set already.

    Of a paragraph: `carry` is its last row, `glue` the blank or newline after it. Of a list: `number` is its next item's.
    Of a table: `header` is its first two source lines, without which the parser would not see it go on.
    """

    carry: tuple[Span, ...] = ()
    glue: str = ""
    number: int = 0
    header: str = ""


class Growing:
    """A text that grows, and its lines; after each `update` they show all of it.

    The first `fixed` lines never change again. A whole layout of the finished text gives the same lines, but for rare
    texts in which a late line changes the meaning of an early one; so the owner lays out once more when it is complete.
    """

    def __init__(self, width: int) -> None:
        """`width` is in columns."""
        self._width = width
        self._sheet = Sheet()
        self._fixed_codes = 0
        self._tail = ""
        self._arrived: list[str] = []
        self._previous = ""
        self._begun: _Begun | None = None
        self._fence: OpenFence | None = None
        self._memo = Memo()
        self.fixed = 0

    @property
    def lines(self) -> Sequence[Line]:
        """All rows as of the last update."""
        return self._sheet.lines

    @property
    def codes(self) -> Sequence[Code]:
        """The code blocks among the rows; an open one too, with its complete lines."""
        return self._sheet.codes

    def append(self, text: str) -> None:
        """Takes more text; costs nothing until the next update."""
        self._arrived.append(text)

    def update(self) -> int:
        """Lays out what arrived; gives the first row that differs from before."""
        start, shown = self.fixed, self._sheet.lines[self.fixed :]
        if not self._arrived:
            return start + len(shown)
        self._tail += "".join(self._arrived)
        self._arrived.clear()
        self._sheet.cut(self.fixed, self._fixed_codes)
        self._memo.turn()
        while self._in_fence(self._fence) if self._fence else self._in_blocks():
            pass
        now = self._sheet.lines[start:]
        pairs = enumerate(zip(shown, now, strict=False))
        return start + next((n for n, (a, b) in pairs if a != b), min(len(shown), len(now)))

    def _fix(self) -> None:
        self.fixed, self._fixed_codes = len(self._sheet.lines), len(self._sheet.codes)

    def _in_fence(self, fence: OpenFence) -> bool:
        """Sets what arrived of a code block; True if it ended and there is more to do."""
        closed, self._tail = fence.take(self._tail)
        if closed:
            fence.end()
            self._fence, self._previous = None, "fence"
            self._fix()
            return True
        self._fix()
        fence.end(self._tail)
        return False

    def _in_blocks(self) -> bool:
        """Sets the blocks that are finished for good, then the open end; True if there is more to do."""
        head = self._begun.header if self._begun else ""
        head = _SENTINEL + self._begun.glue if self._begun and self._begun.glue else head
        source = (head + self._tail).split("\n")
        nodes = blocks("\n".join(source))
        setter = Typesetter(source, self._memo)
        count = _final(nodes, source)
        for node in nodes[:count]:
            self._put(node, setter)
            self._previous, self._begun = node.kind, None
        still_open = nodes[count:]
        if count:
            self._fix()
            self._cut(still_open[0].first, source)
        if len(still_open) == 1 and self._narrow(still_open[0], setter, source):
            return True
        _mend(still_open, source)
        for node in still_open:
            self._put(node, setter)
        return False

    def _cut(self, first: int, source: Sequence[str]) -> None:
        """The open end begins at a source line, and at the empty one before it, which tells of the gap."""
        if first and not source[first - 1].strip(" \t"):
            first -= 1
        self._tail = "\n".join(source[first:])

    def _put(self, node: Node, setter: Typesetter) -> None:
        begun = self._begun if node.first <= 1 else None
        blank = setter.is_blank(node.first - 1, " \t")
        if begun and begun.glue:
            self._sheet.extend(wrap(_continued(begun, node.content[2:]), self._width))
        elif begun and node.kind in _LISTS:
            if blank:
                self._sheet.lines.append(GAP)
            setter.items(node, self._sheet, self._width, number=begun.number)
        elif begun and begun.header:
            self._sheet.add(setter.table_rest(node, self._width))
        else:
            if gap_before(node, self._previous, blank):
                self._sheet.lines.append(GAP)
            self._sheet.add(setter.top(node, self._width))

    def _narrow(self, node: Node, setter: Typesetter, source: list[str]) -> bool:
        """Sets what of the open block is final; True if anything was, so that the rest is to be read again."""
        if is_open_fence(node, source):
            if gap_before(node, self._previous, setter.is_blank(node.first - 1, " \t")):
                self._sheet.lines.append(GAP)
            self._fence = OpenFence(node, source[node.first], self._sheet, self._width)
            self._fix()
            self._tail = "\n".join(source[node.first + 1 :])
            return True
        if node.kind in _LISTS:
            return self._narrow_list(node, setter, source)
        if node.kind == "table":
            return self._narrow_table(node, setter, source)
        return node.kind == "paragraph" and self._narrow_paragraph(node, setter, source)

    def _narrow_list(self, node: Node, setter: Typesetter, source: list[str]) -> bool:
        count = _final(node.children, source)
        if not count:
            return False
        items, rest = node.children[:count], node.children[count]
        done = Node(node.token, node.first, rest.first, items)
        number = self._begun.number if self._begun else int(node.token.attrs.get("start", 1))
        self._put(done, setter)
        self._begun = _Begun(number=number + count)
        self._fix()
        self._cut(rest.first, source)
        return True

    def _narrow_table(self, node: Node, setter: Typesetter, source: list[str]) -> bool:
        head, *bodies = node.children
        rows = bodies[0].children if bodies else []
        if len(rows) <= _MANY:
            return False
        body = Node(bodies[0].token, bodies[0].first, rows[-1].first, rows[:-1])
        header = "\n".join(source[node.first : node.first + 2]) + "\n"
        self._put(Node(node.token, node.first, rows[-1].first, [head, body]), setter)
        self._begun = _Begun(header=header)
        self._fix()
        self._tail = "\n".join(source[rows[-1].first :])
        return True

    def _narrow_paragraph(self, node: Node, setter: Typesetter, source: list[str]) -> bool:
        if len(node.content) < _LONG:
            return False
        begun = self._begun
        text = node.content[2:] if begun else node.content
        at = _parting(text)
        rows = wrap(_continued(begun or _Begun(), text[:at]), self._width)
        if not at or rows[-1].joint != "\n":
            return False
        if begun is None and gap_before(
            node, self._previous, setter.is_blank(node.first - 1, " \t")
        ):
            self._sheet.lines.append(GAP)
        carry = () if text[at] == "\n" else rows.pop().spans
        self._sheet.extend(rows)
        self._fix()
        self._begun = _Begun(carry, text[at])
        raw = "\n".join(source[node.first :])
        self._tail = raw[raw.index(text) + at + 1 :]
        return True


def _continued(begun: _Begun, text: str) -> list[Span]:
    """The spans of a paragraph's open end, behind the row that its beginning left."""
    glue = (Span(" "),) if begun.glue == " " else ()
    return [*begun.carry, *glue, *spans_of(text)]


def _final(nodes: Sequence[Node], source: Sequence[str]) -> int:
    """How many of the nodes no further text can change; the last source line may still grow.

    A block is final once a complete line began another after it. What begins on the growing line may turn out to be part
    of the block before; so may a table whose second line still grows.
    """
    if not nodes:
        return 0
    growing = len(source) - 1
    last = nodes[-1]
    doubtful = last.first + 1 if last.kind == "table" else last.first
    unsure = bool(source[growing]) and doubtful >= growing
    return max(len(nodes) - (2 if unsure else 1), 0)


def _parting(text: str) -> int:
    """A place in a long paragraph before which nothing can change any more; 0 if there is none."""
    for limit in (len(text) - _KEPT, len(text) // 2):
        at = max(text.rfind(" ", 0, limit), text.rfind("\n", 0, limit))
        if at > 0 and _can_part(text, at) and is_closed(text[:at]):
            return at
    return 0


def _can_part(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at + 1]
    if before.isspace() or after.isspace() or before == "\\":
        return False
    if text[at] == "\n":
        return after not in "|-:"
    return "|" not in text[text.rfind("\n", 0, at) + 1 : at]


def _mend(nodes: Sequence[Node], source: Sequence[str]) -> None:
    """Closes, for this round, what emphasis the growing last line has open."""
    if not nodes or not source[-1]:
        return
    node = nodes[-1]
    while node.children and node.kind not in ("paragraph", "heading"):
        node = node.children[-1]
    if node.children and node.last == len(source):
        token = node.children[0].token
        token.content += closers(token.content.rpartition("\n")[2])
