"""Turns what the journal has into what the transcript shows: pure, but for `read`."""

import functools
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant.domain.errors import AssistantError
from assistant.domain.events import Asked, Stage, TitledBy
from assistant.domain.hygiene import one_line
from assistant.domain.notices import summarised
from assistant.domain.places import SHORT_NAMES, Place, Route
from assistant.domain.prompt import Finish, Message, Role, Summary
from assistant.domain.readings import RequestReading
from assistant.domain.sensitivity import Label, join
from assistant.ports import ConversationSummary, Journal, Notice
from assistant.tui.siblings import asked_heading
from assistant.tui.widgets.transcript import Entry
from assistant.tui.wording import MARKS, Bound, named

if TYPE_CHECKING:
    from assistant.domain.decisions import Decision
    from assistant.domain.turns import TurnRecord
    from assistant.ports.chats import Branches

_ENDINGS = {Finish.CANCELLED: "stopped", Finish.FAILED: "failed", Finish.LENGTH: "cut at the limit"}
_WAITS = {
    Stage.PREPARE: "preparing",
    Stage.QUEUE: "waiting for the engine (queue)",
    Stage.LOAD: "loading model",
    Stage.CONNECT: "connecting",
    Stage.PREFILL: "reading the prompt",
    Stage.DECODE: "",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as the journal has it."""

    summary: ConversationSummary
    path: Sequence[Message]
    records: Mapping[str, "TurnRecord"]
    notices: Sequence[Notice]
    draft: str
    draft_label: "Label | None"
    siblings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    compacted: Summary | None = None


NEAR = 100
"""Messages at the end whose figures are read at once; those of the others are when they come in sight."""


def read(journal: Journal, conversation: str, branches: "Branches | None" = None) -> Opened | None:
    """Everything that is shown of `conversation`; None where there is none. Raises: StorageError."""
    summary = journal.conversation(conversation)
    if summary is None:
        return None
    path = journal.path(summary.head) if summary.head else ()
    turns = {message.turn for message in path[-NEAR:] if message.role is Role.ASSISTANT}
    found = ((turn, journal.record(turn)) for turn in turns)
    records = {turn: record for turn, record in found if record is not None}
    draft, label = journal.draft(conversation), journal.draft_label(conversation)
    notices = journal.notices(conversation)
    beside = branches.siblings(summary.head) if branches and summary.head else {}
    stands = journal.summary(conversation, [message.id for message in path])
    return Opened(summary, path, records, notices, draft, label, beside, stands)


@functools.lru_cache(maxsize=1)
def _now(now_ms: int) -> time.struct_time:
    return time.localtime(now_ms / 1000)


def clock_time(at_ms: int, now_ms: int) -> str:
    """The local time of day; with the date where it was not today."""
    at, now = time.localtime(at_ms / 1000), _now(now_ms)
    if at[:3] == now[:3]:
        return time.strftime("%H:%M", at)
    same_year = at.tm_year == now.tm_year
    return (
        f"{at.tm_mday} {time.strftime('%b %H:%M', at)}"
        if same_year
        else time.strftime("%Y-%m-%d", at)
    )


def heading(route: Route | None, decision: "Decision | None" = None) -> str:
    """Who answers, where, with what; the processor is meant where no other route of this machine is named.

    Of the cloud it says where the route was declared to work when `decision` let the send pass.
    """
    if route is None:
        return "assistant"
    zone = zone_of(decision) if route.place is Place.CLOUD else ""
    names = (route.model,) if route.backend == "llama" else named(route)
    if zone:
        names = (route.model, zone)
    # Where a reply was brought in from elsewhere, its model may not be known.
    parts = ("assistant", SHORT_NAMES[route.place], *names)
    return one_line(" · ".join(part for part in parts if part), 200)


def zone_of(decision: "Decision | None") -> str:
    """Where a cloud route was declared to work by the rule that let a send pass; "" where none did."""
    reasons = decision.reasons if decision else ()
    passed = next((reason.text for reason in reasons if reason.code == "rule_passes"), "")
    found = re.search(r" is declared to work (?:inside )?(.+?) for \S+ \(rule \S+\)$", passed)
    return one_line(found[1], 24) if found else ""


def outcome(record: "TurnRecord | None", finish: Finish | None) -> str:
    """How a reply ended where that is worth a word, and how quick it was."""
    said = record is not None and record.error is not None
    parts = [_ENDINGS[finish]] if finish in _ENDINGS and not said else []
    if record is not None:
        first, rate = record.latency_ms.first_token, record.tokens_per_second
        parts += [f"{first:,.0f} ms"] if first is not None else []
        parts += [f"{rate:,.1f} tok/s"] if rate is not None else []
    return " · ".join(parts)


def asked_entry(message: Message, now_ms: int, heading: str = "you") -> Entry:
    """What a person said."""
    aside = _marked(message.label, clock_time(message.created_at_ms, now_ms))
    return Entry(message.id, message.role, message.text, heading=heading, aside=aside)


def marked_entry(entry: Entry, label: Label | None) -> Entry:
    """`entry` with the mark of a label that became stricter since; None where it is not known."""
    mark = MARKS[Label.LOCAL_ONLY]
    new = label is Label.LOCAL_ONLY and not entry.aside.startswith(mark)
    return replace(entry, aside=_marked(Label.LOCAL_ONLY, entry.aside)) if new else entry


def _marked(label: Label, aside: str) -> str:
    """What stands beside a message, behind the mark of one that must not leave."""
    if label is not Label.LOCAL_ONLY:
        return aside
    return f"{MARKS[label]} · {aside}" if aside else MARKS[label]


def waiting(reading: RequestReading | None) -> str:
    """What a reply waits for, and for how long where that is a second or more."""
    if reading is None or reading.stage is None:
        return ""
    words, route = _WAITS[reading.stage], reading.route
    if reading.stage is Stage.QUEUE and route and on_hat(route):
        words = "waiting for the HAT (queue)"
    elif reading.stage is Stage.CONNECT and route:
        words = f"connecting to {one_line(route.id, 40)}"
    seconds = int(reading.stage_ms / 1000)
    return f"{words} {seconds} s" if words and seconds else words


def on_hat(route: Route) -> bool:
    """Whether a HAT answers there, over its server or in process."""
    return route.backend.startswith("hailo")


def runs_on(route: Route) -> str:
    """What of this machine works on a prompt there, in words; a person's own server by its name."""
    if on_hat(route):
        return "the HAT"
    return "the processor" if route.backend == "llama" else route.id


def waiting_entry(
    asked: Asked, reading: RequestReading | None, decision: "Decision | None" = None
) -> Entry:
    """A reply of which nothing has arrived; says what it waits for."""
    route = reading.route if reading else None
    return Entry(
        asked.reply,
        Role.ASSISTANT,
        "",
        place=route.place if route else None,
        heading=heading(route, decision),
        aside=waiting(reading),
        open=True,
    )


def reply_entry(
    key: str,
    text: str,
    record: "TurnRecord | None",
    finish: Finish | None,
    label: Label = Label.NORMAL,
    turn: str = "",
) -> Entry:
    """A reply that is over, or whose end nobody recorded (`record` is None); of `turn`, where its figures are read later."""
    route, decision = (record.route, record.decision) if record else (None, None)
    return Entry(
        key,
        Role.ASSISTANT,
        text,
        place=route.place if route else None,
        heading=heading(route, decision),
        aside=_marked(label, outcome(record, finish)),
        error=record.error.line() if record and record.error else "",
        turn=turn,
    )


def with_figures(journal: Journal, entry: Entry) -> Entry:
    """A reply with what its turn took, which is read now; as it was where that cannot be read."""
    try:
        record = journal.record(entry.turn)
    except AssistantError:
        # The text is here and is shown; the figures beside it are not worth more than a look.
        record = None
    if record is None:
        return replace(entry, turn="")
    kept = entry.aside.startswith(MARKS[Label.LOCAL_ONLY])
    label = Label.LOCAL_ONLY if kept else Label.NORMAL
    return reply_entry(entry.key, entry.text, record, record.finish, label)


def notice_entry(notice: Notice) -> Entry:
    """Something that is said about the conversation."""
    return Entry(f"notice-{notice.before}", Role.SYSTEM, notice.text)


def summary_entry(summary: Summary, path: Sequence[Message]) -> Entry:
    """What stands for the messages above it, with the label that they have now."""
    place, label = _stands_for(summary, path)
    said = summarised(place, MARKS[label])
    return Entry(f"summary-{summary.id}", Role.SYSTEM, f"{said}\n\n{summary.text}")


def _stands_for(summary: Summary, path: Sequence[Message]) -> tuple[int, Label]:
    """How many messages at the beginning of `path` a summary stands for, and the label that it has with them."""
    place = next(place for place, one in enumerate(path, 1) if one.id == summary.upto)
    return place, join((summary.label, *(one.label for one in path[:place])))


def labelled(opened: Opened | None) -> list[tuple[str, Label]]:
    """Every text of a conversation that is in view with its label, a summary and the title among them."""
    if opened is None:
        return []
    texts = [(message.text, message.label) for message in opened.path]
    # The beginning of the first message; or what a model or a person made of all of them.
    made_of = texts[:1] if opened.summary.titled is TitledBy.PROMPT else texts
    label = join((opened.summary.label, *(label for _, label in made_of)))
    kept = opened.summary.titled is TitledBy.KEPT
    texts.append((opened.summary.title, Label.LOCAL_ONLY if kept else label))
    if summary := opened.compacted:
        texts.append((summary.text, _stands_for(summary, opened.path)[1]))
    return texts


def entries(opened: Opened, now_ms: int) -> list[Entry]:
    """The whole transcript of a conversation, each notice before its message."""
    notices = {notice.before: notice_entry(notice) for notice in opened.notices}
    found: list[Entry] = []
    summary, above = opened.compacted, ""
    late = len(opened.path) - NEAR
    for number, message in enumerate(opened.path):
        if summary and above == summary.upto:
            found.append(summary_entry(summary, opened.path))
        above = message.id
        if message.id in notices:
            found.append(notices[message.id])
        if message.role is Role.ASSISTANT:
            record = opened.records.get(message.turn)
            said = (message.id, message.text, record, message.finish, message.label)
            found.append(reply_entry(*said, message.turn if number < late else ""))
        else:
            found.append(asked_entry(message, now_ms, asked_heading(message.id, opened.siblings)))
    return found


def prompts(opened: Opened) -> list[str]:
    """What the person asked in a conversation, the oldest first."""
    return [message.text for message in opened.path if message.role is Role.USER]


def blank(bound: Bound) -> list[Entry]:
    """What an empty chat says: where an answer would come from, and why from there."""
    route = bound.route
    if route is None:
        text = bound.why or "No model is installed yet."
    elif route.place is Place.THIS_MACHINE:
        where = runs_on(route)
        rest = "you declared that." if route.own else "Nothing you type leaves it."
        text = f"{route.model} answers on this machine{':' if route.own else '.'} {rest}\n"
        text += f"It runs on {where}: {bound.why}." if bound.why else f"It runs on {where}."
    elif route.place is Place.THIS_NETWORK:
        text = f"{route.model} answers on another machine of this network: {route.id}."
    else:
        text = f"{route.model} answers: {SHORT_NAMES[route.place]}, {route.id}."
    return [Entry("blank", Role.SYSTEM, text)]


def used(record: "TurnRecord") -> tuple[int, int] | None:
    """Tokens in use of the context window after a turn, and the window; None where nobody said."""
    tokens, window = record.usage.context_tokens, record.usage.context_window
    return (tokens, window) if tokens is not None and window else None


def context(opened: Opened | None) -> tuple[int, int] | None:
    """Tokens in use of the context window at the end of a conversation, and the window."""
    record = opened.records.get(opened.path[-1].turn) if opened and opened.path else None
    return used(record) if record else None


def latest_reply(opened: Opened | None) -> str:
    """The text of the last reply of a conversation; "" where there is none."""
    path = opened.path if opened else ()
    return next((m.text for m in reversed(path) if m.role is Role.ASSISTANT and m.text), "")
