"""What a capture holds: a pcap file, and each frame of it as a value that a person can be shown. Pure."""

import ipaddress
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

FILE_HEAD: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 20, 1)
"""The head of a pcap file: times in nanoseconds, Ethernet frames, none of them cut."""
_FRAME_HEAD: Final = struct.Struct("<IIII")
FRAME_HEAD_BYTES: Final = _FRAME_HEAD.size

_NS: Final = 1_000_000_000
_ETHERNET_BYTES: Final = 14
_IPV4, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_DNS_PORT: Final = 53
_MOST_LABELS: Final = 128


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `to` is an IP address ("" where there is none) and `port` 0 where there is none.

    `sequence` is TCP's; `opens` marks the first packet of a TCP connection. `payload` is what TCP or UDP carries.
    """

    at_ns: int
    size_bytes: int
    kind: str
    source: str = ""
    source_port: int = 0
    to: str = ""
    port: int = 0
    sequence: int = 0
    opens: bool = False
    payload: bytes = b""

    @property
    def look_up(self) -> str:
        """The name that this frame asks a DNS server for; "" where it asks for none."""
        if self.port != _DNS_PORT:
            return ""
        length_bytes = 2 if self.kind == "tcp" else 0
        return question(self.payload[length_bytes:])


def framed(at_ns: int, frame: bytes) -> bytes:
    """`frame` as a pcap file holds it."""
    return _FRAME_HEAD.pack(at_ns // _NS, at_ns % _NS, len(frame), len(frame)) + frame


def frames(capture: bytes) -> Iterator[Frame]:
    """Each frame of a capture without its head. Raises: ValueError where its end is missing."""
    place = 0
    while place < len(capture):
        if len(capture) < place + FRAME_HEAD_BYTES:
            raise ValueError("the capture ends inside the head of a frame")
        seconds, rest_ns, kept, size = _FRAME_HEAD.unpack_from(capture, place)
        place += FRAME_HEAD_BYTES + kept
        if len(capture) < place or kept != size:
            raise ValueError("the capture ends inside a frame")
        yield parsed(seconds * _NS + rest_ns, capture[place - kept : place])


def parsed(at_ns: int, frame: bytes) -> Frame:
    """What one Ethernet frame is; one that cannot be read keeps its size and is called "broken"."""
    try:
        return _parsed(at_ns, frame)
    except (struct.error, IndexError, ValueError):
        return Frame(at_ns, len(frame), "broken")


def question(message: bytes) -> str:
    """The first name that a DNS message asks for; "" where it is an answer, or no DNS message."""
    if len(message) <= 12 or message[2] & 0x80 or message[4:6] == b"\0\0":
        return ""
    labels: list[str] = []
    place = 12
    while place < len(message) and (length := message[place]) and len(labels) < _MOST_LABELS:
        labels.append(message[place + 1 : place + 1 + length].decode("ascii", "backslashreplace"))
        place += 1 + length
    return ".".join(labels)


def told(seen: "tuple[Frame, ...]") -> list[str]:
    """What a person reads of `seen`: a line for each name that was looked up and each place that was tried."""
    names = Counter(frame.look_up for frame in seen if frame.look_up)
    places: Counter[str] = Counter()
    for frame in seen:
        if not frame.look_up:
            places[_where(frame)] += frame.size_bytes
    return [f"looked up {name}" for name in names] + [
        f"{where}, {size:,} bytes" for where, size in places.items()
    ]


def _where(frame: Frame) -> str:
    if not frame.to:
        return f"a frame of kind {frame.kind}"
    host = f"[{frame.to}]" if ":" in frame.to else frame.to
    return f"{frame.kind} to {host}:{frame.port}" if frame.port else f"{frame.kind} to {host}"


def _parsed(at_ns: int, frame: bytes) -> Frame:
    (kind,) = struct.unpack_from(">H", frame, 12)
    packet = frame[_ETHERNET_BYTES:]
    if kind == _IPV4:
        head, (whole,), protocol = (
            (packet[0] & 15) * 4,
            struct.unpack_from(">H", packet, 2),
            packet[9],
        )
        ends = packet[12:16], packet[16:20]
        # A frame that the kernel has not cut into packets yet says 0.
        body = packet[head : whole or None]
        if struct.unpack_from(">H", packet, 6)[0] & 0x1FFF:
            return Frame(at_ns, len(frame), "fragment", *_ends(*ends))
    elif kind == _IPV6:
        protocol, ends, body = packet[6], (packet[8:24], packet[24:40]), packet[40:]
    else:
        return Frame(at_ns, len(frame), "arp" if kind == _ARP else f"0x{kind:04x}")
    return _carried(Frame(at_ns, len(frame), f"protocol {protocol}", *_ends(*ends)), protocol, body)


def _ends(source: bytes, to: bytes) -> tuple[str, int, str]:
    return str(ipaddress.ip_address(source)), 0, str(ipaddress.ip_address(to))


def _carried(frame: Frame, protocol: int, body: bytes) -> Frame:
    """`frame` with what its packet carries."""
    if protocol in (_ICMP, _ICMP6):
        return Frame(frame.at_ns, frame.size_bytes, "icmp", frame.source, 0, frame.to)
    if protocol not in (_TCP, _UDP):
        return frame
    source_port, port = struct.unpack_from(">HH", body)
    ends = (frame.source, source_port, frame.to, port)
    if protocol == _UDP:
        return Frame(frame.at_ns, frame.size_bytes, "udp", *ends, payload=body[8:])
    (sequence,) = struct.unpack_from(">I", body, 4)
    payload = body[(body[12] >> 4) * 4 :]
    opens = body[13] & 0x12 == 0x02
    return Frame(frame.at_ns, frame.size_bytes, "tcp", *ends, sequence, opens, payload)
