"""Hypothesis strategies for Markdown: pieces that meet each other in every order, as a model might write them."""

from hypothesis import strategies as st

PIECES = (
    "foo bar",
    "lorem ipsum dolor sit amet " * 4,
    "*em* ",
    "**strong** ",
    "~~gone~~ ",
    "`code` ",
    "x_y_z ",
    "日本語。",
    "é\u0301👩\u200d🚀",
    "a | b",
    "[text](http://example.org/a)",
    "[x](javascript:alert(1))",
    "![image](http://example.org/i.png)",
    "<http://example.org>",
    "<b>html</b>",
    "&amp;&#x202e;&#27;",
    "\\*",
    "*",
    "**",
    "`",
    "[",
    "<",
    " ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\n- item ",
    "\n- [ ] task ",
    "\n* other",
    "\n1. first",
    "\n12) twelfth",
    "\n  - nested",
    "\n   continued",
    "\n> quote ",
    "\n>",
    "\n```py\n",
    "\n```\n",
    "\n~~~~\n",
    "\n  ```\n",
    "\n    indented\n",
    "\n# one ",
    "\n### three\n",
    "\n---\n",
    "\n===\n",
    "\n| a | b |\n|---|--:|\n",
    "| 1 | 2 |\n",
    "\n[id]: http://example.org\n",
    "supercalifragilistic" * 4,
    "\x1b[31m\x07\x9b\u202e\u200b",
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map("".join)
LONG_PARAGRAPHS = st.lists(
    st.sampled_from(
        [*PIECES[:17], "`", "*", "[", " ", " ", "\n", "word " * 20, "\n2. x", "\n    y"]
    ),
    min_size=30,
    max_size=150,
).map("".join)
WIDTHS = st.sampled_from([8, 16, 30, 56, 100])


def chunks(text: str, sizes: list[int]) -> list[str]:
    """`text` in pieces of the sizes, over and over; of a long text larger ones, so that a test stays quick."""
    found, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)] * (1 + len(text) // 150)
        found.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return found


SIZES = st.lists(st.sampled_from([1, 2, 3, 7, 40, 400]), min_size=1, max_size=5)
