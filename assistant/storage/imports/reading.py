"""Finds out by its shape whose export a file is, whatever its name, and reads the conversations in it one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Final

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.storage.imports import chatgpt, claude, llama_server, open_webui
from assistant.storage.imports.archive import MAGIC, members
from assistant.storage.imports.held import in_html, in_markdown
from assistant.storage.imports.stream import JsonStream, Readable
from assistant.storage.imports.values import Source, Table, Talk
from assistant.storage.transfer import FORMAT

_PEEK: Final = 4096


@dataclass(frozen=True, slots=True)
class Trouble:
    """One conversation that cannot be taken in: where it stands, and what is wrong with it."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Ours:
    """A document of this program's own, with the heading of its export."""

    where: str
    heading: Table
    document: object


@dataclass(frozen=True, slots=True)
class Foreign:
    """A conversation of another program."""

    where: str
    talk: Talk


Item = Trouble | Ours | Foreign


_PARSERS: Final[tuple[tuple[Source, Callable[[Table], bool], Callable[[Table], Talk]], ...]] = (
    (Source.CHATGPT, chatgpt.recognises, chatgpt.talk),
    (Source.CLAUDE, claude.recognises, claude.talk),
    (Source.LLAMA_SERVER, llama_server.recognises, llama_server.talk),
    (Source.OPEN_WEBUI, open_webui.recognises, open_webui.talk),
)


def is_lines_of_ours(file: IO[bytes]) -> bool:
    """Whether a file that can be read again from its start is our own JSON lines."""
    first = file.readline(_PEEK)
    file.seek(0)
    return FORMAT.encode() in first and first.lstrip().startswith(b"{") and first.endswith(b"}\n")


def items(file: IO[bytes], forced: Source | None = None) -> Iterator[Item]:
    """The conversations of a file that can be read again from its start, those that are broken as what is wrong with them.

    Raises: UsageError where it is nobody's export that is known here.
    """
    beginning = file.read(_PEEK)
    file.seek(0)
    try:
        if beginning.startswith(MAGIC):
            yield from chain.from_iterable(
                _of_json(member, f"{one_line(name, 80)}: ", forced)
                for name, member in members(file)
            )
        elif (start := beginning.lstrip(b"\xef\xbb\xbf \t\r\n"))[:1] in (b"[", b"{"):
            yield from _of_json(file, "", forced)
        elif start[:9].lower() == b"<!doctype":
            in_html(file)
            yield from _of_json(file, "", Source.OURS)
        else:
            for number, document in enumerate(in_markdown(file), 1):
                yield Ours(f"conversation {number}", {}, document)
    except ValueError as error:
        raise UsageError(f"the import: {error}", "what came before it was taken in") from error


def _of_json(file: Readable, prefix: str, forced: Source | None) -> Iterator[Item]:
    stream = JsonStream(file)
    values = stream.values()
    first = next(values, None)
    if isinstance(first, dict) and first.get("format") == FORMAT and not stream.heading:
        stream.heading = first
    elif isinstance(first, dict) and llama_server.opens(first):
        tables = (one for one in chain([first], values) if isinstance(one, dict))
        values = iter(llama_server.sessions(tables))
    elif first is not None:
        values = chain([first], values)
    for number, value in enumerate(values, 1):
        where = f"{prefix}conversation {number}"
        if stream.heading.get("format") == FORMAT:
            yield Ours(where, stream.heading, value)
        else:
            yield _item(value, where, forced)


def _item(value: object, where: str, forced: Source | None) -> Item:
    if not isinstance(value, dict):
        return Trouble(where, "it is not an object")
    for source, recognises, parse in _PARSERS:
        if source is forced or (forced is None and recognises(value)):
            return _parsed(value, where, parse)
    return Trouble(where, "its shape is not that of any export that is known here")


def _parsed(value: Table, where: str, parse: Callable[[Table], Talk]) -> Item:
    try:
        return Foreign(where, parse(value))
    except ValueError as error:
        return Trouble(where, str(error))
    except RecursionError:
        return Trouble(where, "its values are nested too deeply")
