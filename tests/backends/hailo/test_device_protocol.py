"""What goes to the HAT's worker and what comes from it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo import device_protocol as protocol
from assistant.backends.hailo.device_protocol import (
    Begun,
    Counted,
    Ended,
    Failed,
    Fault,
    Finished,
    Loaded,
    Piece,
    decode,
    encode,
)
from assistant.backends.hailo.device_worker import FAULTS
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling

SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    top_k=st.integers(0, 2**31 - 1),
    repeat_penalty=st.floats(0, 2, exclude_min=True),
    seed=st.none() | st.integers(-(2**63), 2**63),
)


@given(SAMPLINGS, st.none() | st.integers(1, 2048))
def test_nothing_is_asked_that_hailort_refuses(sampling: Sampling, most: int | None) -> None:
    """Facts §2.3; `generate` is called by keywords, so the names are HailoRT's own."""
    asked = protocol.options(sampling, most)
    assert asked.get("temperature", 1) > 0
    assert 0 <= asked.get("top_p", 0) <= 1
    assert asked.get("top_k", 1) >= 1
    assert asked["frequency_penalty"] != 0
    assert 0 <= asked.get("seed", 0) < 2**31
    assert asked.get("max_generated_tokens") == most
    assert asked["do_sample"] is (sampling.temperature > 0)


def test_greedy_has_no_temperature() -> None:
    asked = protocol.options(Sampling(temperature=0, seed=4), 9)
    assert asked == {"frequency_penalty": 1.0, "do_sample": False, "max_generated_tokens": 9}


def test_a_top_k_of_all_is_left_to_the_model() -> None:
    assert "top_k" not in protocol.options(Sampling(top_k=0), None)
    assert protocol.options(Sampling(top_k=7), None)["top_k"] == 7


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_goes_over_as_one_line_of_ascii_without_lone_surrogates(text: str) -> None:
    line = encode(protocol.generate(3, [ChatMessage(Role.USER, text)], Sampling(), 5))
    assert line.isascii()
    assert line.count(b"\n") == 1
    content = json.loads(line)["messages"][0]["content"]
    content.encode()
    assert content == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ('{"frame":"Loaded","window_tokens":2048}', (0, Loaded(2048))),
        ('{"frame":"Counted","id":2,"tokens":[1,0,7]}', (2, Counted((1, 0, 7)))),
        ('{"frame":"Begun","id":3,"reused":2}', (3, Begun(2))),
        ('{"frame":"Piece","id":3,"text":"a\\nb","tokens":2}', (3, Piece("a\nb", 2))),
        ('{"frame":"Finished","id":3,"finish":"length"}', (3, Finished(Finish.LENGTH))),
        ('{"frame":"Ended","id":4}', (4, Ended())),
        ('{"frame":"Failed","id":0,"fault":"busy","text":"x"}', (0, Failed(Fault.BUSY, "x"))),
    ],
)
def test_what_comes_is_read(line: str, heard: tuple[int, protocol.Answer]) -> None:
    assert decode(line.encode()) == heard


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[HailoRT] [info] something",
        "[]",
        "{}",
        '{"frame":"Sung","id":1}',
        '{"frame":"Ended"}',
        '{"frame":"Ended","id":"1"}',
        '{"frame":"Counted","id":1,"tokens":[true]}',
        '{"frame":"Counted","id":1,"tokens":5}',
        '{"frame":"Failed","id":1,"fault":"mood","text":""}',
        "[" * 100_000,
    ],
)
def test_what_is_no_frame_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a frame"):
        decode(line.encode())


def test_the_worker_knows_no_fault_that_the_client_does_not() -> None:
    assert {*FAULTS.values(), "other"} == {fault.value for fault in Fault}
