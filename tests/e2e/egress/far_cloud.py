"""`python -m tests.e2e.egress.far_cloud FOLDER`: many providers at the far end, each a stand-in at an address of its own, and their names.

FOLDER holds `plan.json` (see `main`), a certificate for each host as `HOST.pem`, and takes what each host got as `HOST.json`.
It says `listening` and serves until it is killed.
"""

import asyncio
import json
import socket
import struct
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from assistant.proof.frames import question
from assistant.proof.place import CLOUD, FAR
from tests.standins.cloud import Cloud

_A_RECORD = b"\0\1\0\1"


@dataclass(frozen=True)
class Host:
    """One provider: its name, the address at which it is, and what it does.

    `key` is what it takes; `fault` is told to the stand-in; `certified` is whose certificate it shows, `strange` one that nobody
    trusts. A look for its name is answered with `answers` in turn, the last of them again and again; each is a list of addresses.
    """

    name: str
    ip: str
    answers: tuple[tuple[str, ...], ...]
    dialect: str
    key: str
    fault: str = ""
    certified: str = ""
    strange: bool = False


class Names:
    """Answers for every name: for those of the plan as it says, for all others with the far end's usual address."""

    def __init__(self, hosts: list[Host]) -> None:
        """The far end answers names too, at every address: at this one alone, this one is asked."""
        self._answers = {host.name: list(host.answers) for host in hosts}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((FAR, 53))

    def answer(self) -> None:
        """Answers one question that is there."""
        data, sender = self.socket.recvfrom(4096)
        end = 12
        while data[end]:
            end += 1 + data[end]
        asked = data[12 : end + 5]
        ips = self._leads(question(data)) if asked.endswith(_A_RECORD) else ()
        head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(ips), 0, 0)
        lasting = b"\xc0\x0c" + _A_RECORD + struct.pack(">IH", 0, 4)
        records = b"".join(lasting + socket.inet_aton(ip) for ip in ips)
        self.socket.sendto(head + asked + records, sender)

    def _leads(self, name: str) -> tuple[str, ...]:
        known = self._answers.get(name, [(CLOUD,)])
        return known.pop(0) if len(known) > 1 else known[0]


async def main(folder: Path) -> None:
    """`plan.json` is a list of hosts."""
    rows = json.loads((folder / "plan.json").read_text())
    hosts = [
        Host(**{**row, "answers": tuple(tuple(ips) for ips in row["answers"])}) for row in rows
    ]
    async with AsyncExitStack() as held:
        for host in hosts:
            await held.enter_async_context(_provider(folder, host))
        names = Names(hosts)
        asyncio.get_running_loop().add_reader(names.socket, names.answer)
        print("listening", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.Event().wait()


def _provider(folder: Path, host: Host) -> Cloud:
    certificate = folder / f"{host.certified or host.name}.pem"
    cloud = Cloud(
        dialect=host.dialect,
        key=host.key,
        echo=True,
        host=host.ip,
        port=443,
        certificate=(certificate, certificate),
        record=folder / f"{host.name}.json",
    )
    if host.fault:
        cloud.fault(host.fault)
    return cloud


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
