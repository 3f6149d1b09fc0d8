"""Conversations as one file of HTML: nothing is fetched, nothing runs, every text is escaped; it can be imported again.

What an import reads stands in the head, before any text of a conversation, in a block that browsers do not run: JSON in which no
`<`, `>` or `&` stands as such. The page's policy forbids all scripts besides.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from assistant.domain.hygiene import harmless, one_line
from assistant.domain.pictured import pictures_in
from assistant.domain.sensitivity import Label
from assistant.storage.markdown import ending, moment, parts, speaker
from assistant.storage.sheets import LOCAL_ONLY, Said, Sheet, sheet_of

POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with it: show it, with the style and the images that it brings along."""

START: Final = "<!doctype html>"
BLOCK: Final = '<script type="application/json" id="assistant-history">'
"""The line after which an import finds the documents."""

_STYLE: Final = """
:root { color-scheme: light dark; --back: #ffffff; --text: #1b211e; --quiet: #5c6661; --line: #d9dfdb; --soft: #f3f5f4; --here: #17734a; --warn: #8f5600; }
@media (prefers-color-scheme: dark) { :root { --back: #121614; --text: #e4e9e6; --quiet: #9aa5a0; --line: #2d3532; --soft: #1a201d; --here: #5fc893; --warn: #e2ab52; } }
@media print { :root { color-scheme: light; --back: #ffffff; --text: #000000; --quiet: #444444; --line: #bbbbbb; --soft: #f6f6f6; --here: #17734a; --warn: #8f5600; } body { max-width: none; padding: 0; } header { break-after: avoid; } pre { white-space: pre-wrap; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 48rem; padding: 2.5rem 1.5rem 3rem; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
h1 { margin: 3rem 0 .3rem; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; } h1:first-child { margin-top: 0; } h2 { margin: 2.5rem 0 .6rem; font-size: 1.1rem; }
a { color: inherit; } .quiet, footer, h3, figcaption { color: var(--quiet); } .quiet { margin: .3rem 0; }
article { margin: 1.4rem 0 0; } article.you { padding: .7rem 1rem .8rem; background: var(--soft); border-radius: .5rem; }
article:target { outline: 2px solid var(--here); outline-offset: .4rem; } h3 { margin: 0 0 .3rem; font-size: .82rem; font-weight: 600; } h3 nav { display: inline; font-weight: 400; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 .6rem; } .text:last-child { margin-bottom: 0; }
figure { margin: .2rem 0 .8rem; border: 1px solid var(--line); border-radius: .4rem; overflow: hidden; } figcaption { padding: .2rem .8rem; border-bottom: 1px solid var(--line); font-size: .8rem; }
img { display: block; max-width: 100%; height: auto; } pre { margin: 0; padding: .7rem .8rem; overflow-x: auto; font: .86rem/1.45 ui-monospace, monospace; tab-size: 4; }
details { margin: 0 0 .6rem; color: var(--quiet); font-size: .92rem; } summary { cursor: pointer; } .note { color: var(--quiet); font-size: .88rem; font-style: italic; margin: .4rem 0 0; overflow-wrap: anywhere; }
.local-only { border: 1px solid var(--warn); color: var(--warn); border-radius: .4rem; padding: .5rem .8rem; margin: 0 0 1.6rem; font-weight: 600; }
ol.index { padding-left: 1.3rem; } footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; font-size: .85rem; }
"""

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})[ \t]*([^\n`]*)$")


def html_lines(heading: Mapping[str, object], documents: Iterable[object]) -> Iterator[str]:
    """The file, piece by piece; `heading` is the export's own. Holds one document at a time and what a person reads of all."""
    yield f'{START}\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield "<title>Conversations</title>"
    yield BLOCK
    sheets = []
    first = True
    yield f'{_inert(json.dumps(heading))[:-1]}, "conversations": ['
    for document in documents:
        yield ("" if first else ",\n") + _inert(json.dumps(document))
        sheets.append(sheet_of(document))
        first = False
    yield "]}\n</script>"
    yield f"<style>{_STYLE}</style>\n</head>\n<body>"
    if heading.get("label") == Label.LOCAL_ONLY:
        yield f'<p class="local-only">{escape(LOCAL_ONLY)}</p>'
    yield from _body(sheets)
    yield "<footer>Made on the machine where it was said. Nothing in this file runs or is fetched.</footer>"
    yield "</body>\n</html>"


def _inert(text: str) -> str:
    """JSON that no parser of HTML takes for anything but text."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _shown(text: str) -> str:
    return escape(harmless(text))


def _body(sheets: list[Sheet]) -> Iterator[str]:
    if len(sheets) > 1:
        rows = "".join(
            f'<li><a href="#c{number}">{_title(sheet)}</a></li>'
            for number, sheet in enumerate(sheets)
        )
        yield f'<h1>{len(sheets):,} conversations</h1>\n<ol class="index">{rows}</ol>'
    for number, sheet in enumerate(sheets):
        yield from _Page(sheet, number).lines()


def _title(sheet: Sheet) -> str:
    return escape(one_line(sheet.title, 200) or "Untitled")


class _Page:
    """One conversation: the branch in view, then the others."""

    def __init__(self, sheet: Sheet, number: int) -> None:
        self._sheet = sheet
        self._number = number
        self._anchors = {name: f"c{number}m{n}" for n, name in enumerate(sheet.messages)}
        self._beside: dict[str | None, list[Said]] = {}
        for one in sheet.messages.values():
            if one.by_person:
                self._beside.setdefault(one.parent, []).append(one)

    def lines(self) -> Iterator[str]:
        sheet = self._sheet
        yield f'<section><h1 id="c{self._number}">{_title(sheet)}</h1>'
        yield f'<p class="quiet">begun {escape(moment(sheet.created_at_ms))}</p>'
        if sheet.system:
            yield f'<details><summary>system prompt</summary><div class="text">{_shown(sheet.system)}</div></details>'
        path = sheet.path()
        for message in path:
            yield from self._message(message, "")
        shown = {message.id for message in path}
        others = [one for one in sheet.messages.values() if one.id not in shown]
        if others:
            asked = sum(one.by_person for one in others)
            yield f"<h2>Other branches ({asked:,} {'question' if asked == 1 else 'questions'})</h2>"
        for message in others:
            yield from self._message(message, self._after(message))
        yield "</section>"

    def _after(self, message: Said) -> str:
        """Where a branch goes off, as a link."""
        if not message.by_person:
            return ""
        if message.parent is None:
            return "at the start"
        anchor = self._anchors.get(message.parent, "")
        return f'<a href="#{anchor}">after this</a>' if anchor else ""

    def _message(self, message: Said, after: str) -> Iterator[str]:
        if message.notice:
            yield f'<p class="note">{_shown(message.notice)}</p>'
        kind = "you" if message.by_person else "assistant"
        yield f'<article class="{kind}" id="{self._anchors[message.id]}">'
        ways = " · ".join(filter(None, (escape(speaker(message)), after, self._branches(message))))
        yield f"<h3>{ways}</h3>"
        found = parts(message)
        if found.thought:
            yield f'<details><summary>thought</summary><div class="text">{_shown(found.thought)}</div></details>'
        yield from _images(message)
        yield from _blocks(found.answer)
        if said := ending(message):
            yield f'<p class="note">{escape(said)}</p>'
        if message.summary:
            yield f'<p class="note">Summarised down to here: {_shown(message.summary)}</p>'
        yield "</article>"

    def _branches(self, message: Said) -> str:
        """The branches at a question as links, where there are others beside it."""
        beside = self._beside[message.parent] if message.by_person else []
        if len(beside) < 2:
            return ""
        links = (
            f"<b>{number}</b>"
            if one.id == message.id
            else f'<a href="#{self._anchors[one.id]}">{number}</a>'
            for number, one in enumerate(beside, 1)
        )
        return f"<nav>branch {' '.join(links)}</nav>"


def _images(message: Said) -> Iterator[str]:
    """What a person attached, to be seen; each is a whole file that was looked at by its own bytes."""
    for one in pictures_in(message.text) if message.by_person else ():
        name = escape(one_line(one.name, 200), quote=True)
        source = f"data:{one.media_type};base64,{one.base64}"
        yield f'<figure><figcaption>{name}</figcaption><img src="{source}" alt="{name}"></figure>'


def _blocks(text: str) -> Iterator[str]:
    """Text as it was typed, code blocks with their language."""
    said: list[str] = []
    code: list[str] | None = None
    fence = language = ""
    for line in harmless(text).split("\n"):
        found = _FENCE.match(line)
        if code is None and found:
            yield from _paragraph(said)
            said, code, fence, language = [], [], found[2], found[3].strip()
        elif code is not None and found and _closes(found[2], fence) and not found[3].strip():
            yield _code(code, language)
            code = None
        else:
            (said if code is None else code).append(line)
    yield from _paragraph(said)
    if code is not None:
        yield _code(code, language)


def _closes(fence: str, opened: str) -> bool:
    return fence[0] == opened[0] and len(fence) >= len(opened)


def _paragraph(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield f'<div class="text">{escape(text)}</div>'


def _code(lines: list[str], language: str) -> str:
    name = f"<figcaption>{escape(one_line(language, 40))}</figcaption>" if language else ""
    code = escape("\n".join(lines))
    return f"<figure>{name}<pre><code>{code}</code></pre></figure>"
