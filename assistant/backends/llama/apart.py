"""The worker's first step: away from the network, before any library has started a thread."""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

# linux/sched.h, linux/capability.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522

LOOK, APART = "--look", "apart"


def leave_network(*, as_root: bool) -> bool:
    """Moves this process into a network namespace of its own, in which nothing can be reached, not even this machine.

    What native code does there stays there: unlike the wall around the program itself, this holds whoever calls the system.
    Root may do it `as_root`; everybody else needs a user namespace around it, in which root would lose its rights over the
    files of others. False where the kernel does not let it; then nothing has changed. Only for a process with a single thread.
    """
    if sys.platform != "linux":
        return False
    uid, gid = os.geteuid(), os.getegid()
    system = ctypes.CDLL(None)
    if system.unshare(_CLONE_NEWNET if as_root else _CLONE_NEWNET | _CLONE_NEWUSER) != 0:
        return False
    if not as_root:
        _settle_as(uid, gid)
        _give_up_rights(system)
    return True


def _settle_as(uid: int, gid: int) -> None:
    """Stays who one was: files do not need it, but whoever asks for their name would be told `nobody`."""
    lines = (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"))
    for name, line in lines:
        with contextlib.suppress(OSError):
            Path("/proc/self", name).write_text(line, "ascii")


def _give_up_rights(system: ctypes.CDLL) -> None:
    """A new user namespace makes its first process an administrator in it, who can reach more of the kernel than others."""
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    system.capset(head, none)


def main(*, look: bool = False) -> None:
    """Leaves, then is the worker; for a `look` it only says whether it could leave: `apart` or `not apart`."""
    netns = leave_network(as_root=os.geteuid() == 0)
    if look:
        sys.stdout.write(APART if netns else f"not {APART}")
        return
    # Only now: NumPy's libraries start threads when they are loaded.
    from assistant.backends.llama import worker

    worker.main(netns=netns)


if __name__ == "__main__":
    main(look=sys.argv[1:] == [LOOK])
