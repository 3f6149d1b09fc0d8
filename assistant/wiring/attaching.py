"""What attachments are read with: from the folder in which the program was started."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.ports.attaching import Attaching


def attaching() -> "Attaching":
    """The disk; from home where the folder of the start is gone."""
    from assistant.storage.attachments import DiskAttachments

    home = Path.home()
    try:
        start = Path.cwd()
    except FileNotFoundError:
        start = home
    return DiskAttachments(start, home)
