"""`python -m tests.e2e.egress.broken_disk COMMAND...`: runs COMMAND where the kernel answers every fsync with an I/O error.

The kernel itself says so, by a filter on system calls (seccomp): no part of the program knows of it.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBERS = {"x86_64": (74, 75), "aarch64": (82, 83), "armv7l": (118, 148), "armv6l": (118, 148)}
"""Of fsync and fdatasync, as each kind of processor has them."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def break_disk() -> None:
    """From now on, for this process and all that it becomes or starts."""
    fsync, fdatasync = _NUMBERS[platform.machine()]
    steps = (
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 2, 0, fsync),
        (_JUMP_IF_EQUAL, 1, 0, fdatasync),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.EIO),
    )
    program = _Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
    system = ctypes.CDLL(None, use_errno=True)
    assert system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    done = system.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)
    assert done == 0, os.strerror(ctypes.get_errno())


if __name__ == "__main__":
    break_disk()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the test's own command
