"""What is said in the plain chat: the conversation in view, the next message's label, and one turn after the other."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.commands import ask, leave, stores
from assistant.commands.plain_attached import words
from assistant.commands.plain_voice import Voice, who
from assistant.commands.talk import at_terminal
from assistant.commands.talk import say as tell
from assistant.domain.attachments import checked, compose, headline, parted
from assistant.domain.decisions import Verdict
from assistant.domain.errors import (
    AssistantError,
    RefusedError,
    RouteError,
    StorageError,
    UsageError,
)
from assistant.domain.events import Asked
from assistant.domain.hygiene import harmless, one_line
from assistant.domain.notices import images_stay
from assistant.domain.places import Place, Route
from assistant.domain.prompt import Finish, Message, Prompt, Role
from assistant.domain.sensitivity import Label

if TYPE_CHECKING:
    from concurrent.futures import Future

    from assistant.commands.aside import Aside
    from assistant.conversation.engine import Proposal
    from assistant.domain.departure import Choice
    from assistant.domain.turns import TurnRecord
    from assistant.ports import ConversationSummary
    from assistant.wiring.house import House

KEPT = "the system prompt is local-only, and so is this chat from now on"
SCREEN = "the plain chat"
_READ_BACK = 6
"""Messages that are read again when a conversation is opened."""


class Talk:
    """The conversation in view ("": an empty one), and what is sent in it."""

    def __init__(self, house: "House", aside: "Aside", *, times: bool) -> None:
        """`times` says after each reply where it came from and how quick it was."""
        from assistant.commands.plain_unsent import Unsent

        self._house = house
        self._aside = aside
        self.times = times
        self.code = 0
        self.summary: ConversationSummary | None = None
        self.system = house.settings.generation.system_prompt
        self.route = ""
        self.failed: tuple[str, Label, Route] | None = None
        self.unsent = Unsent(house, lambda: self.conversation)
        self._voice = Voice(house, aside)
        self._looking: Future[None] | None = aside.start(self._begin())

    async def _begin(self) -> None:
        """Looks where prompts can go, and gets the default route ready while the person types."""
        from assistant.wiring.house import local_routes, look_again

        await look_again(self._house.engine, local_routes(self._house))
        if self._house.engine.routes and self._house.settings.engine.load_at_start:
            await self._house.engine.warm()

    # What is in view

    @property
    def conversation(self) -> str:
        """Its id; "" while nothing was said."""
        return self.summary.id if self.summary else ""

    def greet(self) -> None:
        """Says what was typed here and not sent."""
        unsent = self.unsent
        draft = unsent.read()
        if draft:
            tell(f"not sent yet: {one_line(headline(draft))}; /send sends it, /drop forgets it")
        if unsent.attached:
            tell(f"attached to it: {unsent.names}; /attached lists it")

    def show(self, summary: "ConversationSummary | None") -> None:
        """Brings a conversation into view and reads its end; None: an empty one."""
        self.summary, self.failed, self.unsent.mark = summary, None, None
        if summary is None:
            self.system, self.route = self._house.settings.generation.system_prompt, ""
            self.unsent.chat_label = Label.PUBLIC
        else:
            self.system, self.route = summary.system, summary.route
            self.unsent.chat_label = summary.label
            path = self._house.journal.path(summary.head) if summary.head else ()
            self._remember(path)
            tell(f"{one_line(summary.title) or 'untitled'}, {len(path)} messages")
            self.read(path[-_READ_BACK:])
        self.greet()

    def read(self, messages: Sequence[Message]) -> None:
        """Prints messages that were said, each with who said it in words."""
        from assistant.domain.thinking import split

        journal = self._house.journal
        for message in messages:
            if message.role is Role.USER:
                own, found = parted(message.text)
                for one in found:
                    print(f"attached: {words(one)}")
                print(f"you: {harmless(own)}")
                continue
            record = journal.record(message.turn) if message.turn else None
            print(f"{who(record.route)}:" if record else "assistant:")
            print(harmless(split(message.text).answer or message.text).rstrip("\n"))
        sys.stdout.flush()

    def _remember(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.label is Label.LOCAL_ONLY:
                self.unsent.kept.remember(message.text)

    # What is said of all of it

    def keep(self) -> None:
        """All that is said here from now on is local-only. Raises: StorageError."""
        if self.conversation:
            work = self._house.engine.label_conversation(self.conversation, Label.LOCAL_ONLY)
            self._aside.do(work)
        self.unsent.chat_label = Label.LOCAL_ONLY

    def instruct(self, text: str) -> None:
        """Has the model told `text` before this chat; the label of the next message is its own. Raises: StorageError.

        A local-only text makes the chat local-only first: where that cannot be recorded, the text is not set either.
        """
        text = harmless(text).strip()
        kept = bool(text) and self.unsent.label_of(text) is Label.LOCAL_ONLY
        if kept:
            self.keep()
            self.unsent.kept.remember(text)
        if self.conversation:
            self._aside.do(self._house.engine.instruct(self.conversation, text))
        self.system = text
        tell(KEPT if kept else "the model is told that from the next message on")

    # One turn

    def ask(self, own: str, route: str = "", *, kept: bool = False) -> None:
        """Sends a message with what is attached, and reads out its reply; `kept` says that it is what was not sent before.

        Raises: AssistantError where nothing was sent; all is kept then.
        """
        unsent = self.unsent
        if not kept and unsent.begin():
            where = "in this chat" if self.conversation else "in the empty chat, /new"
            tell(f"still kept {where}: {one_line(headline(unsent.aside))}")
        text, label = compose(own, unsent.attached), unsent.label
        if unsent.aside and label is Label.LOCAL_ONLY:
            tell("this message is local-only, as what is kept or this chat is")
        elif label is not unsent.label_of(text):
            label = Label.LOCAL_ONLY
            tell("this text holds a local-only one, so it is local-only itself")
        unsent.try_to_send(own, label)
        checked(text)
        if not self._house.journal.writable:
            raise StorageError("the journal cannot be written, so nothing is sent", "look at df -h")
        self.looked()
        if unsent.attached:
            tell(f"with it goes {unsent.names}")
        proposal = self._propose(text, label, route)
        if stay := proposal.images_left_out:
            tell(images_stay(stay))
        if proposal.considered is None or self._cleared(proposal):
            self._told(text, label, self._voice.run(proposal, self._asked))

    def _cleared(self, proposal: "Proposal") -> bool:
        """Asks for leave where it is missing; where it stays so, the text is kept, and that nothing left is on record."""
        engine = self._house.engine
        asyncio.run(leave.settle(engine, proposal, SCREEN))
        asked = proposal.decision.verdict is Verdict.ASK and at_terminal()
        prompt, seen = proposal.prompt, proposal.considered
        choice = seen.departure.choice if seen else None
        name = proposal.route.id
        now = engine.propose(prompt, name, choice=choice, message=proposal.message)
        if now.decision.verdict is Verdict.ALLOW:
            return True
        if not asked:
            from assistant.conversation import refusals

            self._aside.do(engine.deny(refusals.of(now)))
        for line in leave.refusal_lines(now.decision):
            tell(line)
        self._moved(prompt)
        tell("nothing was sent; the text is kept: /send asks here, /drop forgets it")
        self.code = RefusedError.exit_code
        return False

    def _moved(self, prompt: Prompt) -> None:
        """The conversation is on record: what is typed in it is its own draft from now on."""
        if self.summary is None:
            self.unsent.moved(lambda: self._begun(prompt.conversation))
        else:
            self.unsent.note(self.unsent.own)

    def _begun(self, conversation: str) -> None:
        self.summary = self._house.journal.conversation(conversation)

    def looked(self) -> None:
        """Waits for the first look; what it could not do is said once, and the engine says the rest itself."""
        looking, self._looking = self._looking, None
        if looking is None:
            return
        try:
            looking.result()
        except AssistantError as error:
            tell(str(error))

    def _propose(self, text: str, label: Label, route: str) -> "Proposal":
        house, known = self._house, self.summary
        engine = house.engine
        sampling = (known.sampling if known else None) or house.settings.generation.sampling
        head = known.head if known else None
        named = route or self.route
        name = known.id if known else engine.new_id()
        prompt = Prompt(text, name, head, label, self.system, sampling)
        if any(each.id == named and each.place is Place.CLOUD for each in engine.routes):
            stores.unlock(house.cloud.routes.keys.routes)
        try:
            proposal = engine.propose(prompt, named or None, choice=_choice(house))
        except RouteError as error:
            from assistant.conversation import refusals

            self._aside.do(refusals.not_proposed(engine, prompt, named, error))
            raise
        if known is None:
            self._aside.do(self._start(prompt))
        return proposal

    async def _start(self, prompt: Prompt) -> None:
        """Puts a new conversation on record, with what was said of it before it was one."""
        engine, unsent = self._house.engine, self.unsent
        title = one_line(headline(prompt.text), 60)
        # A local-only system prompt is on record only once its chat is: a fault between the two leaves nothing that may leave.
        kept = unsent.chat_label is Label.LOCAL_ONLY
        told = "" if kept else prompt.system
        await engine.start_conversation(told, title, prompt.conversation)
        # One of which nobody says anything is normal; a public message can only begin a public one.
        begun = Label.PUBLIC if prompt.label is Label.PUBLIC else Label.NORMAL
        unsent.chat_label = Label.LOCAL_ONLY if kept else begun
        if unsent.chat_label is not Label.PUBLIC:
            await engine.label_conversation(prompt.conversation, unsent.chat_label)
        if kept:
            await engine.instruct(prompt.conversation, prompt.system)
        if self.route:
            await engine.pin(prompt.conversation, self.route)

    def _asked(self, event: Asked) -> None:
        """The message is on record: no draft has to hold it any more, neither here nor in the empty chat."""
        self._remember((event.message,))
        self.unsent.sent(event.message.conversation)

    def _told(self, text: str, label: Label, record: "TurnRecord") -> None:
        """Says how it went; the next message follows this one."""
        journal, engine = self._house.journal, self._house.engine
        self.summary = journal.conversation(record.conversation)
        if record.decision.label is Label.LOCAL_ONLY:
            self.unsent.kept.remember(record.reply)
        for line in ask.sign_off(record):
            tell(line)
        self.code = ask.exit_code(record)
        if self.times:
            tell(ask.summary(record).replace(" · ", ", "))
        refused = record.error is not None and record.error.code == "refused"
        other = None if refused else engine.alternative(record.route)
        self.failed = (text, label, other) if other and record.finish is Finish.FAILED else None
        if self.failed and other:
            if self._house.settings.hat.fall_back and record.route.backend.startswith("hailo"):
                self.again()
            else:
                tell(f"/again asks the same on {other.id}")

    def again(self) -> None:
        """Asks the message whose turn failed on another route of this machine. Raises: UsageError where none failed."""
        if self.failed is None:
            raise UsageError("nothing failed here, so there is nothing to ask again")
        unsent = self.unsent
        if unsent.attached:
            hint = "/send sends it, /drop forgets it"
            raise UsageError("something is attached to the next message", hint)
        (text, label, route), self.failed = self.failed, None
        unsent.mark = label
        own, unsent.attached = parted(text)
        tell(f"asking the same on {route.id}")
        self.ask(own, route.id)


def _choice(house: "House") -> "Choice":
    """What is kept back of a send to the cloud: as the settings say."""
    from assistant.domain.departure import Choice
    from assistant.domain.findings import ScanVerdict

    word = house.settings.cloud.keep_back
    return Choice(None if word == "none" else ScanVerdict(word), False)
