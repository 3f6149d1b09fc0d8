"""The stand-in of hailo-ollama as a process of its own, for tests that have no loop or want to kill it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.standins.hailo_dto import Json

PROGRAM = Path(__file__).with_name("hailo_ollama.py")


@dataclass(frozen=True)
class Server:
    """A running stand-in."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def context(self) -> Json:
        """What the device holds."""
        return self._call("GET", "/__fake/context")

    def log(self) -> list[Json]:
        """The requests so far; moments are seconds of CLOCK_MONOTONIC."""
        requests = self._call("GET", "/__fake/log")["requests"]
        assert isinstance(requests, list)
        return requests

    def fault(self, name: str, at: float = 0, times: int | None = None) -> None:
        """Sets a fault of hailo_faults.FAULTS."""
        self._call("POST", "/__fake/fault", {"name": name, "at": at, "times": times})

    def kill(self) -> None:
        """SIGKILL, and waits for the end."""
        self.process.kill()
        self.process.wait(10)

    def _call(self, method: str, path: str, body: object = None) -> Json:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Connection": "close"})
            found = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert isinstance(found, dict)
        return found


@contextmanager
def running(*options: str, port: int = 0) -> Iterator[Server]:
    """Starts it with the options of the command line and ends it."""
    command = [sys.executable, str(PROGRAM), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Server(process, int(process.stdout.readline()))
        finally:
            process.kill()
