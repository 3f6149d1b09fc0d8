"""How many tokens a text takes, roughly: by its length in ASCII, by its characters beyond."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.estimates import came, text_size


def test_four_letters_are_a_token_and_so_is_one_character_of_another_script() -> None:
    assert text_size("") == 0
    assert text_size("abcdefgh") == 2
    assert text_size("狐狸ab") == 2.5


@given(st.lists(st.text()))
def test_the_size_of_a_text_is_that_of_its_pieces(pieces: list[str]) -> None:
    assert text_size("".join(pieces)) == sum(text_size(piece) for piece in pieces)


def test_short_pieces_are_counted_and_long_ones_measured() -> None:
    assert came(0, 0) == 0
    assert came(3, 5.9) == 3
    assert came(3, 6.0) == 6
