"""`python -m assistant.proof.far_end FOLDER IP`: where everything that leaves would arrive. Keeps it, counts it, answers names.

It runs in network and mount namespaces of its own and starts the near end in others. One line of JSON answers each line
of its input; it ends with its input, and both namespaces with it.
"""

import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from assistant.domain.secret import without_keys
from assistant.proof.frames import FILE_HEAD, framed
from assistant.proof.links import LinkError, batch, has_ipv6
from assistant.proof.place import CLOUD, FAR_LINKS, FAR_LINKS6, LINK_FAR, LINK_NEAR

_ALL_FRAMES: Final = 3  # ETH_P_ALL, of which the module `socket` does not know
_IP_PKTINFO: Final = 8
_MOST_FRAME_BYTES: Final = 1 << 20
_BUFFER_BYTES: Final = 32 << 20
_SETTLE_S: Final = 5.0
_DNS_PORT: Final = 53
_A_RECORD: Final = b"\0\1\0\1"


@dataclass(frozen=True, slots=True)
class FarEnd:
    """The sockets of the far end and the file that takes each frame as it came."""

    arrivals: socket.socket
    names: socket.socket
    capture: IO[bytes]

    def keep(self) -> None:
        """Writes down every frame that is there now; those that the far end itself sends do not count."""
        while True:
            try:
                frame, sender = self.arrivals.recvfrom(_MOST_FRAME_BYTES)
            except BlockingIOError:
                self.capture.flush()
                return
            if sender[2] != socket.PACKET_OUTGOING:
                self.capture.write(framed(time.time_ns(), frame))

    def count(self) -> dict[str, object]:
        """The kernel's own figures, once the file agrees with them to the byte; else what is wrong."""
        end = time.monotonic() + _SETTLE_S
        while True:
            self.keep()
            size_bytes, packets = received()
            wanted = len(FILE_HEAD) + len(framed(0, b"")) * packets + size_bytes
            kept = self.capture.tell()
            if kept == wanted:
                return {"bytes": size_bytes, "packets": packets}
            if time.monotonic() > end:
                return {"problem": f"the capture has {kept} bytes where {wanted} arrived"}

    def answer_name(self) -> None:
        """Tells whoever asks that the name is at the far end; from the address that was asked, whichever it is."""
        message, extra, _, sender = self.names.recvmsg(4096, 256)
        asked = next((data for _, kind, data in extra if kind == _IP_PKTINFO), b"")
        own = struct.pack("=I", 0) + asked[8:12] + bytes(4)
        with suppress(OSError):
            self.names.sendmsg(
                [answer(message)], [(socket.IPPROTO_IP, _IP_PKTINFO, own)], 0, sender
            )


def answer(message: bytes) -> bytes:
    """The answer to a DNS question: the far end for an A record, nothing for every other kind."""
    end = 12
    while end < len(message) and message[end]:
        end += 1 + message[end]
    asked = message[12 : end + 5]
    wanted = asked[-4:] == _A_RECORD
    head = message[:2] + struct.pack(">HHHHH", 0x8180, 1, int(wanted), 0, 0)
    record = b"\xc0\x0c" + _A_RECORD + struct.pack(">IH", 1, 4) + socket.inet_aton(CLOUD)
    return head + asked + (record if wanted else b"")


def received() -> tuple[int, int]:
    """Bytes and packets that ever arrived, as the kernel counts them."""
    lines = Path("/proc/self/net/dev").read_text("ascii").splitlines()
    figures = next(line.split() for line in lines if line.strip().startswith(f"{LINK_FAR}:"))
    return int(figures[1]), int(figures[2])


def main(folder: Path, ip: str) -> int:
    """Opens both ends, says which process holds the near one, and serves until its input ends."""
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "assistant.proof.near_end"]
    with subprocess.Popen(  # noqa: S603 - this program's own module
        [*command, str(folder), ip],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=without_keys(os.environ),
    ) as near:
        try:
            far = _open(near, folder, ip)
        except (LinkError, OSError) as error:
            _say({"problem": str(error)})
            return 1
        with far.arrivals, far.names, far.capture:
            _say({"near": near.pid})
            _serve(far)
    return 0


def _open(near: "subprocess.Popen[bytes]", folder: Path, ip: str) -> FarEnd:
    """Joins the two ends; listens before the near end can speak. Raises: LinkError, OSError."""
    _hear(near)
    batch(ip, f"link add name {LINK_FAR} type veth peer name {LINK_NEAR} netns {near.pid}")
    batch(ip, FAR_LINKS + (FAR_LINKS6 if has_ipv6() else ""))
    far = FarEnd(_arrivals(), _names(), (folder / "capture.pcap").open("wb"))
    far.capture.write(FILE_HEAD)
    if near.stdin is not None:
        near.stdin.write(b"go\n")
        near.stdin.flush()
    _hear(near)
    return far


def _hear(near: "subprocess.Popen[bytes]") -> None:
    """Waits for a good word of the near end. Raises: LinkError."""
    line = near.stdout.readline() if near.stdout else b""
    words = json.loads(line or '{"problem": "the near end died"}')
    if "problem" in words:
        raise LinkError(str(words["problem"]))


def _arrivals() -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_FRAMES))
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        made.setsockopt(
            socket.SOL_SOCKET, 33, _BUFFER_BYTES
        )  # SO_RCVBUFFORCE: past the usual bound
    made.bind((LINK_FAR, _ALL_FRAMES))
    made.setblocking(False)
    return made


def _names() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    # Whoever asks for one address of the far end by itself answers there in its place: a resolver that lies, say.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", _DNS_PORT))  # noqa: S104 - every address of a namespace of its own
    return made


def _serve(far: FarEnd) -> None:
    with selectors.DefaultSelector() as waiting:
        for source in (far.arrivals, far.names, sys.stdin):
            waiting.register(source, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in waiting.select()}
            if far.arrivals in ready:
                far.keep()
            if far.names in ready:
                far.answer_name()
            if sys.stdin in ready:
                if not sys.stdin.readline():
                    return
                _say(far.count())


def _say(words: dict[str, object]) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - who opened the network reads it


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
