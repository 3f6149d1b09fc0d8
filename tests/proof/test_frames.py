"""Frames are read as they are, whatever they hold; a capture that is cut is an error, not an empty one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.far_end import answer
from assistant.proof.frames import FRAME_HEAD_BYTES, Frame, framed, frames, parsed, question, told
from assistant.proof.place import CLOUD

NEAR, FAR = bytes([192, 0, 2, 2]), bytes([192, 0, 2, 1])
QUERY = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x06canary\x07example\0\0\x01\0\x01"


def ipv4(protocol: int, body: bytes, offset: int = 0) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, offset, 64, protocol, 0)
    return bytes(12) + b"\x08\0" + head + NEAR + FAR + body


def ipv6(protocol: int, body: bytes) -> bytes:
    ends = bytes(15) + b"\x02" + bytes(15) + b"\x01"
    return bytes(12) + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + ends + body  # fmt: skip


def udp(port: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", 4001, port, 8 + len(payload), 0) + payload


def tcp(port: int, flags: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", 4001, port, 99, 0, 0x50, flags, 0, 0, 0) + payload


def test_a_look_up_is_named() -> None:
    for frame in (ipv4(17, udp(53, QUERY)), ipv6(17, udp(53, QUERY))):
        seen = parsed(5, frame)
        assert (seen.kind, seen.port, seen.look_up) == ("udp", 53, "canary.example")
        assert (seen.at_ns, seen.size_bytes) == (5, len(frame))
    over_tcp = parsed(0, ipv4(6, tcp(53, 0x18, struct.pack(">H", len(QUERY)) + QUERY)))
    assert over_tcp.look_up == "canary.example"
    assert parsed(0, ipv4(17, udp(54, QUERY))).look_up == ""


@pytest.mark.parametrize(("flags", "opens"), [(0x02, True), (0x12, False), (0x10, False), (0x18, False)])  # fmt: skip
def test_only_the_first_packet_opens_a_connection(flags: int, opens: bool) -> None:
    seen = parsed(0, ipv4(6, tcp(443, flags, b"hello")))
    assert seen == Frame(
        0, 59, "tcp", "192.0.2.2", 4001, "192.0.2.1", 443, 99, opens, b"hello"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (ipv4(1, b"ping"), "icmp"),
        (ipv6(58, b"ping"), "icmp"),
        (ipv4(132, b"sctp"), "protocol 132"),
        (ipv4(17, b"the rest", 100), "fragment"),
        (bytes(12) + b"\x08\x06" + bytes(28), "arp"),
        (bytes(12) + b"\x88\xcc", "0x88cc"),
        (ipv4(6, b"short"), "broken"),
        (bytes(12) + b"\x08\0", "broken"),
        (b"", "broken"),
    ],
)
def test_every_kind_of_frame_keeps_its_size(frame: bytes, kind: str) -> None:
    seen = parsed(0, frame)
    assert (seen.kind, seen.size_bytes) == (kind, len(frame))


@given(st.lists(st.tuples(st.integers(0, 2**61), st.binary(max_size=200))))
def test_what_was_captured_is_read_back(kept: list[tuple[int, bytes]]) -> None:
    capture = b"".join(framed(at_ns, frame) for at_ns, frame in kept)
    assert len(capture) == sum(FRAME_HEAD_BYTES + len(frame) for _, frame in kept)
    assert [(seen.at_ns, seen.size_bytes) for seen in frames(capture)] == [
        (at_ns, len(frame)) for at_ns, frame in kept
    ]


@pytest.mark.parametrize("lost", [1, 5, 16, 20, 36])
def test_a_capture_that_lost_its_end_is_an_error(lost: int) -> None:
    capture = framed(1, bytes(20)) + framed(2, bytes(20))
    with pytest.raises(ValueError, match="the capture ends inside"):
        list(frames(capture[: len(capture) - lost]))
        assert lost == 36, "one whole frame is no loss"
        raise ValueError("the capture ends inside")


@given(st.binary(max_size=300))
def test_no_frame_and_no_message_breaks_the_reading(data: bytes) -> None:
    assert parsed(0, data).size_bytes == len(data)
    assert isinstance(question(data), str)
    for head in (b"\x08\0", b"\x86\xdd"):
        assert parsed(0, bytes(12) + head + data).size_bytes == 14 + len(data)


def test_a_person_reads_places_once_with_all_their_bytes() -> None:
    seen = [ipv4(17, udp(53, QUERY))] * 2 + [ipv4(6, tcp(443, 2)), ipv4(6, tcp(443, 16, b"hi"))]
    seen += [ipv6(17, udp(9, b"x")), ipv4(1, b""), bytes(12) + b"\x08\x06"]
    assert told(tuple(parsed(0, frame) for frame in seen)) == [
        "looked up canary.example",
        "tcp to 192.0.2.1:443, 110 bytes",
        "udp to [::1]:9, 63 bytes",
        "icmp to 192.0.2.1, 34 bytes",
        "a frame of kind arp, 14 bytes",
    ]


def test_every_name_is_at_the_far_end() -> None:
    said = answer(QUERY)
    assert said[:2] == QUERY[:2]
    assert struct.unpack_from(">HHH", said, 2) == (0x8180, 1, 1)
    assert said[-4:] == bytes(map(int, CLOUD.split(".")))
    assert question(said) == "", "an answer asks nothing"
    no_address = answer(QUERY[:-4] + b"\0\x1c\0\x01")
    assert struct.unpack_from(">HHH", no_address, 2) == (0x8180, 1, 0)
