"""The record of a consent as JSON, with the fields of ISO/IEC TS 27560; what cannot be read back whole is no consent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from assistant.domain.consent import (
    Actor,
    ConsentEvent,
    Extent,
    Grant,
    Limits,
    Moment,
    Notice,
    Principal,
    Reach,
    Reserved,
    Settled,
    State,
    Stated,
)
from assistant.domain.errors import UsageError
from assistant.domain.fields import Fields
from assistant.domain.residency import Evidence, RouteFacts, Unknown, facts_from_json
from assistant.domain.sensitivity import Label

SCHEMA: Final = "consent/1"

Json = dict[str, object]


def record_json(grant: Grant, events: Sequence[ConsentEvent]) -> Json:
    """The whole record: what was asked, of whom, about whom, and every event of this grant."""
    facts = grant.facts.to_json()
    return {
        "schema": SCHEMA,
        "id": grant.id,
        "receipt_code": grant.receipt_code,
        "principal": {"uid": grant.principal.uid, "install": grant.principal.install},
        "notice": {
            "text_sha256": grant.notice.text_sha256,
            "locale": grant.notice.locale,
            "app_version": grant.notice.app_version,
        },
        "purpose": grant.purpose,
        "data": _data(grant.reach),
        "recipient": _recipient(grant, facts),
        "route_fingerprint": grant.fingerprint,
        "processing": {"countries": facts["processing"], "basis": _basis(grant.facts)},
        "storage": {
            "countries": facts["storage"],
            "retention_days": facts["retention_days"],
            "training": _word(grant.facts.training),
        },
        "limits": _limits(grant.limits),
        "fallback": grant.fallback,
        "withdrawal": f"key R / `assistant consent revoke {grant.receipt_code}`",
        "facts": facts,
        "events": [event_json(event) for event in events if event.grant == grant.id],
    }


def shared_json(grant: Grant, events: Sequence[ConsentEvent]) -> Json:
    """The record as it may be given away: without the digests of what was shown, from which a short text could be guessed."""
    record = record_json(grant, events)
    notice = {"locale": grant.notice.locale, "app_version": grant.notice.app_version}
    mine = (event_json(event) for event in events if event.grant == grant.id)
    told = [{name: one[name] for name in one if name != "sheet_sha256"} for one in mine]
    return record | {"notice": notice, "events": told}


def read_record(data: object) -> tuple[Grant, tuple[ConsentEvent, ...]]:
    """The grant and the events that `record_json` wrote.

    Raises: ValueError for anything else, also where one field says otherwise than another: such a record is no consent.
    """
    try:
        fields = Fields(data)
        grant = _grant(fields)
        events = tuple(_event(one) for one in fields.children("events"))
    except UsageError as error:
        raise ValueError(error.message) from error
    if record_json(grant, events) != data:
        raise ValueError("the record contradicts itself, or holds what no record has")
    return grant, events


def event_json(event: ConsentEvent) -> Json:
    """One event, as a line of the record."""
    head: Json = {
        "grant": event.grant,
        "at_ms": event.at.wall_ms,
        "monotonic_ms": event.at.monotonic_ms,
        "boot": event.at.boot,
    }
    if isinstance(event, Stated):
        body: Json = {
            "kind": "stated",
            "state": event.state.value,
            "actor": event.actor.value,
            "how": event.how,
            "sheet_sha256": event.sheet,
            "audit_seq": event.audit_seq,
        }
    elif isinstance(event, Reserved):
        body = {
            "kind": "reserved",
            "permit": event.permit,
            "sent_bytes": event.sent_bytes,
            "tokens": event.tokens,
            "cost": _money(event.cost),
        }
    else:
        body = {
            "kind": "settled",
            "permit": event.permit,
            "tokens": event.tokens,
            "cost": _money(event.cost),
        }
        # Records of older versions do not have it, and each is read back as it was written.
        body |= {} if event.sent_bytes is None else {"sent_bytes": event.sent_bytes}
    return head | body


def read_event(data: object) -> ConsentEvent:
    """The event that `event_json` wrote. Raises: ValueError."""
    try:
        return _event(Fields(data, "event"))
    except UsageError as error:
        raise ValueError(error.message) from error


def digest(grant: Grant, stated: Stated) -> str:
    """SHA-256 in hex of all that was asked, and of what was said of it: what the audit notes of each word.

    What went through the grant is not in it: the audit has that in its permits.
    """
    import hashlib

    whole = record_json(grant, (replace(stated, audit_seq=None),))
    canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _data(reach: Reach) -> Json:
    return {
        "label_at_most": reach.ceiling.value,
        "categories": list(reach.categories),
        "extent": reach.extent.value,
        "conversation_id": reach.conversation,
        "message_id": reach.message or None,
    }


def _recipient(grant: Grant, facts: Mapping[str, object]) -> Json:
    return {
        "route_id": grant.facts.route,
        "model": grant.model,
        "operator": grant.facts.operator,
        "operator_law": facts["operator_law"],
        "subprocessors_url": None,
        "terms_url": grant.facts.source,
        "terms_seen_on": facts["seen_on"],
    }


def _limits(limits: Limits) -> Json:
    return {
        "not_before_ms": limits.not_before_ms,
        "not_after_ms": limits.not_after_ms,
        "idle_days": limits.idle_days,
        "session": limits.session or None,
        "max_requests": limits.max_requests,
        "max_tokens": limits.max_tokens,
        "max_cost": _money(limits.max_cost),
        "currency": limits.currency or None,
    }


def _basis(facts: RouteFacts) -> str:
    """On what the place rests; a contract is nothing that this program ever sees."""
    said = facts.filled_in
    # Who filled in another fact put their name to that one; the place then rests on what it did before.
    others = said is not None and "processing" not in said.facts
    if facts.self_declared and not (others and facts.evidence is not Evidence.B):
        return "self-declared"
    return "none" if facts.evidence in (Evidence.D, Evidence.U) else "doc"


def _word(answer: bool | Unknown) -> str:
    if isinstance(answer, Unknown):
        return answer.value
    return "yes" if answer else "no"


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _grant(fields: Fields) -> Grant:
    if fields.text("schema") != SCHEMA:
        raise fields.wrong("schema", SCHEMA)
    principal, notice = fields.child("principal"), fields.child("notice")
    return Grant(
        id=fields.name("id"),
        principal=Principal(principal.whole("uid"), principal.text("install")),
        notice=Notice(
            notice.text("text_sha256"), notice.text("locale"), notice.text("app_version")
        ),
        reach=_reach(fields.child("data")),
        limits=_read_limits(fields.child("limits")),
        facts=facts_from_json(fields.value("facts")),
        model=fields.child("recipient").text("model"),
        fingerprint=fields.text("route_fingerprint"),
        purpose=fields.text("purpose"),
        fallback=fields.flag("fallback"),
    )


def _reach(fields: Fields) -> Reach:
    extent, message = fields.choice("extent", Extent), fields.maybe_text("message_id")
    if (extent is Extent.MESSAGE) != bool(message):
        raise fields.wrong("extent", "that of its message_id")
    categories = fields.value("categories")
    if not isinstance(categories, list) or not all(isinstance(c, str) for c in categories):
        raise fields.wrong("categories", "a list of texts")
    return Reach(
        fields.choice("label_at_most", Label),
        fields.name("conversation_id"),
        message or "",
        tuple(categories),
    )


def _read_limits(fields: Fields) -> Limits:
    return Limits(
        not_before_ms=fields.whole("not_before_ms"),
        not_after_ms=fields.whole("not_after_ms"),
        max_requests=fields.whole("max_requests"),
        max_tokens=fields.maybe_whole("max_tokens"),
        max_cost=fields.maybe_money("max_cost"),
        currency=fields.maybe_text("currency") or "",
        idle_days=fields.whole("idle_days"),
        session=fields.maybe_text("session") or "",
    )


def _event(fields: Fields) -> ConsentEvent:
    grant, kind = fields.name("grant"), fields.text("kind")
    monotonic_ms = fields.maybe_number("monotonic_ms")
    if monotonic_ms is None:
        raise fields.wrong("monotonic_ms", "a number")
    at = Moment(fields.whole("at_ms"), monotonic_ms, fields.text("boot"))
    if kind == "stated":
        return Stated(
            grant,
            at,
            fields.choice("state", State),
            fields.choice("actor", Actor),
            fields.text("how"),
            fields.text("sheet_sha256"),
            fields.maybe_whole("audit_seq"),
        )
    cost = fields.maybe_money("cost")
    if kind == "reserved":
        sent, tokens = fields.whole("sent_bytes"), fields.whole("tokens")
        return Reserved(grant, at, fields.name("permit"), sent, tokens, cost)
    if kind == "settled":
        known, left = fields.maybe_whole("tokens"), None
        if fields.holds("sent_bytes"):
            left = fields.maybe_whole("sent_bytes")
        return Settled(grant, at, fields.name("permit"), known, cost, left)
    raise fields.wrong("kind", "stated, reserved or settled")
