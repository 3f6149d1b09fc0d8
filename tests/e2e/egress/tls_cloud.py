"""`python -m tests.e2e.egress.tls_cloud FOLDER`: a cloud at the far end that is every host, and writes down each request.

FOLDER holds the authority. `requests.jsonl` takes a line for each request, `reply` is what each gets (raw HTTP).
"""

import base64
import json
import socketserver
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.e2e.egress.authority import Authority

_NOTHING = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_PATIENCE_S = 20.0


class Cloud(socketserver.ThreadingTCPServer):
    """Answers on every address of its namespace, port 443, with a certificate for whatever name is asked for."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.writing = threading.Lock()
        self._made: dict[str, ssl.SSLContext] = {}
        super().__init__(("0.0.0.0", 443), Visit)  # noqa: S104 - every address of a namespace of its own

    def context(self, name: str) -> ssl.SSLContext:
        """What serves the host `name`."""
        with self.writing:
            if name not in self._made:
                self._made[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._made[name].load_cert_chain(self.authority.certificate(name))
            return self._made[name]

    def keep(self, line: dict[str, object]) -> None:
        """Writes a request down before it is answered."""
        with self.writing, (self.folder / "requests.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    @property
    def reply(self) -> bytes:
        """What a request gets now."""
        file = self.folder / "reply"
        return file.read_bytes() if file.exists() else _NOTHING

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who leaves, or trusts nobody, is on record by what it did."""


class Visit(socketserver.BaseRequestHandler):
    """One connection: TLS, then requests until it ends."""

    server: Cloud

    def handle(self) -> None:
        """Serves it."""
        self.request.settimeout(_PATIENCE_S)
        asked: list[str] = []

        def choose(made: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            asked.append(name or "")
            made.context = self.server.context(name or "nameless.example")

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.authority.certificate("nameless.example"))
        context.sni_callback = choose
        with context.wrap_socket(self.request, server_side=True) as connection:
            while self._request(connection, asked[-1] if asked else ""):
                pass

    def _request(self, connection: Any, name: str) -> bool:  # noqa: ANN401 - a socket under TLS
        head, _, body = _until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
        if not head:
            return False
        at_ms = time.time_ns() // 1_000_000
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", "0"))
        while len(body) < size and (more := connection.recv(65536)):
            body += more
        self.server.keep(
            {
                "at_ms": at_ms,
                "name": name,
                "line": lines[0],
                "headers": headers,
                "body": base64.b64encode(body).decode(),
            }
        )
        reply = self.server.reply
        connection.sendall(reply)
        return b"connection: close" not in reply.lower()


def _until(connection: Any, mark: bytes) -> bytes:  # noqa: ANN401 - a socket under TLS
    data = b""
    while mark not in data and (more := connection.recv(65536)):
        data += more
    return data


if __name__ == "__main__":
    with Cloud(Path(sys.argv[1])) as cloud:
        print("listening", flush=True)  # noqa: T201 - the test waits for it
        cloud.serve_forever()
