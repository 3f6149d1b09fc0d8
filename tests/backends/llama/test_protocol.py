"""Frames survive the pipe; anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.protocol import (
    Close,
    Count,
    Counted,
    Ended,
    Evaluated,
    Failed,
    Fault,
    Finished,
    Forget,
    Generate,
    Load,
    Loaded,
    Piece,
    Prefill,
    ProtocolError,
    Stop,
    ToClient,
    ToWorker,
    decode_to_client,
    decode_to_worker,
    encode,
)
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling

numbers = st.integers(0, 2**40)
texts = st.text(st.characters(exclude_categories=[]), max_size=30)
messages = st.lists(st.builds(ChatMessage, st.sampled_from(Role), texts), max_size=4).map(tuple)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    seed=st.none() | numbers,
    max_tokens=st.none() | numbers,
    stop=st.lists(texts, max_size=3).map(tuple),
)
to_worker: st.SearchStrategy[ToWorker] = st.one_of(
    st.builds(Load, texts, numbers, numbers, texts, st.booleans(), texts, texts, numbers),
    st.builds(Count, numbers, messages),
    st.builds(Generate, numbers, texts, messages, samplings),
    st.builds(Prefill, numbers, texts, messages),
    st.builds(Stop, numbers),
    st.builds(Forget, numbers, texts),
    st.builds(Close),
)
to_client: st.SearchStrategy[ToClient] = st.one_of(
    st.builds(Loaded, numbers),
    st.builds(Counted, numbers, numbers),
    st.builds(Evaluated, numbers, numbers, numbers, numbers),
    st.builds(Piece, numbers, texts, numbers),
    st.builds(Finished, numbers, st.sampled_from(Finish), numbers, numbers, numbers, numbers),
    st.builds(Ended, numbers),
    st.builds(Failed, numbers, st.sampled_from(Fault), texts),
)


@given(to_worker)
def test_a_frame_reaches_the_worker_as_it_was(frame: ToWorker) -> None:
    line = encode(frame)
    assert line.count(b"\n") == 1
    assert decode_to_worker(line) == frame


@given(to_client)
def test_a_frame_reaches_the_client_as_it_was(frame: ToClient) -> None:
    line = encode(frame)
    assert line.endswith(b"\n")
    assert decode_to_client(line) == frame


@given(st.binary(max_size=60))
def test_noise_is_refused(noise: bytes) -> None:
    for decode in (decode_to_worker, decode_to_client):
        with pytest.raises(ProtocolError):
            decode(noise)


@pytest.mark.parametrize(
    "line",
    [
        b'{"frame": "Stop"}',
        b'{"frame": "Stop", "id": "1"}',
        b'{"frame": "Stop", "id": true}',
        b'{"frame": "Loaded", "window_tokens": 1}',
        b'{"frame": "Count", "id": 1, "messages": [{"role": "god", "text": ""}]}',
        b'{"frame": "Count", "id": 1, "messages": [{"role": "user", "text": 1}]}',
        b'{"frame": "Count", "id": 1, "messages": "x"}',
        b'{"frame": "Generate", "id": 1, "conversation": "", "messages": [], "sampling": {"x": 1}}',
        b"[" * 100_000,
        b"[]",
        b"",
    ],
)
def test_what_only_looks_like_a_frame_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_to_worker(line)
