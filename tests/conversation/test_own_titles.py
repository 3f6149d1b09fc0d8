"""A title of a person's own words: what only begins or ends a request is left out, whole words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.own_titles import own_title
from assistant.domain.attachments import Attachment, compose
from assistant.domain.hygiene import harmless

WIDTH = 60


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("How do I keep four Pis in time?", "Keep four Pis in time"),
        ("Can you help me write a cover letter for a nurse?", "Cover letter for a nurse"),
        ("What's the difference between TCP and UDP?", "Difference between TCP and UDP"),
        ("Why is the sky blue?", "Why is the sky blue"),
        ("hi, i want to learn rust. where should i start?", "Learn rust"),
        ("Hello!\n\nPlease translate 'good day', please.", "Translate 'good day'"),
        ("Was ist der Unterschied zwischen A und B?", "Unterschied zwischen A und B"),
        ("Howard can swim", "Howard can swim"),
        ("Please_x is a name", "Please_x is a name"),
        ("word " * 40, "Word" + " word" * 11),
        ("\x1b[31mred text\u202e", "␛[31mred text⟨U+202E⟩"),
        (compose("Is this right, please?", [Attachment("a.txt", "text", "x")]), "Is this right"),
        ("hi", ""),
        ("What is it?", ""),
        ("", ""),
        ("...", ""),
    ],
)
def test_what_is_left_of_a_request(said: str, title: str) -> None:
    assert own_title(said, WIDTH) == title


@given(st.text() | st.text("hi please.!? \n"), st.integers(1, 80))
def test_it_is_short_harmless_and_one_line(said: str, width: int) -> None:
    title = own_title(said, width)
    assert len(title) <= width
    assert "\n" not in title
    assert harmless(title) == title
