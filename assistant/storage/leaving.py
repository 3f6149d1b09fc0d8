"""Puts on record what leaves this machine: the event, its entry in the audit and what the grant gave, in one commit or not at all."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from assistant.domain.audit_entries import Note, Noted, PermitMinted, SendDenied
from assistant.domain.budget import Scope
from assistant.domain.budget import gaps as budget_gaps
from assistant.domain.consent import Grant, Moment, Reserved, State
from assistant.domain.coverage import LAPSING, SendRequest, gaps
from assistant.domain.decisions import Reason
from assistant.domain.errors import CorruptError, RefusedError, StorageError
from assistant.domain.events import Decided, Declassified, PermitOver, Permitted
from assistant.domain.leave import Denied, Ended, Leave
from assistant.domain.places import Place
from assistant.storage import consent_notes, consent_rows, folds, leaving_row, outlay
from assistant.storage.audit import changes, is_open, is_permit
from assistant.storage.audit_desk import AuditDesk
from assistant.storage.consent_rows import Consent

Leaving = Permitted | PermitOver | Decided | Declassified
"""The events that are told to the audit."""


class _GapsError(RefusedError):
    """The grant does not cover the send any more."""

    def __init__(self, reasons: Sequence[Reason], lapsed: Grant | None = None) -> None:
        """`lapsed` is the grant where it counts as none from now on."""
        super().__init__(
            "; ".join(reason.text for reason in reasons), "ask again, or choose a local route"
        )
        self.codes = tuple(reason.code for reason in reasons)
        self.lapsed = lapsed


def append(desk: AuditDesk, event: Leaving) -> None:
    """Commits `event` with its entry.

    Raises: RefusedError where a grant does not cover the send any more, which is recorded; StorageError, also where the audit
    takes no record of what may leave. Nothing of the event is then in the file.
    """
    match event:
        case Permitted(leave=Leave() as leave):
            _permit(desk, event, leave)
        case PermitOver():
            _end(desk, event)
        case Declassified():
            _declassify(desk, event)
        case _:
            _record_denied(desk, event)


def _permit(desk: AuditDesk, event: Permitted, leave: Leave) -> None:
    _require_match(event, leave)
    desk.open()
    try:
        with desk.database.write() as db:
            leave = _held(leave, desk.moment(leave.at))
            folds.record(db, event)
            _require_grant(db, desk, event.turn, leave)
            _require_budgets(db, leave)
            if is_permit(db, event.permit):
                raise _unfit("a permit is minted once")
            for note in changes(db, leave.entry):
                desk.append(db, note, leave.at)
            mac = desk.payload_mac(db, leave.payload)
            desk.append(db, replace(leave.entry, payload_mac=mac), leave.at)
            if leave.reserved is not None:
                consent_rows.add_event(db, leave.reserved)
            outlay.reserve(db, leave)
    except _GapsError as refused:
        # The refusal stands, whether or not it can be recorded.
        with suppress(StorageError):
            _deny(desk, _denied(leave.entry, refused.codes), leave.at, refused.lapsed)
        raise


def _held(leave: Leave, at: Moment) -> Leave:
    """`leave` as it is at `at`, when nobody else can write."""
    reserved = None if leave.reserved is None else replace(leave.reserved, at=at)
    return replace(leave, at=at, reserved=reserved)


def _require_match(event: Permitted, leave: Leave) -> None:
    """All parts speak of one send. Raises: StorageError."""
    entry, request, reserved = leave.entry, leave.request, leave.reserved
    digest = hashlib.sha256(leave.payload).hexdigest()
    if (entry.permit, entry.turn, digest) != (event.permit, event.turn, event.digest):
        raise _unfit("the permit, its record and its bytes are not of one send")
    _require_bound(leave)
    if request is None or reserved is None:
        if request is not None or reserved is not None or entry.grant:
            raise _unfit("a grant and what it is asked for belong together")
        return
    if not _is_of(entry, request, reserved) or request.sheet != digest:
        raise _unfit("the request, its record and its reservation are not of one send")


def _require_bound(leave: Leave) -> None:
    """What is held against the budgets is what is recorded, and they are those of this send. Raises: StorageError."""
    entry, bound = leave.entry, leave.bound
    recorded = outlay.bound_of(replace(leave, bound=None))
    if None not in (bound, recorded) and bound != recorded:
        raise _unfit("the bound and the record are not of one send")
    for budget in leave.budgets:
        of = entry.conversation if budget.scope is Scope.CONVERSATION else ""
        if budget.conversation != of:
            raise _unfit("the budgets and the record are not of one send")


def _is_of(entry: PermitMinted, request: SendRequest, reserved: Reserved) -> bool:
    asked = (request.route, request.fingerprint, request.conversation, request.label)
    recorded = (entry.route, entry.fingerprint, entry.conversation, entry.label)
    taken = (reserved.grant, reserved.permit, reserved.tokens, reserved.cost)
    return asked == recorded and taken == (
        entry.grant,
        entry.permit,
        request.tokens,
        request.cost,
    )


def _require_grant(db: sqlite3.Connection, desk: AuditDesk, turn: str, leave: Leave) -> None:
    """Looks once more, now that nobody else can write. Raises: RefusedError where the send is not covered."""
    if desk.halted or leaving_row.is_offline(db):
        raise _GapsError((Reason("offline", "everything is offline until you lift it"),))
    if leave.request is None:
        if folds.decided_place(db, turn) is Place.CLOUD:
            raise _GapsError((Reason("no_grant", "nothing goes to the cloud without a grant"),))
        return
    grant = leave.entry.grant
    try:
        consent = consent_rows.read(db, grant)
    except CorruptError as error:
        raise _GapsError((Reason("grant_unreadable", error.message),)) from error
    if consent is None:
        raise _GapsError((Reason("no_grant", f"there is no consent {grant}"),))
    latest = leaving_row.latest(db)
    seen = () if latest is None else (latest,)
    untrue = _untrue(db, desk, consent)
    missing = gaps(consent.grant, consent.standing, leave.request, leave.at, seen)
    if missing or untrue:
        lapsed = bool(untrue) or not LAPSING.isdisjoint(reason.code for reason in missing)
        given = consent.standing.state is State.GIVEN
        raise _GapsError((*untrue, *missing), consent.grant if lapsed and given else None)


def _untrue(db: sqlite3.Connection, desk: AuditDesk, consent: Consent) -> tuple[Reason, ...]:
    """In what a given consent is not the one that the audit notes; its key is at hand here."""
    if consent.standing.state is not State.GIVEN:
        return ()
    prove = partial(desk.opened(db).proves, db)
    found = (
        consent_notes.objection(db, consent, prove),
        consent_notes.account_objection(db, consent),
    )
    return tuple(reason for reason in found if reason is not None)


def _require_budgets(db: sqlite3.Connection, leave: Leave) -> None:
    """Holds the send against each budget, after all that other programs spent. Raises: RefusedError where one does not let it pass."""
    bound = outlay.bound_of(leave)
    missing: list[Reason] = []
    for budget in leave.budgets:
        spent = outlay.outlay(db, budget.since, budget.conversation)
        missing += budget_gaps(budget, spent, bound)
    if missing:
        raise _GapsError(missing)


def _denied(entry: PermitMinted, codes: tuple[str, ...]) -> SendDenied:
    return SendDenied(
        turn=entry.turn,
        conversation=entry.conversation,
        decision=entry.decision,
        rule=entry.rule,
        reasons=codes,
        rules=entry.rules,
        registry=entry.registry,
        route=entry.route,
        grant=entry.grant,
        label=entry.label,
        messages=entry.messages,
    )


def _end(desk: AuditDesk, event: PermitOver) -> None:
    ended: Ended = event.ended
    settled = ended.settled
    if ended.entry.permit != event.permit or (settled and settled.permit != event.permit):
        raise _unfit("the permit and its end are not of one send")
    if settled and not consent_notes.agrees(settled, ended.entry):
        raise _unfit("the audit and the account of the grant are told different things")
    desk.open()
    with desk.database.write() as db:
        if not is_open(db, event.permit):
            raise _unfit("a permit ends once, and after it was minted")
        at = desk.moment(ended.at)
        folds.record(db, event)
        if ended.keyed:
            desk.append(db, Noted(Note.KEY_USED, event.permit), at)
        desk.append(db, ended.entry, at)
        if settled is not None:
            consent_rows.add_event(db, replace(settled, at=at))
        outlay.settle(db, ended)
    desk.anchor_soon()


def _record_denied(desk: AuditDesk, event: Decided | Permitted) -> None:
    denied = event.denied if isinstance(event, Decided) else None
    if denied is None:
        raise _unfit("it says nothing that the audit keeps")
    _try_to_open(desk)
    with desk.database.write() as db:
        folds.record(db, event)
        # Nothing leaves: the person is told why, also where the audit is out of order.
        _say_denied(db, desk, denied.entry, desk.moment(denied.at))


def deny(desk: AuditDesk, denied: Denied) -> None:
    """Puts a refusal on record that was given before there was a turn. Raises: StorageError where nothing can be written."""
    _try_to_open(desk)
    _deny(desk, denied.entry, denied.at, None)


def _deny(desk: AuditDesk, entry: SendDenied, at: Moment, lapsed: Grant | None) -> None:
    with desk.database.write() as db:
        at = desk.moment(at)
        _say_denied(db, desk, entry, at)
        if lapsed is not None:
            consent_notes.lapse(db, desk, lapsed, at)


def _say_denied(db: sqlite3.Connection, desk: AuditDesk, entry: SendDenied, at: Moment) -> None:
    for note in changes(db, entry):
        desk.try_append(db, note, at)
    desk.try_append(db, entry, at)


def _try_to_open(desk: AuditDesk) -> None:
    with suppress(StorageError):
        desk.open()


def _declassify(desk: AuditDesk, event: Declassified) -> None:
    desk.open()
    with desk.database.write() as db:
        folds.record(db, event)
        # The event tells only the time of day; a run of the machine without a name compares with none.
        note_declassified(db, desk, event, Moment(event.at_ms, 0.0, ""))


def note_declassified(
    db: sqlite3.Connection, desk: AuditDesk, event: Declassified, at: Moment
) -> None:
    """Puts on record, in the caller's transaction, that a message was let go further. Raises: as `AuditDesk.append`."""
    reason = desk.payload_mac(db, event.reason.encode(errors="replace"))
    noted = Noted(Note.DECLASSIFIED, event.message, reason, len(event.copies))
    desk.append(db, noted, at)


def _unfit(why: str) -> StorageError:
    return StorageError(
        f"what leaves cannot be recorded: {why}", "this is a fault of the program; nothing was sent"
    )
