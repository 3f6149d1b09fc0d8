"""What `ask --json` says of money, against a provider on loopback: each figure by hand, and what stops a send."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from assistant.storage.paths import Places
from tests.commands.rig import KEY, ROUTE, Heard, Shell, Town, beside, set_up
from tests.standins.cloud import Cloud

PRICES = """schema = 1

[[price]]
route = "gate"
model = "gpt-4.1"
currency = "EUR"
as_of = 2026-11-20
input = "2"
output = "8"
cached = "0.5"
reasoning = "4"

[[price.tier]]
above = 20
input = "4"
output = "16"
"""
QUESTION = "Why is the sky blue?"
"""With the system prompt (5 words), 5 of its own and 8 for the template the stand-in counts 18 tokens."""


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("ASSISTANT_KEY_GATE", KEY)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def town(shell: Shell, places: Places) -> Iterator[Town]:
    with beside(Cloud(key=KEY)) as cloud:
        set_up(shell, cloud.port)
        (places.config / "prices.toml").write_text(PRICES)
        yield Town(shell, cloud)


def ask(town: Town, *faults: str, question: str = QUESTION) -> Heard:
    town.cloud.fault(*faults)
    conversation, _ = town.grant()
    town.shell("routes", "list")
    return town.shell(
        *("ask", "--route", ROUTE, "--conversation", conversation, "--max-tokens", "5"),
        *("--json", question),
    )


def test_a_turn_says_what_it_cost_and_would_have_cost(town: Town) -> None:
    """18 at 2 + 5 at 8 = 36 + 40 = 76 millionths."""
    done = ask(town)
    assert done.code == 0, done.err
    cost = done.part("cost")
    assert (cost["total"], cost["marginal"], cost["currency"]) == ("0.000076", "0.000076", "EUR")
    assert (cost["estimated"], cost["price_as_of"], cost["energy"]) == (False, "2026-11-20", None)
    assert cost["prices"] == {
        "currency": "EUR",
        "input": "2",
        "output": "8",
        "cached": "0.5",
        "cache_write": None,
        "reasoning": "4",
        "multiplier": "1",
        "model": "gpt-4.1",
        "source": "you",
        "as_of": "2026-11-20",
    }
    compared = done.rows("compared")
    assert [(one["route"], one["model"]) for one in compared] == [
        ("ovhcloud", "gpt-oss-120b"),
        ("mistral-eu", "mistral-medium-latest"),
        ("openai-global", "gpt-5-mini"),
        ("this-machine", ""),
    ]
    for one in compared[:3]:
        low, middle, high = (Decimal(str(one[name])) for name in ("low", "cost", "high"))
        assert 0 < low < middle < high
        assert one["estimated"]
    assert (compared[3]["here"], compared[3]["cost"]) == (True, None)
    assert done.json["attempts"] == 1
    assert len(str(done.json["day"])) == 10


@pytest.mark.parametrize(
    ("fault", "total", "estimated", "usage"),
    [
        # 14 at 2 + 4 at 0.5 + 5 at 8 = 28 + 2 + 40
        ("cached:4", "0.00007", False, (18, 4, 5, 0)),
        # a thought and five words: 18 at 2 + 1 at 4 + 5 at 8 = 36 + 4 + 40
        ("thought", "0.00008", False, (18, 0, 6, 1)),
        # nobody counted: 4 to begin, 5 for each message, 28 and 20 letters = 4 + 10 + 7 + 5 = 26 in, 5 pieces: 26 at 4 + 5 at 16
        ("no-usage", "0.000184", True, (26, None, 5, None)),
        ("model:another-model", "0.000076", True, (18, 0, 5, 0)),
        ("model:gpt-4.1-2025-04-14", "0.000076", False, (18, 0, 5, 0)),
    ],
)
def test_what_the_provider_tells_is_what_counts(
    town: Town, fault: str, total: str | None, estimated: bool, usage: tuple[int | None, ...]
) -> None:
    done = ask(town, fault)
    cost, used = done.part("cost"), done.part("usage")
    assert cost["estimated"] is estimated
    assert cost["total"] is not None
    assert total in (None, cost["total"])
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
    told = tuple(used[name] for name in names)
    assert all(want in (None, is_) for want, is_ in zip(usage, told, strict=True)), told


def test_above_a_length_all_of_it_is_dearer(town: Town) -> None:
    """8 + 5 + 8 words = 21 tokens, above 20: 21 at 4 + 5 at 16 = 84 + 80 = 164 millionths."""
    done = ask(town, question="Why is the sky blue and the fox?")
    assert done.part("usage")["input_tokens"] == 21
    assert done.part("cost")["total"] == "0.000164"


@pytest.mark.parametrize(
    ("fault", "total"), [("429", "0"), ("500", "0"), ("quota", "0"), ("504", None), ("drop", None)]
)
def test_a_failure_costs_nothing_only_where_that_is_known(
    town: Town, fault: str, total: str | None
) -> None:
    done = ask(town, fault)
    assert done.code == 4
    assert done.part("cost")["total"] == total
    compared = done.json["compared"]
    assert isinstance(compared, list)
    assert total is None or {one["cost"] for one in compared} == {"0"}


def test_a_cut_stream_costs_about_what_came(town: Town) -> None:
    """Two words came, of about 26 tokens that were asked, which is above 20: 26 at 4 + 2 at 16 = 104 + 32 = 136, with a mark."""
    done = ask(town, "cut")
    cost, used = done.part("cost"), done.part("usage")
    assert (cost["estimated"], used["estimated"], used["output_tokens"]) == (True, True, 2)
    assert (used["input_tokens"], cost["total"]) == (26, "0.000136")


def test_without_a_price_the_cost_is_null(town: Town, places: Places) -> None:
    (places.config / "prices.toml").unlink()
    done = ask(town)
    assert done.code == 0
    assert done.part("cost")["total"] is None


def test_prices_that_change_change_no_record(town: Town, places: Places) -> None:
    done = ask(town)
    (places.config / "prices.toml").write_text(PRICES.replace('"2"', '"200"'))
    assert ask(town).part("cost")["total"] == "0.00364"
    from assistant.storage.database import open_database
    from assistant.storage.queries import records

    database = open_database(places.journal_file, 0)
    try:
        with database.read() as db:
            kept = [one.cost for one in records(db, 10, None)]
    finally:
        database.close()
    assert str(kept[0].total) == done.part("cost")["total"] == "0.000076"
    assert kept[0].prices is not None
    assert kept[0].prices.input == 2


# Limits


def limit(places: Places, **limits: str) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in limits.items())
    (places.config / "settings.toml").write_text(f"[costs]\n{lines}")


@pytest.mark.parametrize("name", ["month_limit", "conversation_limit"])
def test_a_limit_stops_a_send_before_it_leaves(town: Town, places: Places, name: str) -> None:
    """At most 30 or so at 2, or dearer, and 5 at 16: more than a hundred-thousandth."""
    limit(places, **{name: "0.00001"})
    done = ask(town)
    assert done.code == 3
    assert town.cloud.got == []
    scope = name.removesuffix("_limit")
    reasons = done.part("decision")["reasons"]
    assert isinstance(reasons, list)
    assert [reason["code"] for reason in reasons][-1].startswith(f"budget_{scope}")
    assert f"your limit for the {scope}" in done.err
    assert "ask on a local route, or " in done.err
    assert f"costs.{name})" in done.err
    assert done.part("cost")["total"] == "0"


def test_explain_gives_the_same_decision_and_what_is_left(town: Town, places: Places) -> None:
    limit(places, month_limit="0.00001", conversation_limit="0.00001")
    conversation, _ = town.grant()
    explain = ("policy", "explain", "--route", ROUTE, "--conversation", conversation)
    done = town.shell(*explain, "--json", stdin=QUESTION)
    assert done.code == 3
    reasons = done.part("decision")["reasons"]
    assert isinstance(reasons, list)
    scopes = [str(reason["code"]).split("_")[1] for reason in reasons]
    assert scopes == ["month", "conversation"]
    limits = done.part("leaving")["limits"]
    assert isinstance(limits, list)
    assert [(one["scope"], one["limit"], one["currency"]) for one in limits] == [
        ("month", "0.00001", "EUR"),
        ("conversation", "0.00001", "EUR"),
    ]
    assert "this month" in town.shell(*explain, stdin=QUESTION).out


def test_this_machine_knows_no_limit(town: Town, places: Places) -> None:
    limit(places, month_limit="0")
    done = town.shell("policy", "explain", "--route", "cpu", "--json", stdin=QUESTION)
    assert "budget" not in done.out
