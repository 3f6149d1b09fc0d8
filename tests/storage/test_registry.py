"""The shipped registry is what was looked at, and a registry that is not whole says nothing at all."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import CloudRoute, Dialect, NoRegistry, Registry
from assistant.domain.decisions import Verdict
from assistant.domain.errors import SettingsError, StorageError, UsageError
from assistant.domain.own_routes import endpoint
from assistant.domain.residency import ANY, UNKNOWN, Evidence, RouteFacts
from assistant.domain.rules import Content, Rules, judge
from assistant.domain.sensitivity import Label
from assistant.storage import registry, shipped
from assistant.storage.registry import load_registry, read_registry
from assistant.storage.rules_file import load_rules

TODAY = date(2026, 11, 23)

# Every route that was looked at in 2026-11, with the level of its evidence.
LOOKED_AT = """
openai-global D, openai-eu B, openai-us B, openai-au U, openai-jp U, openai-in U, openai-ca U, openai-sg U, openai-kr U,
openai-gb U, openai-ae U, anthropic-global D, anthropic-us A, anthropic-on-aws D, azure-global D, azure-instant D,
azure-developer D, azure-datazone-eu B, azure-datazone-us B, azure-regional B, bedrock-eu-central-1 A, bedrock-eu-west-1 A,
bedrock-eu-west-3 A, bedrock-eu-north-1 A, bedrock-eu-south-1 A, bedrock-eu-south-2 A, bedrock-eu-central-2 A,
bedrock-eu-west-2 A, bedrock-eu-profile B, bedrock-us-profile B, bedrock-global-profile D, bedrock-apac-jp-au B, vertex-eu A,
vertex-us A, vertex-region B, vertex-global D, gemini-api D, mistral-global D, mistral-eu A, mistral-us A,
openrouter-global D, openrouter-eu A, openrouter-us A, groq D, together D, nebius-serverless D, nebius-eu-north1 B,
nebius-eu-west1 B, scaleway C, ovhcloud C, stackit U, ionos U, berget U, evroc U, regolo-ai U, cloudferro-sherlock U,
inceptron U, cortecs U, eurouter U, opper B, requesty U, vercel-gateway B, privatemode U, ollama-cloud-via-local D,
ollama-cloud D, telnyx B, assemblyai-gateway-eu A, deepseek D, local-llamacpp U
"""
# Every country that a shipped route or set names.
COUNTRIES = set(
    """AD AE AR AT AU BE BG BR CA CH CN CY CZ DE DK EE ES FI FO FR GB GG GR HR HU IE IL IM IN IS IT JE JP KR LI LT LU LV MT NL
    NO NZ PL PT RO SE SG SI SK US UY""".split()  # noqa: SIM905 - a list of codes reads best so
)
EU27 = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - as above
)


@pytest.fixture(scope="module")
def known() -> Registry:
    found = load_registry()
    assert isinstance(found, Registry), found.problem
    return found


def of(*codes: str) -> frozenset[str]:
    return frozenset(codes)


def row(known: Registry, name: str) -> CloudRoute:
    found = known.find(name)
    assert found is not None
    return found


def test_every_route_that_was_looked_at_is_in_it(known: Registry) -> None:
    looked_at = [tuple(pair.split()) for pair in LOOKED_AT.split(",")]
    assert len(looked_at) == 69
    assert [(route.id, route.facts.evidence.value) for route in known.routes] == looked_at


def test_every_row_will_be_looked_at_again_and_says_where_it_was(known: Registry) -> None:
    for route in known.routes:
        assert route.facts.seen_on < route.facts.review_by
        assert (route.facts.review_by - route.facts.seen_on).days < 200
        assert len(route.facts.source) > 10
        assert not route.facts.self_declared


def _named(facts: RouteFacts) -> set[str]:
    places = (facts.processing, facts.storage, facts.transit, facts.operator_law)
    return {code for place in places if isinstance(place, frozenset) for code in place}


def test_every_country_is_one(known: Registry) -> None:
    named = {code for route in known.routes for code in _named(route.facts)}
    named |= {code for route in known.routes for _, code in route.regions}
    named |= {code for one in known.countries.sets for code in one.countries}
    assert named == COUNTRIES


def test_the_sets(known: Registry) -> None:
    sets = {one.name: one.countries for one in known.countries.sets}
    assert list(sets) == ["EU27", "EEA", "CH", "UK", "ADEQUATE_EU"]
    assert sets["EU27"] == EU27
    assert sets["EEA"] == EU27 | {"IS", "LI", "NO"}
    assert (sets["CH"], sets["UK"]) == (of("CH"), of("GB"))
    assert "US" not in sets["ADEQUATE_EU"]
    assert not sets["ADEQUATE_EU"] & sets["EEA"]


def test_every_address_is_one_and_goes_to_tls_or_to_this_machine(known: Registry) -> None:
    for route in known.routes:
        filled = route.filled({name: "x1" for name in route.asks if name != "port"} | ({"port": "8080"} if "port" in route.asks else {}))  # fmt: skip
        if filled.base_url is None:
            assert "not known" in filled.unusable
            continue
        where = endpoint(filled.base_url)
        assert where.address.secure is not where.address.loopback
        assert filled.asks == ()


def test_loopback_is_not_local(known: Registry) -> None:
    """A server on this machine may pass on what it is given: the registry vouches for none."""
    near = [r for r in known.routes if "localhost" in (r.base_url or "") or "127." in (r.base_url or "")]  # fmt: skip
    assert [r.id for r in near] == ["privatemode", "ollama-cloud-via-local", "local-llamacpp"]
    assert all(r.facts.processing in (ANY, UNKNOWN) for r in near)


def test_facts_that_cost_dearly_when_wrong(known: Registry) -> None:
    assert row(known, "mistral-global").facts.processing is ANY
    assert row(known, "openrouter-eu").facts.processing == EU27 | of("IS", "LI", "NO", "CH", "GB")
    assert row(known, "openai-eu").facts.processing == EU27 | of("IS", "LI", "NO", "CH")
    assert row(known, "bedrock-eu-west-2").facts.processing == of("GB")
    assert row(known, "scaleway").facts.retention_days == 14
    assert row(known, "ovhcloud").facts.storage == frozenset()
    assert row(known, "anthropic-us").body == (("inference_geo", "us"),)
    assert row(known, "anthropic-us").reply == (("usage.inference_geo", "us"),)
    assert ("provider.allow_fallbacks", False) in row(known, "openrouter-eu").body
    dearer = {route.id for route in known.routes if route.facts.price_multiplier == Decimal("1.10")}
    assert {"openai-eu", "mistral-eu", "anthropic-us", "vertex-eu", "bedrock-eu-profile"} <= dearer
    assert {route.facts.price_multiplier for route in known.routes} == {Decimal(1), Decimal("1.10")}


def test_a_region_makes_a_template_a_place(known: Registry) -> None:
    azure = row(known, "azure-regional")
    assert azure.asks == ("resource", "region", "deployment")
    assert "template" in azure.unusable
    mine = azure.filled({"resource": "mine", "region": "swedencentral", "deployment": "gpt"})
    assert mine.base_url == "https://mine.openai.azure.com/openai/v1"
    assert mine.facts.processing == of("SE")
    vertex = row(known, "vertex-region").filled({"project": "p1", "region": "europe-west6"})
    assert vertex.facts.processing == of("CH")
    assert (vertex.base_url or "").startswith("https://europe-west6-aiplatform.googleapis.com/v1/")


def test_a_bedrock_route_takes_no_model_of_another_place(known: Registry) -> None:
    frankfurt = row(known, "bedrock-eu-central-1")
    frankfurt.require_model("mistral.mistral-large-3")
    # Claude speaks Anthropic's wire there, and this row does not.
    for model in (
        "global.anthropic.claude",
        "eu.anthropic.claude",
        "anthropic.claude",
        "arn:aws:bedrock:eu:1:x",
    ):
        with pytest.raises(UsageError):
            frankfurt.require_model(model)
    row(known, "bedrock-eu-profile").require_model("eu.anthropic.claude")


def test_the_shipped_rules_let_exactly_these_pass(known: Registry, tmp_path: Path) -> None:
    rules = load_rules(tmp_path / "rules.toml", known)
    assert isinstance(rules, Rules)
    for label, passing in ((Label.NORMAL, ["ovhcloud"]), (Label.LOCAL_ONLY, [])):
        judged = {r.id: judge(rules, r.facts, label, Content.CLEAN, TODAY) for r in known.routes}
        assert [name for name, j in judged.items() if j.verdict is Verdict.ALLOW] == passing
    late = date(2027, 5, 2)
    assert not [r for r in known.routes if judge(rules, r.facts, Label.NORMAL, Content.CLEAN, late).verdict is Verdict.ALLOW]  # fmt: skip


def test_evidence_that_hangs_on_an_account_never_passes_undeclared(known: Registry) -> None:
    b = [route for route in known.routes if route.facts.evidence is Evidence.B]
    assert len(b) == 14


# Files that are not as they should be

SETS = """schema = 1

[EU27]
countries = ["DE", "FR"]
as_of = 2026-11-01
source = "a test"
"""
ROW = """schema = 1

[[route]]
id = "one"
operator = "One"
operator_law = ["DE"]
region = "eu"
wire = "openai"
base_url = "https://api.one.example/v1"
auth = "bearer"
processing = ["EU27"]
storage = "none"
retention_days = 0
training = "no"
human_review = "unknown"
transit = "any"
evidence = "C"
price_multiplier = "1.10"
source = "a page"
seen_on = 2026-11-01
review_by = 2027-05-01
"""


def read(folder: Path, routes: str = ROW, sets: str = SETS) -> Registry:
    (folder / "countries.toml").write_text(sets, "utf-8")
    (folder / "routes.toml").write_text(routes, "utf-8")
    return read_registry(folder / "countries.toml", folder / "routes.toml")


def test_a_row_is_read(tmp_path: Path) -> None:
    found = read(tmp_path)
    [route] = found.routes
    assert route.facts.processing == of("DE", "FR")
    assert (route.facts.transit, route.facts.human_review) == (ANY, UNKNOWN)
    assert route.facts.price_multiplier == Decimal("1.10")
    assert route.unusable == ""
    assert found.digest != read(tmp_path, ROW + "\n").digest


def test_a_dialect_is_one_of_the_known_or_the_plain_one(tmp_path: Path) -> None:
    [route] = read(tmp_path).routes
    assert route.dialect is Dialect.PLAIN
    [route] = read(tmp_path, ROW.replace('wire = "openai"', 'wire = "openai"\ndialect = "mistral"')).routes  # fmt: skip
    assert route.dialect is Dialect.MISTRAL
    with pytest.raises(SettingsError, match="line 9: dialect cannot be 'french'"):
        read(tmp_path, ROW.replace('wire = "openai"', 'wire = "openai"\ndialect = "french"'))


KEYS = re.findall(r"^(\w+) =", ROW.partition("[[route]]")[2], re.MULTILINE)


@pytest.mark.parametrize("key", KEYS)
def test_no_field_may_be_left_out(tmp_path: Path, key: str) -> None:
    text = re.sub(rf"^{key} = .*\n", "", ROW, flags=re.MULTILINE)
    with pytest.raises(SettingsError, match=rf"line 3: \[\[route\]\] 1 has no {key}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("training =", "trainig =", "line 14: there is no key 'trainig' .*did you mean training?"),
        ("schema = 1", "schema = 2", "line 1: it is written in schema 2.*use the newer program"),
        ("schema = 1", "schema = true", "schema must be 1, not True"),
        ("schema = 1", "skema = 1", "the file has no schema"),
        ('"C"', '"E"', "line 17: evidence cannot be 'E'"),
        ('"openai"', '"gemini"', "line 8: wire cannot be 'gemini'"),
        ('["EU27"]', '["EU"]', "line 11: 'EU' is no ISO 3166 country .known sets: EU27"),
        ('["EU27"]', '["eu27"]', "line 11: 'eu27' is no set of countries"),
        ('["EU27"]', "[]", "line 11: processing must be a list of countries"),
        ('["EU27"]', '"none"', "line 11: processing must be a list of countries"),
        ('["EU27"]', "[1]", "line 11: processing must be a list of texts"),
        ('operator_law = ["DE"]', 'operator_law = "any"', "line 6: operator_law must be a list"),
        ("retention_days = 0", "retention_days = -1", "line 13: retention_days must be a whole"),
        ("retention_days = 0", "retention_days = true", "line 13: retention_days must be a whole"),
        ("retention_days = 0", "retention_days = 5", "nothing is stored, yet kept"),
        ('training = "no"', "training = false", "line 14: training must be a text"),
        ('training = "no"', 'training = "never"', "line 14: training must be yes, no or unknown"),
        ('"1.10"', "1.10", "line 18: price_multiplier must be a text"),
        ('"1.10"', '"ten"', "line 18: price_multiplier must be an amount in quotes"),
        ('"1.10"', '"0"', "no price multiplier"),
        ("2027-05-01", '"2027-05-01"', "line 21: review_by must be a day such as"),
        ("2027-05-01", "2027-05-01T00:00:00", "line 21: review_by must be a day such as"),
        ("2027-05-01", "2026-10-01", "review is due before it was seen"),
        ("https://api", "http://api", "line 9: http to api.one.example could be read"),
        ("https://api.one.example/v1", "http://10.0.0.1/v1", "line 9: base_url must be an https"),
        ("https://api.one.example/v1", "https://u:p@api.one.example", "line 9: a name or password"),
        ("https://api.one.example/v1", "https://{x}.example", "line 9: one does not ask for x"),
        ('"one"', '"One"', "line 4: id must be"),
        ('"One"', '" "', "line 5: operator must be a text"),
        ("[[route]]", "[route]", r"route must be one or more \[\[route\]\]"),
        ('auth = "bearer"', 'auth = "bearer"\nbody = { a = 1 }', "a must be a text"),
        ('auth = "bearer"', 'auth = "bearer"\nbody = 1', r"\[route.body\] is not a table"),
        ('auth = "bearer"', 'auth = "bearer"\nregions = { x = "EU" }', "must be an ISO 3166"),
        ('auth = "bearer"', 'auth = "bearer"\nasks = "x"', "asks must be a list of texts"),
        ('"bearer"', '"bearer', "is not TOML: .*line 10"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ROW
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path, ROW.replace(old, new, 1))
    assert str(tmp_path / "routes.toml") in str(caught.value)
    assert str(caught.value).count("routes.toml") == 1


def test_an_id_is_used_once(tmp_path: Path) -> None:
    twice = ROW + ROW.partition("\n\n")[2]
    with pytest.raises(SettingsError, match=r"line 23: two routes have the id one"):
        read(tmp_path, twice)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"DE"', '"UK"', "line 4: 'UK' is no ISO 3166 country"),
        ('"DE"', "1", "line 4: countries must be a list of texts"),
        ("source", "sauce", "line 6: there is no key 'sauce' .*did you mean source?"),
        ('as_of = 2026-11-01\n', "", "line 3: .EU27. has no as_of"),
        ("[EU27]", '[EU27]\nincludes = ["EEA"]', "line 4: 'EEA' is no set of countries"),
        ("[EU27]", "EU27 = 1\n[X]", "EU27. is not a table"),
        (SETS.partition("\n\n")[2], "", "it has no set of countries"),
    ],
)  # fmt: skip
def test_country_sets_are_read_as_strictly(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(tmp_path, sets=SETS.replace(old, new, 1))


def test_a_registry_that_cannot_be_read_is_a_value_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "countries.toml").write_text(SETS, "utf-8")
    files = {
        registry.COUNTRIES: tmp_path / "countries.toml",
        registry.ROUTES: tmp_path / "routes.toml",
    }
    found = load_registry(files.__getitem__)
    assert isinstance(found, NoRegistry)
    assert "the file has no schema" in found.problem
    (tmp_path / "routes.toml").write_bytes(b"\xff")
    found = load_registry(files.__getitem__)
    assert isinstance(found, NoRegistry)
    assert "not UTF-8" in found.problem

    def lost(name: str) -> Path:
        raise StorageError(f"this installation lacks {name}")

    found = load_registry(lost)
    assert isinstance(found, NoRegistry)
    assert "lacks config/countries.toml" in found.problem


def test_the_shipped_files_are_found() -> None:
    for name in (registry.COUNTRIES, registry.ROUTES):
        assert shipped.path(name).is_file()
