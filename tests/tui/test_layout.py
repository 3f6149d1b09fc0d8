"""Which columns there are at which size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.layout import Layout, Room, Wanted, arrange, toggled

SIDES = st.integers(0, 300)
WANTED = st.builds(Wanted, st.booleans(), st.booleans(), st.sampled_from(["", "chats", "panel"]))


def test_a_wide_terminal_has_three_columns() -> None:
    assert arrange(120, 40, Wanted()) == Layout(Room.COLUMN, Room.COLUMN, False, True, False)


def test_at_80x24_both_columns_fold_and_the_line_stays() -> None:
    assert arrange(80, 24, Wanted()) == Layout(Room.HIDDEN, Room.HIDDEN, True, False, False)


def test_in_between_the_panel_comes_first() -> None:
    assert arrange(100, 40, Wanted()).panel is Room.COLUMN
    assert arrange(100, 40, Wanted()).chats is Room.HIDDEN
    assert arrange(100, 40, Wanted(panel=False)).chats is Room.COLUMN


def test_20x5_keeps_conversation_and_composer_alone() -> None:
    small = arrange(20, 5, Wanted())
    assert small == Layout(Room.HIDDEN, Room.HIDDEN, False, False, True)


@pytest.mark.parametrize("part", ["chats", "panel"])
def test_a_key_lays_a_part_over_where_it_has_no_column(part: str) -> None:
    over = toggled(80, 24, Wanted(), part)
    assert over.over == part
    assert toggled(80, 24, over, part) == Wanted()


@given(SIDES, SIDES, WANTED, st.sampled_from(["chats", "panel"]))
def test_a_key_shows_what_was_hidden_and_hides_what_was_shown(
    width: int, height: int, wanted: Wanted, part: str
) -> None:
    def shown(of: Wanted) -> bool:
        layout = arrange(width, height, of)
        return (layout.chats if part == "chats" else layout.panel) is not Room.HIDDEN

    once = toggled(width, height, wanted, part)
    assert shown(once) is not shown(wanted)
    assert shown(toggled(width, height, once, part)) is shown(wanted)


@given(SIDES, SIDES, WANTED)
def test_the_conversation_keeps_its_columns(width: int, height: int, wanted: Wanted) -> None:
    layout = arrange(width, height, wanted)
    taken = (22 if layout.chats is Room.COLUMN else 0) + (34 if layout.panel is Room.COLUMN else 0)
    assert not taken or width - taken >= 60
