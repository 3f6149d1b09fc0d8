"""Chinese and Japanese, which put no blank between words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.searching import folded, parts, sought, ways
from assistant.domain.unspaced import apart, is_unspaced, signs


def test_signs_are_told_apart_and_other_words_are_not() -> None:
    assert signs("Python入門書を読む, and more") == "Python 入 門 書 を 読 む"
    assert signs("東 and 京, 한국어 Straße") == "", "one sign is a word already; Korean has blanks"
    assert apart("コーヒー and tea") == "コ ー ヒ ー and tea"
    assert parts("getUserName は関数") == "get User Name は 関 数"
    assert ways("東京") == ("東京", "東 京")
    assert ways("getUser") == ("getUser", "get User")
    assert ways("word") == ("word",)


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("今日は東京都の天気です", "東京", ["東京"]),
        ("今日は東京都の天気です", "天気 東京", ["東京", "天気"]),
        ("Python入門書", "python ", ["Python"]),
        ("がくと かく", "かく", ["かく"]),
        ("한국 학교", "한 ", []),
        ("𠮷野家で", "野家", ["野家"]),
    ],
)
def test_marks_stand_within_a_sentence(text: str, typed: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in sought(typed).spans(text)] == marked


@given(st.text("aé東京のｶ한 ,\U00020bb7", max_size=40))
def test_nothing_is_added_to_a_text_and_nothing_lost(text: str) -> None:
    assert apart(text).replace(" ", "") == text.replace(" ", "")
    assert all(len(one) == 1 for one in apart(text).split() if any(map(is_unspaced, one)))
    assert len(folded(text)) == len(text)
