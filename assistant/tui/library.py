"""The library of prompts at work: one is picked, its places are filled, and its text stands in the composer or is set; nothing is sent."""

import asyncio
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

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen

NOTHING_SELECTED = "nothing is selected in the conversation"


class Library:
    """Opens the sheets over the chat; methods run in a worker and raise AssistantErrors."""

    def __init__(self, screen: "ChatScreen") -> None:
        self._screen = screen

    async def pick(self) -> None:
        """Shows all prompts; what stands in the composer is the chosen one's input."""
        from assistant.tui.screens.prompts import PromptsScreen

        shelf = await self._read()
        name = await self._screen.app.push_screen_wait(PromptsScreen(shelf))
        prompt = shelf.named(name or "")
        if prompt is not None:
            await self._use(prompt, None)

    async def use_named(self, name: str, text: str) -> None:
        """Takes the prompt `name`, with `text` for its input. Raises: UsageError where there is none."""
        shelf = await self._read()
        prompt = shelf.named(name)
        if prompt is None:
            broken = [line for line in shelf.errors if f"{name}.md" in line]
            known = ", ".join(one.name for one in shelf.prompts)
            hint = broken[0] if broken else f"known: {known}"
            raise UsageError(f"there is no prompt {one_line(name, 40)!r} that can be used", hint)
        await self._use(prompt, text)

    async def _read(self) -> PromptShelf:
        words = self._screen.services.words
        return PromptShelf(()) if words is None else await asyncio.to_thread(words().prompts.read)

    async def _use(self, prompt: PromptFile, text: str | None) -> None:
        """`text` is the input; None: what stands in the composer, which the result then takes the place of."""
        screen = self._screen
        standing = screen.composer.full_text if text is None else ""
        given = (text if text is not None else standing).strip()
        quoted, label = self._selected() if "selection" in prompt.uses else ("", Label.PUBLIC)
        if "selection" in prompt.uses and not quoted:
            raise UsageError(NOTHING_SELECTED, "drag over it with the mouse, or copy it yourself")
        values = {"date": self._today(), "input": given, "selection": quoted}
        if prompt.variables:
            from assistant.tui.screens.prompt_form import PromptFormScreen

            filled = await screen.app.push_screen_wait(PromptFormScreen(prompt, values))
            if filled is None:
                if text:
                    screen.composer.give_back(text)
                return
            values |= filled
        label = join((prompt.label, label))
        used = "input" in prompt.uses
        if prompt.kind is Kind.SYSTEM and (prompt.variables or (used and given)):
            # A person typed a part of it just now.
            label = join((label, screen.desk.labels.of_next(screen.desk.chat)))
        await self._put(prompt, render(prompt, values), label, given)

    async def _put(self, prompt: PromptFile, text: str, label: Label, given: str) -> None:
        """Sets it or has it stand in the composer; an input for which it has no place stands below it."""
        screen, desk = self._screen, self._screen.desk
        used = "input" in prompt.uses
        if label is Label.LOCAL_ONLY:
            desk.labels.remember([(text, label)])
        if prompt.kind is Kind.SYSTEM:
            screen.tell(await Instructing(screen).tell(text, label))
            if used:
                screen.composer.take()
            return
        screen.composer.put(text if used or not given else f"{text}\n\n{given}")
        if label is not Label.PUBLIC:
            desk.labels.raise_to(desk.chat, label)
        desk.keep(desk.chat)
        screen.face.label()
        screen.composer.focus()

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
