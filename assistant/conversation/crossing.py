"""One turn that leaves this machine: what goes on record with its permit, and the watch over the grant while it streams."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from assistant.conversation.denials import Denial, denied, name
from assistant.domain.audit_entries import Outcome, PermitEnded, PermitMinted
from assistant.domain.decisions import Decision, Reason
from assistant.domain.errors import StorageError
from assistant.domain.leave import Denied, Ended, Leave
from assistant.domain.limits import bound_of
from assistant.domain.permit import Origin, Outgoing, Permit, Receipt
from assistant.domain.places import Route
from assistant.domain.prompt import Finish, Message
from assistant.domain.redaction import NO_PLACEHOLDERS, Restorer
from assistant.domain.rules import Rules
from assistant.domain.sensitivity import Label
from assistant.domain.turns import Usage

if TYPE_CHECKING:
    from assistant.conversation.border import Border, Considered
    from assistant.ports.accounting import Charge

WATCH_S = 0.25
"""How often a running stream looks whether its grant still holds: another window may have revoked it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which turn crosses: its ids, the route, and the messages that it is about."""

    id: str
    conversation: str
    route: Route
    messages: tuple[str, ...]


class Crossing:
    """What the border adds to a turn; `considered` is None for a server of the network, which needs no consent."""

    def __init__(
        self,
        border: "Border",
        turn: Turn,
        considered: "Considered | None",
        label: Callable[[], Label],
    ) -> None:
        """Nothing is recorded yet. `label` gives the join over what would leave, as it stands when it is asked.

        `origin` is to be what the reply says of itself, as far as it has come.
        """
        self._border = border
        self._turn = turn
        self._label = label
        self.considered = considered
        self._receipts: dict[str, Receipt] = {}
        self.origin = Origin()
        kept_back = considered.departure.placeholders if considered else NO_PLACEHOLDERS
        self.restorer = Restorer(kept_back)

    @property
    def grant(self) -> str:
        """The grant that it runs under; "" where none is needed."""
        grant = self.considered.grant if self.considered else None
        return grant.id if grant else ""

    def denied(self, decision: Decision) -> Denied:
        """What the audit keeps of a refusal: codes, never words."""
        turn = self._turn
        denial = Denial(
            decision, turn.route.id, turn.conversation, turn.messages, self.grant, turn.id
        )
        return denied(self._border, denial)

    def objections(self, decided: Label) -> tuple[Reason, ...]:
        """What speaks against the send by now, though it was allowed with the label `decided`; see `Border.objections`.

        Raises: StorageError.
        """
        from assistant.conversation.border import label_objection

        seen, now = self.considered, self._label()
        return self._border.objections(seen, now) if seen else label_objection(now, decided)

    def leave(self, permit: Permit, outgoing: Outgoing) -> Leave:
        """What is committed with `permit` before anything leaves. Raises: RefusedError where limits cannot be read."""
        from assistant.domain.consent import Reserved

        turn, considered, now = self._turn, self.considered, self._border.now
        request = considered.request if considered else None
        reserved = None
        if request is not None and self.grant:
            size = len(outgoing.body)
            reserved = Reserved(self.grant, now, permit.id, size, request.tokens, request.cost)
        rules, registry = self._digests()
        entry = PermitMinted(
            permit=permit.id,
            turn=turn.id,
            conversation=turn.conversation,
            decision=permit.decision.id,
            rule=name(permit.decision.rule),
            rules=rules,
            registry=registry,
            route=turn.route.id,
            model=name(turn.route.model),
            host=name(str(outgoing.address)) if outgoing.address else "",
            fingerprint=request.fingerprint if request else "",
            grant=self.grant,
            label=permit.decision.label.value,
            messages=turn.messages,
            sent_bytes=len(outgoing.body),
            payload_mac="",
            most_tokens=request.tokens if request else None,
            most_cost=request.cost if request else None,
            currency=request.currency if request else "",
            prices=self._border.world.prices.digest if request else "",
        )
        if request is None:
            return Leave(entry, now, outgoing.payload)
        bound = bound_of(request.cost, request.currency)
        budgets = self._border.world.budgets(turn.conversation)
        return Leave(entry, now, outgoing.payload, request, reserved, budgets, bound)

    def receipt(self, permit: str) -> Receipt:
        """What the door saw of `permit`. The door tells it once; here it is kept."""
        if permit not in self._receipts:
            self._receipts[permit] = self._border.world.receipts.receipt(permit) or Receipt()
        return self._receipts[permit]

    def ended(
        self, permit: str, finish: Finish, charge: "Charge", latency_ms: float | None
    ) -> Ended:
        """What became of `permit`: how its stream ended, what the door saw, and what it cost at most."""
        from assistant.domain.consent import Settled

        receipt, usage = self.receipt(permit), charge.usage
        outcome, now = _outcome(finish, receipt), self._border.now
        spent = outcome is not Outcome.UNSENT
        cost, currency = self._settled(charge, spent)
        entry = PermitEnded(
            permit=permit,
            outcome=outcome,
            sent_bytes=receipt.sent_bytes,
            received_bytes=receipt.received_bytes,
            ip=name(receipt.ip),
            tls_peer=receipt.tls_peer,
            input_tokens=usage.input_tokens if spent else 0,
            cached_input_tokens=usage.cached_input_tokens if spent else 0,
            output_tokens=usage.output_tokens if spent else 0,
            cost=cost,
            currency=currency,
            latency_ms=None if latency_ms is None else int(latency_ms),
            said_model=name(self.origin.model),
            said_provider=name(self.origin.provider),
            said_geo=name(self.origin.geo),
            cache_write_tokens=usage.cache_write_tokens if spent else 0,
            reasoning_tokens=usage.reasoning_tokens if spent else 0,
        )
        settled = None
        if self.grant:
            tokens = _tokens(usage, spent)
            settled = Settled(self.grant, now, permit, tokens, cost, receipt.sent_bytes)
        return Ended(entry, now, settled, receipt.keyed)

    def _settled(self, charge: "Charge", spent: bool) -> tuple[Decimal | None, str]:
        """What it cost at most, in the currency that it was reserved in; None leaves the reservation as it is."""
        if self.considered is None:
            return None, ""
        reserved, most = self.considered.request.currency, charge.settles
        if not spent or (most is not None and not most.amount):
            return Decimal(0), reserved
        if most is None or most.currency != reserved:
            return None, ""
        return most.amount, reserved

    async def watch(self, cut: Callable[[str], Awaitable[None]]) -> None:
        """Runs beside the stream, and calls `cut` with the reason once it may not go on."""
        try:
            # Another program may revoke, which nothing in this one could tell.
            while await asyncio.to_thread(self._border.holds, self.grant):  # noqa: ASYNC110
                await asyncio.sleep(WATCH_S)
            why = "its grant was revoked, so the stream was cut"
        except StorageError as error:
            why = f"whether its grant holds cannot be read, so the stream was cut: {error.message}"
        await cut(why)

    def _digests(self) -> tuple[str, str]:
        policies = self._border.world.policies
        rules = policies.rules()
        return (rules.digest if isinstance(rules, Rules) else ""), policies.registry_digest


def _tokens(usage: Usage, sent: bool) -> int | None:
    """Tokens for the grant's account; the provider's own count, or nothing: then the reservation stays."""
    if not sent:
        return 0
    into, out = usage.input_tokens, usage.output_tokens
    return None if usage.estimated or into is None or out is None else into + out


def _outcome(finish: Finish, receipt: Receipt) -> Outcome:
    if receipt.sent_bytes == 0:
        return Outcome.UNSENT
    if finish is Finish.FAILED:
        return Outcome.FAILED
    return Outcome.CANCELLED if finish is Finish.CANCELLED else Outcome.CLOSED


def messages_of(path: Sequence[Message], own: str) -> tuple[str, ...]:
    """The ids that a turn is about: all that stands before it, and its own message."""
    return (*(message.id for message in path), own)
