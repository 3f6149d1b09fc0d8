"""The real worker on an engine that calls out: it tries to reach a port of this machine, then works as ever.

Arguments: the port; the file in which it says what became of the two calls.
"""

import ctypes
import socket
import struct
import sys
from pathlib import Path

from assistant.backends.llama import apart, worker

PORT, TOLD = int(sys.argv[1]), Path(sys.argv[2])


def by_python() -> bool:
    try:
        socket.create_connection(("127.0.0.1", PORT), 5).close()
    except OSError:
        return False
    return True


def by_the_system() -> bool:
    """As native code does it."""
    line = socket.socket()
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", PORT, bytes((127, 0, 0, 1)))
    return bool(ctypes.CDLL(None).connect(line.fileno(), address, len(address)) == 0)


def main(*, netns: bool) -> None:
    words = ("connected" if reached else "refused" for reached in (by_python(), by_the_system()))
    TOLD.write_text(" ".join(words))
    serve(netns=netns)


serve = worker.main
vars(worker)["main"] = main
apart.main()
