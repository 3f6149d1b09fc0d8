"""Facts that a person fills in for a row of the registry: what is written comes back, and holds for that very row alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import CloudRoute, Registry
from assistant.domain.decisions import Verdict
from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.residency import UNKNOWN, Evidence, Fact, FilledIn
from assistant.domain.rules import Content, Rules, judge
from assistant.domain.sensitivity import Label
from assistant.storage.cloud_entries import CloudEntry, from_row
from assistant.storage.cloud_file import CloudFile
from assistant.storage.registry import load_registry
from assistant.storage.rules_file import load_rules

ON = date(2026, 11, 27)
FOUND = load_registry()
assert isinstance(FOUND, Registry)
REGISTRY: Registry = FOUND
SAID: dict[str, Fact] = {"storage": frozenset(("FR",)), "training": False}
WRITTEN = 'facts = { storage = ["FR"], training = "no" }'


def plain(row: str = "mistral-eu", **values: str) -> CloudEntry:
    return from_row(REGISTRY, row, row, "m", values)


def declared() -> CloudEntry:
    return plain().fill_in(SAID).declare(ON)


def store(folder: Path, text: str = "", registry: Registry = REGISTRY) -> CloudFile:
    path = folder / "routes.toml"
    if text:
        path.write_text(text, encoding="utf-8")
    return CloudFile(path, lambda: registry)


def changed(**facts: object) -> Registry:
    """The registry with another row mistral-eu."""
    rows = tuple(
        replace(row, facts=replace(row.facts, **facts)) if row.id == "mistral-eu" else row  # type: ignore[arg-type]
        for row in REGISTRY.routes
    )
    return replace(REGISTRY, routes=rows)


def passes(entry: CloudEntry, on: date = ON) -> bool:
    """Whether the shipped rules let normal text go there."""
    rules = load_rules(Path("/nowhere/rules.toml"), REGISTRY)
    assert isinstance(rules, Rules)
    facts = entry.setup.row.facts
    return judge(rules, facts, Label.NORMAL, Content.CLEAN, on).verdict is Verdict.ALLOW


def test_a_row_passes_once_what_it_does_not_know_is_filled_in_and_declared() -> None:
    entry, filled = plain(), plain().fill_in(SAID)
    assert not passes(entry)
    assert filled.setup == entry.setup
    assert not passes(filled)
    facts = declared().setup.row.facts
    assert passes(declared())
    assert (facts.storage, facts.training, facts.evidence) == (SAID["storage"], False, Evidence.A)
    assert facts.filled_in == FilledIn(frozenset(SAID), ON)
    assert facts.self_declared
    assert facts.review_by == entry.setup.row.facts.review_by
    assert not passes(declared(), date(2027, 5, 2))
    assert declared().setup.fingerprint != entry.setup.fingerprint
    assert declared().plain == entry.setup


@pytest.mark.parametrize(
    "said",
    [
        {},
        SAID,
        {"training": True, "human_review": False, "transit": frozenset(("DE", "FR"))},
        {"storage": UNKNOWN, "training": False},
    ],
)
@pytest.mark.parametrize("to_declare", [True, False])
def test_what_is_kept_comes_back(
    tmp_path: Path, said: dict[str, Fact], *, to_declare: bool
) -> None:
    entry = plain().fill_in(said)
    entry = entry.declare(ON) if to_declare else entry
    file = store(tmp_path)
    file.keep_cloud(entry)
    assert file.entries() == (entry,)
    written = file.path.read_text()
    file.keep_cloud(entry)
    assert file.path.read_text() == written
    assert not entry.void


def test_it_is_written_on_one_line_as_a_person_would(tmp_path: Path) -> None:
    file = store(tmp_path, "# mine\n\n[other]\nurl = 'http://gpu:1'\nmodel = 'a' # big\n")
    file.keep_cloud(declared())
    text = file.path.read_text()
    assert WRITTEN in text
    assert text.startswith("# mine\n\n[other]\nurl = 'http://gpu:1'\nmodel = 'a' # big\n")
    file.remove("mistral-eu")
    assert "mistral" not in file.path.read_text()


def test_nothing_stored_and_a_number_of_days_come_back(tmp_path: Path) -> None:
    said: dict[str, Fact] = {"storage": frozenset(), "retention_days": 0}
    entry = plain("nebius-eu-north1", deployment="m").fill_in(said).declare(ON)
    file = store(tmp_path)
    file.keep_cloud(entry)
    assert 'storage = "none", retention_days = 0' in file.path.read_text()
    assert file.entries() == (entry,)


def row(*more: str) -> str:
    return "\n".join(("[mistral-eu]", 'row = "mistral-eu"', 'model = "m"', *more, ""))


def test_what_is_written_down_counts_only_once_it_is_declared(tmp_path: Path) -> None:
    [entry] = store(tmp_path, row(WRITTEN)).entries()
    assert entry.facts == tuple(SAID.items())
    assert entry.setup == plain().setup
    assert not entry.void
    assert entry.declare(ON) == declared()
    table = store(tmp_path, row() + '[mistral-eu.facts]\ntraining = "no"\nstorage = ["FR"]\n')
    assert table.entries() == (entry,)
    table.keep_cloud(declared())
    assert table.entries() == (declared(),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"FR"', '"DE"'),
        ('"no"', '"yes"'),
        (', training = "no"', ""),
        ('training = "no"', 'training = "no", transit = ["FR"]'),
        ('training = "no"', 'training = "no", processing = ["FR"]'),
        ('storage = ["FR"]', 'storage = "none"'),
        ('model = "m"', 'model = "n"'),
        ("2026-11-27", "2026-11-28"),
        ('declared_for = "', 'declared_for = "0'),
    ],
)
def test_a_change_of_anything_voids_it_whole(tmp_path: Path, old: str, new: str) -> None:
    file = store(tmp_path)
    file.keep_cloud(declared())
    text = file.path.read_text()
    assert old in text
    file.path.write_text(text.replace(old, new))
    [entry] = file.entries()
    facts = entry.setup.row.facts
    assert entry.void
    assert (facts.storage, facts.training, facts.self_declared) == (UNKNOWN, UNKNOWN, False)
    assert facts.filled_in is None
    file.keep_cloud(entry)
    left = [line.split(" = ")[0] for line in file.path.read_text().splitlines()]
    assert left == ["[mistral-eu]", "row", "model"]


@pytest.mark.parametrize(
    "facts",
    [
        {"retention_days": 31},
        {"review_by": date(2027, 11, 1)},
        {"source": "another page"},
        {"storage": frozenset(("US",))},
        {"storage": frozenset(("FR",))},
    ],
)
def test_another_row_voids_it_also_where_the_row_now_knows(
    tmp_path: Path, facts: dict[str, object]
) -> None:
    store(tmp_path).keep_cloud(declared())
    registry = changed(**facts)
    [entry] = store(tmp_path, registry=registry).entries()
    found = registry.find("mistral-eu")
    assert isinstance(found, CloudRoute)
    assert entry.void
    assert entry.setup.row.facts == found.facts
    assert not passes(entry)


def test_a_row_that_comes_to_contradict_it_voids_it(tmp_path: Path) -> None:
    registry = changed(retention_days=UNKNOWN)
    nothing: dict[str, Fact] = {"storage": frozenset(), "retention_days": 0}
    entry = from_row(registry, "mistral-eu", "mistral-eu", "m").fill_in(nothing).declare(ON)
    store(tmp_path, registry=registry).keep_cloud(entry)
    [found] = store(tmp_path).entries()
    assert found.void
    assert found.setup == plain().setup


def test_an_account_is_vouched_for_together_with_what_is_filled_in() -> None:
    entry = plain("nebius-eu-north1", deployment="m")
    word, filled = entry.declare(ON), entry.fill_in({"training": False}).declare(ON)
    assert word.setup.row.facts.filled_in is None
    assert word.declared_for == entry.setup.fingerprint
    assert word.setup.row.facts.self_declared
    assert filled.setup.row.facts.self_declared
    assert filled.fill_in({}).declare(ON) == word


@pytest.mark.parametrize("said", [{"processing": frozenset(("FR",))}, {"storage": frozenset()}])
def test_what_is_known_is_not_the_persons_to_say(said: dict[str, Fact]) -> None:
    with pytest.raises(UsageError):
        plain().fill_in(said).declare(ON)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ('{ processing = ["FR"] }', "processing of mistral-eu is known already"),
        ('{ processing = "unknown" }', "processing of mistral-eu is known already"),
        ("{ retention_days = 30 }", "retention_days of mistral-eu is known already"),
        ('{ storage = "none" }', "nothing is stored, yet kept"),
        ('{ evidence = "A" }', "there is no key 'evidence'"),
        ('{ operator = "Me" }', "there is no key 'operator'"),
        ('{ trainign = "no" }', "did you mean training?"),
        ('{ training = "maybe" }', "training must be yes, no or unknown"),
        ('{ storage = ["EU"] }', "'EU' is no"),
        ('"no"', "is not a table"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, facts: str, says: str) -> None:
    file = store(tmp_path, row(f"facts = {facts}"))
    with pytest.raises(SettingsError) as caught:
        file.load_cloud()
    assert says in str(caught.value)
    assert f"{file.path}, line 4: " in str(caught.value)


def test_an_endpoint_of_ones_own_has_its_facts_at_the_top(tmp_path: Path) -> None:
    text = row(WRITTEN).replace('row = "mistral-eu"', 'url = "https://x.example"\nwire = "openai"')
    with pytest.raises(SettingsError, match="there is no key 'facts'"):
        store(tmp_path, text).load_cloud()


def test_a_region_that_says_the_country_leaves_nothing_to_fill_in_there() -> None:
    entry = plain("azure-regional", resource="mine", region="francecentral")
    assert "processing" not in entry.setup.row.facts.unknown
    with pytest.raises(UsageError, match="processing"):
        entry.fill_in({"processing": frozenset(("DE",))}).declare(ON)
