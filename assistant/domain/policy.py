"""The decision on one send: pure and total; silence denies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.places import Place, Route
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.domain.consent import Grant, Moment, Standing
    from assistant.domain.coverage import SendRequest
    from assistant.domain.limits import Drawn, NoBudgets
    from assistant.domain.residency import RouteFacts
    from assistant.domain.rules import NoRules, Rules


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision on a send to the cloud rests on, as it stands at `now`.

    `facts` are None where nothing is known of the route. `grants` are those that a person gave for it; `seen` are other times on
    record. `offline` means that the panic key was pressed and not lifted since. `limits` are the person's in money.
    """

    rules: "Rules | NoRules"
    facts: "RouteFacts | None"
    request: "SendRequest"
    grants: "Sequence[tuple[Grant, Standing]]"
    today: date
    now: "Moment"
    seen: "Sequence[Moment]"
    offline: bool
    limits: "Sequence[Drawn] | NoBudgets"


def decide(
    decision_id: str,
    route: Route,
    label: Label,
    case: Case | None = None,
    *,
    offline: bool = False,
) -> Decision:
    """The decision on one send. Pure and total: whatever goes wrong inside denies.

    What runs on this machine is allowed; so is a server of this network that a person declared, unless the text is
    `local-only`. To the cloud nothing goes without a `case` in which a rule passes and a grant covers the send: a rule that
    passes without a grant is `ask`. What may cost more than a limit leaves is denied. While `offline`, nothing leaves this
    machine at all.
    """
    try:
        verdict, rule, reasons = _judge(route, label, case, offline)
    except Exception as error:  # noqa: BLE001 - whatever breaks in here has to end in a denial, not in a send
        text = f"the policy could not be applied ({type(error).__name__}), so nothing leaves"
        verdict, rule, reasons = Verdict.DENY, "default", (Reason("error", text),)
    return Decision(decision_id, verdict, rule, reasons, label)


_Judged = tuple[Verdict, str, tuple[Reason, ...]]
_OFFLINE = Reason("offline", "everything is offline until you lift it (f4)")


def _judge(route: Route, label: Label, case: Case | None, offline: bool) -> _Judged:
    if not route.declared:
        text = f"nobody has declared where {route.id} runs (assistant routes declare {route.id})"
        return _deny("undeclared", text)
    if route.place is Place.THIS_MACHINE:
        text = f"{route.model} runs on this machine; nothing leaves it"
        if route.own:
            text = f"{route.id} is declared as a server of this machine"
        return Verdict.ALLOW, "local", (Reason("local", text),)
    if offline:
        return Verdict.DENY, "default", (_OFFLINE,)
    if route.place is Place.THIS_NETWORK:
        if label is Label.LOCAL_ONLY:
            text = f"local-only text does not go to {route.id}, which is another machine"
            return _deny("local_only", text)
        text = f"{route.id} is declared as a machine of this network"
        return Verdict.ALLOW, "declared-network", (Reason("declared", text),)
    if case is None:
        return _deny("no_rule", f"no rule allows a send to {route.id} ({route.place.value})")
    return _judge_cloud(route, label, case)


def _judge_cloud(route: Route, label: Label, case: Case) -> _Judged:
    from assistant.domain.coverage import gaps
    from assistant.domain.limits import bound_of, shortfalls
    from assistant.domain.rules import judge

    request, facts = case.request, case.facts
    if facts is None:
        return _deny("unknown_route", f"nothing is known of {route.id}: it is not set up")
    if (request.route, facts.route) != (route.id, route.id) or request.label is not label:
        return _deny("other_case", f"what was looked at is not this send to {route.id}")
    judged = judge(case.rules, facts, label, request.content, case.today)
    short = shortfalls(case.limits, bound_of(request.cost, request.currency))
    if case.offline or short or judged.verdict is not Verdict.ALLOW:
        offline = (_OFFLINE,) if case.offline else ()
        failed = _failed(judged.verdict, judged.reasons)
        return Verdict.DENY, judged.rule, (*offline, *failed, *short)
    found = [(g, gaps(g, standing, request, case.now, case.seen)) for g, standing in case.grants]
    covering = next((grant for grant, missing in found if not missing), None)
    if covering is not None:
        text = f"you granted it ({covering.receipt_code}, this {covering.reach.extent.value})"
        return Verdict.ALLOW, judged.rule, (*judged.reasons, Reason("granted", text))
    nearest = min((missing for _, missing in found), key=len, default=())
    none = Reason("no_grant", f"you have not granted this send to {route.id}")
    return Verdict.ASK, judged.rule, (*judged.reasons, none, *nearest)


def _failed(verdict: Verdict, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return () if verdict is Verdict.ALLOW else reasons


def _deny(code: str, text: str) -> _Judged:
    return Verdict.DENY, "default", (Reason(code, text),)


def covering_grant(case: Case) -> "tuple[Grant, Standing] | None":
    """The grant that lets the send of `case` pass: the first that covers it, as `decide` finds it."""
    from assistant.domain.coverage import gaps

    found = (
        (grant, standing)
        for grant, standing in case.grants
        if not gaps(grant, standing, case.request, case.now, case.seen)
    )
    return next(found, None)
