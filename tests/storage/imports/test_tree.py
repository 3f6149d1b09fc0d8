"""Whatever the tree: each text that was said is in a turn, each branch is one, and what is no tree is refused."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.storage.imports import tree
from assistant.storage.imports.tree import NOTHING_ASKED, plan
from assistant.storage.imports.values import Piece, Source, Speaker, Talk

PERSON, MODEL, SYSTEM, TOOL = Speaker


def talk(*pieces: Piece, head: str | None = None) -> Talk:
    return Talk(Source.CHATGPT, "c", "", pieces, head)


@st.composite
def trees(draw: st.DrawFn) -> Talk:
    """Each piece follows an earlier one, none, or one that is not there; the order in the file is any."""
    pieces: list[Piece] = []
    for number in range(draw(st.integers(0, 12))):
        names = [piece.id for piece in pieces]
        parent = draw(st.sampled_from([None, "gone", *names]))
        text = draw(st.sampled_from(["", f"<{number}>"]))
        at_ms = draw(st.none() | st.integers(1, 50))
        pieces.append(
            Piece(f"p{number}", parent, draw(st.sampled_from(Speaker)), text, at_ms=at_ms)
        )
    head = draw(st.sampled_from([None, "gone", *(piece.id for piece in pieces)]))
    return talk(*draw(st.permutations(pieces)), head=head)


@given(trees())
def test_nothing_that_was_said_is_lost(told: Talk) -> None:
    found = plan(told)
    said = [found.system, *(turn.question.text + turn.text for turn in found.turns)]
    for piece in told.pieces:
        assert piece.text in "".join(said)


@given(trees())
def test_turns_come_after_those_that_they_follow_and_have_names_of_their_own(told: Talk) -> None:
    found = plan(told)
    seen: set[tuple[str, str]] = set()
    for turn in found.turns:
        assert turn.parent is None or turn.parent in seen
        assert turn.asked_at_ms <= turn.ended_at_ms
        assert turn.key not in seen
        seen.add(turn.key)
    assert (found.head is None) == (not found.turns)


@given(trees())
def test_every_end_is_the_end_of_one_branch(told: Talk) -> None:
    found = plan(told)
    followed = {turn.parent for turn in found.turns}
    ends = Counter(turn.key[1] or turn.key[0] for turn in found.turns if turn.key not in followed)
    assert all(count == 1 for count in ends.values())


def test_a_reply_made_anew_is_a_question_asked_twice() -> None:
    found = plan(
        talk(
            Piece("q", None, PERSON, "why"),
            Piece("a", "q", MODEL, "one"),
            Piece("b", "q", MODEL, "two"),
            Piece("q2", "a", PERSON, "and"),
            head="a",
        )
    )
    assert [(turn.question.text, turn.text) for turn in found.turns] == [
        ("why", "one"),
        ("why", "two"),
        ("and", ""),
    ]
    assert found.head is found.turns[0]


def test_what_fits_no_role_stays_as_text_where_it_stood() -> None:
    found = plan(
        talk(
            Piece("hi", None, MODEL, "Hello"),
            Piece("q", "hi", PERSON, "why"),
            Piece("s", "q", SYSTEM, "be kind"),
            Piece("a", "s", MODEL, "so", thought="hm"),
            Piece("t", "a", TOOL, "42", name="sum"),
            Piece("b", "t", MODEL, "then"),
        )
    )
    assert [(turn.question.text, turn.text) for turn in found.turns] == [
        (NOTHING_ASKED, "Hello"),
        ("why", "[system]\nbe kind\n\n[thought]\nhm\n\nso\n\n[tool sum]\n42\n\nthen"),
    ]


def test_a_deep_tree_is_no_trouble() -> None:
    pieces = [Piece("0", None, PERSON, "q")]
    pieces += [Piece(str(n), str(n - 1), (PERSON, MODEL)[n % 2], "x") for n in range(1, 20_000)]
    assert len(plan(talk(*pieces)).turns) == 10_000


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ([Piece("a", "b", PERSON, "x"), Piece("b", "a", MODEL, "y")], "round in circles"),
        ([Piece("a", "a", PERSON, "x")], "round in circles"),
        ([Piece("a", None, PERSON, "x"), Piece("a", None, PERSON, "y")], "is there twice"),
    ],
)
def test_what_is_no_tree_is_refused(pieces: list[Piece], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        plan(talk(*pieces))


def test_replies_that_share_much_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_CHARACTERS", 10_000)
    pieces = [Piece("0", None, PERSON, "q")]
    for n in range(1, 100):
        pieces += [Piece(str(n), str(n - 1), MODEL, "x" * 50), Piece(f"-{n}", str(n), MODEL, "y")]
    with pytest.raises(ValueError, match="more than 10,000 letters"):
        plan(talk(*pieces))
