"""Cloud routes in the person's own file: what is written comes back, a declaration holds for what was declared and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.domain.cloud_routes import NoRegistry, Registry, Wire
from assistant.domain.decisions import Verdict
from assistant.domain.errors import SettingsError, UsageError
from assistant.domain.own_routes import OwnRoute, endpoint
from assistant.domain.residency import UNKNOWN, Evidence, RouteFacts
from assistant.domain.rules import Content, Rules, judge
from assistant.domain.secret import Auth
from assistant.domain.sensitivity import Label
from assistant.storage.cloud_entries import CloudEntry, from_row, own_endpoint
from assistant.storage.cloud_file import CloudFile
from assistant.storage.registry import load_registry
from assistant.storage.routes import TomlRoutes
from assistant.storage.rules_file import load_rules

TODAY = date(2026, 11, 23)
FOUND = load_registry()
assert isinstance(FOUND, Registry)
REGISTRY: Registry = FOUND

FACTS = RouteFacts(
    route="mine",
    operator="Me",
    operator_law=frozenset(("DE",)),
    processing=frozenset(("DE", "FR")),
    storage=frozenset(),
    retention_days=0,
    training=False,
    human_review=UNKNOWN,
    transit=UNKNOWN,
    evidence=Evidence.U,
    self_declared=False,
    source="",
    seen_on=TODAY,
    review_by=date(2030, 1, 1),
)
OWN_FILE = """
[mine]
url = "https://llm.example.com/v1"
wire = "openai"
auth = "bearer"
model = "m"
operator = "Me"
operator_law = ["DE"]
processing = ["DE", "FR"]
storage = "none"
retention_days = 0
training = "no"
human_review = "unknown"
transit = "unknown"
declared_on = "2026-11-23"
"""


def store(folder: Path, text: str | None = None) -> CloudFile:
    path = folder / "routes.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return CloudFile(path, lambda: REGISTRY)


def mine() -> CloudEntry:
    return own_endpoint(REGISTRY, FACTS, "https://llm.example.com", Wire.OPENAI, Auth.BEARER, "m")


def passes(entry: CloudEntry, on: date = TODAY) -> bool:
    """Whether the shipped rules let normal text go there."""
    rules = load_rules(Path("/nowhere/rules.toml"), REGISTRY)
    assert isinstance(rules, Rules)
    judged = judge(rules, entry.setup.row.facts, Label.NORMAL, Content.CLEAN, on)
    return judged.verdict is Verdict.ALLOW


ENTRIES: list[Callable[[], CloudEntry]] = [
    lambda: from_row(REGISTRY, "mistral-eu", "mistral-eu", "mistral-small-latest"),
    lambda: from_row(REGISTRY, "small", "mistral-eu", "mistral-small-latest", {}, 32_000),
    lambda: from_row(
        REGISTRY, "azure-regional", "azure-regional", "gpt-5-mini", {"resource": "mine", "region": "germanywestcentral"}
    ),
    lambda: from_row(REGISTRY, "azure-regional", "azure-regional", "gpt-5-mini", {"resource": "mine", "region": "germanywestcentral"}).declare(TODAY),
    mine,
    lambda: mine().declare(TODAY),
    lambda: from_row(REGISTRY, "mistral-eu", "mistral-eu", "pixtral-large").taking_images(True),
    lambda: mine().declare(TODAY).taking_images(True),
    lambda: mine().taking_images(True).declare(TODAY),
]  # fmt: skip


@pytest.mark.parametrize("make", ENTRIES)
def test_what_is_kept_comes_back(tmp_path: Path, make: Callable[[], CloudEntry]) -> None:
    entry, file = make(), store(tmp_path)
    file.keep_cloud(entry)
    assert file.entries() == (entry,)
    assert file.load_cloud() == (entry.setup,)
    assert file.find(entry.setup.id) == entry
    assert TomlRoutes(file.path).load() == ()
    written = file.path.read_text()
    file.keep_cloud(entry)
    assert file.path.read_text() == written
    assert file.remove(entry.setup.id) == entry
    assert file.entries() == ()


def test_images_are_taken_only_where_it_is_written(tmp_path: Path) -> None:
    row = '[mistral-eu]\nrow = "mistral-eu"\nmodel = "m"\n'
    assert [store(tmp_path, row).load_cloud()[0].images] == [False]
    assert [store(tmp_path, f"{row}images = true\n").load_cloud()[0].images] == [True]
    assert [store(tmp_path, f"{row}images = false\n").load_cloud()[0].images] == [False]
    with pytest.raises(SettingsError, match="images"):
        store(tmp_path, f'{row}images = "yes"\n').load_cloud()


def test_a_template_is_filled_and_its_deployment_is_the_model(tmp_path: Path) -> None:
    [row] = [r for r in REGISTRY.routes if r.id == "azure-regional"]
    assert set(row.asks) > {"resource"}
    entry = ENTRIES[2]()
    assert entry.setup.row.asks == ()
    assert entry.setup.endpoint is not None
    assert entry.setup.endpoint.address.host.startswith("mine.")
    assert entry.setup.row.facts.processing == frozenset(("DE",))
    assert entry.setup.row.model in ("", "gpt-5-mini")
    assert entry.setup.origin == "azure-regional"


def test_a_persons_word_makes_a_pin_of_the_account_count(tmp_path: Path) -> None:
    plain = from_row(REGISTRY, "nebius", "nebius-eu-north1", "mine", _asked("nebius-eu-north1"))
    assert plain.setup.row.facts.evidence is Evidence.B
    declared = plain.declare(TODAY)
    assert not plain.setup.row.facts.self_declared
    assert declared.setup.row.facts.self_declared
    assert declared.setup.fingerprint != plain.setup.fingerprint
    assert declared.declared_for == plain.setup.fingerprint == declared.subject


def _asked(row: str) -> dict[str, str]:
    found = REGISTRY.find(row)
    assert found is not None
    return dict.fromkeys(found.asks, "mine")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('model = "gpt-5-mini"', 'model = "gpt-5"'),
        ('"mine"', '"yours"'),
        ("germanywestcentral", "francecentral"),
        ('declared_for = "', 'declared_for = "0'),
    ],
)
def test_a_declaration_is_void_once_anything_changes(tmp_path: Path, old: str, new: str) -> None:
    file = store(tmp_path)
    file.keep_cloud(ENTRIES[3]())
    text = file.path.read_text()
    assert file.load_cloud()[0].row.facts.self_declared
    assert old in text
    changed = text.replace('deployment = "gpt-5-mini", ', "").replace(old, new)
    file.path.write_text(changed)
    [entry] = file.entries()
    assert entry.void
    assert not entry.setup.row.facts.self_declared
    file.keep_cloud(entry)
    assert "declared" not in file.path.read_text()


def test_changed_facts_of_the_registry_void_a_declaration(tmp_path: Path) -> None:
    file = store(tmp_path)
    file.keep_cloud(ENTRIES[3]())
    rows = tuple(
        replace(row, facts=replace(row.facts, retention_days=99)) if row.id == "azure-regional" else row
        for row in REGISTRY.routes
    )  # fmt: skip
    later = CloudFile(file.path, lambda: replace(REGISTRY, routes=rows))
    [entry] = later.entries()
    assert entry.void
    assert not entry.setup.row.facts.self_declared


def test_an_endpoint_of_ones_own_passes_by_its_declaration_alone(tmp_path: Path) -> None:
    entry = mine()
    facts = entry.setup.row.facts
    assert (facts.evidence, facts.self_declared) == (Evidence.B, False)
    assert (facts.source, facts.review_by) == ("declared by you", date(2027, 11, 23))
    assert entry.setup.own
    assert not passes(entry)
    declared = entry.declare(TODAY)
    assert passes(declared)
    assert not passes(declared, date(2027, 11, 24))
    [read] = store(tmp_path, OWN_FILE).entries()
    assert not passes(read)
    assert read.declare(TODAY) == replace(declared, setup=declared.setup)
    text = OWN_FILE + f'declared_for = "{declared.declared_for}"\n'
    assert store(tmp_path, text).entries() == (declared,)
    assert store(tmp_path, text.replace('["DE", "FR"]', '["DE"]')).entries()[0].void


@pytest.mark.parametrize(
    "forget", ["operator_law", "processing", "storage", "retention_days", "training"]
)
def test_a_fact_that_is_unknown_is_said_and_satisfies_nothing(tmp_path: Path, forget: str) -> None:
    changes: dict[str, object] = {forget: UNKNOWN}
    if forget == "retention_days":
        changes["storage"] = UNKNOWN
    facts = replace(FACTS, **changes)  # type: ignore[arg-type]
    made = own_endpoint(REGISTRY, facts, "https://llm.example.com", Wire.OPENAI, Auth.BEARER, "m")
    file = store(tmp_path)
    file.keep_cloud(made.declare(TODAY))
    [read] = file.entries()
    assert read == made.declare(TODAY)
    assert not passes(read)


def test_a_typed_address_without_facts_stays_what_it_was(tmp_path: Path) -> None:
    file = store(tmp_path, '[gate]\nurl = "http://127.0.0.1:4000"\nmodel = "m"\n')
    assert file.load_cloud() == ()
    [own] = TomlRoutes(file.path).load()
    assert not own.route.declared


def test_servers_and_cloud_routes_stand_side_by_side(tmp_path: Path) -> None:
    text = (
        '# all of mine\n\n[gpu] # in the cellar\nurl = "http://gpu:1"\nmodel = "a"\n\n'
        '# the small one\n[small]\nrow = "mistral-eu"\nmodel = "mistral-small-latest" # cheap\n'
    )
    file = store(tmp_path, text)
    servers = TomlRoutes(file.path)
    file.keep_cloud(mine())
    servers.keep(OwnRoute("box", endpoint("http://box:1"), "b"))
    assert file.path.read_text().startswith(text)
    assert [own.id for own in servers.load()] == ["gpu", "box"]
    assert [setup.id for setup in file.load_cloud()] == ["small", "mine"]
    file.remove("mine")
    servers.remove("box")
    assert file.path.read_text().strip() == text.strip()


def test_ids_do_not_clash(tmp_path: Path) -> None:
    file = store(tmp_path, '[small]\nurl = "http://gpu:1"\nmodel = "a"\n')
    servers = TomlRoutes(file.path)
    with pytest.raises(UsageError, match="server of your own"):
        file.keep_cloud(ENTRIES[1]())
    file.keep_cloud(mine())
    with pytest.raises(UsageError, match="cloud route of yours"):
        servers.keep(OwnRoute("mine", endpoint("http://box:1"), "b"))
    with pytest.raises(UsageError):
        servers.remove("mine")
    with pytest.raises(UsageError):
        file.remove("small")
    for name in ("openai-eu", "cpu"):
        with pytest.raises(UsageError):
            from_row(REGISTRY, name, "mistral-eu", "m")
        with pytest.raises(UsageError):
            own_endpoint(REGISTRY, replace(FACTS, route=name), "https://x.example", Wire.OPENAI, Auth.BEARER, "m")  # fmt: skip


def row(**keys: str) -> str:
    right = {"row": '"mistral-eu"', "model": '"m"'} | keys
    return "\n[small]\n" + "".join(f"{name} = {value}\n" for name, value in right.items() if value)


def own(old: str, new: str) -> str:
    assert old in OWN_FILE
    return OWN_FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (row(modle='"x"'), 5, "there is no key 'modle'"),
        (row(row='"mistral-eue"'), 3, "no cloud route 'mistral-eue' (did you mean mistral-eu?)"),
        (row(model="3"), 4, "model must be a text"),
        (row(model=""), 2, "has no model"),
        (row(context_tokens="255"), 5, "from 256 on"),
        (row(values='{ region = "eu" }'), 3, "does not fit"),
        (row(values="3"), 5, "is not a table"),
        (row(declared_for='"0"'), 5, "a declaration has a day"),
        (row(declared_on='"soon"', declared_for='"0"'), 5, "a day such as"),
        (row(url='"https://x.example"'), 5, "there is no key 'url'"),
        (row().replace("[small]", "[openai-eu]"), 3, "another route of the registry"),
        (row().replace("[small]", "[cpu]"), 3, "a route of this machine"),
        (own('url = "https://llm.example.com/v1"\n', ""), 2, "has no url"),
        (own("https://", "http://"), 3, "could be read on the way"),
        (own('"openai"', '"opnai"'), 4, "did you mean openai?"),
        (own('"bearer"', '"other"'), 3, "no other way to give a key"),
        (own('["DE"]', '"DE"'), 8, "operator_law must be"),
        (own('["DE", "FR"]', '["EU"]'), 9, "'EU' is no"),
        (own('training = "no"\n', ""), 2, "has no training"),
        (own("retention_days = 0", "retention_days = 30"), 9, "nothing is stored, yet kept"),
        (own('declared_on = "2026-11-23"\n', ""), 2, "has no declared_on"),
        (own("[mine]", "[groq]"), 3, "groq is a route of the registry"),
        (OWN_FILE + 'evidence = "A"\n', 16, "there is no key 'evidence'"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    file = store(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        file.load_cloud()
    told = str(caught.value)
    assert says in told
    assert f"{file.path}, line {line}: " in told
    with pytest.raises(SettingsError):
        file.keep_cloud(ENTRIES[0]())
    assert file.path.read_text() == text


def test_without_a_registry_no_cloud_route_is_known(tmp_path: Path) -> None:
    path = store(tmp_path, row()).path
    with pytest.raises(SettingsError, match="a reason"):
        CloudFile(path, lambda: NoRegistry("a reason")).load_cloud()


def test_a_route_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cloud route 'x' of yours"):
        store(tmp_path).find("x")
    with pytest.raises(UsageError) as caught:
        store(tmp_path, row()).remove("x")
    assert caught.value.hint == "yours are: small"
