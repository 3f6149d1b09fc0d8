"""The library of prompts at work: one is picked, its places are filled, and its text stands in the composer or is set; nothing is sent."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.hygiene import one_line
from assistant.domain.prompt_files import Kind, PromptFile, render
from assistant.domain.sensitivity import Label, join
from assistant.ports.words import PromptShelf
from assistant.tui.instructing import Instructing
from assistant.tui.labels import of_reply
from assistant.tui.widgets.transcript_selection import numbers, selected
from assistant.tui.wording import MARKS
from assistant.tui.writing import put_before, put_over, require_in_view

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.turn import Chat

NOTHING_SELECTED = "nothing is selected in the conversation"


class Library:
    """Opens the sheets over the chat; methods run in a worker and raise AssistantErrors."""

    def __init__(self, screen: "ChatScreen", chat: "Chat") -> None:
        """`chat` is in view; its label, and what is selected in it, are those of this moment."""
        self._screen = screen
        self._chat = chat
        self._label = screen.desk.labels.of_next(chat)
        self._quoted = self._selected()

    async def pick(self) -> None:
        """Shows all prompts; what stands in the composer is the chosen one's input."""
        from assistant.tui.screens.prompts import PromptsScreen

        screen, chat = self._screen, self._chat
        shelf = await self._read()
        require_in_view(screen.desk, chat)
        name = await screen.app.push_screen_wait(PromptsScreen(shelf))
        prompt = shelf.named(name or "")
        if prompt is not None:
            here = screen.desk.chat is chat
            standing = screen.composer.full_text if here else chat.typed
            if said := await self._use(prompt, standing, standing):
                screen.tell(said)

    async def use_named(self, name: str, text: str) -> str:
        """Takes the prompt `name`, with `text` for its input; gives what to say. Raises: UsageError where there is none."""
        shelf = await self._read()
        prompt = shelf.named(name)
        if prompt is None:
            broken = [line for line in shelf.errors if f"{name}.md" in line]
            known = ", ".join(one.name for one in shelf.prompts)
            hint = broken[0] if broken else f"known: {known}"
            raise UsageError(f"there is no prompt {one_line(name, 40)!r} that can be used", hint)
        return await self._use(prompt, text, "")

    async def _read(self) -> PromptShelf:
        words = self._screen.services.words
        return PromptShelf(()) if words is None else await asyncio.to_thread(words().prompts.read)

    async def _use(self, prompt: PromptFile, given: str, standing: str) -> str:
        """`given` is the input; what comes of it takes the place of `standing` in the composer."""
        desk, chat, given = self._screen.desk, self._chat, given.strip()
        quoted, label = self._quoted if "selection" in prompt.uses else ("", Label.PUBLIC)
        if "selection" in prompt.uses and not quoted:
            raise UsageError(NOTHING_SELECTED, "drag over it with the mouse, or copy it yourself")
        values = {"date": self._today(), "input": given, "selection": quoted}
        typed = Label.PUBLIC if standing else self._label
        if prompt.variables:
            filled = await self._filled(prompt, values)
            if filled is None:
                if given and not standing:
                    put_before(desk, self._screen.face, chat, given, typed)
                return ""
            values |= filled
        if quoted:
            # What was selected may have become local-only since.
            label = desk.labels.of_taken(quoted, label)
        label = join((prompt.label, label))
        if given:
            label = join((label, typed))
        if prompt.kind is Kind.SYSTEM and (prompt.variables or ("input" in prompt.uses and given)):
            # A person typed a part of it just now.
            label = join((label, self._label, desk.labels.of_next(chat)))
        return await self._put(prompt, render(prompt, values), label, given, standing)

    async def _filled(
        self, prompt: PromptFile, values: Mapping[str, str]
    ) -> Mapping[str, str] | None:
        """What the person gives for the prompt's variables; None where they leave. Raises: UsageError where they are elsewhere."""
        from assistant.tui.screens.prompt_form import PromptFormScreen

        require_in_view(self._screen.desk, self._chat)
        return await self._screen.app.push_screen_wait(PromptFormScreen(prompt, values))

    async def _put(
        self, prompt: PromptFile, text: str, label: Label, given: str, standing: str
    ) -> str:
        """Sets it or has it stand in the composer; an input for which it has no place stands below it."""
        screen, desk, chat = self._screen, self._screen.desk, self._chat
        used = "input" in prompt.uses
        if label is Label.LOCAL_ONLY:
            desk.labels.remember([(text, label)])
        if prompt.kind is Kind.SYSTEM:
            said = await Instructing(screen, chat).tell(text, label)
            if used and desk.chat is chat and screen.composer.full_text == standing:
                screen.composer.take()
            return said
        whole = text if used or not given else f"{text}\n\n{given}"
        put_over(desk, screen.face, chat, whole, label, standing)
        if desk.chat is chat:
            screen.composer.focus()
        return ""

    def _selected(self) -> tuple[str, Label]:
        """What is selected in the conversation, with the strictest label of the messages that it lies on."""
        transcript = self._screen.transcript
        selection = transcript.text_selection
        if selection is None:
            return "", Label.PUBLIC
        mark = MARKS[Label.LOCAL_ONLY]
        found = (transcript.pages.entries[n] for n in numbers(transcript.pages, selection))
        kept = any(self._still_kept() if one.open else one.aside.startswith(mark) for one in found)
        text = selected(transcript.pages, selection)
        label = Label.LOCAL_ONLY if kept else Label.NORMAL
        return text, self._screen.desk.labels.of_taken(text, label)

    def _still_kept(self) -> bool:
        """Whether the reply that comes must not leave, or may be one of which that is not known."""
        desk = self._screen.desk
        running = desk.turns.running_in(desk.chat)
        return running is None or of_reply(running) is Label.LOCAL_ONLY

    def _today(self) -> str:
        now_ms = self._screen.services.clock.now_ms()
        return f"{datetime.fromtimestamp(now_ms / 1000, UTC).astimezone().date()}"
