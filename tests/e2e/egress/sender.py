"""`python -m tests.e2e.egress.sender JOURNAL AUTHORITY HOST SIZE [FAULT]`: sends as the program does, or with a fault.

It puts a permit into an audit of its own and posts SIZE bytes. FAULT is what it does beside that, or in its place.
"""

import http.client
import socket
import ssl
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assistant.domain.audit import KEY_BYTES, first_key
from assistant.storage.audit import begin
from assistant.storage.database import Database, open_database
from tests.audit_maker import at, ended, permit
from tests.storage.audit_stage import STEPS, Anchors, Kept, Keys, log_of

TEXT = b"blue heron 7741, "
"""What is sent, again and again up to the size."""


def main(journal: Path, authority: str, host: str, size: int, fault: str) -> None:
    """Records, sends, records."""
    body = (TEXT * (size // len(TEXT) + 1))[:size]
    database = open_database(journal, 0, STEPS)
    kept = Kept()
    with database.write() as db:
        begin(db, first_key(bytes(KEY_BYTES)), Keys(kept), Anchors(kept))
    told = size + 1 if fault == "other bytes" else size
    if fault != "no permit":
        _record(database, kept, host, told)
    if fault != "nothing sent":
        _post(authority, host, body)
    if fault == "twice":
        _post(authority, host, body)
    if fault == "look-up":
        with suppress(OSError):
            socket.getaddrinfo("elsewhere.example", 443)
    if fault == "packet":
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.7", 9))


def _record(database: Database, kept: Kept, host: str, size: int) -> None:
    entry = replace(permit(), host=host, sent_bytes=size)
    with database.write() as db:
        log_of(kept).append(db, entry, at(time.time_ns() // 1_000_000))
        log_of(kept).append(db, ended(sent_bytes=size), at(time.time_ns() // 1_000_000))


def _post(authority: str, host: str, body: bytes) -> None:
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection(host, timeout=10, context=context)
    connection.request("POST", "/v1/chat/completions", body)
    print(connection.getresponse().status)  # noqa: T201 - the test reads it
    connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
