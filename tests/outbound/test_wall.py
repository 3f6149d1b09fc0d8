"""The wall, raised in a process of its own: it cannot be taken down again, and the tests have a wall themselves."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

START = """
import asyncio, json, socket, sys, threading
from assistant.domain.errors import RefusedError
from assistant.outbound.wall import opened, raise_wall

breaches = []
raise_wall(lambda event, address: breaches.append([event, address]))

def refused(act, *args):
    try:
        act(*args)
    except RefusedError:
        return True
    return False

def told(**found):
    print(json.dumps({**found, "breaches": breaches}))
"""


def run(code: str) -> dict[str, object]:
    """What a fresh interpreter behind a wall tells."""
    done = subprocess.run(
        [sys.executable, "-c", START + code], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, object] = json.loads(done.stdout)
    return found


REACHES = [
    ("socket.socket().connect, ('192.0.2.1', 443)", "socket.connect", "192.0.2.1:443"),
    ("socket.socket().connect, ('127.0.0.1', 9)", "socket.connect", "127.0.0.1:9"),
    ("socket.socket().connect_ex, ('127.0.0.1', 9)", "socket.connect", "127.0.0.1:9"),
    ("socket.create_connection, ('127.0.0.1', 9)", "socket.connect", "127.0.0.1:9"),
    ("socket.socket(socket.AF_INET6).connect, ('::1', 9, 0, 0)", "socket.connect", "::1:9"),
    ("udp.sendto, b'x', ('192.0.2.1', 53)", "socket.sendto", "192.0.2.1:53"),
    ("udp.sendmsg, [b'x'], [], 0, ('192.0.2.1', 53)", "socket.sendmsg", "192.0.2.1:53"),
    ("socket.getaddrinfo, 'example.invalid', 443", "socket.getaddrinfo", "example.invalid"),
    ("socket.getaddrinfo, b'example.invalid', 443", "socket.getaddrinfo", "example.invalid"),
    ("socket.getaddrinfo, 'localhost', 443", "socket.getaddrinfo", "localhost"),
    ("socket.gethostbyname, 'example.invalid'", "socket.gethostbyname", "example.invalid"),
    ("socket.gethostbyname_ex, 'example.invalid'", "socket.gethostbyname", "example.invalid"),
    ("socket.gethostbyaddr, '192.0.2.1'", "socket.gethostbyaddr", "192.0.2.1"),
    ("socket.getnameinfo, ('192.0.2.1', 1), 0", "socket.getnameinfo", "192.0.2.1:1"),
    ("urllib.request.urlopen, 'http://192.0.2.1/'", "socket.connect", "192.0.2.1:80"),
]


def test_what_nobody_opened_is_refused_and_told() -> None:
    acts = ", ".join(f"refused({act})" for act, _, _ in REACHES)
    found = run(
        "import urllib.request\nudp = socket.socket(type=socket.SOCK_DGRAM)\n"
        f"told(refused=[{acts}])"
    )
    assert found["refused"] == [True] * len(REACHES)
    assert found["breaches"] == [[event, address] for _, event, address in REACHES]


def test_what_stays_in_this_machines_files_is_left_alone() -> None:
    found = run("""
import os, subprocess, tempfile
place = os.path.join(tempfile.mkdtemp(), "s")
server = socket.socket(socket.AF_UNIX); server.bind(place); server.listen()
socket.socket(socket.AF_UNIX).connect(place)
socket.socket(socket.AF_UNIX).connect(place.encode())
a, b = socket.socketpair()
a.sendmsg([b"x"])
socket.getaddrinfo("127.0.0.1", 80); socket.getaddrinfo("::1", 80); socket.getaddrinfo(None, 80)
child = subprocess.run([sys.executable, "-c", "pass"], check=False).returncode
async def loop():
    process = await asyncio.create_subprocess_exec("true")
    return await process.wait()
told(got=b.recv(1).decode(), child=child, loop=asyncio.run(loop()))
""")
    assert found == {"got": "x", "child": 0, "loop": 0, "breaches": []}


def test_what_the_door_opened_is_open_to_its_task_alone_and_for_no_longer() -> None:
    found = run("""
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
end = server.getsockname()
reach = lambda: refused(socket.create_connection, end)

async def another(seen):
    seen["other_task"] = reach()
    seen["other_thread"] = []
    thread = threading.Thread(target=lambda: seen["other_thread"].append(reach()))
    thread.start(); thread.join()

async def main():
    seen, go = {}, asyncio.Event()
    async def waits():
        await go.wait()
        await another(seen)
    task = asyncio.create_task(waits())
    with opened(end):
        seen["mine"] = reach()
        seen["waited_for"] = await asyncio.to_thread(reach)
        seen["next_port"] = refused(socket.create_connection, (end[0], end[1] + 1))
        seen["next_host"] = refused(socket.create_connection, ("127.0.0.2", end[1]))
        go.set(); await task
    seen["after"] = reach()
    with opened("localhost"):
        seen["name"] = refused(socket.getaddrinfo, "localhost", 80)
        seen["name_in_thread"] = await asyncio.to_thread(refused, socket.getaddrinfo, "localhost", 80)
        seen["other_name"] = refused(socket.getaddrinfo, "example.invalid", 80)
    return seen

told(**asyncio.run(main()))
""")
    found.pop("breaches")
    assert found == {
        "mine": False,
        "waited_for": False,
        "next_port": True,
        "next_host": True,
        "other_task": True,
        "other_thread": [True],
        "after": True,
        "name": False,
        "name_in_thread": False,
        "other_name": True,
    }


def test_a_record_that_fails_or_calls_out_itself_changes_nothing() -> None:
    found = run("""
def fails(event, address):
    breaches.append([event, address])
    socket.create_connection(("127.0.0.1", 9))
raise_wall(fails)
told(refused=[refused(socket.create_connection, ("127.0.0.1", 7)) for _ in range(2)])
""")
    told = [["socket.connect", "127.0.0.1:7"]] * 2
    assert found == {"refused": [True, True], "breaches": told}


def test_what_cannot_be_read_is_refused() -> None:
    found = run("""
told(refused=[
    refused(sys.audit, "socket.connect", None, 7),
    refused(sys.audit, "socket.connect", None, "/run/x"),
    refused(sys.audit, "socket.getaddrinfo", 7),
    refused(sys.audit, "socket.sendto", None, ("192.0.2.1",)),
    refused(sys.audit, "socket.connect", socket.socket(), "/run/x"),
])
""")
    assert found["refused"] == [True] * 5


def test_the_door_gets_through_beside_the_wall_of_the_tests() -> None:
    """Prompt, control and download, each to a server of its own; and one of these addresses without the door.

    The host of files looks its own name up when it begins to listen, which is opened for it.
    """
    found = run("""
sys.path.insert(0, "tests")
from tests import conftest
sys.addaudithook(conftest._refuse_outside)
from dataclasses import replace
from assistant.domain.control import Control, ControlPermit
from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop
from assistant.domain.places import Address
from assistant.machine.clock import SystemClock
from assistant.outbound.door import Door
from assistant.ports import Patience
from tests.outbound.cloud_rig import HASTY, cloud, cloud_door, outgoing, sent
from tests.outbound.model_host import Script, serving, trust

async def main():
    seen = {}
    async with cloud() as far:
        seen["prompt"] = (await sent(cloud_door(), outgoing(far.address))).decode()
        seen["besides"] = refused(socket.create_connection, ("127.0.0.1", far.port))
    async with cloud(pem=None) as near:
        ask = ControlPermit("c", Control.LOOK, Address("localhost", near.port), "GET", "/", b"", 2**60, 99)
        async with Door(SystemClock()).control(ask, Patience()) as reply:
            seen["control"] = b"".join([each async for each in reply.chunks()]).decode()
    with opened("127.0.0.1"):
        host_of_files = serving(Script(b"file"))
        host = host_of_files.__enter__()
    try:
        leave = DownloadPermit("d", PURPOSE, Hop("localhost", host.server_port, "/cdn/x"), 99, 2**60)
        async with Door(SystemClock(), trust()).get(leave) as answer:
            seen["download"] = b"".join([each async for each in answer.chunks()]).decode()
    finally:
        host_of_files.__exit__(None, None, None)
    return seen

told(**asyncio.run(main()))
""")
    assert json.dumps(found.pop("breaches")).count("socket.connect") == 1
    assert found == {
        "prompt": "hello back",
        "besides": True,
        "control": "hello back",
        "download": "file",
    }


def test_everything_else_costs_next_to_nothing() -> None:
    """A bound that no busy machine reaches: 2 microseconds for an event that is nobody's business here."""
    found = run("""
import time
def events(count):
    begun = time.process_time()
    for _ in range(count):
        sys.audit("test.event", 1)
    return time.process_time() - begun
told(seconds=min(events(200_000) for _ in range(3)))
""")
    assert isinstance(found["seconds"], float)
    assert found["seconds"] < 0.4
