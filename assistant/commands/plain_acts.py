"""What the orders of the plain chat do: a word after a slash, each in one line of the help."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.commands.plain_attached import Attached
from assistant.commands.plain_text import Order
from assistant.commands.talk import say as tell
from assistant.domain.errors import UsageError
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.places import SHORT_NAMES, Place
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from assistant.commands.aside import Aside
    from assistant.commands.plain_talk import Talk
    from assistant.domain.places import Route
    from assistant.ports import ConversationSummary
    from assistant.wiring.house import House

_LISTED = 20
_LABELS = ", ".join(label.value for label in Label)


@dataclass(frozen=True, slots=True)
class Act:
    """One order: what follows its word, what it does in words, and what does it."""

    form: str
    about: str
    do: Callable[[str], None]


class Acts:
    """The orders, over the conversation in view; `over` says that the person wants to quit."""

    def __init__(self, house: "House", aside: "Aside", talk: "Talk") -> None:
        self._house = house
        self._aside = aside
        self._talk = talk
        self._listed: Sequence[ConversationSummary] = ()
        self.over = False
        files = Attached(house, talk.unsent)
        self.acts: Mapping[str, Act] = {
            "help": Act("", "this list", self._help),
            "new": Act("", "begin an empty conversation", lambda _: talk.show(None)),
            "list": Act("", f"the latest {_LISTED} conversations, numbered", self._list),
            "open": Act("N", "open conversation N of that list, or one by its id", self.open),
            "read": Act("[N]", "read the last N messages again (6)", self._read),
            "route": Act("[ID]", "the routes, or keep this chat on one; default: on none", self._route),
            "cloud": Act("TEXT", "send TEXT to the cloud; you are asked first", self._cloud),
            "label": Act("LABEL", f"the next message is {_LABELS}", self._label),
            "keep": Act("", "all that is said here from now on stays on this machine", self._keep),
            "system": Act("[TEXT]", "what the model is told before this chat", self._system),
            "send": Act("", "send what was typed and not sent", self._send),
            "drop": Act("", "forget what was typed and not sent", self._drop),
            "attach": Act("PATH", "attach a text, a PDF or a folder to the next message", files.attach),
            "attached": Act("", "what goes with the next message", files.listed),
            "detach": Act("[N]", "leave attachment N out again, or all of them", files.detach),
            "again": Act("", "ask another route of this machine, after a failure", self._again),
            "times": Act("", "times after each reply, or not", self._times),
            "stop": Act("", "stop the reply: ctrl+c, while it comes", self._stop),
            "quit": Act("", "keep everything and quit", self._quit),
        }  # fmt: skip

    def do(self, order: Order) -> None:
        """Follows an order. Raises: UsageError for one that is not there; what the order raises."""
        act = self.acts.get(order.word)
        if act is None:
            import difflib

            near = difflib.get_close_matches(order.word, self.acts, 1)
            hint = f"did you mean /{near[0]}?" if near else "/help lists them all"
            raise UsageError(
                f"there is no order /{one_line(order.word, 20)}",
                f"{hint}; a message that begins with a slash has two",
            )
        act.do(order.rest)

    def open(self, name: str) -> None:
        """Opens a conversation by its number in the list or its id. Raises: UsageError."""
        at = int(name) - 1 if name.isdecimal() and len(name) < 6 else -1
        found = self._listed[at] if 0 <= at < len(self._listed) else None
        known = self._house.journal.conversation(found.id if found else name)
        if known is None or known.deleted:
            raise UsageError(f"there is no conversation {one_line(name, 40)!r}", "/list has them")
        self._talk.show(known)

    def _help(self, _: str) -> None:
        for word, act in self.acts.items():
            tell(f"/{word}{' ' * bool(act.form)}{act.form}: {act.about}")
        tell("A backslash at the end of a line goes on with the next one.")
        tell('A message between two """ may have many lines. Two slashes begin a text with one.')

    def _list(self, _: str) -> None:
        self._listed = self._house.journal.conversations(_LISTED)
        if not self._listed:
            tell("no conversation yet")
        for number, one in enumerate(self._listed, 1):
            here = ", open" if one.id == self._talk.conversation else ""
            kept = ", local-only" if one.label is Label.LOCAL_ONLY else ""
            title = one_line(one.title, 60) or "untitled"
            tell(f"{number}. {title}, {one.messages} messages{kept}{here}")

    def _read(self, rest: str) -> None:
        known = self._talk.summary
        count = int(rest) if rest.isdecimal() and len(rest) < 6 else 6
        path = self._house.journal.path(known.head) if known and known.head else ()
        self._talk.read(path[-count:] if count else ())

    def _route(self, rest: str) -> None:
        talk, engine = self._talk, self._house.engine
        talk.looked()
        if not rest:
            for route in engine.routes:
                now = ", kept here" if route.id == talk.route else ""
                usual = ", the default" if route == engine.default else ""
                tell(
                    f"{route.id}: {SHORT_NAMES[route.place]}, {one_line(route.model, 60)}{usual}{now}"
                )
            return
        wanted = "" if rest == "default" else rest
        if wanted and wanted not in [route.id for route in engine.routes]:
            raise UsageError(f"there is no route {one_line(rest, 40)!r} now", "/route lists them")
        if wanted and any(r.id == wanted and r.place is Place.CLOUD for r in engine.routes):
            raise UsageError(f"{wanted} is in the cloud", "/cloud TEXT sends one message there")
        if talk.conversation:
            self._aside.do(engine.pin(talk.conversation, wanted))
        talk.route = wanted
        tell(f"this chat is kept on {wanted}" if wanted else "this chat is on the default route")

    def _cloud(self, rest: str) -> None:
        text = rest or self._talk.unsent.own
        if not rest and not self._talk.unsent.draft:
            raise UsageError("there is nothing to send", "/cloud TEXT")
        self._talk.ask(text, self._distant().id, kept=not rest)

    def _distant(self) -> "Route":
        """The cloud route that is meant. Raises: UsageError where that is not clear."""
        self._talk.looked()
        there = [r for r in self._house.engine.routes if r.place is Place.CLOUD and r.declared]
        wanted = self._house.settings.cloud.route
        found = [route for route in there if route.id == wanted] if wanted else there
        if len(found) == 1:
            return found[0]
        if not there:
            raise UsageError("no cloud route is set up", "assistant routes add")
        names = ", ".join(route.id for route in there)
        raise UsageError(f"which cloud route is not clear: {names}", "set cloud.route")

    def _label(self, rest: str) -> None:
        if rest not in [label.value for label in Label]:
            raise UsageError(
                f"a label is one of {_LABELS}", f"it is {self._talk.unsent.label.value} now"
            )
        self._talk.unsent.mark = Label(rest)
        said = self._talk.unsent.label.value
        tell(
            f"the next message is {said}{'' if said == rest else ', as what is attached or this chat is'}"
        )

    def _keep(self, _: str) -> None:
        self._talk.keep()
        tell("what is said in this chat from now on is local-only")

    def _system(self, rest: str) -> None:
        talk = self._talk
        if not rest:
            if talk.unsent.chat_label is Label.LOCAL_ONLY:
                # It is in view now, and may be copied.
                talk.unsent.kept.remember(talk.system)
            tell(harmless(talk.system) or "the model is told nothing before this chat")
            return
        talk.instruct(rest)

    def _send(self, _: str) -> None:
        if not self._talk.unsent.draft:
            raise UsageError("nothing was typed and not sent")
        self._talk.ask(self._talk.unsent.own, kept=True)

    def _drop(self, _: str) -> None:
        unsent = self._talk.unsent
        unsent.forget()
        if unsent.own:
            tell(f"still kept: {one_line(unsent.own)}; /send sends it, /drop forgets it")

    def _again(self, _: str) -> None:
        self._talk.again()

    def _times(self, _: str) -> None:
        self._talk.times = not self._talk.times
        tell("times after each reply" if self._talk.times else "no times")

    def _stop(self, _: str) -> None:
        tell("no reply is on its way; ctrl+c stops one while it comes")

    def _quit(self, _: str) -> None:
        self.over = True
