"""`python -m assistant.proof.control`: does what must not go unseen, a look-up and a connection, so that a count of 0 means something."""

import socket
from contextlib import suppress
from typing import Final

NAME: Final = "control.selftest.example"
"""What is looked up (RFC 2606: nobody's)."""
_PATIENCE_S: Final = 2.0


def main() -> None:
    """Tries both; nobody answers at the other end, and that is well."""
    with suppress(OSError), socket.create_connection((NAME, 443), _PATIENCE_S):
        pass


if __name__ == "__main__":
    main()
