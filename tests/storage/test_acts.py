"""Acts besides sends: on record first, and none while everything is offline."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.domain.audit_entries import Note, Noted
from assistant.domain.errors import RefusedError, StorageError, UsageError
from assistant.storage.acts import ActBook
from tests.facts_maker import NOW
from tests.storage.leaving_stage import LOCKED, Program, Ring

NOTED = Noted(Note.FIGURES, "192.168.1.20:4318", "ab" * 32, 12)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path, Ring().stores)
    yield made
    made.close()


def test_an_act_is_committed_before_it_is_done(program: Program) -> None:
    ActBook(program.desk).record(NOTED, NOW)
    [body] = map(json.loads, program.bodies("figures-sent"))
    assert (body["subject"], body["digest"], body["count"]) == (
        "192.168.1.20:4318",
        "ab" * 32,
        12,
    )


def test_offline_nothing_is_done_nor_said_to_be(program: Program) -> None:
    book = ActBook(program.desk)
    book.require_online()
    program.consents.panic(NOW)
    with pytest.raises(RefusedError, match="offline"):
        book.require_online()
    with pytest.raises(RefusedError, match="offline"):
        book.record(NOTED, NOW)
    assert not program.bodies("figures-sent")
    program.consents.lift(NOW)
    book.record(NOTED, NOW)
    assert len(program.bodies("figures-sent")) == 1


def test_a_panic_key_that_could_not_be_written_stops_it_too(program: Program) -> None:
    program.desk.halted = True
    with pytest.raises(RefusedError):
        ActBook(program.desk).require_online()
    with pytest.raises(RefusedError):
        ActBook(program.desk).record(NOTED, NOW)


def test_without_a_record_nothing_is_done(tmp_path: Path) -> None:
    for name, stores in (("bare", None), ("locked", LOCKED)):
        folder = tmp_path / name
        folder.mkdir()
        made = Program(folder, stores)
        try:
            with pytest.raises(StorageError):
                ActBook(made.desk).record(NOTED, NOW)
        finally:
            made.close()


def test_no_text_can_be_put_on_record(program: Program) -> None:
    with pytest.raises(UsageError, match="no text"):
        ActBook(program.desk).record(Noted(Note.PRICES, "a text with blanks"), NOW)
    assert not program.bodies("prices-fetched")
