"""`assistant routes` for the cloud: the registry's rows, routes made of them, declarations, and keys."""

from collections.abc import Iterator

import pytest

from assistant.commands.facts import territory
from assistant.domain.errors import UsageError
from assistant.domain.residency import ANY, UNKNOWN, CountrySets
from assistant.storage.cloud_file import CloudFile
from assistant.storage.paths import Places
from assistant.storage.registry import load_registry
from assistant.storage.routes import FILE
from tests.commands.rig import FACTS, KEY, ROUTE, Shell, beside, set_up
from tests.standins.cloud import Cloud


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def port() -> Iterator[int]:
    with beside(Cloud(key=KEY)) as cloud:
        yield cloud.port
        assert cloud.got == [], "nothing is asked of a provider here"


def rows(shell: Shell, *more: str) -> list[dict[str, object]]:
    found = shell("routes", "rows", "--json", *more).json["rows"]
    assert isinstance(found, list)
    return found


def listed(shell: Shell) -> dict[str, dict[str, object]]:
    found = shell("routes", "list", "--json").json["routes"]
    assert isinstance(found, list)
    return {str(row["id"]): row for row in found}


def facts(row: dict[str, object]) -> dict[str, object]:
    found = row["facts"]
    assert isinstance(found, dict)
    return found


def test_every_row_of_the_registry_says_whether_it_may_and_why(shell: Shell) -> None:
    found = rows(shell)
    assert len(found) == 69
    assert all(row["why"] for row in found)
    assert [row["id"] for row in found if row["passes"]] == ["ovhcloud"]
    plain = shell("routes", "rows").out.splitlines()
    assert len(plain) == 69
    [line] = [line for line in plain if line.startswith("openai-us ")]
    assert "outside EEA" in line


def test_rows_of_one_operator(shell: Shell) -> None:
    found = rows(shell, "--operator", "mistral")
    assert {row["operator"] for row in found} == {"Mistral AI"}
    none = shell("routes", "rows", "--operator", "nobody")
    assert (none.code, none.out) == (0, "")


def test_a_row_becomes_a_route_with_its_own_id_or_another(shell: Shell) -> None:
    done = shell("routes", "add", "--row", "ovhcloud", "--model", "Mistral-7B")
    assert done.code == 0, done.err
    assert "ovhcloud is added" in done.out
    assert "assistant routes key ovhcloud" in done.err
    again = shell("routes", "add", "mine", "--row", "ovhcloud", "--model", "x", "--context", "9000")
    assert again.code == 0, again.err
    found = listed(shell)
    assert set(found) == {"ovhcloud", "mine"}
    assert found["mine"]["context_tokens"] == 9000
    assert found["mine"]["place"] == "cloud"
    assert facts(found["mine"])["operator"] == "OVHcloud"
    changed = shell("routes", "add", "mine", "--row", "ovhcloud", "--model", "y")
    assert "mine is changed" in changed.out
    plain = shell("routes", "list").out
    assert "OVHcloud (law: FR) · processed: EU27 · not stored" in plain
    assert "good until 2027-05-01; key: none" in plain


def test_a_template_takes_its_values(shell: Shell) -> None:
    row = ("routes", "add", "az", "--row", "azure-regional", "--model", "gpt")
    missing = shell(*row)
    assert missing.code == 2
    assert "resource" in missing.err
    done = shell(*row, "--set", "resource=mine", "--set", "region=francecentral")
    assert done.code == 0, done.err
    found = listed(shell)["az"]
    assert str(found["url"]).startswith("https://mine.")
    assert facts(found)["processing"] == ["FR"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--row", "moon", "--model", "m"), "there is no cloud route 'moon'"),
        (("--row", "mistral-eu"), "--model"),
        (("--row", "mistral-eu", "--model", "m", "--set", "region=x"), "does not fit"),
        (("--row", "mistral-eu", "--model", "m", "--set", "region"), "NAME=VALUE"),
        (("--row", "mistral-eu", "--model", "m", "--context", "1"), "--context"),
        (("openai-eu", "--row", "mistral-eu", "--model", "m"), "another route of the registry"),
        (("--row", "mistral-eu", "--url", "http://gpu", "--model", "m"), "not allowed with"),
        (("--url", "http://gpu", "--model", "m"), "needs an ID"),
        (("gpu", "--url", "http://gpu", "--model", "m", "--set", "a=b"), "goes with --row"),
        ((), "one of the arguments"),
    ],
)
def test_what_cannot_be_added_changes_nothing(
    shell: Shell, places: Places, argv: tuple[str, ...], says: str
) -> None:
    done = shell("routes", "add", *argv)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert not (places.config / FILE).exists()


def test_an_endpoint_of_ones_own_passes_once_its_facts_are_declared(
    shell: Shell, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    set_up(shell, port, declared=False)
    assert listed(shell)[ROUTE]["state"] == "off"
    refused = shell("ask", "--route", ROUTE, "hello")
    assert refused.code == 3
    assert "nobody has declared where gate runs" in refused.err
    set_up(shell, port)
    found = listed(shell)[ROUTE]
    assert (found["state"], found["own"]) == ("ready", True)
    assert "rule strict-eu passes" in str(found["why"])
    assert facts(found)["self_declared"] is True
    assert KEY not in str(found)
    assert found["key"] == "the environment variable ASSISTANT_KEY_GATE"


def test_what_nobody_knows_satisfies_no_rule(shell: Shell, port: int) -> None:
    set_up(shell, port, declared=False)
    done = shell(
        *("routes", "declare", ROUTE, "--place", "cloud", "--operator", "Gate"), "--yes-i-declare"
    )
    assert done.code == 0, done.err
    found = listed(shell)[ROUTE]
    assert found["state"] == "off"
    assert "nobody has declared where" in str(found["why"])
    assert facts(found)["processing"] is None


def test_without_a_terminal_a_declaration_needs_the_long_yes(shell: Shell, port: int) -> None:
    set_up(shell, port, declared=False)
    done = shell("routes", "declare", ROUTE, "--place", "cloud", *FACTS, stdin="declare\n")
    assert done.code == 2
    assert "--yes-i-declare" in done.err
    assert listed(shell)[ROUTE]["url"] == f"http://127.0.0.1:{port}/v1"
    assert "own" not in listed(shell)[ROUTE]


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--operator", "", "somebody who runs it"),
        ("--processing", "Europe", "is no set of countries"),
        ("--processing", "nothing", "is no"),
        ("--law", "anywhere", "the law of no country"),
        ("--training", "maybe", "yes, no or unknown"),
        ("--retention-days", "a while", "days, or unknown"),
        ("--wire", "grpc", "openai or anthropic"),
        ("--auth", "other", "bearer or"),
    ],
)
def test_what_is_no_fact_is_said(shell: Shell, port: int, flag: str, value: str, says: str) -> None:
    set_up(shell, port, declared=False)
    done = shell(
        *("routes", "declare", ROUTE, "--place", "cloud", *FACTS, flag, value), "--yes-i-declare"
    )
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_row_counts_on_the_persons_word_only_where_that_can_help(shell: Shell) -> None:
    for row in ("openai-eu", "mistral-eu", "anthropic-global"):
        assert shell("routes", "add", "--row", row, "--model", "m").code == 0
    done = shell("routes", "declare", "openai-eu", "--yes-i-declare")
    assert done.code == 0, done.err
    assert "OpenAI (law: IE, US)" in done.err
    assert facts(listed(shell)["openai-eu"])["self_declared"] is True
    assert shell("routes", "declare", "mistral-eu", "--yes-i-declare").code == 2
    assert shell("routes", "declare", "anthropic-global", "--yes-i-declare").code == 3
    assert shell("routes", "declare", "openai-eu", "--place", "this-machine").code == 2
    assert shell("routes", "declare", "moon", "--place", "cloud").code == 2


def test_a_key_is_taken_from_stdin_into_a_vault_that_is_open_or_not_at_all(
    shell: Shell, port: int
) -> None:
    set_up(shell, port)
    done = shell("routes", "key", ROUTE, stdin=f"{KEY}\n")
    assert (done.code, done.out) == (5, "")
    assert "its passphrase can only be typed" in done.err
    assert KEY not in done.err
    assert shell("routes", "key", "moon", stdin=KEY).code == 2
    assert shell("routes", "key", ROUTE, KEY).code == 2
    assert shell("routes", "key", ROUTE, "--remove").code == 0


def test_a_route_is_removed_with_its_key(shell: Shell, port: int, places: Places) -> None:
    set_up(shell, port)
    done = shell("routes", "remove", ROUTE)
    assert done.code == 0, done.err
    assert "is removed, and its key" in done.out
    assert CloudFile(places.config / FILE, load_registry).entries() == ()
    assert shell("routes", "remove", ROUTE).code == 2


def test_a_broken_file_is_named_and_brings_down_no_other_route(
    shell: Shell, places: Places
) -> None:
    (places.config / FILE).write_text('[x]\nrow = "moon"\nmodel = "m"\n')
    done = shell("routes", "list")
    assert done.code == 2
    assert "routes.toml" in done.err
    looked = shell("doctor")
    assert looked.code == 0
    assert "moon" in looked.out


def test_places_are_countries_sets_or_words() -> None:
    registry = load_registry()
    sets = getattr(registry, "countries", CountrySets(()))
    assert territory("unknown", sets) is UNKNOWN
    assert territory("Anywhere", sets) is ANY
    assert territory("nothing", sets, may_be_none=True) == frozenset()
    assert territory("DE, FR", sets) == frozenset(("DE", "FR"))
    assert territory("EEA CH", sets) == sets.resolve(["EEA"]) | {"CH"}
    for wrong in ("nothing", "", "de", "EU"):
        with pytest.raises(UsageError):
            territory(wrong, sets)
