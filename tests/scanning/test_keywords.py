"""The one pass finds just the words that a search for each of them finds."""

from hypothesis import example, given
from hypothesis import strategies as st

from assistant.scanning.keywords import Keywords

WORDS = st.lists(st.text("abA.$-", min_size=1, max_size=4).map(str.lower), min_size=1, max_size=8)


@given(WORDS, st.text("abAB.$- \n\x00é"))
@example(["a", "ab", "abb", "bb"], "xabby")
@example(["sk_live_", "sk_", "k_l"], "SK_LIVE_1")
def test_no_word_is_missed_and_none_invented(words: list[str], text: str) -> None:
    data = text.encode()
    low = data.lower()
    found = Keywords(words).within(data, lambda: None)
    assert found == {word for word in words if word.encode() in low}
