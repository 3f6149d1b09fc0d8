"""The audit's key and anchor: where a store can be used there, else in one private file; the first key until it is taken."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.audit import FIRST_ANCHOR, Anchor, EpochKey
from assistant.domain.errors import SecretsError, StorageError
from assistant.storage import audit
from assistant.storage.database import in_memory
from assistant.storage.secrets.audit_safe import (
    AuditSafe,
    _packed_anchor,
    _packed_key,
    _unpacked_anchor,
    _unpacked_key,
)
from assistant.storage.secrets.creds import SystemdCreds
from assistant.storage.secrets.stores import Store
from tests.audit_maker import FIRST
from tests.storage.audit_stage import STEPS, fill
from tests.storage.secrets.fake_creds import install
from tests.storage.secrets.rings import PLAINTEXT, ring
from tests.storage.secrets.stage import ring_store

NEXT = FIRST.following()
ANCHOR = Anchor(7, b"h" * 32)


@pytest.fixture(params=["keyring", "systemd-creds", "file"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, ...]:
    """Each way in which the parts can be kept."""
    refused = ring_store(ring(PLAINTEXT))
    if request.param == "keyring":
        return (ring_store(ring()),)
    if request.param == "file":
        return (refused, SystemdCreds(tmp_path, {}, programs=str(tmp_path)))
    return refused, SystemdCreds(tmp_path / "keys", {}, programs=install(tmp_path / "programs"))


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "state" / "audit.key"


def test_what_is_kept_is_read_by_the_next_program(
    stores: tuple[Store, ...], tmp_path: Path
) -> None:
    safe = AuditSafe(file_of(tmp_path), stores)
    assert (safe.where, safe.keys.get(), safe.anchors.get(), safe.first()) == ("", None, None, None)
    safe.anchors.set(FIRST_ANCHOR)
    safe.keys.set(FIRST)
    safe.keep_first(FIRST)
    safe.keys.set(NEXT)
    safe.anchors.set(ANCHOR)
    again = AuditSafe(file_of(tmp_path), stores)
    assert (again.keys.get(), again.anchors.get(), again.first()) == (NEXT, ANCHOR, FIRST)
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600


def test_the_first_key_is_erased_alone(stores: tuple[Store, ...], tmp_path: Path) -> None:
    safe = AuditSafe(file_of(tmp_path), stores)
    safe.erase_first()
    safe.keep_first(FIRST)
    safe.keys.set(NEXT)
    safe.anchors.set(ANCHOR)
    safe.erase_first()
    safe.erase_first()
    assert (safe.first(), safe.keys.get(), safe.anchors.get()) == (None, NEXT, ANCHOR)
    assert FIRST.key.hex() not in file_of(tmp_path).read_text()


def test_a_whole_audit_lives_on_it(stores: tuple[Store, ...], tmp_path: Path) -> None:
    """Three epochs of records, and verification under the first key."""
    safe = AuditSafe(file_of(tmp_path), stores)
    database = in_memory(0, STEPS)
    with database.write() as db:
        log = audit.begin(db, FIRST, safe.keys, safe.anchors)
    fill(database, log)
    with database.read() as db:
        assert audit.verify_audit(db, safe.anchors.get(), FIRST).whole
    kept = safe.keys.get()
    assert kept is not None
    assert kept.epoch > 0
    with database.read() as db:
        audit.AuditLog(safe.keys, safe.anchors).anchor(db)
    database.close()


def test_where_it_lies_is_said(tmp_path: Path) -> None:
    in_ring = AuditSafe(tmp_path / "a" / "audit.key", (ring_store(ring()),))
    in_ring.keys.set(FIRST)
    assert in_ring.where == "the desktop's keyring (Secret Service)"
    assert FIRST.key.hex() not in (tmp_path / "a" / "audit.key").read_text()
    in_file = AuditSafe(tmp_path / "b" / "audit.key", ())
    in_file.keys.set(FIRST)
    assert in_file.where == f"a file that only you can read: {tmp_path / 'b' / 'audit.key'}"


def test_a_locked_keyring_is_passed_over_once_and_then_for_good(tmp_path: Path) -> None:
    kind = ring()
    kind.locked = True
    safe = AuditSafe(file_of(tmp_path), (ring_store(kind),))
    safe.keys.set(FIRST)
    kind.locked = False
    safe.anchors.set(ANCHOR)
    assert "a file that" in safe.where
    assert not kind.kept


def test_a_keyring_that_is_gone_is_not_taken_for_a_lost_key(tmp_path: Path) -> None:
    """On a desktop it was begun, over ssh there is no keyring: that is said, and nothing is begun anew in a file."""
    kind = ring()
    AuditSafe(file_of(tmp_path), (ring_store(kind),)).keys.set(FIRST)
    before = file_of(tmp_path).read_bytes()
    away = AuditSafe(file_of(tmp_path), (ring_store(ring(PLAINTEXT)),))
    with pytest.raises(SecretsError, match="keyring cannot be used"):
        away.keys.get()
    with pytest.raises(SecretsError, match="keyring cannot be used"):
        away.anchors.set(ANCHOR)
    assert file_of(tmp_path).read_bytes() == before


def test_two_folders_do_not_mix_in_one_keyring(tmp_path: Path) -> None:
    kind = ring()
    one, two = (AuditSafe(tmp_path / name / "audit.key", (ring_store(kind),)) for name in "ab")
    one.keys.set(FIRST)
    two.keys.set(NEXT)
    assert (one.keys.get(), two.keys.get()) == (FIRST, NEXT)


def test_a_file_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    safe = AuditSafe(file_of(tmp_path), ())
    safe.keys.set(FIRST)
    file_of(tmp_path).chmod(0o644)
    safe.keys.set(NEXT)
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2, "store": "file", "id": "a", "parts": {}}', "\x00"]
)
def test_a_damaged_file_is_told_and_not_written_over(tmp_path: Path, content: str) -> None:
    safe = AuditSafe(file_of(tmp_path), ())
    safe.keys.set(FIRST)
    file_of(tmp_path).write_text(content)
    for act in (safe.keys.get, safe.first, lambda: safe.anchors.set(ANCHOR), safe.erase_first):
        with pytest.raises(SecretsError, match="cannot be read"):
            act()
    assert file_of(tmp_path).read_text() == content


def test_a_damaged_part_is_told(tmp_path: Path) -> None:
    kind = ring()
    safe = AuditSafe(file_of(tmp_path), (ring_store(kind),))
    safe.keys.set(FIRST)
    kind.kept = dict.fromkeys(kind.kept, '{"epoch": 0, "key": "zz"}')
    with pytest.raises(SecretsError, match="the audit's key in the desktop's keyring"):
        safe.keys.get()
    table = json.loads(file_of(tmp_path).read_text())
    file_of(tmp_path).write_text(json.dumps({**table, "store": "cloud"}))
    with pytest.raises(SecretsError, match="unknown: cloud"):
        safe.keys.get()


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    file_of(tmp_path).mkdir(parents=True)
    safe = AuditSafe(file_of(tmp_path), ())
    with pytest.raises(StorageError, match="cannot be read"):
        safe.keys.set(FIRST)


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
def test_keys_and_anchors_come_back_as_they_were(number: int, raw: bytes) -> None:
    assert _unpacked_key(_packed_key(EpochKey(number, raw))) == EpochKey(number, raw)
    assert _unpacked_anchor(_packed_anchor(Anchor(number, raw))) == Anchor(number, raw)
    assert _unpacked_key(_packed_key(EpochKey(-1 - number, raw))) is None
    assert _unpacked_anchor(_packed_anchor(Anchor(number, raw[1:]))) is None
