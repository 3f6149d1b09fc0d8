"""Stop texts: neither they nor what follows is given out, however the text was cut."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.stops import StopTexts

letters = st.text("abc", max_size=20)
stop_lists = st.lists(st.text("abc", min_size=1, max_size=3), max_size=3)


@given(letters, stop_lists, st.data())
def test_any_cut_gives_the_same(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    cut, whole = StopTexts(stops), StopTexts(stops)
    pieces = [
        cut.feed(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
    ]
    assert "".join(pieces) + cut.end() == whole.feed(text) + whole.end()
    assert cut.stopped == whole.stopped == any(stop in text for stop in stops)


@given(letters, stop_lists)
def test_what_is_given_out_is_a_beginning_without_a_stop_text(text: str, stops: list[str]) -> None:
    reader = StopTexts(stops)
    given_out = reader.feed(text) + reader.end()
    assert text.startswith(given_out)
    assert not any(stop in given_out for stop in stops)
    assert reader.stopped or given_out == text


def test_without_stop_texts_nothing_is_held_back() -> None:
    reader = StopTexts([""])
    assert reader.feed("abc") == "abc"
    assert not reader.stopped
