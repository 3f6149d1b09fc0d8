"""What the border asks for and what it writes down, to the letter: requests, grants and all that is said of them."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from assistant.conversation.border import Considered
from assistant.domain.consent import (
    DAY_MS,
    Actor,
    Grant,
    Limits,
    Moment,
    Notice,
    Principal,
    Reach,
    State,
    Stated,
)
from assistant.domain.coverage import SendRequest
from assistant.domain.decisions import Reason, Verdict
from assistant.domain.departure import Choice, PriceBound
from assistant.domain.errors import RefusedError, RouteError, UsageError
from assistant.domain.prompt import Prompt
from assistant.domain.rules import Content, NoRules, Rules
from assistant.domain.sensitivity import Label
from assistant.domain.sheet import facts_text, sheet_text
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import CLOUD, SETUP, TODAY_MS, Memory, Rig, Town, prompt
from tests.facts_maker import GIVEN, GOOD, GRANT, RULE, TODAY

NOW = Moment(TODAY_MS, 0.0, "boot-1")
ONCE, TALK = Terms(Span.ONCE), Terms(Span.CONVERSATION)
NO_RULES = "there are no rules, so nothing leaves: gone"


def considered(rig: Rig, text: str = "Why is the sky blue?", **how: object) -> Considered:
    found = rig.engine.propose(prompt(text), CLOUD.id, **how).considered  # type: ignore[arg-type]
    assert found is not None
    return found


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def granted(rig: Rig, terms: Terms = TALK) -> Grant:
    return rig.border.grant(considered(rig), terms, "key c")


def codes(rig: Rig) -> list[str]:
    return [reason.code for reason in considered(rig).decision.reasons]


def test_the_request_holds_all_that_a_grant_is_measured_by() -> None:
    rig = Rig()
    seen = considered(rig)
    departure = seen.departure
    request = SendRequest(
        route="good",
        fingerprint=SETUP.fingerprint,
        label=Label.NORMAL,
        content=Content.CLEAN,
        conversation="talk",
        message=departure.message,
        sheet=departure.outgoing.digest,
        tokens=len(departure.outgoing.body) + departure.reply_tokens,
        cost=None,
        currency="",
        session="session-1",
        fallback=False,
    )
    assert seen.request == request
    assert seen.grant is None
    # The ids are the clock's, one after the other.
    ids = seen.departure.message, seen.decision.id
    assert ids == ("id-000001", "id-000002")
    alone = rig.border.consider(prompt(), (), "m", rig.cloud, Choice())
    assert not alone.request.fallback
    rig.town.price = PriceBound(Decimal("0.03"), "EUR", "2026-11-01")
    priced = considered(rig, fallback=True).request
    assert (priced.cost, priced.currency, priced.fallback) == (Decimal("0.03"), "EUR", True)


def test_the_reply_is_bounded_by_what_the_border_was_told() -> None:
    rig = Rig()
    assert rig.border.most_reply_tokens == 4096
    rig.border.most_reply_tokens = 77
    assert considered(rig).departure.reply_tokens == 77


def test_the_notice_is_what_the_person_read() -> None:
    rig = Rig()
    made = rig.border.grant(considered(rig), TALK, "key c", "the words on the screen")
    assert made.notice.text_sha256 == sha256("the words on the screen")
    rig.border.refuse(considered(rig), TALK, "key d", "other words")
    assert list(rig.consents.grants.values())[-1].notice.text_sha256 == sha256("other words")
    # Half of a letter is no text, and what the record says of it is that of a question mark.
    half = rig.border.grant(considered(rig), TALK, "key c", "half \ud800")
    assert half.notice.text_sha256 == sha256("half ?")


def test_a_yes_is_a_grant_with_all_that_was_shown() -> None:
    rig = Rig()
    seen = considered(rig)
    made = rig.border.grant(seen, replace(TALK, fallback=True), "key c")
    assert made == Grant(
        id=made.id,
        principal=Principal(1000, "install"),
        notice=Notice(sha256(sheet_text(seen.departure, seen.decision)), "en", "0.2"),
        reach=Reach(Label.NORMAL, "talk"),
        limits=Limits(TODAY_MS, TODAY_MS + DAY_MS, 100),
        facts=GOOD,
        model="big-model",
        fingerprint=SETUP.fingerprint,
        fallback=True,
    )
    assert rig.consents.all() == [
        (
            made,
            [
                Stated(made.id, NOW, State.REQUESTED, Actor.SYSTEM, "key c", seen.departure.sheet),
                Stated(made.id, NOW, State.GIVEN, Actor.USER, "key c", seen.departure.sheet),
            ],
        )
    ]
    again = considered(rig)
    assert (again.decision.verdict, again.grant) == (Verdict.ALLOW, made)


def test_a_yes_to_one_message_names_it_and_no_other_does() -> None:
    rig = Rig()
    seen = considered(rig)
    once = rig.border.grant(seen, ONCE, "key o")
    assert once.reach == Reach(Label.NORMAL, "talk", seen.departure.message)
    assert not once.fallback


def test_a_grant_says_which_kinds_were_found_and_no_more() -> None:
    rig = Rig()
    mail = considered(rig, "write to anna@example.org, bo@example.org or 192.168.1.77", choice=Choice(None))  # fmt: skip
    assert mail.departure.scan is not None
    kinds = sorted({finding.kind.value for finding in mail.departure.scan.findings})
    assert len(kinds) < len(mail.departure.scan.findings)
    assert rig.border.grant(mail, TALK, "key c").reach.categories == tuple(kinds)
    unscanned = replace(mail, departure=replace(mail.departure, scan=None))
    assert rig.border.grant(unscanned, TALK, "key c").reach.categories == ()


def test_no_yes_lifts_a_denial() -> None:
    rig = Rig(town=Town(rule_set=NoRules("gone"), facts=replace(GOOD, review_by=TODAY - timedelta(days=1))))  # fmt: skip
    with pytest.raises(RefusedError) as refused:
        rig.border.grant(considered(rig), TALK, "key c")
    late = "what is known of good was to be reviewed by 2026-11-22; it holds no more"
    assert refused.value.message == f"{late}; {NO_RULES}"
    assert refused.value.hint == "no consent can lift that"
    assert not rig.consents.all()


def test_a_no_is_a_request_that_was_refused() -> None:
    rig = Rig()
    seen = considered(rig)
    rig.border.refuse(seen, ONCE, "key n")
    [(grant, said)] = rig.consents.all()
    sheet = seen.departure.sheet
    assert said == [
        Stated(grant.id, NOW, State.REQUESTED, Actor.SYSTEM, "key n", sheet),
        Stated(grant.id, NOW, State.REFUSED, Actor.USER, "key n", sheet),
    ]
    assert grant.reach.message == seen.departure.message
    assert grant.notice.text_sha256 == sha256(sheet_text(seen.departure, seen.decision))


def test_a_yes_ahead_is_to_what_is_declared() -> None:
    rig = Rig()
    reach = Reach(Label.PUBLIC, "talk")
    made = rig.border.grant_ahead(SETUP, reach, TALK, "assistant consent grant")
    shown = sha256(facts_text(SETUP))
    assert made == replace(
        granted(Rig()), id=made.id, notice=Notice(shown, "en", "0.2"), reach=reach
    )
    [(kept, said)] = rig.consents.all()
    assert kept == made
    how = "assistant consent grant"
    assert said == [
        Stated(made.id, NOW, State.REQUESTED, Actor.SYSTEM, how, shown),
        Stated(made.id, NOW, State.GIVEN, Actor.USER, how, shown),
    ]
    public = rig.engine.propose(replace(prompt(), label=Label.PUBLIC), CLOUD.id)
    assert public.decision.verdict is Verdict.ALLOW
    assert "grant_label" in codes(rig)


@pytest.mark.parametrize(
    ("terms", "message"), [(ONCE, ""), (TALK, "m1"), (ONCE, "m1")], ids=["once", "message", "both"]
)
def test_a_yes_to_one_message_is_not_given_ahead(terms: Terms, message: str) -> None:
    rig = Rig()
    with pytest.raises(UsageError) as refused:
        rig.border.grant_ahead(SETUP, Reach(Label.PUBLIC, "talk", message), terms, "how")
    found = refused.value.message, refused.value.hint
    assert found == ("a yes to one message needs that message", "assistant ask asks for it")
    assert not rig.consents.all()


def test_a_yes_ahead_needs_a_rule_that_passes_for_its_ceiling() -> None:
    public = replace(RULE, when=replace(RULE.when, labels=frozenset((Label.PUBLIC,))))
    rig = Rig(town=Town(rule_set=Rules((public,))))
    rig.border.require_passing(SETUP, Label.PUBLIC)
    with pytest.raises(RefusedError) as refused:
        rig.border.grant_ahead(SETUP, Reach(Label.NORMAL, "talk"), TALK, "how")
    found = refused.value.message, refused.value.hint
    assert found == ("no rule lets normal text go to good", "no consent can lift that")
    rig.town.rule_set = NoRules("gone")
    late = replace(SETUP, row=replace(SETUP.row, facts=replace(GOOD, review_by=TODAY - timedelta(1))))  # fmt: skip
    with pytest.raises(RefusedError) as both:
        rig.border.require_passing(late, Label.PUBLIC)
    text = "what is known of good was to be reviewed by 2026-11-22; it holds no more"
    assert both.value.message == f"{text}; {NO_RULES}"
    assert not rig.consents.all()


def test_offline_nothing_passes() -> None:
    rig = Rig()
    rig.border.panic()
    with pytest.raises(RefusedError) as refused:
        rig.border.require_passing(SETUP, Label.PUBLIC)
    found = refused.value.message, refused.value.hint
    assert found == ("everything is offline", "assistant consent lift")


def test_a_route_that_is_not_set_up_as_it_was_is_said() -> None:
    rig = Rig(town=Town(facts=None))
    with pytest.raises(RouteError) as refused:
        considered(rig)
    found = refused.value.message, refused.value.hint
    assert found == ("good is not set up as it was", "assistant routes list; then send again")


def test_revoke_panic_and_lift_as_they_stand_on_record() -> None:
    rig = Rig()
    first, second = granted(rig), granted(rig)
    rig.border.revoke(first.id, "key r")
    withdrawn = Stated(first.id, NOW, State.WITHDRAWN, Actor.USER, "key r")
    assert rig.consents.events[-1] == withdrawn
    rig.clock.forward(5)
    at = Moment(TODAY_MS + 5, 5.0, "boot-1")
    assert list(rig.border.panic()) == [second.id]
    assert rig.consents.events[-1].at == at
    assert rig.border.offline
    rig.border.lift()
    assert rig.consents.lifts == [at]
    assert not rig.border.offline


def test_a_stream_goes_on_while_nobody_takes_its_leave_away() -> None:
    rig = Rig()
    grant = granted(rig)
    assert rig.border.holds(grant.id)
    assert rig.border.holds("")
    assert not rig.border.holds("unknown")
    rig.border.world.consents.state(Stated(grant.id, NOW, State.EXPIRED, Actor.SYSTEM, "sweep"))
    assert rig.border.holds(grant.id)
    other = granted(rig)
    rig.border.revoke(other.id, "key r")
    assert not rig.border.holds(other.id)
    rig.consents.offline = True
    assert not rig.border.holds("")
    assert not rig.border.holds(grant.id)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("nothing", None),
        ("facts", State.INVALIDATED),
        ("route", State.INVALIDATED),
        ("time", State.EXPIRED),
        ("clock", State.EXPIRED),
    ],
)
def test_a_sweep_puts_on_record_what_has_ended_and_nothing_else(
    change: str, state: State | None
) -> None:
    rig = Rig()
    grant = granted(rig)
    if change == "facts":
        rig.town.facts = replace(GOOD, retention_days=1)
    elif change == "route":
        rig.town.facts = None
    elif change == "time":
        rig.clock.forward(DAY_MS)
    elif change == "clock":
        ahead = Moment(TODAY_MS + 60_000, 5.0, "boot-0")
        rig.consents.events.append(replace(GIVEN[0], grant="another", at=ahead))
    before = list(rig.consents.events)
    rig.border.sweep()
    said = rig.consents.events[len(before) :]
    expected = [] if state is None else [Stated(grant.id, rig.border.now, state, Actor.SYSTEM, "sweep")]  # fmt: skip
    assert said == expected
    rig.border.sweep()
    assert len(rig.consents.events) == len(before) + len(expected)


def test_a_moment_that_anything_else_has_on_record_shows_a_clock_that_was_set_back() -> None:
    rig = Rig()
    granted(rig)
    assert codes(rig) == ["rule_passes", "granted"]
    ahead = Moment(TODAY_MS + 60_000, 5.0, "boot-0")
    rig.consents.events.append(replace(GIVEN[0], grant="another", at=ahead))
    assert codes(rig) == ["rule_passes", "no_grant", "clock_set_back"]


class Forgetful(Memory):
    """Has grants, and no moment on record."""

    def latest(self) -> Moment | None:
        return None


def test_where_no_moment_is_on_record_a_grant_has_its_own() -> None:
    rig = Rig(consents=Forgetful())
    grant = granted(rig)
    assert codes(rig) == ["rule_passes", "granted"]
    rig.border.sweep()
    assert rig.consents.standing(grant.id).state is State.GIVEN


def test_grants_for_other_routes_are_not_looked_at() -> None:
    rig = Rig()
    other = replace(GRANT, facts=replace(GOOD, route="other"))
    rig.consents.record(other, GIVEN)
    seen = considered(rig)
    assert seen.decision.reasons[1:] == (
        Reason("no_grant", "you have not granted this send to good"),
    )


def test_only_what_belongs_to_the_conversation_leaves() -> None:
    rig = Rig()
    granted(rig)
    elsewhere = rig.engine.propose(Prompt("Hi", "other"), CLOUD.id)
    assert "grant_conversation" in [reason.code for reason in elsewhere.decision.reasons]


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose day has begun fourteen hours before that of Greenwich."""
    monkeypatch.setenv("TZ", "<+14>-14")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_the_day_is_that_of_greenwich() -> None:
    rig = Rig(town=Town(facts=replace(GOOD, seen_on=TODAY - timedelta(1), review_by=TODAY)))
    assert considered(rig).decision.verdict is Verdict.ASK
    rig.clock.forward(DAY_MS // 2)
    assert "facts_expired" in codes(rig)
