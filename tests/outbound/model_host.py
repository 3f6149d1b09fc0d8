"""A real HTTPS host on loopback that serves one model file as a public model host does, with faults on demand."""

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PEM = Path(__file__).with_name("localhost.pem")
FILE = "tiny.gguf"
REPOSITORY = "org/tiny-GGUF"


@dataclass
class Script:
    """What the host does; everything that is None or empty is done as it should be."""

    body: bytes
    etag: str = '"strong-1"'
    ranges: bool = True
    declared_sha256: str | None = ""
    declared_size: str | None = ""
    location: str | None = None
    first_status: int = 302
    first_headers: dict[str, str] = field(default_factory=dict)
    cdn_headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    stall_after: int | None = None
    chunked_extra: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def linked(self) -> dict[str, str]:
        """The headers by which the host declares the file behind a redirect."""
        digest = hashlib.sha256(self.body).hexdigest()
        sha256 = digest if self.declared_sha256 == "" else self.declared_sha256
        size = str(len(self.body)) if self.declared_size == "" else self.declared_size
        headers = {"X-Linked-Etag": f'"{sha256}"' if sha256 else None, "X-Linked-Size": size}
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True)
class Seen:
    """One request as the host saw it."""

    path: str
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    """Serves `/REPOSITORY/resolve/main/FILE` with a redirect to `/cdn/FILE`."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """Answers as the script says."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.path, headers))
        script = self.server.script
        self.close_connection = True
        if self.path == f"/{REPOSITORY}/resolve/main/{FILE}":
            location = script.location or f"{self.server.origin}/cdn/{FILE}?sig=1"
            self._head(script.first_status, {"Location": location, "Content-Length": "0"})
        else:
            self._file(script, headers.get("range"), headers.get("if-range"))

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, **self.server.script.linked()}.items():
            self.send_header(name, value)
        for name, value in self.server.script.first_headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _file(self, script: Script, wanted: str | None, if_range: str | None) -> None:
        start = self._start(script, wanted, if_range)
        self.send_response(206 if start is not None else 200)
        self.send_header("ETag", script.etag)
        for name, value in script.cdn_headers.items():
            self.send_header(name, value)
        body = script.body[start or 0 :]
        if start is not None:
            last, total = len(script.body) - 1, len(script.body)
            self.send_header("Content-Range", f"bytes {start}-{last}/{total}")
        if script.chunked_extra:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body += b"x" * script.chunked_extra
            self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(script, body)

    def _start(self, script: Script, wanted: str | None, if_range: str | None) -> int | None:
        match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        if match is None or not script.ranges or if_range not in (None, script.etag):
            return None
        return int(match[1])

    def _send(self, script: Script, body: bytes) -> None:
        if script.cut_after is not None:
            self.wfile.write(body[: script.cut_after])
        elif script.stall_after is not None:
            self.wfile.write(body[: script.stall_after])
            self.wfile.flush()
            script.released.wait(20)
        else:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """The listening part; `seen` are the requests so far."""

    daemon_threads = False

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.seen: list[Seen] = []
        self.origin = f"https://localhost:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that went away is no error here."""


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """Runs the host while the body runs."""
    server = Server(script)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def trust() -> ssl.SSLContext:
    """Trusts the certificate of this host alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(PEM)
    return context
