"""A model on the HAT without a server: real workers under the system's Python, and the stand-in of Hailo's package."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from assistant.backends.hailo.device import HailoDevice
from assistant.domain.errors import PromptTooLongError, RefusedError
from assistant.domain.prompt import Finish, Sampling
from assistant.ports import Done, PromptProgress, Text
from tests.backends.hailo.device_rig import Rigs, asking
from tests.backends.llama.talk import SYSTEM, assistant, hear, user
from tests.fakes import generate, leave

RELEASES = ("5.1.0", "5.1.1", "5.2.0", "5.4.0")


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Rigs]:
    """Makes backends; all are closed at the end."""
    rigs = Rigs(tmp_path)
    yield rigs
    await rigs.close()


async def until(true: Callable[[], object]) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


def pid(device: HailoDevice) -> int:
    """The worker's process."""
    worker = device._workers.running
    assert worker is not None
    return worker.pid


async def test_no_key_of_the_environment_reaches_the_worker(
    make: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_KEY_OPENAI_EU", "sk-canary")
    monkeypatch.setenv("HAILO_MONITOR", "1")
    hat = make()
    await hat.device.load()
    held = Path(f"/proc/{pid(hat.device)}/environ").read_bytes()
    assert b"sk-canary" not in held
    assert b"HAILO_MONITOR=1\0" in held


@pytest.mark.parametrize("release", RELEASES)
async def test_each_release_answers_and_takes_only_what_is_new(make: Rigs, release: str) -> None:
    hat = make(release=release)
    assert await hat.device.load() == 2048
    talk = [SYSTEM, user("Hello")]
    first = await hear(hat.device, asking(talk))
    talk += [assistant(first.text), user("And?")]
    second = await hear(hat.device, asking(talk, "t2"))
    assert first.text
    assert "<|im_end|>" not in first.text + second.text
    assert hat.seen == hat.meant(talk)
    assert not hat.events("clear")
    new = hat.events("generate")[-1]["new_tokens"]
    assert isinstance(new, int)
    assert new < 15
    assert second.cached > first.usage.input_tokens - 20  # type: ignore[operator]


async def test_the_window_is_what_the_release_says(make: Rigs) -> None:
    assert await make(context=512).device.load() == 512


async def test_other_histories_are_given_whole_to_an_empty_context(make: Rigs) -> None:
    hat = make()
    first = await hear(hat.device, asking([SYSTEM, user("Hello")]))
    for turn, talk in enumerate(
        [
            [SYSTEM, user("Hello")],
            [SYSTEM, user("Hello"), assistant(first.text + " edited"), user("So?")],
            [SYSTEM, user("Other")],
            [user("No system")],
            [assistant(first.text), user("Trimmed")],
        ]
    ):
        heard = await hear(hat.device, asking(talk, f"t{turn}"))
        assert heard.cached == 0
        assert hat.seen == hat.meant(talk)
        assert len(hat.events("clear")) == turn + 1


async def test_a_system_message_later_on_goes_to_an_empty_context(make: Rigs) -> None:
    hat = make()
    talk = [user("Hello")]
    talk += [assistant((await hear(hat.device, asking(talk))).text), SYSTEM, user("So?")]
    await hear(hat.device, asking(talk, "t2"))
    assert hat.seen == hat.meant(talk)


async def test_a_reply_cut_by_its_length_is_part_of_the_context(make: Rigs) -> None:
    hat = make()
    talk = [user("Hello")]
    heard = await hear(hat.device, asking(talk, sampling=Sampling(temperature=0, max_tokens=4)))
    assert heard.done is not None
    assert heard.done.finish is Finish.LENGTH
    assert heard.tokens == 4
    assert "<|" not in heard.text
    talk += [assistant(heard.text), user("Go on")]
    await hear(hat.device, asking(talk, "t2"))
    assert hat.seen == hat.meant(talk)
    assert not hat.events("clear")


async def test_what_is_asked_is_in_hailort_s_own_words(make: Rigs) -> None:
    hat = make(release="5.2.0")
    sampling = Sampling(0.5, 0.9, 30, 0.05, 1.2, seed=7, max_tokens=9)
    await hear(hat.device, asking([user("Hello")], sampling=sampling))
    assert hat.asked == {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 30,
        "frequency_penalty": 1.2,
        "max_generated_tokens": 9,
        "do_sample": True,
        "seed": 7,
    }
    await hear(hat.device, asking([user("Hello")], "t2", Sampling(temperature=0, top_k=0)))
    assert hat.asked["do_sample"] is False
    assert "temperature" not in hat.asked


async def test_a_reply_never_outgrows_the_window(make: Rigs) -> None:
    hat = make(context=100, reply_tokens=200)
    heard = await hear(hat.device, asking([user("Hello")], sampling=Sampling(temperature=0)))
    assert heard.done is not None
    assert heard.done.finish is Finish.LENGTH
    assert heard.usage.context_tokens == 100
    with pytest.raises(PromptTooLongError, match="100"):
        await hear(hat.device, asking([user("word " * 100)], "t2"))
    assert (await hear(hat.device, asking([user("Hello")], "t3"))).text


async def test_counts_are_never_too_low(make: Rigs) -> None:
    hat = make()
    talk = [SYSTEM, user("Tell me of 12 herons."), assistant("Yes, 😀 so-called."), user("?")]
    for start in (0, 1, 3):
        counted = await hat.device.count(talk[start:])
        await hear(hat.device, asking(talk[start:], f"t{start}"))
        held = hat.events("generate")[-1]["tokens"]
        assert isinstance(held, int)
        assert held <= counted <= held + 60
    assert hat.device.estimates


async def test_a_stop_text_ends_the_reply_before_it(make: Rigs) -> None:
    hat = make(reply="one two three four five")
    sampling = Sampling(temperature=0, max_tokens=64, stop=("ee f",))
    heard = await hear(hat.device, asking([user("Hello")], sampling=sampling))
    assert heard.text == "one two thr"
    assert heard.done is not None
    assert heard.done.finish is Finish.STOP
    talk = [user("Hello"), assistant(heard.text), user("So?")]
    await hear(hat.device, asking(talk, "t2"))
    assert hat.seen == hat.meant(talk)


@pytest.mark.parametrize("family", ["deepseek", "qwen3"])
async def test_a_thought_has_both_tags_and_does_not_stay(make: Rigs, family: str) -> None:
    """The core leaves it out of what is sent back; the device rolls it back: everything is given again."""
    hat = make(family)
    heard = await hear(hat.device, asking([user("Hello")]))
    assert heard.text.startswith("<think>")
    assert heard.text.count("<think>") == heard.text.count("</think>") == 1
    answer = heard.text.partition("</think>")[2].strip()
    talk = [user("Hello"), assistant(answer), user("So?")]
    again = await hear(hat.device, asking(talk, "t2"))
    assert again.cached == 0
    assert hat.seen == hat.meant(talk)


async def test_a_stop_ends_the_stream_at_once_and_the_next_one_runs(make: Rigs) -> None:
    hat = make(reply_tokens=300)
    talk = [user("Hello")]
    said = ""
    async for event in generate(hat.device, asking(talk, sampling=Sampling(max_tokens=400))):
        if isinstance(event, Text):
            said += event.text
            await hat.device.stop("t1")
        last = event
    assert isinstance(last, Done)
    assert last.finish is Finish.CANCELLED
    assert last.usage.output_tokens == 1
    talk += [assistant(said), user("Go on")]
    await hear(hat.device, asking(talk, "t2"))
    assert hat.seen == hat.meant(talk)
    assert hat.events("end")[0]["status"] == "ABORTED"


async def test_a_stop_during_a_long_prefill_does_not_wait_for_it(make: Rigs) -> None:
    """Nothing ends a prefill on the device; the person is free all the same."""
    hat = make(ttft_s=40)
    await hat.device.load()
    started = asyncio.get_running_loop().time()
    async for event in generate(hat.device, asking([user("Hello")])):
        if isinstance(event, PromptProgress):
            await hat.device.stop("t1")
        last = event
    assert isinstance(last, Done)
    assert last.finish is Finish.CANCELLED
    assert asyncio.get_running_loop().time() - started < 0.3
    assert (await hear(hat.device, asking([user("Hello")], "t2"))).text


async def test_a_stop_while_it_loads_is_not_lost(make: Rigs) -> None:
    hat = make(load_s=20)
    asked = asyncio.create_task(hear(hat.device, asking([user("Hi")], "t9")))
    await asyncio.sleep(0)
    await hat.device.stop("t9")
    heard = await asked
    assert heard.done is not None
    assert heard.done.finish is Finish.CANCELLED
    assert not hat.events("generate")


async def test_a_closed_stream_leaves_the_device_to_the_next(make: Rigs) -> None:
    hat = make(reply_tokens=300)
    stream = generate(hat.device, asking([user("Hello")]))
    async for event in stream:
        if isinstance(event, Text):
            break
    await stream.aclose()
    assert (await hear(hat.device, asking([user("Other")], "t2"))).text
    assert hat.seen == hat.meant([user("Other")])


async def test_what_is_forgotten_leaves_the_device(make: Rigs) -> None:
    hat = make()
    await hear(hat.device, asking([user("Hello")]))
    await hat.device.forget("another")
    assert not hat.events("clear")
    await hat.device.forget("c1")
    assert len(hat.events("clear")) == 1
    await hat.device.forget("c1")
    await hear(hat.device, asking([user("Hello")], "t2"))
    assert len(hat.events("clear")) == 1


async def test_each_permit_is_good_for_one_send_of_one_text(make: Rigs) -> None:
    hat = make()
    request = asking([user("Hello")])
    permit = leave(hat.device, request)
    with pytest.raises(RefusedError):
        await anext(hat.device.generate(asking([user("Other")]), permit))
    assert [event async for event in hat.device.generate(request, permit)]
    with pytest.raises(RefusedError):
        await anext(hat.device.generate(request, permit))
    assert len(hat.events("generate")) == 1


async def test_the_screen_runs_on_while_the_library_keeps_its_lock(make: Rigs) -> None:
    """The stand-in stops every thread of its process, as the real one does; SIGWINCH still comes here."""
    hat = make(load_s=60, reply_tokens=20)
    loop = asyncio.get_running_loop()
    resized, ticks = asyncio.Event(), 0
    loop.add_signal_handler(signal.SIGWINCH, resized.set)

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    try:
        await hat.device.load()
        assert ticks > 20, "loading took 600 ms"
        async for event in generate(hat.device, asking([user("Hello")])):
            if isinstance(event, Text) and not resized.is_set():
                os.kill(os.getpid(), signal.SIGWINCH)
                await asyncio.wait_for(resized.wait(), 5)
    finally:
        ticking.cancel()
        loop.remove_signal_handler(signal.SIGWINCH)
    assert resized.is_set()
    assert signal.SIGWINCH not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


async def test_hailort_s_log_lies_beside_the_worker_s(make: Rigs) -> None:
    hat = make()
    here = set(Path.cwd().iterdir())
    await hat.device.load()
    assert (hat.folder / "logs" / "hailort.log").exists()
    assert set(Path.cwd().iterdir()) == here


async def test_the_device_is_given_back_at_the_end(make: Rigs, tmp_path: Path) -> None:
    """The lock file is the device: only one process may have it."""
    lock = tmp_path / "lock"
    one, two = make(lock=lock), make("llama", lock=lock)
    for hat in (one, two, one):
        assert (await hear(hat.device, asking([user("Hello")]))).text
        worker = pid(hat.device)
        await hat.device.close()
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
        await hat.device.close()


async def test_prefill_asks_nothing_of_the_device(make: Rigs) -> None:
    hat = make()
    await hat.device.prefill(asking([user("Hel")]))
    assert hat.device._workers.running is None


async def test_what_is_counted_once_is_not_asked_again(make: Rigs) -> None:
    hat = make()
    counted = await hat.device.count([user("Hello")])
    worker = hat.device._workers.running
    assert worker is not None
    worker.kill()
    await worker.end(10)
    assert await hat.device.count([user("Hello")]) == counted


async def test_giving_up_on_a_load_leaves_it_to_the_next(make: Rigs) -> None:
    hat = make(load_s=20)
    first = asyncio.create_task(hat.device.load())
    second = asyncio.create_task(hat.device.load())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 2048
    assert len(hat.events("load")) == 1


async def test_closing_while_it_loads_ends_the_load(make: Rigs) -> None:
    hat = make(load_s=3000)
    loading = asyncio.create_task(hat.device.load())
    await until(lambda: (hat.folder / "logs" / "hailort.log").exists())
    await asyncio.wait_for(hat.device.close(), 5)
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert not hat.events("load")
