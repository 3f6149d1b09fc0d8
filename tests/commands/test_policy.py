"""`assistant policy explain`: the decision that a send would get, for every kind of route, with nothing sent or recorded."""

from collections.abc import Iterator

import pytest

from assistant.domain.rules import DEFAULT
from assistant.storage.database import open_database
from assistant.storage.paths import Places
from tests.commands.rig import KEY, ROUTE, Shell, Town, beside, set_up
from tests.fakes import NOW_MS
from tests.standins.cloud import Cloud

CARD = "4111 1111 1111 1111"
EXPLAIN = ("policy", "explain", "--route")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell) -> Iterator[Town]:
    with beside(Cloud(key=KEY)) as cloud:
        set_up(shell, cloud.port)
        yield Town(shell, cloud)


def rows(places: Places) -> dict[str, int]:
    """How much is on record, in every table that a send writes to."""
    database = open_database(places.journal_file, NOW_MS)
    try:
        with database.read() as db:
            tables = ("message", "turn", "event", "audit", "conversation")
            return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}  # noqa: S608
    finally:
        database.close()


def test_a_send_without_a_grant_would_be_asked_for_and_nothing_is_recorded(
    town: Town, places: Places
) -> None:
    done = town.shell(*EXPLAIN, ROUTE, stdin="Why is the sky blue?")
    assert done.code == 3
    assert "verdict ask" in done.out
    assert "rule    strict-eu" in done.out
    assert "(no_grant)" in done.out
    assert "user: Why is the sky blue?" in done.out
    assert town.cloud.got == []
    assert set(rows(places).values()) == {0}


def test_with_a_grant_it_is_allowed_and_says_by_which(town: Town) -> None:
    conversation, code = town.grant()
    done = town.shell(
        *EXPLAIN, ROUTE, "--conversation", conversation, "--json", stdin="Why is the sky blue?"
    )
    assert done.code == 0
    found = done.json
    assert done.part("decision")["verdict"] == "allow"
    assert str(found["grant"]).endswith(code)
    leaving = found["leaving"]
    assert isinstance(leaving, dict)
    assert leaving["target"] == "/v1/chat/completions"
    assert leaving["content"] == "clean"
    assert [one["role"] for one in leaving["leaves"]] == ["system", "user"]
    sent = town.shell(
        "ask", "--route", ROUTE, "--conversation", conversation, "Why is the sky blue?"
    )
    assert sent.code == 0
    assert leaving["bytes"] == len(town.cloud.requests[0].body)


@pytest.mark.parametrize(
    ("keep_back", "content", "kept", "code"),
    [(None, "clean", True, "no_grant"), ("none", "block", False, "found_secret")],
)
def test_findings_are_told_by_rule_and_never_by_their_text(
    town: Town, keep_back: str | None, content: str, kept: bool, code: str
) -> None:
    more = ("--keep-back", keep_back) if keep_back else ()
    done = town.shell(*EXPLAIN, ROUTE, "--json", *more, stdin=f"Charge {CARD} please.")
    assert done.code == 3
    assert CARD not in done.out + done.err
    leaving, decision = done.json["leaving"], done.json["decision"]
    assert isinstance(leaving, dict)
    assert isinstance(decision, dict)
    [found] = leaving["findings"]
    assert (found["kind"], found["verdict"], found["kept_back"]) == ("card", "block", kept)
    assert leaving["content"] == content
    assert code in [reason["code"] for reason in decision["reasons"]]


def test_local_only_text_is_denied_with_every_reason(town: Town) -> None:
    done = town.shell(*EXPLAIN, ROUTE, "--label", "local-only", "--json", stdin="mine")
    assert done.code == 3
    decision = done.json["decision"]
    assert isinstance(decision, dict)
    assert decision["verdict"] == "deny"
    codes = [reason["code"] for reason in decision["reasons"]]
    assert codes[0] == "local_only"
    assert "no_rule" in codes


def test_a_server_that_nobody_declared_is_explained_too(shell: Shell) -> None:
    assert shell("routes", "add", "gpu", "--url", "http://127.0.0.1:9", "--model", "m").code == 0
    done = shell(*EXPLAIN, "gpu", "--json", stdin="hello")
    assert done.code == 3
    assert done.json["leaving"] is None
    decision = done.json["decision"]
    assert isinstance(decision, dict)
    assert (decision["rule"], decision["verdict"]) == (DEFAULT, "deny")
    assert shell("routes", "declare", "gpu", "--place", "this-network").code == 0
    assert shell(*EXPLAIN, "gpu", stdin="hello").code == 0
    assert shell(*EXPLAIN, "gpu", "--label", "local-only", stdin="hello").code == 3


@pytest.mark.parametrize(
    ("argv", "stdin", "code"),
    [
        (("policy", "explain"), "hello", 2),
        ((*EXPLAIN, "moon"), "hello", 2),
        ((*EXPLAIN, ROUTE), "  ", 2),
        ((*EXPLAIN, ROUTE, "--conversation", "nope"), "hello", 2),
    ],
)
def test_bad_input_is_usage(town: Town, argv: tuple[str, ...], stdin: str, code: int) -> None:
    done = town.shell(*argv, stdin=stdin)
    assert (done.code, done.out) == (code, "")


def test_a_broken_rules_file_denies_all_and_says_so(town: Town, places: Places) -> None:
    (places.config / "rules.toml").write_text("schema = 99\n")
    done = town.shell(*EXPLAIN, ROUTE, stdin="hello")
    assert done.code == 3
    assert "there are no rules, so nothing leaves" in done.out
    assert "there are no rules" in town.shell("doctor").out


def test_a_price_that_is_too_old_is_said(town: Town, places: Places) -> None:
    (places.config / "prices.toml").write_text(
        f'schema = 1\n[[price]]\nroute = "{ROUTE}"\nmodel = "gpt-4.1"\ncurrency = "EUR"\n'
        'as_of = 2026-01-01\ninput = "2"\noutput = "8"\n'
    )
    done = town.shell(*EXPLAIN, ROUTE, stdin="Why?")
    assert "price   its price is " in done.out
    assert "not to be relied on" in done.out
    leaving = town.shell(*EXPLAIN, ROUTE, "--json", stdin="Why?").part("leaving")
    assert "older than 60 days" in str(leaving["price_note"])
