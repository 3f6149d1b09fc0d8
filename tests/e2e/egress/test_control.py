"""The other side of a count of 0: whatever does leave is counted, by whatever call, and the program is no exception."""

import json
import os
import signal
from pathlib import Path

import pytest

from assistant.domain.errors import SelftestError
from assistant.proof.closed import ClosedNetwork, closed_network
from assistant.proof.place import CLOUD, FAR
from assistant.proof.scenarios import control
from tests.e2e.egress.conftest import Silent
from tests.e2e.egress.inside import Inside

# A connection that no hook of Python sees.
BELOW_PYTHON = f"""
import ctypes, socket, struct
libc = ctypes.CDLL(None)
made = libc.socket(2, 1, 0)
address = struct.pack("=H", 2) + struct.pack(">H", 443) + socket.inet_aton("{CLOUD}") + bytes(8)
libc.connect(made, address, 16)
"""
DATAGRAM = "import socket; socket.socket(2, 2).sendto(b'canary', ('198.51.100.7', 9))"
IPV6 = "import socket; socket.socket(10, 2).sendto(b'canary', ('2001:db8::7', 9))"
LOOK_UP = "import socket; socket.getaddrinfo('canary.example', 443)"
OTHER_RESOLVER = """
import socket
asked = socket.socket(2, 2)
asked.sendto(bytes.fromhex("abcd01000001000000000000") + b"\\6canary\\7example\\0\\0\\1\\0\\1", ("9.9.9.9", 53))
print(asked.recvfrom(512)[1][0])
"""


@pytest.mark.parametrize(
    ("code", "kind", "to"),
    [
        (BELOW_PYTHON, "tcp", CLOUD),
        (DATAGRAM, "udp", "198.51.100.7"),
        (IPV6, "udp", "2001:db8::7"),
        (LOOK_UP, "udp", FAR),
        (OTHER_RESOLVER, "udp", "9.9.9.9"),
    ],
    ids=["ctypes", "datagram", "IPv6", "look-up", "another resolver"],
)
def test_what_leaves_is_counted(
    network: ClosedNetwork, inside: Inside, silent: Silent, code: str, kind: str, to: str
) -> None:
    before = network.count()
    inside.python(code)
    tried = network.since(before)
    assert tried.size_bytes == sum(frame.size_bytes for frame in tried.frames) > 40
    assert tried.packets == len(tried.frames)
    assert {(frame.kind, frame.to) for frame in tried.frames} == {(kind, to)}
    expected = {"canary.example"} if code in (LOOK_UP, OTHER_RESOLVER) else set()
    assert set(tried.look_ups) == expected
    with (
        pytest.raises(AssertionError, match=r"looked up|to "),
        silent("a test that could not fail would be none"),
    ):
        inside.python(code)


def test_the_program_itself_is_seen_once_a_person_has_it_fetch(
    network: ClosedNetwork, inside: Inside
) -> None:
    before = network.count()
    done = inside.run("models", "pull", "smollm2-360m")
    tried = network.since(before)
    assert done.returncode == 4, done.stderr.decode()
    assert set(tried.look_ups) == {"huggingface.co"}
    opened = {(frame.to, frame.port) for frame in tried.frames if frame.opens}
    assert opened == {(CLOUD, 443)}, "no proxy of the environment is obeyed"


def test_the_control_of_the_self_test_is_seen(network: ClosedNetwork) -> None:
    seen, tried = control(network)
    assert seen
    assert tried.size_bytes > 0


def test_daemons_outside_cannot_be_asked(inside: Inside) -> None:
    code = (
        "import os, json; print(json.dumps([os.listdir('/run'), open('/etc/resolv.conf').read()]))"
    )
    folders, resolver = json.loads(inside.python(code).stdout)
    assert set(folders) <= {"mount", "systemd"}
    assert resolver.splitlines()[0] == f"nameserver {FAR}"


def test_a_far_end_that_dies_is_an_error_and_never_a_zero(tmp_path: Path) -> None:
    with closed_network(tmp_path) as network:
        assert network.count().size_bytes == 0
        target = next(word for word in network.beyond("true") if word.startswith("--target="))
        os.kill(int(target.removeprefix("--target=")), signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(SelftestError, match="its far end is gone"):
                network.count()
