"""One turn at a time: order, stopping early, refusals that leave nothing behind, the end of the program."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path

from assistant.domain.errors import EngineError, ErrorNote
from assistant.domain.events import Finished, Progress, TurnEvent
from assistant.domain.prompt import Finish
from assistant.domain.sensitivity import Label
from assistant.domain.settings import GenerationSettings
from assistant.domain.turns import TurnRecord
from assistant.tui.branch import Branch
from assistant.tui.turn import Ask, Chat, Running, Turns
from tests.tui.fake_services import Answer, Stage, stage, with_hat


class Listener:
    """Keeps what it is told, and the tasks that run."""

    def __init__(self) -> None:
        self.events: list[TurnEvent | Progress] = []
        self.refused: list[ErrorNote] = []
        self.back: list[tuple[Chat, str]] = []
        self.labels: list[Label] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.failed: list[str] = []
        self.other = ""
        self.waited = 0

    def turn_event(self, running: Running, event: TurnEvent | Progress) -> None:
        assert running.asked is not None
        self.events.append(event)

    def turn_refused(self, error: ErrorNote) -> None:
        self.refused.append(error)

    def handed_back(
        self, chat: Chat, text: str, label: Label, branch: Branch | None = None
    ) -> None:
        assert branch is None
        self.back.append((chat, text))
        self.labels.append(label)

    def queue_changed(self) -> None:
        return

    def fall_back(self, running: Running, record: TurnRecord) -> str:
        self.failed.append(record.route.id)
        return self.other

    async def ready(self) -> None:
        self.waited += 1

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
    return Turns(
        services.engine,
        services.clock,
        GenerationSettings,
        listener.start,
        listener,
        listener.ready,
    )


async def test_texts_of_two_chats_are_sent_in_their_order(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, Answer(("ok",), hold=0), Answer(("ok",))), Listener()
    runs = turns(on, listener)
    first, second = Chat(), Chat()
    for chat, text in ((first, "a"), (second, "b"), (first, "c")):
        runs.submit(Ask(chat, text))
    assert runs.queued(first) == ["c"]
    assert [ask.text for ask in runs.unrecorded(first)] == ["a", "c"]
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
    runs.submit(Ask(chat, "a"))
    assert await runs.stop(chat)
    assert await listener.over() == [Finish.CANCELLED]
    assert not listener.back


async def test_stopping_another_chat_does_nothing(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    assert not await runs.stop(Chat())
    runs.submit(Ask(Chat(), "a"))
    assert not await runs.stop(Chat())
    assert await listener.over() == [Finish.STOP]


async def test_a_refusal_leaves_no_empty_conversation(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, installed=False), Listener()
    runs = turns(on, listener)
    chat = Chat()
    runs.submit(Ask(chat, "a"))
    runs.submit(Ask(chat, "b"))
    assert await listener.over() == []
    assert listener.refused[0].title == "model"
    assert listener.back == [(chat, "a\n\nb")]
    assert not on.journal.conversations()
    assert not chat.conversation


async def test_a_refused_text_does_not_hold_up_another_chat(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    lost, well = Chat(conversation="gone", head="gone"), Chat()
    runs.submit(Ask(lost, "a"))
    runs.submit(Ask(well, "b"))
    finished = await listener.over()
    assert finished[-1] is Finish.STOP
    assert well.conversation


async def test_closing_ends_what_runs_and_sends_nothing_more(tmp_path: Path) -> None:
    on, listener = stage(tmp_path, Answer(("x", "y"), hold=1)), Listener()
    runs = turns(on, listener)
    running, waiting = Chat(), Chat()
    runs.submit(Ask(running, "a"))
    runs.submit(Ask(waiting, "b"))
    while not on.backend.asked:
        await asyncio.sleep(0)
    await runs.close()
    assert await listener.over() == [Finish.CANCELLED]
    assert runs.queued(waiting) == ["b"]
    assert runs.running is None


async def test_readings_follow_every_turn(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    runs = turns(on, listener)
    runs.submit(Ask(Chat(), "a"))
    await listener.over()
    current = runs.readings.current
    assert current is not None
    assert (current.finish, current.tokens_out) == (Finish.STOP, 2)
    assert runs.readings.routes[0].n == 1


async def test_what_failed_is_asked_again_first_where_the_listener_says_so(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    hat = with_hat(on, Answer(("half",), hold=0, failure=EngineError("gone")), Answer(("ok",)))
    await on.machine.look(on.services.engine)
    runs, chat, other = turns(on, listener), Chat(), Chat()
    listener.other = "cpu"
    for where, text in ((chat, "a"), (other, "b"), (chat, "c")):
        runs.submit(Ask(where, text))
    hat.go.set()
    finishes = await listener.over()
    assert finishes == [Finish.FAILED, Finish.STOP, Finish.STOP, Finish.STOP]
    assert [r.messages[-1].text for r in on.backend.asked] == ["a"]
    assert [r.messages[-1].text for r in hat.asked] == ["a", "b", "c"]
    assert listener.failed == ["hat"]
    assert listener.back == []
    assert listener.waited == 3


async def test_what_failed_hands_the_queue_back_where_a_person_has_the_say(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    hat = with_hat(on, Answer(("half",), hold=0, failure=EngineError("gone")))
    await on.machine.look(on.services.engine)
    runs, chat = turns(on, listener), Chat()
    runs.submit(Ask(chat, "a"))
    runs.submit(Ask(chat, "b"))
    hat.go.set()
    assert await listener.over() == [Finish.FAILED]
    assert listener.back == [(chat, "b")]


async def test_a_new_chat_is_pinned_once_it_is_on_record(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    hat = with_hat(on)
    await on.machine.look(on.services.engine)
    runs, chat = turns(on, listener), Chat(route="cpu")
    runs.submit(Ask(chat, "a"))
    runs.submit(Ask(chat, "b"))
    assert await listener.over() == [Finish.STOP, Finish.STOP]
    (summary,) = on.journal.conversations()
    assert summary.route == "cpu"
    assert (len(on.backend.asked), len(hat.asked)) == (2, 0)


async def test_a_text_for_another_route_is_sent_there_once_and_pins_nothing(tmp_path: Path) -> None:
    on, listener = stage(tmp_path), Listener()
    hat = with_hat(on)
    await on.machine.look(on.services.engine)
    runs, chat = turns(on, listener), Chat()
    runs.submit(Ask(chat, "a"))
    runs.submit(Ask(chat, "a", "cpu"))
    runs.submit(Ask(chat, "b"))
    assert await listener.over() == [Finish.STOP] * 3
    assert (len(on.backend.asked), len(hat.asked)) == (1, 2)
    assert on.journal.conversations()[0].route == ""
