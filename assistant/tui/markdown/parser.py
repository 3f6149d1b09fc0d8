"""The Markdown parser, made on first use: CommonMark with tables and strikethrough, of which every part is local.

Raw HTML is text. Reference definitions and underlined headings are off: with them a line could change what stands
far above it, and a reply must not jump while it arrives. `text` over `---` is a paragraph and a rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 60
"""Containers inside containers; what is deeper is shown as plain text."""


@dataclass(slots=True)
class Node:
    """A block and the blocks in it; `first` and `last` are its source lines, `last` not included."""

    token: "Token"
    first: int
    last: int
    children: list["Node"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What block it is: `paragraph`, `fence`, `bullet_list`, ..."""
        return self.token.type.removesuffix("_open")

    @property
    def content(self) -> str:
        """The inline source of a paragraph, a heading or a table cell."""
        return self.children[0].token.content if self.children else ""


@cache
def _parser() -> "MarkdownIt":
    # Imported here because it costs 70 ms, which an empty chat need not pay.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    return parser.enable(["table", "strikethrough"]).disable(["reference", "lheading"])


def blocks(source: str) -> list[Node]:
    """The blocks of a Markdown text; inline content is left as it is."""
    parser = _parser()
    tokens: list[Token] = []
    parser.block.parse(source, parser, {}, tokens)
    return _tree(tokens)


def _tree(tokens: Sequence["Token"]) -> list[Node]:
    top: list[Node] = []
    path: list[list[Node]] = [top]
    for token in tokens:
        if token.nesting < 0:
            path.pop()
            continue
        first, last = token.map or (0, 0)
        node = Node(token, first, last)
        path[-1].append(node)
        if token.nesting > 0:
            path.append(node.children)
    return top


def inline(content: str) -> list["Token"]:
    """The tokens of a paragraph's content."""
    parser = _parser()
    tokens: list[Token] = []
    parser.inline.parse(content, parser, {}, tokens)
    return tokens


def depth(node: Node) -> int:
    """How deep a node's deepest child lies; counted no further than the parser nests."""
    deepest, row = 0, node.children
    while row and deepest <= MAX_NESTING:
        deepest += 1
        row = [child for parent in row for child in parent.children]
    return deepest


def literal(text: str) -> str:
    """Text out of the parser, made harmless again: entities and escapes in links can hold control characters."""
    return harmless(text).replace("\n", " ")
