"""Where a download may lead, and what leave it needs."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.disk import RESERVE_BYTES, check_room, disk_error
from assistant.domain.downloads import PURPOSE, DownloadPermit, Hop, Reach, declared_sha256
from assistant.domain.errors import FetchError, FullDiskError, RefusedError, StorageError

REACH = Reach("https://models.example", ("models.example", "cdn.example"))
AT = Hop("models.example", 443, "/a/b")


def test_a_file_is_asked_for_at_its_origin() -> None:
    hop = REACH.start("org/name", "model.gguf")
    assert hop.url == "https://models.example:443/org/name/resolve/main/model.gguf"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://cdn.example/x?sig=%2F1", "cdn.example"),
        ("https://eu.cdn.example/x", "eu.cdn.example"),
        ("https://EU.CDN.example:443/x", "eu.cdn.example"),
        ("/elsewhere", "models.example"),
        ("//cdn.example/x", "cdn.example"),
    ],
)
def test_a_redirect_within_the_list_is_taken(location: str, host: str) -> None:
    assert REACH.hop(location, AT).host == host


@pytest.mark.parametrize(
    "location",
    [
        "http://models.example/x",
        "https://evil.example/x",
        "https://cdn.example.evil.org/x",
        "https://notcdn.example/x",
        "https://cdn.example@evil.org/x",
        "https://user:pass@cdn.example/x",
        "https://cdn.example:8443/x",
        "https://cdn.example:99999/x",
        "https://[::1/x",
        "https://cdn.example\\@evil.org/x",
        "file:///etc/passwd",
        "data:text/plain,x",
        "https://cdn.example/\u00e4",
        "",
    ],
)
def test_a_redirect_anywhere_else_is_not(location: str) -> None:
    with pytest.raises(FetchError):
        REACH.hop(location, AT)


@given(st.text(max_size=60))
def test_any_location_ends_on_the_list_or_is_refused(location: str) -> None:
    try:
        hop = REACH.hop(location, AT)
    except FetchError:
        return
    assert hop.host.endswith(("models.example", "cdn.example"))
    assert hop.port == 443
    assert "\n" not in hop.target


@pytest.mark.parametrize(
    ("purpose", "hop", "most"),
    [
        ("chat", AT, 1),
        (PURPOSE, Hop("a b", 443, "/"), 1),
        (PURPOSE, Hop("", 443, "/"), 1),
        (PURPOSE, Hop("a", 0, "/"), 1),
        (PURPOSE, Hop("a", 443, "/x\r\nHost: b"), 1),
        (PURPOSE, Hop("a", 443, "x"), 1),
        (PURPOSE, AT, 0),
    ],
)
def test_a_permit_is_for_one_plain_download(purpose: str, hop: Hop, most: int) -> None:
    with pytest.raises(RefusedError):
        DownloadPermit("id", purpose, hop, most, 1)


def test_only_a_sha256_counts_as_declared() -> None:
    digest = "ab" * 32
    assert declared_sha256(f'"{digest}"') == digest
    assert declared_sha256(digest) == digest
    for other in (None, "", '"abc"', f'W/"{digest}"', digest.upper(), f"{digest}-5"):
        assert declared_sha256(other) is None


def test_room_is_asked_for_with_a_reserve() -> None:
    check_room(1000, RESERVE_BYTES + 1000, "here")
    with pytest.raises(FullDiskError, match="here has 200 MB free; this needs 2\\.0 GB"):
        check_room(2_000_000_000, RESERVE_BYTES, "here")


def test_what_the_disk_said_is_put_in_words() -> None:
    assert isinstance(disk_error(OSError(errno.ENOSPC, ""), "f"), FullDiskError)
    assert "this large" in disk_error(OSError(errno.EFBIG, ""), "f").message
    assert type(disk_error(OSError(errno.EACCES, "Permission denied"), "f")) is StorageError
