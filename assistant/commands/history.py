"""`assistant history`: what was said, as facts on stdout; out to a file, and in from one."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.storage.journal import SqliteJournal
LOCAL_ONLY = "it holds local-only messages: they are not to leave this machine (--label normal leaves them out)"
"""What is said on stderr of an export that does."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `history` to the grammar."""
    parser = commands.add_parser(
        "history",
        help="list, search, export and import conversations",
        description="What was said. Facts go to stdout, everything else to stderr.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="the conversations: pinned ones, then the newest first"
    )
    listing.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N")
    listing.add_argument("--archived", action="store_true", help="those in the archive")
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
    exporting = actions.add_parser("export", help="conversations as JSON, Markdown or HTML")
    exporting.add_argument("conversations", nargs="*", metavar="ID", help="only these")
    forms = exporting.add_mutually_exclusive_group()
    forms.add_argument(
        "--format",
        choices=("jsonl", "json", "markdown", "html"),
        default="jsonl",
        help="Markdown has the branch in view, the others have all (default: jsonl)",
    )
    forms.add_argument(
        "--markdown", dest="format", action="store_const", const="markdown", help="the same"
    )
    exporting.add_argument("--output", metavar="FILE", type=Path, help="a new file; else stdout")
    exporting.add_argument(
        "--label",
        choices=[label.value for label in Label],
        default=Label.LOCAL_ONLY.value,
        help="leave out what has a stricter label",
    )
    importing = actions.add_parser(
        "import", help="take in an export: ours, ChatGPT's, Claude's, Open WebUI's, llama-server's"
    )
    importing.add_argument(
        "file", help="JSON, JSON lines, zip, our HTML or Markdown; - reads stdin"
    )
    importing.add_argument(
        "--format",
        choices=("assistant", "chatgpt", "claude", "open-webui", "llama-server"),
        help="whose export it is (default: what its shape says)",
    )
    importing.add_argument(
        "--label",
        choices=[label.value for label in Label],
        help="for all that comes; ours never gets milder (default: local-only, ours as it was)",
    )
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
        found = journal.conversations(args.limit, archived=args.archived)
    if args.json:
        keys = ("id", "title", "created_at_ms", "updated_at_ms", "messages", "head", "pinned")
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
    from assistant.storage import exports, transfer

    form, most = exports.Form(args.format), Label(args.label)
    with _journal() as journal:
        wanted = transfer.chosen(journal.database, args.conversations)
        written = exports.lines(journal.database, wanted, form, most)
        if exports.holds(journal.database, wanted, most) is Label.LOCAL_ONLY:
            print(LOCAL_ONLY, file=sys.stderr)
        if args.output is not None:
            exports.keep(args.output, written)
            print(harmless(f"written to {args.output}"), file=sys.stderr)
            return 0
        for line in written:
            print(line)
    return 0


def _import(args: argparse.Namespace) -> int:
    from assistant.domain.consent import Moment
    from assistant.machine.clock import SystemClock
    from assistant.storage.imports.bringing import bring_in, told
    from assistant.storage.imports.values import Source
    from assistant.storage.taking_in import Notes

    clock = SystemClock()

    def now() -> Moment:
        return Moment(clock.now_ms(), clock.monotonic_ms(), clock.boot)

    label = None if args.label is None else Label(args.label)
    forced = None if args.format is None else Source(args.format)
    with _journal() as journal, _readable(args.file) as file:
        notes = Notes(journal.audit, now)
        brought = bring_in(journal.database, file, notes, label, forced, _progress)
    for line in told(brought):
        print(harmless(line), file=sys.stderr)
    return UsageError.exit_code if brought.troubles else 0


def _progress(done: int) -> None:
    """A large import takes minutes: on a terminal it says how far it is."""
    if done % 50 == 0 and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{done:,} conversations\r")
        sys.stderr.flush()


@contextmanager
def _readable(name: str) -> "Iterator[IO[bytes]]":
    """The file; what comes from stdin is put by first, since it may have to be read twice."""
    import shutil
    import tempfile

    from assistant.storage.regular import open_file

    try:
        if name != "-":
            with open_file(Path(name)) as file:
                yield file
            return
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            kept.seek(0)
            yield kept
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error


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
