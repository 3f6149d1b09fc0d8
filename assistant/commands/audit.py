"""`assistant audit`: what ever left, and whether the record of it is whole."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.talk import agreed, asked, at_terminal, hidden, say, show
from assistant.domain.errors import CorruptError, RefusedError, UsageError
from assistant.domain.hygiene import harmless

if TYPE_CHECKING:
    from assistant.domain.audit import Record, Verification
    from assistant.domain.audit_entries import OutboxLine
    from assistant.wiring.cloud import CloudRoom

ORIGIN = "assistant"
"""The name that a checkpoint gives to this audit."""

WORD = "kept"
"""What has to be typed before the recovery code goes from here."""

BEGIN = "begin"
"""What has to be typed before a new record takes the place of one that is gone."""

_MOST_BYTES = 10_000


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `audit` to the grammar."""
    parser = commands.add_parser(
        "audit",
        help="what ever left this machine, and whether its record is whole",
        description="Every permit, refusal and consent is on record, without a word of any text. The record is tamper-evident: "
        "who changes it can be found out, by the means that `verify` names.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one object")
    verify = actions.add_parser(
        "verify", parents=[shared], help="read every record and say what is wrong"
    )
    verify.add_argument(
        "--code-stdin", action="store_true", help="read the recovery code from stdin"
    )
    verify.add_argument(
        "--checkpoint", metavar="FILE", type=Path, help="hold it against this one, kept elsewhere"
    )
    anchor = actions.add_parser(
        "anchor", help="write a checkpoint to keep elsewhere: in git, in a mail, on paper"
    )
    anchor.add_argument("--out", metavar="FILE", type=Path, help="write it there")
    export = actions.add_parser("export", help="every record as JSON lines")
    outbox = actions.add_parser(
        "outbox", parents=[shared], help="all that ever left, the newest first"
    )
    outbox.add_argument("--limit", type=_count, default=50, metavar="N", help="at most N")
    code = actions.add_parser("code", help="take the recovery code: it is shown once")
    restore = actions.add_parser(
        "restore", help="give the audit its keys back from the recovery code, where they were lost"
    )
    restore.add_argument(
        "--code-stdin", action="store_true", help="read the recovery code from stdin"
    )
    again = actions.add_parser(
        "begin", help="begin a new record where the one before is gone with its file"
    )
    again.add_argument(
        f"--yes-i-{BEGIN}", action="store_true", help="do not ask; for where there is no terminal"
    )
    for action, act in (
        (verify, _verify),
        (anchor, _anchor),
        (export, _export),
        (outbox, _outbox),
        (code, _code),
        (restore, _restore),
        (again, _begin),
    ):
        action.set_defaults(act=act)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Does what was asked and returns the exit code of design §4."""
    from assistant.wiring.cloud import open_cloud

    with open_cloud() as room:
        for warning in room.warnings:
            say(warning)
        return int(args.act(args, room))


def _verify(args: argparse.Namespace, room: "CloudRoom") -> int:
    code = _given_code() if args.code_stdin else None
    checkpoint = None if args.checkpoint is None else _read(args.checkpoint)
    papers = room.papers
    if code is None and at_terminal() and room.audit.head().count and not papers.recovery_code():
        code = hidden("recovery code: ")
    found = papers.verify(room.border().now, code, checkpoint)
    if args.json:
        show(_verification(found))
    else:
        for line in verification_lines(found):
            print(harmless(line))
    return 0 if found.whole else CorruptError.exit_code


def _verification(found: "Verification") -> dict[str, object]:
    return {
        "whole": found.whole,
        "records": found.count,
        "head": found.head.hex(),
        "after_anchor": found.after_anchor,
        "findings": [
            {"fault": one.fault.value, "record": one.position or None, "text": one.text}
            for one in found.findings
        ],
        "limits": list(found.limits),
    }


def verification_lines(found: "Verification") -> Iterator[str]:
    """What was found, and what could not have been."""
    for one in found.findings:
        yield f"wrong   {one.text} ({one.fault.value})"
    if found.whole:
        yield f"whole   {found.count} records, head {found.head.hex()[:10]}"
    else:
        yield f"        {found.count} records were read; {len(found.findings)} findings"
    if found.after_anchor:
        yield f"        {found.after_anchor} of them are newer than the anchor"
    for limit in found.limits:
        yield f"limit   {limit}"


def _anchor(args: argparse.Namespace, room: "CloudRoom") -> int:
    text = room.papers.checkpoint(ORIGIN, room.border().now)
    if args.out is None:
        print(text, end="")
    else:
        from assistant.storage import atomic

        atomic.write(args.out, text.encode())
        say(f"the checkpoint is in {args.out}")
    say("keep it where this machine cannot write; later: assistant audit verify --checkpoint FILE")
    return 0


def _export(_args: argparse.Namespace, room: "CloudRoom") -> int:
    from assistant.storage.audit import records

    with room.audit.database.read() as db:
        for record in records(db):
            print(json.dumps(_record(record)))
    return 0


def _record(record: "Record") -> dict[str, object]:
    """A row as it is stored; a body that is no JSON any more is shown as it is."""
    try:
        body: object = json.loads(record.body)
    except ValueError:
        body = record.body.decode("utf-8", "replace")
    return {
        "seq": record.seq,
        "epoch": record.epoch,
        "prev": record.prev.hex(),
        "body": body,
        "mac": record.mac.hex(),
    }


def _outbox(args: argparse.Namespace, room: "CloudRoom") -> int:
    lines = room.audit.lines(args.limit)
    if args.json:
        show({"outbox": [_sent(line) for line in lines]})
        return 0
    for line in lines:
        print(harmless(_sent_line(line)))
    if not lines:
        say("nothing has ever left this machine, as far as this journal knows")
    return 0


def _sent(line: "OutboxLine") -> dict[str, object]:
    permit, ended = line.permit, line.ended
    cost = None if ended is None or ended.cost is None else str(ended.cost)
    return {
        "seq": line.seq,
        "at_ms": line.at.wall_ms,
        "what": line.words,
        "route": permit.route,
        "model": permit.model,
        "host": permit.host,
        "ip": (ended.ip or None) if ended else None,
        "said": {
            "model": (ended.said_model or None) if ended else None,
            "provider": (ended.said_provider or None) if ended else None,
            "geo": (ended.said_geo or None) if ended else None,
        },
        "composed_bytes": permit.sent_bytes,
        "sent_bytes": ended.sent_bytes if ended else None,
        "received_bytes": ended.received_bytes if ended else None,
        "label": permit.label,
        "grant": permit.grant or None,
        "rule": permit.rule,
        "conversation": permit.conversation,
        "turn": permit.turn,
        "permit": permit.permit,
        "input_tokens": ended.input_tokens if ended else None,
        "output_tokens": ended.output_tokens if ended else None,
        "cost": cost,
        "currency": (ended.currency or None) if ended else None,
    }


def _sent_line(line: "OutboxLine") -> str:
    from assistant.storage.markdown import moment

    permit, ended = line.permit, line.ended
    size = permit.sent_bytes if ended is None or ended.sent_bytes is None else ended.sent_bytes
    under = f"grant {permit.grant[-6:]}" if permit.grant else "no grant needed"
    said = f"; the reply says {line.said}" if line.said else ""
    return (
        f"{moment(line.at.wall_ms)}  {line.words:15} {permit.route} · {permit.model} at {permit.host}: "
        f"{size:,} bytes, {permit.label} text, {under}{said}"
    )


def _code(_args: argparse.Namespace, room: "CloudRoom") -> int:
    code = room.papers.recovery_code()
    if code is None:
        raise UsageError(
            "there is no recovery code to take", "it was taken, or nothing was put on record yet"
        )
    # Shown before it is taken: a terminal or a pipe that fails must not have cost it.
    print(code)
    sys.stdout.flush()
    say("This is the first key of the audit. Keep it on paper, away from this machine.")
    say("It proves the record with: assistant audit verify. Once it is taken, nobody who gets into")
    say("this machine can write the records so far anew; and without it nobody can verify them.")
    if at_terminal() and asked(f"Type {WORD} to take it away from here: ") != WORD:
        say("it is still kept here; take it another time")
        return 0
    room.papers.take_recovery_code(room.border().now)
    say("it is no longer kept here; every grant has lapsed, and you are asked again")
    return 0


def _restore(args: argparse.Namespace, room: "CloudRoom") -> int:
    if not args.code_stdin and not at_terminal():
        raise UsageError("the recovery code is needed", "--code-stdin")
    code = _given_code() if args.code_stdin else hidden("recovery code: ")
    found = room.papers.restore(code)
    print(f"the keys of the audit are back: {found.count} records, head {found.head.hex()[:10]}")
    return 0


def _begin(args: argparse.Namespace, room: "CloudRoom") -> int:
    say(
        "A new record takes the place of the one that is gone; its first entry says what was known of that."
    )
    if not args.yes_i_begin and not agreed(BEGIN, f"Type {BEGIN}: "):
        say("nothing was changed")
        return RefusedError.exit_code
    room.papers.start_over(room.border().now)
    print("a new record has begun; take its recovery code: assistant audit code")
    return 0


def _given_code() -> str:
    return sys.stdin.read(_MOST_BYTES).strip()


def _read(file: Path) -> str:
    from assistant.storage.regular import open_file

    try:
        with open_file(file) as opened:
            return opened.read(_MOST_BYTES).decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no checkpoint: it is not UTF-8") from error


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError("must be from 1 to 1,000,000")
    return value
