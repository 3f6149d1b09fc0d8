"""What `assistant ask` prints of a reply: the answer alone to stdout, the thought beside it where a person sees both."""

import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.commands.ask import ReplyPrinter
from assistant.domain.thinking import split

REPLY = "<think>\nFirst this.\nThen that.\n</think>\n\nThe answer."


def printed(text: str, size: int = 3) -> tuple[str, str, bool]:
    """What went out, what went beside it, and whether there was an answer."""
    out, aside = StringIO(), StringIO()
    printer = ReplyPrinter(out, aside)
    for at in range(0, len(text), size):
        printer.print(text[at : at + size])
    answered = printer.end()
    return out.getvalue(), re.sub(r"\x1b\[2m|\x1b\[22m", "", aside.getvalue()), answered


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_the_answer_goes_out_and_the_thought_beside_it(size: int) -> None:
    assert printed(REPLY, size) == ("The answer.\n", "First this.\nThen that.\n\n", True)


@pytest.mark.parametrize(
    ("reply", "out", "aside"),
    [
        ("plain", "plain\n", ""),
        ("plain\n", "plain\n", ""),
        ("<think>so", "", "so\n\n"),
        ("<think>so</think>yes", "yes\n", "so\n\n"),
        ("<think>\n\n</think>\n\nyes", "yes\n", ""),
        ("", "", ""),
        ("a\x1b[31m", "a␛[31m\n", ""),
    ],
)
def test_looks(reply: str, out: str, aside: str) -> None:
    assert printed(reply) == (out, aside, bool(out))


def test_a_thought_is_dim_piece_by_piece_so_that_nothing_stays_so() -> None:
    aside = StringIO()
    ReplyPrinter(StringIO(), aside).print("<think>so")
    assert aside.getvalue() == "\x1b[2mso\x1b[22m"


def test_without_a_place_for_it_a_thought_is_left_out() -> None:
    out = StringIO()
    printer = ReplyPrinter(out, None)
    printer.print(REPLY)
    assert printer.end()
    assert out.getvalue() == "The answer.\n"


@given(st.text(alphabet="ab \n").map(lambda text: f"<think>{text}</think>{text}"))
def test_a_pipe_gets_the_answer(reply: str) -> None:
    out, aside = StringIO(), None
    printer = ReplyPrinter(out, aside)
    printer.print(reply)
    answered = printer.end()
    answer = split(reply).answer
    assert answered == bool(answer)
    assert out.getvalue().removesuffix("\n") == answer.removesuffix("\n")


def test_a_thought_that_nothing_announced_is_told_of_late(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, aside, answered = printed("I wonder.\n</think>\n\nYes.", 4)
    assert (out, aside, answered) == ("I wonder.\nYes.\n", "", True)
    assert "so far was a thought" in capsys.readouterr().err
