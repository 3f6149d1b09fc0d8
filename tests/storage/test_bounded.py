"""What a reader of hostile files may do: read, and nothing else, whatever the file makes it try."""

import json
import sys

import pytest

from assistant.domain.errors import AttachmentError
from assistant.storage.reading_apart import printed, program

HELD = (
    "import sys, os, socket, subprocess\n"
    "from assistant.storage import bounded\n"
    "bounded.bound(5, 500_000_000); bounded.only_read()\n"
    "def no(act):\n"
    "    try: act()\n"
    "    except (OSError, MemoryError): return\n"
    "    raise SystemExit(1)\n"
    "no(lambda: socket.socket()); no(lambda: os.system('true')); no(lambda: open('/dev/null', 'w')); no(os.fork)\n"
    "no(lambda: subprocess.run(['true'])); no(lambda: bytearray(600_000_000))\n"
    "open('/dev/null').close()\n"
    "print(sorted(os.environ), sys.stdin.read())"
)


def test_it_may_not_reach_out_write_or_take_more_memory_and_knows_nothing_of_this_process() -> None:
    said = printed((sys.executable, "-c", HELD), b"file", "a", 30, "not read")
    assert said == b"['LC_ALL', 'PYTHONPATH'] file\n"


def test_one_that_takes_too_long_is_ended() -> None:
    endless = (sys.executable, "-c", "while True: pass")
    with pytest.raises(AttachmentError, match=r"a\.png: not read within 0\.2 s \(try less\)"):
        printed(endless, b"", "a.png", 0.2, "not read; try less")


def test_one_that_cannot_be_started_is_told() -> None:
    with pytest.raises(AttachmentError, match="no program can be started"):
        printed(("/no/such/program",), b"", "a", 1, "not read")


def test_it_is_started_without_the_folder_of_its_file_on_its_path() -> None:
    """Modules there have names of the standard library's."""
    assert "-P" in program("assistant.storage.pdf_text")
    code = "import json, secrets, sys; print(json.dumps([secrets.__file__, sys.path[0]]))"
    where = json.loads(printed((sys.executable, "-P", "-s", "-c", code), b"", "a", 30, "not read"))
    assert "assistant" not in where[0].rpartition("/lib/")[2]
    assert not where[1].endswith("storage")


def test_who_asks_for_a_file_to_be_read_never_loads_what_reads_it() -> None:
    code = (
        "import sys; import assistant.storage.thumbnails, assistant.storage.pdf_reader\n"
        "print(sorted({'PIL', 'pypdf'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    assert printed((sys.executable, "-c", code), b"", "a", 30, "not read") == b"[]\n"
