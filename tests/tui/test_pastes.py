"""Long pastes: folded while edited, whole when sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.attachments import Attachment, compose, parted
from assistant.tui.pastes import FOLD_CHARACTERS, FOLD_LINES, Pastes, amount, is_long


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("short", False),
        ("x" * FOLD_CHARACTERS, False),
        ("x" * (FOLD_CHARACTERS + 1), True),
        ("\n" * (FOLD_LINES - 1), False),
        ("\n" * FOLD_LINES, True),
    ],
)
def test_what_is_long(text: str, long: bool) -> None:
    assert is_long(text) is long


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 999, "999 bytes"),
        ("x" * 100_000, "100 kB"),
        ("é" * 50_000, "100 kB"),
        ("x" * 10_000_000, "10.0 MB"),
        ("\ud800", "1 byte"),
    ],
)
def test_sizes_in_words(text: str, words: str) -> None:
    assert amount(text) == words


def test_two_pastes_of_one_size_have_tokens_of_their_own() -> None:
    pastes = Pastes()
    first, second = pastes.fold("a" * 5000), pastes.fold("b" * 5000)
    assert first != second
    assert pastes.unfold(f"{second} and {first}") == "b" * 5000 + " and " + "a" * 5000


def test_the_same_paste_twice_has_one_token() -> None:
    pastes = Pastes()
    assert pastes.fold("a" * 5000) == pastes.fold("a" * 5000)


def test_a_paste_that_holds_a_token_is_left_as_it_is() -> None:
    pastes = Pastes()
    token = pastes.fold("a" * 5000)
    outer = pastes.fold(f"{token} {'b' * 9000}")
    assert pastes.unfold(outer) == f"{token} {'b' * 9000}"


def test_the_token_around_the_cursor() -> None:
    pastes = Pastes()
    token = pastes.fold("a" * 5000)
    line = f"see {token}!"
    assert pastes.token_around(line, 4) is None
    assert pastes.token_around(line, 5) == (4, 4 + len(token))
    assert pastes.token_around(line, 4 + len(token)) == (4, 4 + len(token))
    assert pastes.token_around(line, 5 + len(token)) is None


@given(st.lists(st.text(max_size=200), max_size=6), st.text(alphabet="ab \n", max_size=20))
def test_what_is_folded_comes_back(texts: list[str], between: str) -> None:
    pastes = Pastes()
    folded = between.join(pastes.fold(text) for text in texts)
    assert pastes.unfold(folded) == between.join(texts)


@given(st.text())
def test_a_text_without_tokens_is_left_alone(text: str) -> None:
    assert Pastes().unfold(text) == text


words = st.one_of(
    st.text(max_size=9), st.sampled_from([" x", "\n", "⟦a · 1 byte · ~1 token⟧", "a" * 5_000])
)
attachments = st.lists(
    st.builds(Attachment, st.sampled_from(["a", "b⟧", "⟦"]), st.just("text"), st.text(max_size=3)),
    max_size=3,
)


@given(words, attachments)
def test_a_message_folds_back_and_unfolds_as_it_was(own: str, found: list[Attachment]) -> None:
    pastes = Pastes()
    shown = pastes.shown(own, tuple(found))
    assert pastes.parts(shown) == (own, tuple(found))


def test_a_token_inside_of_a_sentence_leaves_its_name_there() -> None:
    pastes = Pastes()
    first, second = (Attachment(name, "text", name) for name in ("a.py", "b.py"))
    one, two = pastes.attach(first), pastes.attach(second)
    assert pastes.unfold(f"{one} how does it differ from {two}, {two}?") == compose(
        "how does it differ from b.py, b.py?", [first, second]
    )


def test_long_pastes_are_attachments_of_their_own() -> None:
    pastes = Pastes()
    first, second = pastes.paste("a" * 5000), pastes.paste("b" * 5000)
    assert pastes.paste("a" * 5000) == first
    own, found = parted(pastes.unfold(f"{first} {second} which?"))
    assert [one.name for one in found] == ["pasted text", "pasted text 2"]
    assert own == "which?"


def test_a_long_name_keeps_its_end_and_has_no_brackets() -> None:
    token = Pastes().attach(Attachment("⟦x⟧/" + "d" * 50 + "/main.py", "text", "x"))
    assert token == f"⟦…{'d' * 31}/main.py · 1 byte · ~1 token⟧"
