"""Bytes and values of hailo-ollama's wire: the exact types, the escaping, errors wherever they come, lines cut anywhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.hailo.wire import (
    MOST_LINE_BYTES,
    ComplaintError,
    Lines,
    chat_body,
    complaint,
    escaped,
    for_dialect,
    load_body,
    read_line,
    recognises,
    unload_body,
)
from assistant.domain.errors import RefusedError, ServerError
from assistant.domain.hat_facts import Dialect
from assistant.domain.prompt import ChatMessage, Finish, Role, Sampling
from tests.standins import hailo_dto as dto
from tests.standins.hailo_device import Options
from tests.standins.hailo_http import stacktrace

PLAIN = (ChatMessage(Role.SYSTEM, "Be brief."), ChatMessage(Role.USER, "hello"))
texts = st.text(st.characters(exclude_categories=["Cs"]))


def body_of(sampling: Sampling, reply_tokens: int = 100) -> dict[str, object]:
    found = json.loads(chat_body("m:1b", PLAIN, sampling, reply_tokens))
    assert isinstance(found, dict)
    return found


@given(
    st.builds(
        Sampling,
        temperature=st.floats(-1, 3),
        top_p=st.floats(-1, 3),
        top_k=st.integers(-5, 2**40),
        repeat_penalty=st.floats(0, 2),
        seed=st.none() | st.integers(-(2**70), 2**70),
    ),
    st.integers(-(2**40), 2**31 - 1),
)
def test_whatever_is_asked_the_server_and_the_hat_take_it(sampling: Sampling, room: int) -> None:
    body = body_of(sampling, room)
    read = dto.read(dto.CHAT, body)
    assert set(body) == {"model", "messages", "stream", "keep_alive", "options"}
    options = read["options"]
    assert isinstance(options, dict)
    Options.read(options)
    assert 1 <= int(body["options"]["num_predict"]) == max(1, room)  # type: ignore[index]


def test_no_wish_leaves_the_models_own() -> None:
    options = body_of(Sampling(temperature=0, top_k=0, repeat_penalty=1.0))["options"]
    assert options == {"temperature": 0.0, "top_p": 0.95, "num_predict": 100}
    options = body_of(Sampling(seed=-1, repeat_penalty=1.1))["options"]
    assert isinstance(options, dict)
    assert (options["seed"], options["frequency_penalty"]) == (2**31 - 1, 1.1)


def test_half_a_character_does_not_break_the_request() -> None:
    messages = (ChatMessage(Role.USER, "a\ud83db"),)
    sent = json.loads(chat_body("m:1b", messages, Sampling(), 10))
    assert sent["messages"] == [{"role": "user", "content": "a?b"}]


def test_load_and_unload_have_no_messages() -> None:
    assert load_body("m:1b") == {"model": "m:1b", "keep_alive": 300}
    assert unload_body("m:1b") == {"model": "m:1b", "keep_alive": 0}


@given(texts)
def test_what_is_escaped_comes_out_of_json_made_by_hand(text: str) -> None:
    by_hand = '"' + escaped(text).replace('"', '\\"') + '"'
    assert json.loads(by_hand) == text


@given(texts)
def test_only_5_3_gets_escaped_text(text: str) -> None:
    messages = (ChatMessage(Role.USER, text),)
    assert for_dialect(Dialect.V5_1, messages) == for_dialect(Dialect.V5_4, messages) == messages
    assert for_dialect(Dialect.V5_3, messages)[0].text == escaped(text)


def test_which_server_knows_its_reply_again() -> None:
    assert [recognises(d, 'say "x"') for d in Dialect] == [True, True, False]
    assert [recognises(d, "two\nlines") for d in Dialect] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"error":"model \'x\' not found"}', "model 'x' not found"),
        (404, b'{"error":"model \'x\' not found"}', "model 'x' not found"),
        (500, stacktrace(500, "read failed!", "Error processing request").encode(), "read failed!"),
        (500, b"", "HTTP status 500"),
        (502, b"\xff\xfe", "HTTP status 502"),
        (200, b'{"done":true}', None),
        (200, b"not json", None),
        (200, b"[" * 100_000, None),
        (200, b'{"error":{"message":"too\\u001b much"}}', "too␛ much"),
        (200, b'{"error":["a"]}', '["a"]'),
    ],
)
def test_errors_are_found_whatever_the_status(status: int, body: bytes, said: str | None) -> None:
    assert complaint(status, body) == said


def test_lines_of_a_reply() -> None:
    line = read_line(b'{"message":{"content":"and\\/or caf\\u00e9"},"done":false}')
    assert (line.text, line.finish) == ("and/or café", None)
    last = b'{"message":{"content":""},"done":true,"done_reason":"length"}'
    assert read_line(last).finish is Finish.LENGTH
    assert read_line(b'{"done":true}').finish is Finish.STOP


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b"nonsense", b'{"message":{"content":3}}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_line_is_an_error(line: bytes) -> None:
    with pytest.raises(ServerError, match="cannot be read"):
        read_line(line)


def test_an_error_and_another_machine_in_a_line() -> None:
    with pytest.raises(ComplaintError, match="read failed!"):
        read_line(b'{"error":"read failed!"}')
    for field in ("remote_host", "remote_model"):
        with pytest.raises(RefusedError, match="passes prompts on"):
            read_line(b'{"%s":"https:\\/\\/x","message":{"content":"a"}}' % field.encode())


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b)), st.data())
def test_lines_are_the_same_wherever_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    reader, found = Lines(), []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += list(reader.feed(whole[start:end]))
    assert found == [line.strip() for line in lines if line.strip()]
    assert reader.rest() == b""


def test_a_line_that_never_ends_is_not_kept() -> None:
    lines = Lines()
    with pytest.raises(ServerError, match="over 1,000,000 bytes"):
        for _ in range(100):
            list(lines.feed(b"x" * (MOST_LINE_BYTES // 50)))
