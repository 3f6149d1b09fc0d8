"""The cloud routes in lines: those of the registry with what the rules say of them, and those that a person set up."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.domain.hygiene import one_line
from assistant.domain.sheet import evidence, fact_words, review_note, territory_words, where

if TYPE_CHECKING:
    from assistant.domain.cloud_routes import CloudRoute
    from assistant.domain.residency import CountrySet, RouteFacts
    from assistant.wiring.cloud_routes import CloudRoutes, CloudState


def row_json(routes: "CloudRoutes", row: "CloudRoute") -> dict[str, object]:
    """One row of the registry; `why` says which rule would pass, or the first reason why none does.

    `lacks` are the facts that alone are in the way, for the person to declare.
    """
    passes, why = routes.passing(row.facts)
    facts = row.facts.to_json()
    return {
        "id": row.id,
        "operator": row.facts.operator,
        "operator_law": facts["operator_law"],
        "region": row.region,
        "wire": row.wire.value,
        "processing": facts["processing"],
        "storage": facts["storage"],
        "retention_days": facts["retention_days"],
        "evidence": facts["evidence"],
        "review_by": facts["review_by"],
        "asks": list(row.asks),
        "usable": row.asks != () or row.unusable == "",
        "passes": passes,
        "why": why,
        "lacks": list(routes.lacking(row.facts)),
        "note": row.note,
        "source": row.facts.source,
    }


def row_line(routes: "CloudRoutes", row: "CloudRoute", sets: "tuple[CountrySet, ...]") -> str:
    """The same for a person."""
    passes, why = routes.passing(row.facts)
    asks = f" (asks for {', '.join(row.asks)})" if row.asks else ""
    lacking = "" if row.asks else row.unusable
    state = "no" if lacking or not passes else "may"
    place = territory_words(row.facts.processing, sets)
    why = would_pass(routes, row.facts) or why
    told = f"{row.facts.operator} · processed: {place}{asks}: {lacking or why}"
    return f"{row.id:26} {state:3} {row.facts.evidence.value}  {one_line(told, 400)}"


def would_pass(routes: "CloudRoutes", facts: "RouteFacts") -> str:
    """What the person has to declare for a rule to pass; "" where that is nothing, or not enough."""
    lacks = routes.lacking(facts)
    return f"would pass once you declare: {fact_words(lacks)}" if lacks else ""


def state_json(routes: "CloudRoutes", found: "CloudState") -> dict[str, object]:
    """One route that is set up, with its facts; `key` says where its key is from, never what it is.

    `passes` and `rules` are what the rules say, whatever else it needs; `declared` are the facts that the person filled in,
    `lacks` those that alone are in the way, and `declaration` says why their word does not hold.
    """
    setup = found.setup
    facts, said = setup.row.facts, setup.row.facts.filled_in
    return {
        **found.state.to_json(),
        "url": setup.row.base_url,
        "context_tokens": setup.context_tokens,
        "images": setup.images,
        "key": found.key or None,
        "own": setup.own,
        "facts": facts.to_json(),
        "passes": found.passes,
        "rules": found.rules,
        "lacks": list(routes.lacking(facts)),
        "declared": sorted(said.facts) if said else [],
        "declaration": found.note or None,
        "note": review_note(facts, routes.today) or None,
    }


def state_lines(
    routes: "CloudRoutes", found: "CloudState", sets: "tuple[CountrySet, ...]"
) -> Iterator[str]:
    """The same for a person: its state, its facts in short, what is known of them."""
    setup = found.setup
    facts, place = setup.row.facts, setup.endpoint
    ready = "ready" if found.ready else "off"
    at = place.url if place else "an unknown address"
    takes = " · takes images" if setup.images else ""
    told = one_line(f"{setup.model} at {at}{takes}: {found.why}", 600)
    yield f"{setup.id:16} cloud         {ready:5}  {told}"
    law = territory_words(facts.operator_law, sets)
    yield "    " + one_line(f"{facts.operator} (law: {law}) · {where(facts, sets)}", 600)
    yield "    " + one_line(f"{evidence(facts)}; key: {found.key or 'none'}", 600)
    for note in notes(routes, found):
        yield f"    {note}"


def notes(routes: "CloudRoutes", found: "CloudState") -> Iterator[str]:
    """What a person should know of it besides: what it lacks, what became of their word, when its facts are to be looked at."""
    lacks = would_pass(routes, found.setup.row.facts)
    if found.note:
        yield found.note
    elif lacks:
        yield f"it {lacks} (assistant routes declare {found.setup.id})"
    review = review_note(found.setup.row.facts, routes.today)
    if review:
        yield review
