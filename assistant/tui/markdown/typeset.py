"""Lays Markdown blocks out as lines of a given width."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.tui.markdown.box import boxed
from assistant.tui.markdown.inline import spans_of
from assistant.tui.markdown.lines import GAP, MIN_WIDTH, Code, Line, Sheet, Span
from assistant.tui.markdown.parser import MAX_NESTING, Node, blocks, depth, literal
from assistant.tui.markdown.table import Cell, Table, table_lines
from assistant.tui.markdown.wrap import wrap

_BULLETS = ("• ", "– ", "· ")
_BOXES = ("fence", "code_block")


@dataclass(frozen=True, slots=True)
class Layout:
    """A text laid out: its rows and the code blocks among them."""

    lines: tuple[Line, ...]
    codes: tuple[Code, ...]


def layout(text: str, width: int) -> Layout:
    """The rows of a whole Markdown text, at most `width` columns wide; `text` is harmless already."""
    sheet = Sheet()
    Typesetter(text.split("\n")).body(blocks(text), sheet, width)
    return Layout(tuple(sheet.lines), tuple(sheet.codes))


def gap_before(node: Node, previous: str, blank: bool) -> bool:
    """Whether an empty row stands before a block, `previous` being the kind of the one before it.

    It follows the source, so that each block's place is known as soon as it begins; but a heading stands free above
    and close to what it heads, and a box stands close to the sentence that announces it.
    """
    if not previous or previous == "heading":
        return False
    if node.kind == "heading":
        return True
    return blank and not (node.kind in _BOXES and previous == "paragraph")


class Typesetter:
    """Lays out the blocks of one source; `source` is its lines, `memo` keeps paragraphs from one round to the next."""

    def __init__(self, source: Sequence[str], memo: "Memo | None" = None) -> None:
        self._source = source
        self._memo = memo or Memo()

    def body(self, nodes: Sequence[Node], sheet: Sheet, width: int, previous: str = "") -> None:
        """Appends top-level blocks to a sheet whose last block is of the kind `previous`."""
        for node in nodes:
            if gap_before(node, previous, self.is_blank(node.first - 1, " \t")):
                sheet.lines.append(GAP)
            sheet.add(self.top(node, width))
            previous = node.kind

    def top(self, node: Node, width: int) -> Sheet:
        """A top-level block; one that nests too deep is shown as its source."""
        if node.children and depth(node) >= MAX_NESTING - 1:
            text = "\n".join(self._source[node.first : node.last])
            return Sheet(wrap((Span(text),), width))
        return self.block(node, width)

    def is_blank(self, number: int, blanks: str = " \t>") -> bool:
        """Whether the source line is empty; inside a quote, but for its marks."""
        return 0 <= number < len(self._source) and not self._source[number].strip(blanks)

    def block(self, node: Node, width: int, look: str = "", level: int = 0) -> Sheet:
        """One block and all in it; `level` counts the lists around it."""
        return _LAYERS[node.kind](self, node, width, look, level)

    def paragraph(self, node: Node, width: int, look: str, _level: int) -> Sheet:
        """A paragraph; its newlines stay."""
        return Sheet(self._memo.rows(node.content, width, look))

    def heading(self, node: Node, width: int, _look: str, _level: int) -> Sheet:
        """A heading, one of three looks."""
        rank = min(int(node.token.tag[1:]), 3)
        return Sheet(self._memo.rows(node.content, width, f"heading{rank}"))

    def rule(self, _node: Node, width: int, _look: str, _level: int) -> Sheet:
        """A rule across the whole width."""
        return Sheet([Line((Span("─" * width, "frame", "---"),))])

    def box(self, node: Node, width: int, _look: str, _level: int) -> Sheet:
        """A code block, fenced or indented."""
        content = node.token.content
        lines = content.removesuffix("\n").split("\n") if content else []
        info = node.token.info if node.kind == "fence" else ""
        return boxed(lines, literal(info), width)

    def quote(self, node: Node, width: int, _look: str, level: int) -> Sheet:
        """A block quote behind a bar."""
        prefix = (Span("│ ", "frame", "> "),) if width - 2 >= MIN_WIDTH else ()
        child = self._inside(node.children, width - 2 * len(prefix), "quote", level)
        sheet = Sheet()
        sheet.add(child, prefix, prefix)
        return sheet

    def list(self, node: Node, width: int, look: str, level: int) -> Sheet:
        """A list; its items are apart where the source has them apart."""
        sheet = Sheet()
        self.items(node, sheet, width, look=look, level=level)
        return sheet

    def items(
        self,
        node: Node,
        sheet: Sheet,
        width: int,
        look: str = "",
        level: int = 0,
        number: int | None = None,
    ) -> None:
        """Appends a list's items; `number` overrides the first one's."""
        start = int(node.token.attrs.get("start", 1)) if number is None else number
        ordered = node.kind == "ordered_list"
        for index, item in enumerate(node.children):
            if index and self.is_blank(item.first - 1):
                sheet.lines.append(GAP)
            mark = (
                f"{start + index}{node.token.markup} "
                if ordered
                else _BULLETS[level % len(_BULLETS)]
            )
            copied = mark if ordered else "- "
            self.item(item, sheet, width, Span(mark, "bullet", copied), look, level)

    def item(self, item: Node, sheet: Sheet, width: int, mark: Span, look: str, level: int) -> None:
        """Appends one item behind its mark; a box to tick takes the bullet's place."""
        children = item.children
        if mark.copied == "- " and (box := _box_to_tick(children)):
            mark = Span(box, "bullet", f"- {box}")
            children = [_without(children[0], len(box)), *children[1:]]
        columns = len(mark.text)
        if width - columns < MIN_WIDTH:
            columns, mark = 0, Span("", "bullet", mark.copied)
        child = self._inside(children, width - columns, look, level + 1)
        if not child.lines:
            child.lines.append(GAP)
        sheet.add(child, (mark,), (Span(" " * columns),) if columns else ())

    def _inside(self, nodes: Sequence[Node], width: int, look: str, level: int) -> Sheet:
        sheet = Sheet()
        previous = ""
        for node in nodes:
            if gap_before(node, previous, self.is_blank(node.first - 1)):
                sheet.lines.append(GAP)
            sheet.add(self.block(node, width, look, level))
            previous = node.kind
        return sheet

    def table(self, node: Node, width: int, look: str, _level: int) -> Sheet:
        """A table."""
        return Sheet(table_lines(self._table(node, look), width))

    def table_rest(self, node: Node, width: int) -> Sheet:
        """The rows of a table whose header, and the rows before them, are set already."""
        return Sheet(table_lines(self._table(node, ""), width, begun=True))

    def _table(self, node: Node, look: str) -> Table:
        head, *bodies = node.children
        rows = [row for body in bodies for row in body.children]
        cells = head.children[0].children
        return Table(
            tuple(spans_of(cell.content, "head") for cell in cells),
            tuple(tuple(self._cell(cell, look) for cell in row.children) for row in rows),
            tuple(
                str(cell.token.attrs.get("style", "")).rpartition(":")[2] or "left"
                for cell in cells
            ),
        )

    def _cell(self, cell: Node, look: str) -> Cell:
        return self._memo.spans(cell.content, look)


def _box_to_tick(nodes: Sequence[Node]) -> str:
    start = nodes[0].content[:4] if nodes and nodes[0].kind == "paragraph" else ""
    return start if start in ("[ ] ", "[x] ", "[X] ") else ""


def _without(paragraph: Node, characters: int) -> Node:
    """The paragraph without its first characters."""
    child = paragraph.children[0]
    token = child.token.copy(content=child.token.content[characters:])
    rest = [Node(token, child.first, child.last)]
    return Node(paragraph.token, paragraph.first, paragraph.last, rest)


class Memo:
    """Keeps what was laid out in this round and the last one, so that a block read again costs only what is new."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int, str], list[Line]] = {}
        self._spans: dict[tuple[str, str], tuple[Span, ...]] = {}
        self._old_rows = self._rows
        self._old_spans = self._spans

    def turn(self) -> None:
        """Forgets what the last round did not use."""
        self._old_rows, self._rows = self._rows, {}
        self._old_spans, self._spans = self._spans, {}

    def spans(self, content: str, look: str) -> tuple[Span, ...]:
        """The spans of an inline content."""
        key = (content, look)
        found = self._spans.get(key) or self._old_spans.get(key) or spans_of(content, look)
        self._spans[key] = found
        return found

    def rows(self, content: str, width: int, look: str) -> list[Line]:
        """The rows of a paragraph."""
        key = (content, width, look)
        found = self._rows.get(key) or self._old_rows.get(key)
        if found is None:
            found = wrap(spans_of(content, look), width)
        self._rows[key] = found
        return found


_LAYERS: dict[str, Callable[[Typesetter, Node, int, str, int], Sheet]] = {
    "paragraph": Typesetter.paragraph,
    "heading": Typesetter.heading,
    "hr": Typesetter.rule,
    "fence": Typesetter.box,
    "code_block": Typesetter.box,
    "blockquote": Typesetter.quote,
    "bullet_list": Typesetter.list,
    "ordered_list": Typesetter.list,
    "table": Typesetter.table,
}
