"""One turn at a time: order, stopping early, refusals that leave nothing behind, the end of the program."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

from assistant.domain.errors import ErrorNote
from assistant.domain.events import Finished, Progress, TurnEvent
from assistant.domain.prompt import Finish, Sampling
from assistant.domain.settings import GenerationSettings
from assistant.tui.turn import Chat, Running, Turns, sampling_of
from tests.tui.fake_services import Answer, Stage, stage


class Listener:
    """Keeps what it is told, and the tasks that run."""

    def __init__(self) -> None:
        self.events: list[TurnEvent | Progress] = []
        self.refused: list[ErrorNote] = []
        self.back: list[tuple[Chat, str]] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        assert running.asked is not None
        self.events.append(event)

    def turn_refused(self, error: ErrorNote) -> None:
        self.refused.append(error)

    def handed_back(self, chat: Chat, text: str) -> None:
        self.back.append((chat, text))

    def queue_changed(self) -> None:
        return

    def start(self, work: Coroutine[None, None, None]) -> object:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def over(self) -> list[Finish]:
        """How the turns ended, once all are over."""
        while self.tasks:
            await asyncio.gather(*self.tasks)
        return [event.record.finish for event in self.events if isinstance(event, Finished)]


def turns(on: Stage, listener: Listener) -> Turns:
    services = on.services
    return Turns(services.engine, services.clock, GenerationSettings, listener.start, listener)


def test_no_limit_in_the_settings_is_no_limit_for_the_engine() -> None:
    assert sampling_of(GenerationSettings()) == Sampling()
    assert sampling_of(GenerationSettings(max_tokens=9, top_k=1)).max_tokens == 9


async def test_texts_of_two_chats_are_sent_in_their_order(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, Answer(("ok",), hold=0), Answer(("ok",))), Listener()
    runs = turns(on, listener)
    first, second = Chat(), Chat()
    for chat, text in ((first, "a"), (second, "b"), (first, "c")):
        runs.submit(chat, text)
    assert runs.queued(first) == ["c"]
    assert runs.unrecorded(first) == ["a", "c"]
    on.backend.go.set()
    assert await listener.over() == [Finish.STOP] * 3
    asked = [request.messages[-1].text for request in on.backend.asked]
    assert asked == ["a", "b", "c"]
    assert first.conversation != second.conversation
    assert [m.text for m in on.backend.asked[2].messages] == ["a", "ok", "c"]


async def test_a_stop_before_the_prompt_is_recorded_still_stops(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, Answer(("never",), hold=0)), Listener()
    runs = turns(on, listener)
    chat = Chat()
    runs.submit(chat, "a")
    assert await runs.stop(chat)
    assert await listener.over() == [Finish.CANCELLED]
    assert not listener.back


async def test_stopping_another_chat_does_nothing(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    assert not await runs.stop(Chat())
    runs.submit(Chat(), "a")
    assert not await runs.stop(Chat())
    assert await listener.over() == [Finish.STOP]


async def test_a_refusal_leaves_no_empty_conversation(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, installed=False), Listener()
    runs = turns(on, listener)
    chat = Chat()
    runs.submit(chat, "a")
    runs.submit(chat, "b")
    assert await listener.over() == []
    assert listener.refused[0].title == "model"
    assert listener.back == [(chat, "a\n\nb")]
    assert not on.journal.conversations()
    assert not chat.conversation


async def test_a_refused_text_does_not_hold_up_another_chat(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    lost, well = Chat(conversation="gone", head="gone"), Chat()
    runs.submit(lost, "a")
    runs.submit(well, "b")
    finished = await listener.over()
    assert finished[-1] is Finish.STOP
    assert well.conversation


async def test_closing_ends_what_runs_and_sends_nothing_more(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, Answer(("x", "y"), hold=1)), Listener()
    runs = turns(on, listener)
    running, waiting = Chat(), Chat()
    runs.submit(running, "a")
    runs.submit(waiting, "b")
    while not on.backend.asked:
        await asyncio.sleep(0)
    await runs.close()
    assert await listener.over() == [Finish.CANCELLED]
    assert runs.queued(waiting) == ["b"]
    assert runs.running is None


async def test_readings_follow_every_turn(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    runs.submit(Chat(), "a")
    await listener.over()
    current = runs.readings.current
    assert current is not None
    assert (current.finish, current.tokens_out) == (Finish.STOP, 2)
    assert runs.readings.routes[0].n == 1
