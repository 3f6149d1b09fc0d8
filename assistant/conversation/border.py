"""The border of this machine: decides on what would leave it, and knows every grant. Nothing passes it unseen."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from assistant.conversation.packing import Load, Packer
from assistant.domain.budget import Budget
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.consent import (
    Actor,
    Grant,
    Moment,
    Notice,
    Principal,
    Reach,
    Standing,
    State,
    Stated,
)
from assistant.domain.coverage import SendRequest, ending, lapse
from assistant.domain.decisions import Decision, Reason, Verdict
from assistant.domain.departure import Choice, Departure
from assistant.domain.errors import RefusedError, RouteError, StorageError, UsageError
from assistant.domain.limits import Drawn, NoBudgets, bound_of, shortfalls
from assistant.domain.policy import Case, covering_grant, decide
from assistant.domain.prompt import Message, Prompt
from assistant.domain.rules import Content, judge
from assistant.domain.sensitivity import Label, join
from assistant.domain.sheet import facts_text, sheet_text
from assistant.domain.terms import Terms
from assistant.ports import Clock

if TYPE_CHECKING:
    from assistant.ports.accounting import Limits
    from assistant.ports.leaving import (
        Consents,
        DistantBackend,
        Policies,
        Prices,
        Receipts,
        Scanner,
        Secrets,
    )


_STREAMING = (State.GIVEN, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose consent is asked for, in which run of which version."""

    principal: Principal
    app_version: str
    session: str


@dataclass(frozen=True, slots=True)
class World:
    """What the border asks: the ports of design §4 that no local answer needs."""

    policies: "Policies"
    consents: "Consents"
    scanner: "Scanner"
    secrets: "Secrets"
    prices: "Prices"
    receipts: "Receipts"
    limits: "Limits | None" = None
    """Without them the person has no limits in money."""

    def drawn(self, conversation: str) -> tuple[Drawn, ...] | NoBudgets:
        """The limits in money that a send in `conversation` has to keep to now, with what was spent under them."""
        found = self.limits.drawn(conversation) if self.limits else ()
        return found if isinstance(found, NoBudgets) else tuple(found)

    def budgets(self, conversation: str) -> tuple[Budget, ...]:
        """The limits alone. Raises: RefusedError where they cannot be read."""
        found = self.drawn(conversation)
        if isinstance(found, NoBudgets):
            raise RefusedError(found.words, "nothing was sent; put the settings right")
        return tuple(one.budget for one in found)


@dataclass(frozen=True, slots=True)
class Considered:
    """A send to the cloud, prepared and decided on; `grant` is the one that covers it (None: none does)."""

    departure: Departure
    decision: Decision
    request: SendRequest
    grant: Grant | None


class Border:
    """One for the program. What it reads it reads anew at each send: rules, facts, grants and the clock may have changed."""

    def __init__(
        self, world: World, clock: Clock, person: Person, most_reply_tokens: int = 4096
    ) -> None:
        """`most_reply_tokens` bounds every reply from the cloud."""
        self.world = world
        self.person = person
        self.most_reply_tokens = most_reply_tokens
        self._clock = clock
        self._packer = Packer(world.scanner, world.secrets, world.prices)

    @property
    def offline(self) -> bool:
        """Whether nothing leaves until a person lifts it. Raises: StorageError."""
        return self.world.consents.offline

    @property
    def now(self) -> Moment:
        """This moment, with the evidence for it."""
        return Moment(self._clock.now_ms(), self._clock.monotonic_ms(), self._clock.boot)

    def consider(
        self,
        prompt: Prompt,
        path: tuple[Message, ...],
        message: str,
        backend: "DistantBackend",
        choice: Choice,
        *,
        fallback: bool = False,
    ) -> Considered:
        """Prepares the send of `prompt` as `message`, and decides. Blocks for the scan.

        Raises: RouteError where the route is not set up; PromptTooLongError; StorageError.
        """
        setup = self.world.policies.setup(backend.route.id)
        # What a person is shown is what is set up now; what would leave goes where the backend leads.
        if setup is None or not setup.speaks_as(backend.setup):
            _look_for_lapses(self.world.consents, setup, backend.route.id, self.now)
            raise RouteError(
                f"{backend.route.id} is not set up as it was",
                "assistant routes list; then send again",
            )
        load = Load(setup, prompt, path, message, choice, self.most_reply_tokens)
        limits, session = self.world.drawn(prompt.conversation), self.person.session
        departure = self._packer.pack(load, backend)
        if not isinstance(limits, NoBudgets):
            departure = replace(departure, limits=limits)
        request = _request(departure, prompt.conversation, session, fallback=fallback)
        case = self._case(departure, request, limits)
        decision = decide(self._clock.new_id(), backend.route, departure.label, case)
        found = covering_grant(case)
        _keep_lapses(self.world.consents, setup, case.grants, case.now, case.seen)
        return Considered(departure, decision, request, found[0] if found else None)

    def objections(self, considered: Considered, label: Label) -> tuple[Reason, ...]:
        """What speaks against an allowed send by now: while it waited in the queue, rules, facts, labels and limits may have changed.

        `label` is the join over what would leave, as it stands now. Grants are not looked at: the journal does that when it
        commits the permit.
        """
        request = considered.request
        setup = self.world.policies.setup(request.route)
        if setup is None or setup.fingerprint != request.fingerprint:
            _look_for_lapses(self.world.consents, setup, request.route, self.now)
            text = (
                f"what {request.route} declares, or its model, has changed since this was decided"
            )
            return (Reason("facts_changed", text),)
        if stricter := label_objection(label, request.label):
            return stricter
        rules, facts = self.world.policies.rules(), setup.row.facts
        judged = judge(rules, facts, request.label, request.content, self.today)
        if judged.verdict is not Verdict.ALLOW:
            return judged.reasons
        limits = self.world.drawn(request.conversation)
        return shortfalls(limits, bound_of(request.cost, request.currency))

    def grant(self, considered: Considered, terms: Terms, how: str, shown: str = "") -> Grant:
        """Records the person's yes to exactly what `considered` shows; `how` names the key and the screen, `shown` are the words
        that they read ("": those of the sheet as a text), of which the record keeps a digest.

        Raises: UsageError for terms that are none, or for more than one message where a picture leaves; RefusedError where no
        rule lets it pass; StorageError.
        """
        if considered.decision.verdict is Verdict.DENY:
            reasons = "; ".join(reason.text for reason in considered.decision.reasons)
            raise RefusedError(reasons, "no consent can lift that")
        if considered.departure.pictures and not terms.span.once:
            raise UsageError("an image leaves by a yes to its one message", "say yes once")
        grant, sheet = self._asked(considered, terms, shown), considered.departure.sheet
        said = _said(grant, sheet, how, self.now, State.REQUESTED, State.GIVEN)
        self.world.consents.record(grant, said)
        return grant

    def require_passing(self, setup: CloudSetup, label: Label) -> None:
        """Raises: RefusedError where no rule lets clean text with `label` go there, or everything is offline; StorageError."""
        if self.offline:
            raise RefusedError("everything is offline", "assistant consent lift")
        rules, facts = self.world.policies.rules(), setup.row.facts
        judged = judge(rules, facts, label, Content.CLEAN, self.today)
        if judged.verdict is not Verdict.ALLOW:
            reasons = "; ".join(reason.text for reason in judged.reasons)
            raise RefusedError(reasons, "no consent can lift that")

    def grant_ahead(self, setup: CloudSetup, reach: Reach, terms: Terms, how: str) -> Grant:
        """Records the person's yes to what will be said in a conversation; they were shown `facts_text` of `setup`.

        Raises: UsageError for terms that are none or for one message; RefusedError as `require_passing`; StorageError.
        """
        if terms.span.once or reach.message:
            raise UsageError("a yes to one message needs that message", "assistant ask asks for it")
        self.require_passing(setup, reach.ceiling)
        shown = _digest(facts_text(setup))
        grant = self._grant(setup, reach, terms, shown)
        said = _said(grant, shown, how, self.now, State.REQUESTED, State.GIVEN)
        self.world.consents.record(grant, said)
        return grant

    def refuse(self, considered: Considered, terms: Terms, how: str, shown: str = "") -> None:
        """Records the person's no to what `considered` shows; see `grant`. Raises: UsageError, StorageError."""
        grant, sheet = self._asked(considered, terms, shown), considered.departure.sheet
        said = _said(grant, sheet, how, self.now, State.REQUESTED, State.REFUSED)
        self.world.consents.record(grant, said)

    def revoke(self, grant: str, how: str) -> None:
        """Withdraws a grant. Raises: StorageError."""
        stated = Stated(grant, self.now, State.WITHDRAWN, Actor.USER, how)
        self.world.consents.state(stated)

    def panic(self) -> Sequence[str]:
        """Withdraws all grants and goes offline; returns their ids. Raises: StorageError."""
        return self.world.consents.panic(self.now)

    def lift(self) -> None:
        """Ends offline; no grant comes back. Raises: StorageError."""
        self.world.consents.lift(self.now)

    def sweep(self) -> None:
        """Puts on record which grants have come to their end by themselves. Raises: StorageError."""
        consents, now, seen = self.world.consents, self.now, self._seen()
        for grant, standing in consents.given():
            setup = self.world.policies.setup(grant.facts.route)
            fingerprint = None if setup is None else setup.fingerprint
            ended = ending(grant, standing, fingerprint, now, seen)
            if ended is not None:
                consents.state(Stated(grant.id, now, ended, Actor.SYSTEM, "sweep"))

    def holds(self, grant: str) -> bool:
        """Whether a stream that runs under `grant` ("": under none) may go on; one that is spent ends no stream.

        Raises: StorageError.
        """
        if self.offline:
            return False
        return not grant or self.world.consents.standing(grant).state in _STREAMING

    @property
    def today(self) -> date:
        """The day of the rules and of prices, in UTC."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()

    def _seen(self) -> tuple[Moment, ...]:
        latest = self.world.consents.latest()
        return () if latest is None else (latest,)

    def _case(
        self, departure: Departure, request: SendRequest, limits: tuple[Drawn, ...] | NoBudgets
    ) -> Case:
        return Case(
            self.world.policies.rules(),
            departure.setup.row.facts,
            request,
            self.world.consents.given(departure.setup.id),
            self.today,
            self.now,
            self._seen(),
            self.offline,
            limits,
        )

    def _asked(self, considered: Considered, terms: Terms, shown: str) -> Grant:
        departure, request = considered.departure, considered.request
        message = departure.message if terms.span.once else ""
        reach = Reach(request.label, request.conversation, message, _categories(departure))
        shown = shown or sheet_text(departure, considered.decision)
        return self._grant(departure.setup, reach, terms, _digest(shown))

    def _grant(self, setup: CloudSetup, reach: Reach, terms: Terms, notice: str) -> Grant:
        return Grant(
            id=self._clock.new_id(),
            principal=self.person.principal,
            notice=Notice(notice, "en", self.person.app_version),
            reach=reach,
            limits=terms.limits(self._clock.now_ms()),
            facts=setup.row.facts,
            model=setup.model,
            fingerprint=setup.fingerprint,
            fallback=terms.fallback,
        )


def _look_for_lapses(
    consents: "Consents", setup: CloudSetup | None, route: str, now: Moment
) -> None:
    """Where nothing is decided on the grants for `route`, which is now `setup` (None: it is gone)."""
    latest = consents.latest()
    seen = () if latest is None else (latest,)
    _keep_lapses(consents, setup, consents.given(route), now, seen)


def _keep_lapses(
    consents: "Consents",
    setup: CloudSetup | None,
    grants: Sequence[tuple[Grant, Standing]],
    now: Moment,
    seen: Sequence[Moment],
) -> None:
    """What has lapsed of `grants` stays so, also where facts or clock are put back afterwards."""
    fingerprint = None if setup is None else setup.fingerprint
    for grant, standing in grants:
        lapsed = lapse(grant, standing, fingerprint, now, seen)
        if lapsed is not None:
            # Where that cannot be written nothing leaves under it now all the same, and the reader sees why.
            with suppress(StorageError):
                consents.state(Stated(grant.id, now, lapsed, Actor.SYSTEM, "lapsed"))


def label_objection(now: Label, decided: Label) -> tuple[Reason, ...]:
    """What speaks against a send that was decided on with the label `decided`, where what leaves has the label `now`."""
    if join([now, decided]) is decided:
        return ()
    text = "a label of what would leave has become stricter since this was decided"
    return (Reason("label_changed", text),)


def _request(
    departure: Departure, conversation: str, session: str, *, fallback: bool
) -> SendRequest:
    price = departure.price
    return SendRequest(
        route=departure.setup.id,
        fingerprint=departure.setup.fingerprint,
        label=departure.label,
        content=departure.content,
        conversation=conversation,
        message=departure.message,
        sheet=departure.sheet,
        tokens=departure.tokens,
        cost=price.cost if price else None,
        currency=price.currency if price else "",
        session=session,
        fallback=fallback,
        pictures=len(departure.pictures),
    )


def _said(grant: Grant, sheet: str, how: str, at: Moment, *states: State) -> list[Stated]:
    """What was said of a new grant at once: first the system asked, then the person answered."""
    first = Stated(grant.id, at, states[0], Actor.SYSTEM, how, sheet)
    return [first, *(replace(first, state=s, actor=Actor.USER) for s in states[1:])]


def _categories(departure: Departure) -> tuple[str, ...]:
    """Kinds of what was found in the words that leave, and whether images go with them; never where, never what."""
    found = departure.scan.findings if departure.scan else ()
    images = ("image",) if departure.pictures else ()
    return tuple(sorted({*images, *(finding.kind.value for finding in found)}))


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
