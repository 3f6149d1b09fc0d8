"""A public host of data on loopback, over HTTPS with an authority of its own, with every fault that one can have."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PEM = Path(__file__).parents[1] / "outbound" / "localhost.pem"
TARGET = "/data.json"


class _Handler(BaseHTTPRequestHandler):
    server: "PriceHost"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.close_connection = True
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        if self.server.endless:
            self.end_headers()
            self._drip()
        else:
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.server.released.wait(30)
            self.wfile.write(self.server.body)

    def _drip(self) -> None:
        """A body that never ends: a gigabyte, if one lets it."""
        with suppress(OSError):
            for _ in range(1_000):
                self.wfile.write(b" " * 1_000_000)
                self.server.sent += 1_000_000

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class PriceHost(ThreadingHTTPServer):
    """Answers with `status`, `headers` and, once it is `released`, `body`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.endless = False
        self.released = threading.Event()
        self.released.set()
        self.sent = 0

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


@contextmanager
def publishing() -> Iterator[PriceHost]:
    """Runs one."""
    with PriceHost() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
