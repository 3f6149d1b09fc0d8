"""Words that are kept in files, bounds that nothing goes past, and what holds where nothing is said: the same in every version."""

from enum import StrEnum

import pytest

from assistant.domain.cloud_setup import WINDOW_TOKENS, CloudSetup
from assistant.domain.consent import (
    CHAT,
    DAY_MS,
    MOST_DAYS,
    MOST_IDLE_DAYS,
    Actor,
    Extent,
    Limits,
    Reach,
    Standing,
    State,
    Stated,
)
from assistant.domain.coverage import CLOCK_SLACK_MS
from assistant.domain.departure import Choice, Leaving, Stay
from assistant.domain.findings import ScanVerdict
from assistant.domain.permit import MOST_REPLY_BYTES, Outgoing, Permit, Receipt
from assistant.domain.prompt import Role
from assistant.domain.rules import DEFAULT, STANDING, Allow, Content, Deny, Rules
from assistant.domain.secret import Auth
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span, Terms
from tests.conversation.border_doubles import ROW
from tests.domain.test_permit import PERMIT
from tests.facts_maker import EVERY_TEXT, GRANT, NOW, REQUEST, STRICT

WORDS: dict[type[StrEnum], str] = {
    Actor: "user system",
    Auth: "bearer x-api-key api-key none other",
    Content: "clean note warn block unscanned keys_locked",
    Extent: "message conversation",
    Label: "public normal local-only",
    Span: "once 15-minutes conversation until",
    State: "requested given refused withdrawn expired superseded invalidated",
    Stay: "local-only window",
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_of_its_kind(kind: type[StrEnum]) -> None:
    assert [member.value for member in kind] == WORDS[kind].split()


def test_words_that_stand_alone() -> None:
    assert (CHAT, DEFAULT, STANDING) == ("chat.completion", "default", "standing")


def test_bounds() -> None:
    assert (MOST_REPLY_BYTES, WINDOW_TOKENS) == (64_000_000, 128_000)
    assert (DAY_MS, CLOCK_SLACK_MS) == (86_400_000, 2_000)
    assert (MOST_DAYS, MOST_IDLE_DAYS) == (30, 14)


def test_where_nothing_is_said_of_a_permit() -> None:
    assert Outgoing(None, "/", b"") == Outgoing(None, "/", b"", (), Auth.NONE)
    assert Receipt() == Receipt(0, 0, "", "")
    least = Permit(PERMIT.id, PERMIT.route, PERMIT.decision, None, "", 1)
    assert least.most_bytes == MOST_REPLY_BYTES


def test_where_nothing_is_said_of_a_consent() -> None:
    assert Terms(Span.ONCE) == Terms(Span.ONCE, 100, None, "", None, fallback=False)
    assert Limits(1, 2, 3) == Limits(1, 2, 3, None, None, "", MOST_IDLE_DAYS, "")
    assert Reach(Label.PUBLIC, "c") == Reach(Label.PUBLIC, "c", "", ())
    assert (GRANT.purpose, GRANT.fallback) == (REQUEST.purpose, REQUEST.fallback) == (CHAT, False)
    assert Standing("g") == Standing("g", None, "", None, (), ())
    said = Stated("g", NOW, State.GIVEN, Actor.USER, "how")
    assert said == Stated("g", NOW, State.GIVEN, Actor.USER, "how", "", None)


def test_where_nothing_is_said_of_a_rule_or_a_send() -> None:
    assert Rules(()) == Rules((), "")
    assert Allow("a", EVERY_TEXT, STRICT) == Allow("a", EVERY_TEXT, STRICT, ())
    assert Deny("d", EVERY_TEXT, "no") == Deny("d", EVERY_TEXT, "no", ())
    assert Choice() == Choice(ScanVerdict.WARN, leave_out=False)
    said = Leaving("m", Role.USER, "Hi", "Hi", Label.PUBLIC)
    assert said == Leaving("m", Role.USER, "Hi", "Hi", Label.PUBLIC, ())
    assert CloudSetup(ROW, "m") == CloudSetup(ROW, "m", own=False, origin="")
