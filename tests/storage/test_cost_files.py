"""Reports as files: the page is closed in itself and escaped, CSV is exact and no formula, all are whole and private."""

import csv
import io
import json
import re
import stat
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant.conversation.costs import Question, cost_report
from assistant.domain.cost_report import CostReport
from assistant.domain.errors import StorageError
from assistant.domain.ledger import By, Chosen
from assistant.storage.cost_csv import HEAD, csv_text
from assistant.storage.cost_files import Form, free_name, keep, report_text
from assistant.storage.cost_html import POLICY, html_text
from tests.memory_ledger import (
    BARE,
    HOUSE,
    MemoryLedger,
    away,
    dollars,
    euro,
    here,
    month,
)

HOSTILE = "</td></svg><script>alert(1)</script><img src=http://evil.example onerror=x>\"'&\x1b[31m"
VOID = {"meta", "path", "rect", "circle", "polyline"}


def made(ledger: MemoryLedger, by: By = By.ROUTE, chosen: Chosen | None = None) -> CostReport:
    return cost_report(ledger, Question(by, chosen or Chosen(), 0, True, 5), HOUSE)


@pytest.fixture(scope="module")
def november() -> CostReport:
    return made(month())


class Page(HTMLParser):
    """Reads a page; complains about tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def hostile() -> MemoryLedger:
    turns = [here(1, cost=euro("0.01"), model=HOSTILE), away(2, cost=euro("1"), route=HOSTILE)]
    return MemoryLedger(turns, titles={"c0": HOSTILE, "c1": HOSTILE})


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("of", [month, hostile, MemoryLedger])
def test_the_page_loads_nothing_and_runs_nothing(of: type[MemoryLedger], by: By) -> None:
    text = html_text(made(of(), by), titles=True)
    page = Page(text)
    names = {name for _, attrs in page.tags for name in attrs}
    assert names.isdisjoint({"src", "href", "srcset", "data", "action", "xlink:href", "style"})
    assert not [name for name in names if name.startswith("on")]
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    )
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_forbids_all_but_its_own_style(november: CostReport) -> None:
    page = Page(html_text(november))
    policies = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv")]
    assert policies == [POLICY]
    assert "default-src 'none'" in POLICY
    assert "script" not in POLICY
    # Before anything else that could load.
    assert [tag for tag, _ in page.tags][:4] == ["html", "head", "meta", "meta"]


def test_a_hostile_title_is_text() -> None:
    text = html_text(made(hostile()), titles=True)
    page = Page(text)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in page.text


def test_titles_are_left_out_unless_asked_for(november: CostReport) -> None:
    assert "Thesis" not in html_text(november)
    assert "Thesis" not in html_text(made(month(), By.CONVERSATION))
    assert "Thesis, chapter 2" in html_text(november, titles=True)
    assert "Thesis, chapter 2" in html_text(made(month(), By.CONVERSATION), titles=True)


def test_the_page_says_truly_whether_titles_are_in_it(november: CostReport) -> None:
    none, some = "No text of any conversation is in it.", "Titles of conversations are in it"
    assert none in html_text(november)
    assert some not in html_text(november)
    assert none not in html_text(november, titles=True)
    assert some in html_text(november, titles=True)


def test_the_page_explains_the_words_that_its_figures_have(november: CostReport) -> None:
    text = Page(html_text(november)).text
    assert "0.81~ more" in text
    assert "“More” says that it would have cost more there: it was cheaper as it was." in text
    assert "Above 0" not in text


def test_the_page_says_what_it_cost_and_what_it_would_have(november: CostReport) -> None:
    text = Page(html_text(november)).text
    for words in (
        "4.35",
        "0.21~",
        "1.05~",
        "3.51~ less",
        "0.81~ more",
        "~6,400",
        "not the same model",
        "2026-11-01 to 2026-11-30",
    ):
        assert words in text
    assert "all on mistral-eu mistral-medium-latest: 1.05~ EUR" in text


def test_the_page_looks_well_in_the_dark_and_on_paper(november: CostReport) -> None:
    text = html_text(november)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_curves_stay_inside_their_picture(november: CostReport) -> None:
    text = html_text(november)
    lines = re.findall(r'<polyline class="curve ([a-z0-9-]+)" points="([^"]+)"', text)
    assert [name for name, _ in lines] == ["full", "energy", "spent", "there-0", "there-1"]
    for _, points in lines:
        places = [tuple(map(float, one.split(","))) for one in points.split()]
        assert len(places) == 30
        assert all(0 <= x <= 760 and 0 <= y <= 300 for x, y in places)


def test_a_page_of_nothing_says_what_will_be_there() -> None:
    text = Page(html_text(made(MemoryLedger()))).text
    assert "No request was counted here." in text
    assert "<svg" not in text


def test_unknown_costs_are_no_zero_on_the_page() -> None:
    page = Page(html_text(made(MemoryLedger([here(1), away(2)]))))
    assert "2 of 2 requests have no known cost" in page.text
    assert page.text.count("—") > 3


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_one_line_of_heads_and_exact_amounts(november: CostReport) -> None:
    text = csv_text(november)
    assert text.splitlines()[0] == ",".join(HEAD)
    assert text.count("requests") == 1
    cloud, hat = rows(text)
    assert (hat["key"], hat["model"], hat["place"]) == ("hailo", "qwen2.5:1.5b", "this-machine")
    assert (Decimal(hat["cost"]), hat["currency"]) == (Decimal("0.03"), "EUR")
    assert hat["requests"] == "1200"
    assert hat["energy_joules"] == "48000"
    assert Decimal(cloud["cost"]) == Decimal("0.21")


def test_two_currencies_are_two_rows_that_count_their_requests_once() -> None:
    turns = [here(1, cost=euro("0.000000000000000001")), here(2, cost=dollars("2"))]
    report = cost_report(MemoryLedger(turns), Question(), replace(HOUSE, exchange=BARE))
    first, second = rows(csv_text(report))
    assert (first["cost"], first["currency"], first["requests"]) == (
        "0.000000000000000001",
        "EUR",
        "2",
    )
    assert (second["cost"], second["currency"], second["requests"]) == ("2", "USD", "")
    assert first["own_cost"] == ""


def test_an_unknown_cost_is_empty_in_csv() -> None:
    [row] = rows(csv_text(made(MemoryLedger([here(1)]))))
    assert (row["cost"], row["currency"], row["own_cost"], row["unpriced"]) == ("", "", "", "1")


def uncounted() -> MemoryLedger:
    """One request that nobody counted, thought apart or metered."""
    return MemoryLedger([here(1, input=None, output=None, reasoning=None)])


def test_what_nobody_counted_or_metered_is_no_0_in_a_file() -> None:
    names = [f"{name}_tokens" for name in ("input", "cached_input", "output", "reasoning")]
    names += ["cache_write_tokens", "energy_joules"]
    report = made(uncounted())
    [row] = rows(csv_text(report))
    assert {row[name] for name in names} == {""}
    assert (row["uncounted"], row["unmetered"]) == ("1", "1")
    found = json.loads(report_text(report, Form.JSON))
    for sums in (found["whole"], found["lines"][0]):
        assert {sums[name] for name in names} == {None}
    page = html_text(report)
    assert page.count("<td>—</td>" * 4) == 1
    assert "<td>0</td>" not in page.split("<td>—</td>" * 4)[0]


def test_a_0_that_is_known_stays_one_in_a_file() -> None:
    report = made(MemoryLedger([here(1, cost=euro("0.01"), cached=0, energy_joules=Decimal(0))]))
    [row] = rows(csv_text(report))
    assert (row["cached_input_tokens"], row["energy_joules"]) == ("0", "0")
    found = json.loads(report_text(report, Form.JSON))["whole"]
    assert (found["cached_input_tokens"], found["energy_joules"]) == (0, "0")


def test_thoughts_that_nobody_told_apart_are_no_0_in_a_file() -> None:
    """A sum of 0 does not say whether it was told."""
    row, *_ = rows(csv_text(made(MemoryLedger([here(1, reasoning=None), here(2, reasoning=None)]))))
    assert row["reasoning_tokens"] == ""
    row, *_ = rows(csv_text(made(MemoryLedger([here(1, reasoning=None), here(2, reasoning=7)]))))
    assert row["reasoning_tokens"] == "7"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n-"])
def test_no_title_is_a_formula(begin: str) -> None:
    ledger = MemoryLedger([here(3, cost=euro("1"))], titles={"c0": f"{begin}1+1"})
    [row] = rows(csv_text(made(ledger, By.CONVERSATION)))
    assert row["title"].startswith("'")
    assert not row["title"][1:].startswith(("\t", "\r"))


def test_an_ordinary_title_stays_as_it_is() -> None:
    ledger = MemoryLedger([here(3, cost=euro("1"))], titles={"c0": 'a "b", c'})
    [row] = rows(csv_text(made(ledger, By.CONVERSATION)))
    assert row["title"] == 'a "b", c'


def test_json_has_amounts_as_texts_and_unknowns_as_null(november: CostReport) -> None:
    found = json.loads(report_text(november, Form.JSON))
    whole = found["whole"]
    assert Decimal(whole["here_full"]["own"]) == Decimal("4.35")
    assert isinstance(whole["here_energy"]["amounts"][0]["amount"], str)
    ovh, mistral, at_home = whole["elsewhere"]
    assert Decimal(mistral["less_full"]["amount"]) == Decimal("-3.51")
    assert mistral["less_full"]["bound"] == "exact"
    assert mistral["break_even"] == {
        "requests_a_month": 6400,
        "bound": "exact",
        "capacity_a_month": 262800,
    }
    assert ovh["same_model"] is False
    assert at_home["here"] is True
    assert at_home["less_full"] is None
    assert len(found["curves"][0]["points"]) == len(found["days"]) == 30
    unknown = json.loads(report_text(made(MemoryLedger([here(1)])), Form.JSON))
    assert unknown["lines"][0]["cost"]["own"] is None
    assert unknown["lines"][0]["per_1000"] is None


@pytest.mark.parametrize("form", list(Form))
def test_a_file_is_private_and_whole(tmp_path: Path, november: CostReport, form: Form) -> None:
    path = free_name(tmp_path / "reports", november, form)
    assert path.name == f"costs-2026-11-30.{form.value}"
    keep(november, path, form)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == report_text(november, form)
    assert free_name(path.parent, november, form).name == f"costs-2026-11-30-2.{form.value}"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path, november: CostReport) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        keep(november, tmp_path / "file" / "x.csv", Form.CSV)
