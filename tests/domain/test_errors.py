"""Every error says what, where and what to do next, and knows its exit code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain import errors
from assistant.domain.errors import AssistantError, ErrorNote


def family(root: type[AssistantError]) -> list[type[AssistantError]]:
    """`root` and all below it in the module, depth first."""
    below = [c for c in root.__subclasses__() if c.__module__ == errors.__name__]
    return [root, *(found for child in below for found in family(child))]


FAMILY = family(AssistantError)
EXIT_CODES = {
    "AssistantError": 1,
    "UsageError": 2,
    "RefusedError": 3,
    "RouteError": 4,
    "StorageError": 5,
}


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = re.findall(r"\b([A-Z]\w+Error)\b", errors.__doc__ or "")
    assert drawn == [error.__name__ for error in FAMILY]


@pytest.mark.parametrize("error", FAMILY)
def test_exit_codes_are_those_of_the_nearest_known_kind(error: type[AssistantError]) -> None:
    nearest = next(kind.__name__ for kind in error.__mro__ if kind.__name__ in EXIT_CODES)
    assert error.exit_code == EXIT_CODES[nearest]


def test_codes_tell_errors_apart() -> None:
    codes = [error.code for error in FAMILY]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


@pytest.mark.parametrize("error", FAMILY)
def test_an_error_is_shown_in_one_form(error: type[AssistantError]) -> None:
    raised = error("the file is gone", "fetch it again")
    assert str(raised) == f"{error.title}: the file is gone (fetch it again)"
    assert str(raised) == raised.note().line()
    assert str(error("the file is gone")) == f"{error.title}: the file is gone"


@given(st.text(), st.text(), st.text(), st.text())
def test_a_note_keeps_its_words(code: str, title: str, message: str, hint: str) -> None:
    note = ErrorNote(code, title, message, hint)
    assert ErrorNote(**note.to_json()) == note
    assert title in note.line()
    assert message in note.line()
    assert hint in note.line()
