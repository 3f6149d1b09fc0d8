"""Packs a send to the cloud: what leaves of a conversation and in which words, what stays, and the exact bytes."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.conversation.scans import Scans, held
from assistant.conversation.window import spoken
from assistant.domain.cloud_routes import NOT_SHOWN, Wire
from assistant.domain.cloud_setup import CloudSetup
from assistant.domain.departure import (
    STOP,
    USUAL_CHOICE,
    Choice,
    Departure,
    Leaving,
    Stay,
    Staying,
    most_tokens,
    pictures_of,
)
from assistant.domain.errors import PromptTooLongError
from assistant.domain.findings import Finding, Gap, Scan
from assistant.domain.prompt import Message, Prompt, Role, Sampling
from assistant.domain.redaction import NO_PLACEHOLDERS, Placeholders, redact
from assistant.domain.rules import SENDABLE_LABELS
from assistant.domain.sensitivity import Label
from assistant.domain.settings import GenerationSettings
from assistant.ports import Generation
from assistant.ports.leaving import DistantBackend, Prices, Scanner, Secrets


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be packed: `prompt` behind `path`, to the route of `setup`; its message will have the id `message`."""

    setup: CloudSetup
    prompt: Prompt
    path: tuple[Message, ...]
    message: str
    choice: Choice
    most_reply_tokens: int

    @property
    def messages(self) -> tuple[Message, ...]:
        """The path with the prompt's own message at its end."""
        p = self.prompt
        own = Message(self.message, p.conversation, p.parent, Role.USER, p.text, p.label, "", 0)
        return (*self.path, own)


class Packer:
    """Packs loads; remembers the scans of texts that it has seen."""

    def __init__(self, scanner: Scanner, secrets: Secrets, prices: Prices) -> None:
        """`secrets` are the app's own keys, which no text may give away."""
        self._scans = Scans(scanner)
        self._secrets = secrets
        self._prices = prices

    def pack(self, load: Load, backend: DistantBackend) -> Departure:
        """The send, whole. Blocks for the scan. Raises: PromptTooLongError where the last message alone does not fit."""
        self._scans.look_for(self._secrets.own())
        prompt, setup = load.prompt, load.setup
        messages = spoken(load.messages, takes_images=backend.route.images)
        everything = [*_system(prompt.system, messages[-1]), *messages]
        self._scans.foresee([one.text for one in everything], load.choice.keep_back)
        words, placeholders = self._worded(everything, load.choice)
        leaves, stays = _parted(words)
        reply_tokens = _reply_tokens(load, backend)
        kept = _fitting(leaves, backend, backend.window_tokens - reply_tokens)
        places = {message.id: place for place, message in enumerate(messages)}
        old = [_staying(one, Stay.WINDOW) for one in leaves if one not in kept]
        sampling = replace(prompt.sampling, max_tokens=reply_tokens)
        spoken_there = tuple(one.spoken for one in kept)
        besides = _besides(setup, kept, sampling)
        request = Generation("", prompt.conversation, spoken_there, sampling)
        outgoing = backend.compose(request)
        return Departure(
            setup=setup,
            message=load.message,
            choice=load.choice,
            leaves=tuple(kept),
            stays=tuple(sorted([*stays, *old], key=lambda one: places[one.message])),
            outgoing=outgoing,
            scan=self._scan([*(one.text for one in kept), *(text for _, text in besides)]),
            # A reply may bring back what it was given, and nothing that stayed.
            placeholders=placeholders.standing_in(one.text for one in kept),
            input_tokens=backend.estimate(spoken_there),
            reply_tokens=reply_tokens,
            price=self._prices.bound(setup, most_tokens(outgoing, pictures_of(kept)), reply_tokens),
            besides=besides,
        )

    def _scan(self, texts: Sequence[str]) -> Scan:
        """What all of `texts` hold. A secret that was found says more than a key that could not be looked for."""
        scan = self._scans.whole(texts)
        if scan.blocks or not self._secrets.locked():
            return scan
        return replace(scan, gap=Gap.KEYS_LOCKED)

    def _worded(
        self, messages: Sequence[Message], choice: Choice
    ) -> tuple[list[Leaving], Placeholders]:
        """Every message as it would leave. In order from the start, so that a text has the same placeholder at each send."""
        words = [
            Leaving(
                m.id, m.role, m.text, m.text, m.label, self._scans.of(m.text).findings, m.pictures
            )
            for m in messages
        ]
        words = _whole_turns(words, messages)
        always = _kept_for_good(words)
        placeholders = NO_PLACEHOLDERS
        for place, one in enumerate(words):
            kept = [*held(one.findings, choice.keep_back), *_places(one.text, always)]
            redacted = redact(one.text, kept, placeholders)
            placeholders = redacted.placeholders
            words[place] = replace(one, text=redacted.text)
        return words, placeholders


def _kept_for_good(words: Sequence[Leaving]) -> dict[str, Finding]:
    """What is kept back whatever a person chooses for this send, each with a finding of it.

    What was found in a text that stays; and what a reply repeats, because it may stand there only since it was kept back when
    the reply was asked for, and put back afterwards.
    """
    kept: dict[str, Finding] = {}
    for place, one in enumerate(words):
        for finding in held(one.findings, USUAL_CHOICE.keep_back):
            part = one.original[finding.start : finding.end]
            stays = one.label not in SENDABLE_LABELS
            if part and (stays or _is_repeated(part, words[place + 1 :])):
                kept.setdefault(part, finding)
    return kept


def _is_repeated(part: str, later: Iterable[Leaving]) -> bool:
    return any(one.role is Role.ASSISTANT and part in one.original for one in later)


def _places(text: str, parts: Mapping[str, Finding]) -> list[Finding]:
    """A place of each of `parts` that stands in `text`: any will do, what is kept back is so wherever it stands."""
    # For that reason the last place would be as good as the first.
    places = {part: text.find(part) for part in parts}  # pragma: no mutate
    found = ((places[part], part, finding) for part, finding in parts.items())
    return [replace(f, start=at, end=at + len(part)) for at, part, f in found if at >= 0]


def _system(text: str, own: Message) -> list[Message]:
    """The system prompt as a message beside `own`; one of the person's own is a text of theirs, the shipped one is public."""
    label = Label.PUBLIC if text == GenerationSettings().system_prompt else Label.NORMAL
    system = replace(own, id="", role=Role.SYSTEM, text=text, label=label, pictures=())
    return [system] if text else []


def _whole_turns(words: list[Leaving], messages: Sequence[Message]) -> list[Leaving]:
    """Raises the label of a question whose answer must stay: a turn leaves whole or stays whole, so that roles alternate."""
    tainted = {m.turn for m in messages if m.turn and m.label not in SENDABLE_LABELS}
    turns = {m.id: m.turn for m in messages}
    stay = {m for m, turn in turns.items() if turn in tainted}
    return [replace(w, label=Label.LOCAL_ONLY) if w.message in stay else w for w in words]


def _parted(words: Iterable[Leaving]) -> tuple[list[Leaving], list[Staying]]:
    leaves, stays = [], []
    for one in words:
        if one.label in SENDABLE_LABELS:
            leaves.append(one)
        else:
            stays.append(_staying(one, Stay.LABEL))
    return leaves, stays


def _staying(one: Leaving, why: Stay) -> Staying:
    return Staying(one.message, one.role, one.original, one.label, why)


def _besides(
    setup: CloudSetup, kept: Sequence[Leaving], sampling: Sampling
) -> tuple[tuple[str, str], ...]:
    """What the bytes say besides the messages: a person is shown it, and it is scanned with them."""
    stops = [(STOP, text) for text in sampling.stop if text.strip()]
    spoken = [one.role for one in kept if one.role is not Role.SYSTEM and one.text.strip()]
    filled = setup.row.wire is Wire.ANTHROPIC and spoken[:1] == [Role.ASSISTANT]
    return (*([(Role.USER.value, NOT_SHOWN)] if filled else []), *stops)


def _reply_tokens(load: Load, backend: DistantBackend) -> int:
    """The most that may come back: what the person asked for, at most half of the window."""
    wished = load.prompt.sampling.max_tokens or load.most_reply_tokens
    return max(1, min(wished, load.most_reply_tokens, backend.window_tokens // 2))


def _fitting(leaves: Sequence[Leaving], backend: DistantBackend, room: int) -> list[Leaving]:
    """All of `leaves` that fit into `room` tokens: the system prompt, and the newest turns. Raises: PromptTooLongError."""
    head = [one for one in leaves if one.role is Role.SYSTEM]
    rest = leaves[len(head) :]
    starts = sorted({0, *(i for i, one in enumerate(rest) if one.role is Role.USER)})

    def tokens(start: int) -> int:
        kept = [*head, *rest[start:]]
        return backend.estimate([one.spoken for one in kept])

    # Fewer messages never take more tokens, so the earliest start that fits is found by bisection.
    first = bisect_left(starts, True, key=lambda start: tokens(start) <= room)
    if first == len(starts):
        raise PromptTooLongError(
            f"this message takes about {tokens(starts[-1]):,} tokens; {backend.route.id} takes {room:,}",
            "shorten it, or set the window with: assistant routes add --context",
        )
    return [*head, *rest[starts[first] :]]
