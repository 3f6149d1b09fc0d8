"""Rules and routes that have changed are on record by themselves, before the first decision under them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.events import Decided, Permitted
from assistant.storage.audit_papers import AuditPapers
from tests.audit_maker import DIGEST
from tests.facts_maker import NOW
from tests.storage.leaving_stage import Program, Ring, permitted, refused

OTHER = "cd" * 32


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path, Ring().stores)
    made.grant()
    yield made
    made.close()


def under(event: Permitted, **digests: str) -> Permitted:
    assert event.leave is not None
    return replace(event, leave=replace(event.leave, entry=replace(event.leave.entry, **digests)))  # type: ignore[arg-type]


def denied(turn: str, **digests: str) -> Decided:
    event = refused(turn)
    assert event.denied is not None
    entry = replace(event.denied.entry, **digests)  # type: ignore[arg-type]
    return replace(event, denied=replace(event.denied, entry=entry))


def noted(program: Program) -> list[tuple[str, str, str]]:
    bodies = [json.loads(body) for body in program.bodies('"kind":"noted"')]
    return [(b["what"], b["subject"], b["digest"]) for b in bodies if b["what"] != "consent"]


def test_a_change_is_noted_once_and_before_the_permit_under_it(program: Program) -> None:
    for turn, digests in (("t1", {}), ("t2", {"rules": OTHER}), ("t3", {"rules": OTHER})):
        program.ask(turn)
        program.journal.append(under(permitted(turn), **digests))
    assert noted(program) == [("rules", DIGEST, OTHER)]
    kinds = [json.loads(body)["kind"] for body in program.bodies()]
    assert kinds[2:] == ["permit", "noted", "permit", "permit"]
    assert AuditPapers(program.desk).verify(NOW).whole


def test_a_refusal_under_others_is_enough(program: Program) -> None:
    for turn, digests in (("t1", {}), ("t2", {"registry": OTHER, "rules": ""})):
        program.ask(turn)
        program.journal.append(denied(turn, **digests))
    assert noted(program) == [("rules", DIGEST, ""), ("registry", DIGEST, OTHER)]
    program.ask("t3")
    program.journal.append(permitted("t3"))
    assert noted(program)[2:] == [("rules", "", DIGEST), ("registry", OTHER, DIGEST)]


def test_what_has_not_changed_is_not_noted(program: Program) -> None:
    program.ask()
    program.journal.append(permitted())
    program.ask("t2")
    program.journal.append(denied("t2"))
    assert noted(program) == []
