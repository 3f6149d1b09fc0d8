"""`assistant history`: what was said, as facts on stdout; out to a file, and in from one."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless, one_line

if TYPE_CHECKING:
    from assistant.storage.journal import SqliteJournal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `history` to the grammar."""
    parser = commands.add_parser(
        "history",
        help="list, search, export and import conversations",
        description="What was said. Facts go to stdout, everything else to stderr.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the conversations, the newest first")
    listing.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N")
    searching = actions.add_parser(
        "search",
        help="messages that hold all the words",
        description="Titles, then messages, the newest first. A phrase stands in quotes of its own: '\"in order\"'. "
        "What begins with a dash goes behind a lone --.",
    )
    searching.add_argument(
        "words", nargs="+", metavar="WORD", help="the last one may be a beginning"
    )
    searching.add_argument("--route", default="", metavar="ID", help="what this route answered")
    searching.add_argument("--since", default="", metavar="D", help="from this day on")
    searching.add_argument("--until", default="", metavar="D", help="to this day, included")
    searching.add_argument("--label", default="", help="public, normal or local-only")
    searching.add_argument("--limit", type=_count, default=20, metavar="N", help="at most N")
    for action in (listing, searching):
        action.add_argument("--json", action="store_true", help="print one list of objects")
    exporting = actions.add_parser("export", help="all of it as JSON lines, or as Markdown to read")
    exporting.add_argument("conversations", nargs="*", metavar="ID", help="only these")
    exporting.add_argument("--markdown", action="store_true", help="Markdown, as it was last shown")
    importing = actions.add_parser("import", help="take in what `history export` wrote")
    importing.add_argument("file", help="the file; - reads stdin")
    for action, run in (
        (listing, _list),
        (searching, _search),
        (exporting, _export),
        (importing, _import),
    ):
        action.set_defaults(run=run)


def _list(args: argparse.Namespace) -> int:
    from assistant.storage.markdown import moment

    with _journal() as journal:
        found = journal.conversations(args.limit)
    if args.json:
        keys = ("id", "title", "created_at_ms", "updated_at_ms", "messages", "head")
        print(json.dumps([{key: getattr(c, key) for key in keys} for c in found], indent=2))
        return 0
    for c in found:
        print(f"{c.id}  {moment(c.updated_at_ms)}  {c.messages:>5}  {one_line(c.title, 60)}")
    return 0


def _search(args: argparse.Namespace) -> int:
    from assistant.commands.hits import print_hits
    from assistant.domain.search_line import FILTERS, filtered
    from assistant.ports.chats import Wanted
    from assistant.storage.search import SqliteFinder

    line = filtered(" ".join(args.words), {name: getattr(args, name) for name in FILTERS})
    wanted = Wanted(line.words, line.route, line.since_ms, line.until_ms, line.label)
    with _journal() as journal:
        hits = SqliteFinder(journal.database).find(wanted, args.limit)
    print_hits(hits, as_json=args.json)
    return 0


def _export(args: argparse.Namespace) -> int:
    from assistant.storage.transfer import export_lines

    with _journal() as journal:
        if args.markdown:
            for line in _markdown(journal, args.conversations):
                print(line)
            return 0
        for line in export_lines(journal.database, args.conversations):
            print(line)
    return 0


def _markdown(journal: "SqliteJournal", wanted: list[str]) -> Iterator[str]:
    from assistant.storage.markdown import conversation_lines

    every = wanted or [c.id for c in reversed(journal.conversations(limit=-1))]
    for name in every:
        summary = journal.conversation(name)
        if summary is None:
            raise UsageError(f"there is no conversation {name!r}", "assistant history list")
        yield from conversation_lines(journal, summary)


def _import(args: argparse.Namespace) -> int:
    from assistant.domain.consent import Moment
    from assistant.machine.clock import SystemClock
    from assistant.storage.transfer import Notes, import_lines

    clock = SystemClock()

    def now() -> Moment:
        return Moment(clock.now_ms(), clock.monotonic_ms(), clock.boot)

    with _journal() as journal:
        notes = Notes(journal.audit, now)
        if args.file == "-":
            brought = import_lines(journal.database, sys.stdin.buffer, notes)
        else:
            try:
                with Path(args.file).open("rb") as file:
                    brought = import_lines(journal.database, file, notes)
            except OSError as error:
                raise UsageError(f"{args.file} cannot be read: {error.strerror}") from error
    print(
        f"{brought.conversations} new conversations, {brought.turns} new turns; "
        f"{brought.skipped} turns were here already",
        file=sys.stderr,
    )
    return 0


@contextmanager
def _journal() -> "Iterator[SqliteJournal]":
    """The journal, and where the keys of its audit are: none of this needs an engine."""
    from assistant.machine.clock import SystemClock
    from assistant.storage import paths
    from assistant.storage.instances import Instance
    from assistant.storage.journal import open_journal
    from assistant.wiring.keys import KeyRoom

    clock, places = SystemClock(), paths.find()
    paths.make(places)
    instance = Instance(places.instances, clock.new_id())
    try:
        opened = open_journal(places.journal_file, instance, clock.now_ms(), KeyRoom(places).audit)
        if not opened.journal.writable:
            print(harmless(opened.journal.why_not_writable), file=sys.stderr)
        try:
            yield opened.journal
        finally:
            opened.journal.close()
    finally:
        instance.release()


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError("must be from 1 to 1,000,000")
    return value
