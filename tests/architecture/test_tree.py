"""What must not lie in the source tree: package index hosts, places of one machine, weights, loose ends."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST_BYTES = 1_000_000
# In pieces, so that this file passes its own test.
INDEX_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "pi" + "wheels.org", "npm" + "js.org", "deb.deb" + "ian.org"]  # fmt: skip
MACHINE_PLACES = [
    "/ro" + "ot/",
    "/wo" + "rk/",
    "/tmp" + "/w/",
    "/opt/" + "pypi",
    "/opt/" + "wheels",
]
LOOSE_ENDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]


def files() -> list[Path]:
    """Every file that is in git or would be added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def holding(words: list[str], *, only: str = "") -> list[str]:
    """`file: word` for each word found in a file whose name ends with `only`."""
    return [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files()
        if path.name.endswith(only)
        for text in [path.read_bytes()]
        for word in words
        if word.encode() in text
    ]


def test_no_package_index_is_named() -> None:
    assert not holding(INDEX_HOSTS)


def test_no_place_of_one_machine_is_named() -> None:
    assert not holding(MACHINE_PLACES)


def test_no_loose_ends() -> None:
    assert not holding(LOOSE_ENDS, only=".py")


def test_no_weights_and_nothing_large() -> None:
    assert not [path.name for path in files() if path.suffix == ".gguf"]
    assert not [path.name for path in files() if path.stat().st_size > LARGEST_BYTES]


@pytest.mark.parametrize("name", ["utils", "helpers", "helper", "manager", "misc", "common"])
def test_no_room_without_a_purpose(name: str) -> None:
    assert not list((ROOT / "assistant").rglob(f"{name}.py"))
