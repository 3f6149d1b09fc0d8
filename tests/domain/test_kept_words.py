"""The words that rules, grants and the audit keep: a file of an older version means the same in a newer one."""

from enum import StrEnum

import pytest

from assistant.domain.consent import CHAT, Actor, Extent, State
from assistant.domain.departure import Stay
from assistant.domain.permit import Auth
from assistant.domain.rules import DEFAULT, STANDING, Content
from assistant.domain.sensitivity import Label
from assistant.domain.terms import Span

WORDS: dict[type[StrEnum], str] = {
    Actor: "user system",
    Auth: "bearer x-api-key api-key none other",
    Content: "clean note warn block unscanned",
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
