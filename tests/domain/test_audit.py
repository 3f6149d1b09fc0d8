"""The chain: whatever is done to it without the key shows, and what cannot show is said."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.audit import (
    FIRST_ANCHOR,
    MOST_FINDINGS,
    NOT_FOUND_HERE,
    Anchor,
    EpochKey,
    Fault,
    Record,
    Verification,
    first_key,
    hkdf,
    payload_mac,
    seal,
    verify,
)
from assistant.domain.audit_entries import (
    Entry,
    Note,
    Noted,
    Outcome,
    Sealed,
    canonical,
    clock_moved_ms,
    ended_of,
    is_seal,
    moment_of,
    noted_of,
    permit_of,
)
from assistant.domain.errors import CorruptError, UsageError
from tests.audit_maker import FIRST, at, chain, ended, permit, small

RECORDS = chain(small())
END = Anchor(len(RECORDS), RECORDS[-1].mac)


def faults(records: list[Record], anchor: Anchor | None = END) -> set[Fault]:
    return {finding.fault for finding in verify(records, anchor, FIRST).findings}


def bits(number: int) -> Iterator[int]:
    return (number ^ (1 << bit) for bit in range(64))


def flips(data: bytes) -> Iterator[bytes]:
    for i in range(len(data)):
        for bit in range(8):
            yield data[:i] + bytes([data[i] ^ (1 << bit)]) + data[i + 1 :]


def variants(record: Record) -> Iterator[Record]:
    """`record` with each bit of each of its fields flipped."""
    yield from (replace(record, seq=seq) for seq in bits(record.seq))
    yield from (replace(record, epoch=epoch) for epoch in bits(record.epoch))
    yield from (replace(record, prev=prev) for prev in flips(record.prev))
    yield from (replace(record, body=body) for body in flips(record.body))
    yield from (replace(record, mac=mac) for mac in flips(record.mac))


def test_a_chain_that_nobody_touched_is_whole() -> None:
    told = verify(RECORDS, END, FIRST)
    assert told == Verification((), len(RECORDS), END.head, 0, told.limits)
    assert told.whole
    assert [record.epoch for record in RECORDS] == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_an_audit_without_records_is_whole_under_its_first_anchor_only() -> None:
    assert faults([], FIRST_ANCHOR) == set()
    assert faults([], None) == {Fault.NO_ANCHOR}
    assert faults([], Anchor(0, b"\x01" * 32)) == {Fault.ANCHOR}


def test_every_flipped_bit_of_every_field_is_found() -> None:
    for i, record in enumerate(RECORDS):
        for changed in variants(record):
            assert faults([*RECORDS[:i], changed, *RECORDS[i + 1 :]]), (i, changed)


def test_a_bit_is_found_without_an_anchor_too_by_the_mac_or_the_link() -> None:
    changed = replace(RECORDS[1], body=RECORDS[1].body.replace(b"1234", b"1235"))
    assert faults([RECORDS[0], changed, *RECORDS[2:]]) == {Fault.MAC}


@given(st.integers(0, len(RECORDS) - 1))
def test_what_is_cut_off_the_end_is_found(kept: int) -> None:
    assert Fault.TRUNCATED in faults(RECORDS[:kept])


@given(st.permutations(range(len(RECORDS))))
def test_any_other_order_is_found(order: list[int]) -> None:
    same = order == sorted(order)
    assert bool(faults([RECORDS[i] for i in order])) is not same


@given(st.lists(st.sampled_from(RECORDS), max_size=12))
def test_nothing_but_the_records_themselves_passes(records: list[Record]) -> None:
    assert bool(faults(records)) is (records != RECORDS)


@given(st.integers(0, len(RECORDS)), st.sampled_from(RECORDS))
def test_a_record_that_is_played_again_is_found(where: int, again: Record) -> None:
    assert faults([*RECORDS[:where], again, *RECORDS[where:]])


def test_a_new_start_is_found_even_with_the_first_key() -> None:
    others: list[Entry] = [Noted(Note.PANIC)] * len(RECORDS)
    assert faults(chain(others)) == {Fault.ANCHOR}
    assert Fault.TRUNCATED in faults(chain(others[:2]))


def test_a_record_that_is_added_without_the_key_is_found() -> None:
    body = canonical(permit("forged"), at())
    forged = seal(EpochKey(2, b"x" * 32), len(RECORDS) + 1, END.head, body)
    told = verify([*RECORDS, forged], END, FIRST)
    assert [finding.fault for finding in told.findings] == [Fault.MAC]
    assert told.findings[0].position == len(RECORDS) + 1
    assert told.after_anchor == 1


def test_another_first_key_finds_every_record() -> None:
    told = verify(RECORDS, END, first_key(b"y" * 32))
    assert [finding.fault for finding in told.findings] == [Fault.MAC] * len(RECORDS)


def test_the_key_of_today_writes_nothing_of_yesterday() -> None:
    today = FIRST.following().following()
    for claimed in (0, 2):
        key = replace(today, epoch=claimed)
        changed = seal(key, 2, RECORDS[0].mac, canonical(permit("other"), at()))
        assert {Fault.MAC, Fault.LINK} <= faults([RECORDS[0], changed, *RECORDS[2:]])


def test_the_key_of_today_cannot_end_an_earlier_epoch() -> None:
    # What is dropped is hidden by going on in one's own epoch: without the seal, that is not where the chain is.
    today = FIRST.following()
    grafted = seal(today, 3, RECORDS[1].mac, canonical(Noted(Note.PANIC), at()))
    found = faults([*RECORDS[:2], grafted], None)
    assert {Fault.EPOCH, Fault.MAC} <= found


@given(st.integers(0, 5), st.integers(0, 5))
def test_the_same_body_has_another_mac_in_each_place_and_epoch(a: int, b: int) -> None:
    body = canonical(permit(), at())
    here, there = (
        seal(EpochKey(a, FIRST.key), 1, b"", body),
        seal(EpochKey(b, FIRST.key), 1, b"", body),
    )
    assert (here.mac == there.mac) is (a == b)
    moved = seal(EpochKey(a, FIRST.key), b + 2, b"", body)
    assert here.mac != moved.mac


def test_an_old_copy_with_its_old_anchor_is_not_found_and_that_is_said() -> None:
    old = RECORDS[:5]
    told = verify(old, Anchor(5, old[-1].mac), FIRST)
    assert told.whole
    assert NOT_FOUND_HERE in told.limits
    found = verify(old, Anchor(5, old[-1].mac), FIRST, checkpoint=END)
    assert [finding.fault for finding in found.findings] == [Fault.TRUNCATED]
    assert NOT_FOUND_HERE not in found.limits


def test_a_checkpoint_of_another_chain_is_found() -> None:
    told = verify(RECORDS, END, FIRST, checkpoint=Anchor(3, b"\x01" * 32))
    assert [(f.fault, f.position) for f in told.findings] == [(Fault.CHECKPOINT, 3)]


def test_findings_end_somewhere() -> None:
    many = [replace(record, seq=0) for record in RECORDS] * 50
    assert MOST_FINDINGS <= len(verify(many, None, FIRST).findings) < MOST_FINDINGS + 5


def test_numbers_that_no_mac_can_hold_are_found() -> None:
    for changed in (replace(RECORDS[0], seq=-1), replace(RECORDS[0], epoch=2**64)):
        assert Fault.MAC in faults([changed, *RECORDS[1:]])


def test_keys_are_those_of_rfc_5869() -> None:
    # Its third test case, the first block.
    block = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert hkdf(b"\x0b" * 22, b"").hex() == block


def test_a_key_is_never_shown_and_each_use_has_its_own() -> None:
    assert "key=" not in repr(FIRST)
    kinds = {FIRST.key, FIRST.following().key, FIRST.for_records, FIRST.for_payloads}
    assert len(kinds | {FIRST.for_checkpoints}) == 5
    with pytest.raises(ValueError, match="32 bytes"):
        first_key(b"short")


def test_the_mac_is_over_number_epoch_link_and_digest() -> None:
    for record, key in zip(RECORDS[3:5], (FIRST, FIRST.following()), strict=True):
        numbers = record.seq.to_bytes(8, "big") + record.epoch.to_bytes(8, "big")
        message = numbers + record.prev + hashlib.sha256(record.body).digest()
        assert record.mac == hmac.digest(key.for_records, message, "sha256")


def test_a_payload_is_known_to_the_key_alone() -> None:
    assert payload_mac(FIRST, b"hi") != payload_mac(FIRST.following(), b"hi")
    assert len(payload_mac(FIRST, b"hi")) == 64


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "\x1b[2J", "ü", "x" * 201])
def test_no_text_gets_into_a_record(text: str) -> None:
    with pytest.raises(UsageError, match="takes no text"):
        canonical(replace(permit(), model=text), at())
    with pytest.raises(UsageError, match="takes no text"):
        canonical(replace(permit(), messages=("m1", text)), at())
    with pytest.raises(UsageError, match="takes no text"):
        canonical(permit(), at(boot=text))


@pytest.mark.parametrize("count", [-1, True, 2**63])
def test_only_counts_get_into_a_record(count: int) -> None:
    with pytest.raises(UsageError):
        canonical(replace(permit(), sent_bytes=count), at())


ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)


@given(ids, st.lists(ids, max_size=4), st.integers(0, 2**62))
def test_what_is_written_is_read_back_and_is_written_in_one_way(
    name: str, messages: list[str], count: int
) -> None:
    entry = replace(permit(name), messages=tuple(messages), sent_bytes=count)
    body = canonical(entry, at(count))
    assert permit_of(body) == entry
    assert moment_of(body).wall_ms == count
    assert json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode() == body
    assert not is_seal(body)


def test_an_end_is_read_back_and_a_seal_is_seen() -> None:
    told = replace(ended(), said_model="m", said_provider="p", said_geo="us")
    for entry in (ended(), ended("p2", Outcome.UNSENT, 0), told):
        assert ended_of(canonical(entry, at())) == entry
    older = json.loads(canonical(told, at()))
    for name in ("said_model", "said_provider", "said_geo"):
        del older[name]
    assert ended_of(json.dumps(older).encode()) == ended()
    noted = Noted(Note.CONSENT, "g1", "ab" * 32, 2)
    assert noted_of(canonical(noted, at())) == noted
    assert is_seal(canonical(Sealed(3), at()))
    assert not is_seal(canonical(Noted(Note.KEY_USED, '"kind":"sealed"'), at()))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"at":1}'])
def test_what_is_no_record_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(CorruptError, match="record of the audit"):
        moment_of(body)
    with pytest.raises(CorruptError, match="record of the audit"):
        permit_of(body)


def test_a_clock_that_was_set_is_seen() -> None:
    assert clock_moved_ms(at(10_000), at(20_000)) is None
    assert clock_moved_ms(at(10_000, 10.0), at(5_000, 1_010.0)) == -6_000
    assert clock_moved_ms(at(10_000, 10.0), at(90_000, 1_010.0)) == 79_000
    assert clock_moved_ms(at(10_000), at(9_000, 5.0, boot="b2")) == -1_000
    assert clock_moved_ms(at(10_000), at(90_000, 5.0, boot="b2")) is None


def test_an_end_of_an_earlier_version_has_no_word_of_what_was_thought() -> None:
    """It has neither the count of what was written to a cache, and its bytes stay as they are."""
    entry = replace(ended("p1"), cache_write_tokens=3, reasoning_tokens=4)
    body = json.loads(canonical(entry, at()))
    del body["cache_write_tokens"], body["reasoning_tokens"]
    old = ended_of(json.dumps(body).encode())
    assert (old.cache_write_tokens, old.reasoning_tokens) == (None, None)
    assert old.permit == "p1"
