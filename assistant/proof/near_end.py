"""`python -m assistant.proof.near_end FOLDER IP`: holds the namespaces in which the program runs, until its input ends.

The only way out is the far end. What answers names outside the network (a daemon behind a Unix socket) is out of sight.
"""

import json
import os
import sys
from pathlib import Path

from assistant.proof.links import LinkError, batch, has_ipv6, mount
from assistant.proof.place import NEAR_LINKS, NEAR_LINKS6, RESOLVER, SWITCH


def main(folder: Path, ip: str) -> int:
    """Says that it is in its namespaces, waits for the link, sets it up, says so, and stays."""
    _say({"in": True})
    if not sys.stdin.readline():
        return 0
    try:
        batch(ip, NEAR_LINKS + (NEAR_LINKS6 if has_ipv6() else ""))
        _close_names(folder)
    except (LinkError, OSError) as error:
        _say({"problem": str(error)})
        return 1
    _say({"ready": True})
    sys.stdin.read()
    return 0


def _close_names(folder: Path) -> None:
    """Puts the far end in the place of whoever answers names. Raises: LinkError, OSError."""
    for name, text in (("resolv.conf", RESOLVER), ("nsswitch.conf", SWITCH)):
        (folder / name).write_text(text, "ascii")
    # Sockets of daemons (resolver, message bus, keyring) lie here, and a namespace of the network does not close them.
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    resolver = Path(os.path.realpath("/etc/resolv.conf"))
    if not resolver.exists():
        if not resolver.is_relative_to("/run"):
            raise LinkError(f"there is no {resolver} whose place another could take")
        resolver.parent.mkdir(parents=True, exist_ok=True)
        resolver.touch()
    mount("--bind", str(folder / "resolv.conf"), str(resolver))
    if (switch := Path("/etc/nsswitch.conf")).exists():
        mount("--bind", str(folder / "nsswitch.conf"), str(switch))


def _say(words: dict[str, object]) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - the far end reads it


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
