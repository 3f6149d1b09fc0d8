"""A closed network: two namespaces whose only link is watched. What is run inside cannot reach anybody, and cannot try unseen."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.domain.errors import SelftestError
from assistant.domain.secret import without_keys
from assistant.proof.frames import FILE_HEAD, FRAME_HEAD_BYTES, Frame, frames

_PATIENCE_S: Final = 30.0
_SYSTEM_FOLDERS: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_PROGRAMS: Final = {"unshare": "util-linux", "nsenter": "util-linux", "mount": "util-linux", "ip": "iproute2"}  # fmt: skip
_ROOT: Final = Path(__file__).parents[2]

_LOCKS: Final = {
    "kernel/unprivileged_userns_clone": ("0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    "user/max_user_namespaces": ("0", "sudo sysctl user.max_user_namespaces=10000"),
    "user/max_net_namespaces": ("0", "sudo sysctl user.max_net_namespaces=10000"),
}
"""What keeps a person from making namespaces: a file under /proc/sys, the value that says so, and what lifts it."""


@dataclass(frozen=True, slots=True)
class Count:
    """What had arrived at the far end at a moment, since the network was closed."""

    size_bytes: int
    packets: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What tried to leave between two moments."""

    size_bytes: int
    packets: int
    frames: tuple[Frame, ...]

    @property
    def look_ups(self) -> tuple[str, ...]:
        """The names that were looked up."""
        return tuple(frame.look_up for frame in self.frames if frame.look_up)


class ClosedNetwork:
    """A closed network that stands; `capture` is the pcap file of all that arrived at its far end."""

    def __init__(
        self, far: "subprocess.Popen[bytes]", near: int, flags: Sequence[str], capture: Path
    ) -> None:
        """Use `closed_network`. `flags` say whether the namespaces belong to a user namespace."""
        self.capture = capture
        self._far = far
        self._near = near
        self._own = ["--user", "--preserve-credentials"] if flags else []

    def inside(self, *command: str) -> list[str]:
        """The argv that runs `command` at the near end, in the process that starts it."""
        return self._at(self._near, command)

    def beyond(self, *command: str) -> list[str]:
        """The argv that runs `command` at the far end: a server that everybody reaches."""
        return self._at(self._far.pid, command)

    def count(self) -> Count:
        """What has arrived by now. Raises: SelftestError where the far end is gone or has lost a frame."""
        with suppress(BrokenPipeError):
            # Whoever is gone gives no answer either, and that is said below.
            if self._far.stdin is not None:
                self._far.stdin.write(b"count\n")
        words = _answer(self._far)
        return Count(_whole(words, "bytes"), _whole(words, "packets"))

    def since(self, before: Count) -> Tried:
        """What tried to leave after `before`. Raises: SelftestError."""
        now = self.count()
        with self.capture.open("rb") as file:
            file.seek(len(FILE_HEAD) + FRAME_HEAD_BYTES * before.packets + before.size_bytes)
            seen = tuple(frames(file.read()))
        return Tried(now.size_bytes - before.size_bytes, now.packets - before.packets, seen)

    def _at(self, process: int, command: Sequence[str]) -> list[str]:
        spaces = [f"--target={process}", *self._own, "--net", "--mount"]
        return [_program("nsenter"), *spaces, f"--wd={Path.cwd()}", *command]


@contextmanager
def closed_network(folder: Path) -> Iterator[ClosedNetwork]:
    """Closes a network and opens it again at the end; `folder` takes the capture.

    Raises: SelftestError where the kernel or the system does not let us, with what to do.
    """
    ip, flags = [_program(name) for name in _PROGRAMS][-1], _ownership()
    command = [_program("unshare"), *flags, "--net", "--mount"]
    module = [sys.executable, "-m", "assistant.proof.far_end", str(folder), ip]
    with (
        (folder / "far_end.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - this program's own module
            [*command, *module],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
            start_new_session=True,
        ) as far,
    ):
        near = _whole(_answer(far), "near")
        yield ClosedNetwork(far, near, flags, folder / "capture.pcap")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without its keys, in which this very program is found; `extra` goes before it."""
    paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    found = {**without_keys(os.environ), "PYTHONPATH": os.pathsep.join(paths), **(extra or {})}
    return {**found, "PATH": f"{found.get('PATH', '')}:{_SYSTEM_FOLDERS}"}


def advice(sysctl: Path = Path("/proc/sys")) -> str:
    """What a person can do where the kernel refuses namespaces."""
    for name, (locked, cure) in _LOCKS.items():
        try:
            value = (sysctl / name).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if value == locked:
            return f"this lets you until the next start: {cure}"
    return "run it as root, outside a container: sudo assistant selftest egress"


def _ownership() -> tuple[str, ...]:
    """The flags under which namespaces can be made here: as a person who need not be root, else as root.

    Raises: SelftestError.
    """
    said = ""
    for flags in (("--map-root-user",), ()):
        command = [_program("unshare"), *flags, "--net", "--mount", "true"]
        tried = subprocess.run(command, capture_output=True, check=False, env=environment())  # noqa: S603 - a fixed program
        if tried.returncode == 0:
            return flags
        said = said or " ".join(tried.stderr.decode("utf-8", "replace").split())
    raise SelftestError(f"the kernel lets us make no closed network: {said}", advice())


def _program(name: str) -> str:
    """Where a program of the system lies, also where a person's PATH has no folder for it. Raises: SelftestError."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if found is None:
        package = _PROGRAMS[name]
        raise SelftestError(
            f"the program {name} is missing", f"install it with: sudo apt install {package}"
        )
    return found


def _answer(far: "subprocess.Popen[bytes]") -> dict[str, object]:
    """The far end's next line. Raises: SelftestError where it tells of a problem, is silent or gone."""
    ready = far.stdout is not None and bool(select.select([far.stdout], [], [], _PATIENCE_S)[0])
    line = far.stdout.readline() if ready and far.stdout else b""
    words: dict[str, object] = json.loads(line or '{"problem": "its far end is gone"}')
    if "problem" in words:
        raise SelftestError(f"the closed network failed: {words['problem']}", _CURE)
    return words


_CURE: Final = "does this kernel have veth and network namespaces? try: sudo modprobe veth"


def _whole(words: Mapping[str, object], key: str) -> int:
    value = words.get(key)
    if not isinstance(value, int):
        raise SelftestError(f"the closed network failed: its far end said {words}", _CURE)
    return value
