"""A report on costs as one file of HTML: nothing is fetched, nothing runs, every text is escaped."""

from collections.abc import Iterator, Sequence
from typing import Final

from assistant.domain.cost_report import CostReport, Elsewhere, Line, told
from assistant.domain.cost_table import all_of
from assistant.domain.cost_words import (
    EMPTY,
    ESTIMATE,
    UNKNOWN,
    band_text,
    break_even_text,
    cost_text,
    facts,
    gap_text,
    line_name,
    notes,
    of_requests,
    per_thousand_text,
    scope_words,
    share,
    tokens_text,
)
from assistant.domain.hygiene import one_line
from assistant.domain.ledger import By
from assistant.storage.cost_svg import bars_svg, curves_svg, escape, legend, sample_svg

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with it: show it, with the style that it brings along."""

_STYLE: Final = """
:root { color-scheme: light dark; --back: #ffffff; --text: #1b211e; --quiet: #5c6661; --line: #d9dfdb; --here: #17734a; --cloud: #8f5600; --there: #3c4f8f; --net: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --back: #121614; --text: #e4e9e6; --quiet: #9aa5a0; --line: #2d3532; --here: #5fc893; --cloud: #e2ab52; --there: #a9b8f5; --net: #7fb4f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 3rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; } h2 { margin: 2.4rem 0 .6rem; font-size: 1.1rem; }
p { margin: .3rem 0; } .quiet, footer, figcaption { color: var(--quiet); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1px; margin: 1.6rem 0 0; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
.facts div { padding: .8rem 1rem; box-shadow: 0 0 0 1px var(--line); } .facts dt { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.facts dd { margin: 0; } .facts .figure { font-size: 1.5rem; font-variant-numeric: tabular-nums; } .facts small { font-size: .85rem; color: var(--quiet); } .facts .note { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; } th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
th small, td small { display: block; color: var(--quiet); font-weight: 400; }
tfoot td { border-bottom: 0; border-top: 2px solid var(--line); font-weight: 600; } .there td:last-child { white-space: normal; min-width: 11rem; } .there td { vertical-align: top; } .there td:nth-child(2) { color: var(--text); }
figure { margin: 0; } .chart { display: block; width: 100%; height: auto; } .chart text { fill: var(--quiet); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.chart .name { fill: var(--text); } .grid { stroke: var(--line); } .axis { stroke: var(--quiet); } .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.full { stroke: var(--here); } .energy { stroke: var(--here); stroke-dasharray: 2 4; } .spent { stroke: var(--cloud); }
.there-0 { stroke: var(--there); stroke-dasharray: 8 4; } .there-1 { stroke: var(--there); stroke-dasharray: 12 3 2 3; } .there-2 { stroke: var(--there); stroke-dasharray: 3 3; }
.end { stroke: none; } .end.full, .end.energy { fill: var(--here); } .end.spent { fill: var(--cloud); } .end.there-0, .end.there-1, .end.there-2 { fill: var(--there); }
.bar { fill: var(--quiet); } .bar.this-machine { fill: var(--here); } .bar.cloud { fill: var(--cloud); } .bar.this-network { fill: var(--net); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .4rem 0 0; padding: 0; list-style: none; font-size: .85rem; } .sample { width: 2.1rem; margin-right: .4rem; vertical-align: middle; }
ul.notes { padding-left: 1.1rem; } footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem; font-size: .85rem; }
@media print { :root { color-scheme: light; --back: #ffffff; --text: #000000; --quiet: #444444; --line: #bbbbbb; --here: #17734a; --cloud: #8f5600; --there: #3c4f8f; --net: #1f5fa8; } body { max-width: none; padding: 0; font-size: 11pt; } tr, svg, .facts div { break-inside: avoid; } h2 { break-after: avoid; } .scroll { overflow: visible; } table { font-size: 8.5pt; } th, td { padding: .25rem .35rem; } thead { display: table-header-group; } .facts { grid-template-columns: repeat(4, 1fr); } }
"""


def html_text(report: CostReport, *, titles: bool = False) -> str:
    """The file. Titles of conversations are in it only with `titles`: a report is made to be shown."""
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(_heading(report))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        *_body(report, titles=titles),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _heading(report: CostReport) -> str:
    if not report.days:
        return "What it cost"
    return f"What it cost, {report.days[0].isoformat()} to {report.days[-1].isoformat()}"


def _body(report: CostReport, *, titles: bool) -> Iterator[str]:
    yield f"<header><h1>{escape(_heading(report))}</h1>"
    scope = scope_words(report.chosen, report.by)
    yield f'<p class="quiet">{escape(scope)} · amounts in {escape(report.currency)}</p></header>'
    if not report.whole.totals.turns:
        yield f"<p>{escape(EMPTY)}</p>"
    else:
        yield from _figures(report, titles=titles)
    said = list(notes(report))
    if said:
        yield "<h2>To read it</h2>"
        yield f'<ul class="notes">{"".join(f"<li>{escape(one)}</li>" for one in said)}</ul>'
    made = report.household.today.isoformat()
    yield f"<footer>Made on {made} on the machine that it is about. {_TITLED if titles else _UNTITLED}</footer>"


def _figures(report: CostReport, *, titles: bool) -> Iterator[str]:
    yield '<dl class="facts">'
    for fact in list(facts(report))[:4]:
        yield (
            f'<div><dt>{escape(fact.label)}</dt><dd class="figure">{escape(fact.figure)} <small>{escape(fact.unit)}</small></dd>'
            f'<dd class="note">{escape(", ".join(fact.notes[:2]))}</dd></div>'
        )
    yield "</dl>"
    curves = curves_svg(report)
    if curves:
        keys = "".join(
            f"<li>{sample_svg(name)}{escape(words)}</li>" for name, words in legend(report)
        )
        yield f'<section><h2>What came together</h2><figure>{curves}<ul class="legend">{keys}</ul></figure></section>'
    if report.whole.elsewhere:
        yield "<section><h2>The same requests elsewhere</h2>"
        yield '<p class="quiet">It is not the same model. “More” says that it would have cost more there: it was cheaper as it was. “Less” says that it was dearer.</p>'
        yield (
            _table(_THERE, [_there(one) for one in report.whole.elsewhere], kind="there")
            + "</section>"
        )
    yield f"<section><h2>By route</h2><figure>{bars_svg(report.routes)}</figure></section>"
    if report.by is not By.CONVERSATION or titles:
        yield f"<section><h2>By {report.by.value}</h2>{_lines(report, report.lines)}</section>"
    if titles and report.by is not By.CONVERSATION and report.conversations:
        yield f"<section><h2>Conversations, the dearest first</h2>{_lines(report, report.conversations)}</section>"


_UNTITLED: Final = "No text of any conversation is in it."
_TITLED: Final = (
    "Titles of conversations are in it, which may repeat what was asked; no other text of them is."
)

_THERE: Final = (
    ("route and model", ""), ("would have cost", "from … to"), ("known for", ""), ("less what it cost", "with fixed costs"),
    ("less what it cost", "energy alone"), ("break-even", "requests a month here"),
)  # fmt: skip
_ALWAYS: Final = ("requests", "in", "out", "cost", "per 1,000", "errors")
"""Columns that are there whatever is in them; of the others those that say something."""
_NOTHING: Final = (UNKNOWN, "0", "")


def _there(row: Elsewhere) -> list[str]:
    name = f"{one_line(row.name, 80)}{' (the cloud’s requests, here)' if row.here else ''}"
    band = band_text(row).replace(" to ", " … ")
    pays = break_even_text(row.break_even).removeprefix("break-even ")
    return [
        name,
        f"{cost_text(row.cost)}\n{band}",
        of_requests(row.cost) if row.cost.unknown else "",
        gap_text(row.against_full),
        gap_text(row.against_energy),
        pays.replace(" requests a month", "").replace(" request a month", "") or UNKNOWN,
    ]


_HEADS: Final = (
    ("requests", ""), ("in", "tok"), ("cached", "tok"), ("out", "tok"), ("thought", "tok"), ("cost", "{0}"), ("per 1,000", "{0}"),
    ("p95 TTFT", "ms"), ("errors", "%"), ("asked again", ""), ("attempts", ""), ("cancelled", ""), ("estimated", "%"), ("unpriced", ""),
)  # fmt: skip


def _lines(report: CostReport, lines: Sequence[Line]) -> str:
    own = lines is report.lines
    heads = [(report.by.value if own else "conversation", "")]
    heads += [(head, unit.format(report.currency)) for head, unit in _HEADS]
    rows = [_cells(line) for line in lines]
    foot = [_cells(all_of(report))] if own and len(lines) > 1 else []
    return _table(heads, rows, foot)


def _cells(line: Line) -> list[str]:
    found, known = line.totals, told(line.totals)
    estimated = f"{share(line.estimated_percent)}{ESTIMATE if found.estimated else ''}"
    counts = known.input, known.cached, known.output, known.thought
    more = found.attempts if found.attempts > found.turns else 0
    return [
        line_name(line),
        f"{found.turns:,}",
        *(tokens_text(count, estimated=found.estimated_counts > 0) for count in counts),
        cost_text(line.cost),
        per_thousand_text(line.cost),
        UNKNOWN if line.ttft is None else f"{line.ttft.p95:,.0f}",
        share(line.failed_percent),
        *(f"{one:,}" for one in (found.again, more, found.cancelled)),
        estimated,
        f"{found.unpriced:,}",
    ]


def _table(
    heads: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[str]],
    foot: Sequence[Sequence[str]] = (),
    kind: str = "lines",
) -> str:
    """Without the columns in which nothing is said; the page has to fit on paper."""
    kept = [
        n
        for n, (head, _) in enumerate(heads)
        if not n or head in _ALWAYS or any(row[n] not in _NOTHING for row in rows)
    ]
    head = "".join(_head(*heads[n]) for n in kept)
    body, sums = (
        "".join(f"<tr>{''.join(_cell(row[n]) for n in kept)}</tr>" for row in part)
        for part in (rows, foot)
    )
    last = f"<tfoot>{sums}</tfoot>" if foot else ""
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{last}</table></div>"
    )


def _head(name: str, unit: str) -> str:
    return f"<th>{escape(name)}{f'<small>{escape(unit)}</small>' if unit else ''}</th>"


def _cell(text: str) -> str:
    first, _, second = text.partition("\n")
    return f"<td>{escape(first)}{f'<small>{escape(second)}</small>' if second else ''}</td>"
