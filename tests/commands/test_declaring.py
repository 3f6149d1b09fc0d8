"""`assistant routes declare` for a row of the registry: what it does not know is the person's to say, and nothing else is."""

import pytest

from assistant.commands.facts import fact_said, facts_said
from assistant.domain.cloud_routes import Registry
from assistant.domain.residency import ANY, UNKNOWN, Fact
from assistant.storage.paths import Places
from assistant.storage.registry import load_registry
from assistant.storage.routes import FILE
from tests.commands.rig import Heard, Shell

KNOWN = ("--storage", "FR", "--training", "no")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def added(shell: Shell, row: str = "mistral-eu") -> Heard:
    done = shell("routes", "add", "--row", row, "--model", "m")
    assert done.code == 0, done.err
    return done


def declare(shell: Shell, *more: str, row: str = "mistral-eu") -> Heard:
    return shell("routes", "declare", row, *more, "--yes-i-declare")


def listed(shell: Shell) -> dict[str, object]:
    [found] = shell("routes", "list", "--json").rows("routes")
    return found


def test_rows_say_what_alone_they_lack(shell: Shell) -> None:
    rows = {str(row["id"]): row for row in shell("routes", "rows", "--json").rows("rows")}
    lacks = {name: row["lacks"] for name, row in rows.items() if row["lacks"]}
    assert lacks["mistral-eu"] == ["storage", "training"]
    assert lacks["scaleway"] == ["processing", "training"]
    assert lacks["opper"] == ["processing", "storage", "retention_days", "training", "evidence"]
    assert set(lacks) == {"mistral-eu", "scaleway", "opper"}
    plain = shell("routes", "rows").out.splitlines()
    [line] = [line for line in plain if line.startswith("mistral-eu ")]
    assert line.endswith(": would pass once you declare: storage, training")
    assert " no  A  " in line


def test_each_row_that_lacks_only_facts_passes_once_they_are_declared(shell: Shell) -> None:
    flags = {
        "processing": ("--processing", "EEA"),
        "storage": ("--storage", "FR"),
        "retention_days": ("--retention-days", "30"),
        "training": ("--training", "no"),
        "evidence": (),
    }
    for row in shell("routes", "rows", "--json").rows("rows"):
        lacks = row["lacks"]
        assert isinstance(lacks, list)
        if lacks:
            name = str(row["id"])
            added(shell, name)
            said = [word for fact in lacks for word in flags[fact]]
            done = declare(shell, *said, "--json", row=name)
            assert done.code == 0, done.err
            assert (done.json["passes"], done.json["lacks"]) == (True, [])
            assert "rule strict-eu passes" in str(done.json["rules"])


def test_after_it_the_person_is_told_whether_a_rule_passes(shell: Shell) -> None:
    told = added(shell).err
    assert "it would pass once you declare: storage, training" in told
    assert "(assistant routes declare mistral-eu)" in told
    done = declare(shell, *KNOWN)
    assert done.code == 0, done.err
    assert "mistral-eu is declared: m at https://api.eu.mistral.ai" in done.out
    after = done.err[done.err.rindex("then ") :]
    assert after.count("rule strict-eu passes; each send needs your consent") == 2
    assert "it has no key" in after
    part = declare(shell, "--storage", "US", "--training", "no")
    assert "mistral-eu keeps it in US, outside EEA (rule strict-eu)" in part.err
    assert "would pass" not in part.err


def test_the_list_and_the_json_say_whose_word_each_part_is(shell: Shell) -> None:
    added(shell)
    done = declare(shell, *KNOWN, "--json")
    found = done.json
    assert (found["declared"], found["passes"]) == (["storage", "training"], True)
    assert found == {**listed(shell), "state": found["state"]}
    facts = found["facts"]
    assert isinstance(facts, dict)
    assert (facts["storage"], facts["training"], facts["evidence"]) == (["FR"], False, "A")
    plain = shell("routes", "list").out
    assert "it fails rather than leave; storage, training declared by you on " in plain
    assert "not used for training" in plain


def test_unknown_may_be_said_and_satisfies_nothing(shell: Shell) -> None:
    added(shell)
    done = declare(shell, "--storage", "unknown", "--training", "no")
    assert done.code == 0, done.err
    found = listed(shell)
    assert (found["passes"], found["lacks"], found["declared"]) == (
        False,
        ["storage"],
        ["training"],
    )
    assert "nobody has declared where mistral-eu keeps it" in str(found["rules"])


def test_what_was_said_before_stands_unless_it_is_said_anew(shell: Shell) -> None:
    added(shell)
    assert declare(shell, *KNOWN, "--transit", "EEA").code == 0
    assert declare(shell, "--storage", "DE", "--transit", "unknown").code == 0
    facts = listed(shell)["facts"]
    assert isinstance(facts, dict)
    assert (facts["storage"], facts["training"], facts["transit"]) == (["DE"], False, None)


def test_a_declaration_that_is_void_is_said_and_nothing_of_it_stands(
    shell: Shell, places: Places
) -> None:
    added(shell)
    assert declare(shell, *KNOWN).code == 0
    file = places.config / FILE
    file.write_text(file.read_text().replace('model = "m"', 'model = "n"'))
    assert listed(shell)["passes"] is False
    note = str(listed(shell)["declaration"])
    assert "your word is void, and storage, training unknown again" in note
    assert note in shell("routes", "list").out
    assert declare(shell).code == 2
    assert declare(shell, "--training", "no").code == 0
    assert listed(shell)["declared"] == ["training"]


def test_what_is_written_down_and_not_declared_is_said(shell: Shell, places: Places) -> None:
    added(shell)
    file = places.config / FILE
    file.write_text(file.read_text() + 'facts = { storage = ["FR"], training = "no" }\n')
    note = listed(shell)["declaration"]
    assert note == (
        "not declared yet, so still unknown: storage, training (assistant routes declare mistral-eu)"
    )
    assert declare(shell).code == 0
    assert (listed(shell)["declaration"], listed(shell)["passes"]) == (None, True)


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("--processing", "DE"), 2, "--processing: that is known of mistral-eu"),
        (("--law", "DE"), 2, "--law: that is known of mistral-eu"),
        (("--retention-days", "0"), 2, "--retention-days: that is known of mistral-eu"),
        (("--operator", "Me"), 2, "--operator: that is known of mistral-eu"),
        (("--wire", "openai"), 2, "--wire: that is known"),
        (("--storage", "nothing"), 2, "nothing is stored, yet kept"),
        (("--storage", "EU"), 2, "--storage: 'EU' is no"),
        (("--training", "maybe"), 2, "--training cannot be 'maybe'"),
        ((), 2, "--storage, --training, --human-review, --transit"),
        (("--training", "unknown"), 2, "counts as it stands"),
    ],
)
def test_what_cannot_be_declared_is_said_and_nothing_is_kept(
    shell: Shell, places: Places, argv: tuple[str, ...], code: int, says: str
) -> None:
    added(shell)
    before = (places.config / FILE).read_text()
    done = declare(shell, *argv)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert (places.config / FILE).read_text() == before


def test_without_a_terminal_it_needs_the_long_yes(shell: Shell) -> None:
    added(shell)
    done = shell("routes", "declare", "mistral-eu", *KNOWN, stdin="declare\n")
    assert (done.code, done.out) == (2, "")
    assert "--yes-i-declare" in done.err
    assert listed(shell)["declared"] == []


def test_a_persons_word_mends_no_evidence(shell: Shell) -> None:
    for row in ("stackit", "anthropic-global"):
        added(shell, row)
    assert declare(shell, "--training", "no", row="stackit").code == 3
    assert declare(shell, row="anthropic-global").code == 3
    done = declare(shell, "--training", "no", "--json", row="anthropic-global")
    assert done.code == 0, done.err
    assert done.json["passes"] is False


REGISTRY = load_registry()
assert isinstance(REGISTRY, Registry)
SETS = REGISTRY.countries


@pytest.mark.parametrize(
    ("name", "fact", "said"),
    [
        ("operator_law", frozenset(("DE", "FR")), "DE FR"),
        ("operator_law", UNKNOWN, "unknown"),
        ("processing", SETS.resolve(["EEA"]), "EEA"),
        ("processing", ANY, "anywhere"),
        ("storage", frozenset[str](), "nothing"),
        ("storage", SETS.resolve(["EEA", "CH"]), " ".join(sorted(SETS.resolve(["EEA", "CH"])))),
        ("retention_days", 30, "30"),
        ("retention_days", UNKNOWN, "unknown"),
        ("training", False, "no"),
        ("human_review", True, "yes"),
        ("transit", frozenset(("GB",)), "UK"),
    ],
)
def test_a_fact_reads_back_as_a_person_would_say_it(name: str, fact: Fact, said: str) -> None:
    assert fact_said(fact, SETS) == said
    assert facts_said({name: said}, SETS) == {name: fact}


def test_nothing_stored_is_kept_for_no_day() -> None:
    said = facts_said({"storage": "nothing", "retention_days": "unknown"}, SETS)
    assert said == {"storage": frozenset(), "retention_days": 0}
