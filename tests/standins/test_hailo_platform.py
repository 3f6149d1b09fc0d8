"""The stand-in of `hailo_platform` keeps the lock, refuses and delivers as facts §2 say; in processes of its own."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.standins.hailo_python import environment, traced, write_hef

SYSTEM_PYTHON = "/usr/bin/python3"
OPEN = """
import json, sys, threading, time
from hailo_platform import VDevice
from hailo_platform.genai import LLM
device = VDevice()
llm = LLM(device, sys.argv[1])
def talk(messages, **more):
    said = []
    with llm.generate(prompt=messages, **more) as c:
        while c.generation_status.name == "GENERATING":
            said.append(c.read(timeout_ms=60000))
    return said, c.generation_status.name
def refused(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
U = [{"role": "user", "content": "hello"}]
S = [{"role": "system", "content": "Be brief."}, *U]
"""


def run(
    hef: Path, code: str, *, opening: str = OPEN, python: str = sys.executable, **options: object
) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a child whose `hailo_platform` is the stand-in; -S leaves it nothing but the standard library."""
    env = {"PATH": os.environ["PATH"], **environment(time_scale=0.02, **options)}
    command = [python, "-S", "-c", opening + code, str(hef)]
    return subprocess.run(
        command, env=env, cwd=hef.parent, capture_output=True, text=True, timeout=60, check=False
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def hef(tmp_path: Path) -> Path:
    return write_hef(tmp_path / "qwen.hef")


def test_loading_and_reading_stop_every_other_thread(hef: Path) -> None:
    """§2.3: a ticking thread stands still for the whole load, and between tokens."""
    code = """
ticks, stop = [], threading.Event()
def tick():
    while not stop.wait(0.001):
        ticks.append(time.monotonic())
threading.Thread(target=tick).start()
while len(ticks) < 5: time.sleep(0.001)
LLM(device, sys.argv[1])
talk(U)
while len(ticks) < 20: time.sleep(0.001)
stop.set()
print(max(b - a for a, b in zip(ticks, ticks[1:])))
"""
    assert float(told(run(hef, code, load_s=15))) >= 0.29


@pytest.mark.parametrize(
    ("release", "second", "tells"),
    [("5.1.0", "temperature", False), ("5.1.1", "temperature", True), ("5.2.0", "tools", True)],
)
def test_signatures_are_those_of_the_release(
    hef: Path, release: str, second: str, tells: bool
) -> None:
    """§2.2: `tools` came second in 5.2.0, the size of the context with 5.1.1."""
    code = """
import inspect
print(list(inspect.signature(llm.generate).parameters)[1], hasattr(llm, "get_context_usage_size"))
"""
    assert told(run(hef, code, release=release, load_s=0)) == f"{second} {tells}"


def test_the_end_token_is_delivered(hef: Path) -> None:
    code = """
print(json.dumps([talk(U), talk(U, max_generated_tokens=3), llm.get_stop_tokens()]))
"""
    (whole, status), (cut, limit), stops = json.loads(told(run(hef, code, load_s=0)))
    assert (whole[-1], status) == ("<|im_end|>", "LOGICAL_END_OF_GENERATION")
    assert (len(cut), cut[-1], limit) == (4, "<|im_end|>", "MAX_TOKENS_REACHED")
    assert whole[-1] in stops


def test_reading_past_the_end_is_refused(hef: Path) -> None:
    code = """
with llm.generate(prompt=U) as c:
    c.read_all()
    print(refused(c.read))
"""
    assert told(run(hef, code, load_s=0)).startswith("HailoRTInvalidOperationException")


def test_the_context_stays_and_takes_a_system_message_only_when_fresh(
    hef: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    code = """
first, _ = talk(S)
before = llm.get_context_usage_size()
talk(U)
assert llm.get_context_usage_size() > before
print(refused(lambda: llm.generate(prompt=S)))
llm.clear_context()
assert llm.get_context_usage_size() == 0
talk(S)
"""
    said = told(run(hef, code, load_s=0, trace=trace))
    assert said.startswith("HailoRTInvalidOperationException")
    begun = [event["seen"] for event in traced(trace) if event["event"] == "generate"]
    shapes = [[message["role"] for message in seen] for seen in begun if isinstance(seen, list)]
    fresh = ["system", "user"]
    assert shapes == [fresh, [*fresh, "assistant", "user"], fresh]


@pytest.mark.parametrize(
    "wrong", ["temperature=0", "top_p=1.5", "top_k=0", "frequency_penalty=0.0"]
)
def test_parameters_are_checked(hef: Path, wrong: str) -> None:
    said = told(run(hef, f"print(refused(lambda: llm.generate(prompt=U, {wrong})))", load_s=0))
    assert said.startswith("HailoRTInvalidArgumentException")
    assert told(run(hef, "print(talk(U, do_sample=False)[1])", load_s=0)).startswith("LOGICAL")


def test_reading_runs_into_a_timeout_and_iterating_has_only_ten_seconds(hef: Path) -> None:
    code = """
with llm.generate(prompt=U) as c:
    print(refused(lambda: c.read(timeout_ms=50)))
    print(refused(lambda: list(c)))
    print(len(c.read(timeout_ms=60000)) > 0)
"""
    first, second, third = told(run(hef, code, load_s=0, ttft_s=12)).splitlines()
    assert first.startswith("HailoRTTimeout")
    assert second.startswith("HailoRTTimeout")
    assert third == "True"


def test_one_generation_at_a_time_and_leaving_it_is_the_abort(hef: Path) -> None:
    code = """
c = llm.generate(prompt=U)
print(refused(lambda: llm.generate(prompt=U)))
with c: c.read()
print(c.generation_status.name, hasattr(c, "abort"))
print(talk(U)[1])
"""
    refusal, ended, again = told(run(hef, code, load_s=0)).splitlines()
    assert refusal.startswith("HailoRTInvalidOperationException")
    assert (ended, again) == ("ABORTED False", "LOGICAL_END_OF_GENERATION")


def test_a_device_that_is_held_is_status_74(hef: Path, tmp_path: Path) -> None:
    """The holder's death gives the device back."""
    lock = tmp_path / "lock"
    opening = "from hailo_platform import VDevice\n"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run(hef, "VDevice()", opening=opening, lock=lock)
        assert "HailoRTException: libhailort failed with error: 74" in done.stderr
    assert run(hef, "VDevice()", opening=opening, lock=lock).returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fault": "llm-74"}, "HailoRTStatusException: 74"),
        ({"fault": "llm-36"}, "HailoRTStatusException: 36"),
        ({"fault": "busy"}, "HailoRTException: libhailort failed with error: 74"),
        ({"fault": "mismatch"}, "HailoRTException: libhailort failed with error: 76"),
        (
            {"release": "5.1.1", "native": "5.3.0"},
            "ImportError: _pyhailort version (5.3.0) does not",
        ),
    ],
    ids=str,
)
def test_what_fails_has_its_own_name(hef: Path, options: dict[str, str], said: str) -> None:
    """§2.3: making an LLM is not wrapped, its status number is bare."""
    done = run(hef, "", opening=OPEN, python=sys.executable, load_s=0, **options)
    assert done.returncode == 1
    assert said in done.stderr


def test_other_files_are_no_models(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.hef"
    assert "HailoRTStatusException: 13" in run(wrong, "", load_s=0).stderr
    wrong.write_bytes(b"GGUF")
    assert "HailoRTStatusException: 26" in run(wrong, "", load_s=0).stderr


def test_a_process_may_die_in_mid_reply(hef: Path) -> None:
    done = run(hef, "talk(U)", load_s=0, fault="die:3")
    assert done.returncode == -11


def test_asking_the_device_makes_the_thread_deaf_to_resizes(hef: Path) -> None:
    """§2.3; the shape that the sensors' probe expects."""
    code = """
import signal
from hailo_platform import Device
control = Device().control
assert signal.SIGWINCH in signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(control.get_chip_temperature().ts1_temperature, type(control).__name__)
print(Device.scan())
try: control.power_measurement()
except Exception as error: print(type(error).__name__)
"""
    said = told(run(hef, code, opening="")).splitlines()
    assert said == ["51.5 Control", "['0001:01:00.0']", "HailoRTUnsupportedOpcodeException"]


def test_a_log_is_left_where_it_runs_unless_told_otherwise(hef: Path) -> None:
    told(run(hef, "", load_s=0))
    assert not (hef.parent / "hailort.log").exists()
    code = "import os; del os.environ['HAILORT_LOGGER_PATH']\n" + OPEN
    told(run(hef, "", opening=code, load_s=0))
    assert (hef.parent / "hailort.log").exists()


def test_thoughts_leave_the_context(tmp_path: Path) -> None:
    hef = write_hef(tmp_path / "r1.hef", "deepseek")
    trace = tmp_path / "trace"
    code = "said, _ = talk(U); print('</think>' in said, '<think>' in said)"
    assert told(run(hef, code, load_s=0, trace=trace)) == "True False"
    end = traced(trace)[-1]
    assert "</think>" not in str(end["text"])


def test_a_context_can_be_kept(hef: Path) -> None:
    code = """
talk(U); kept = llm.save_context(); size = llm.get_context_usage_size()
llm.clear_context(); llm.load_context(kept)
print(llm.get_context_usage_size() == size, llm.max_context_capacity(), len(llm.tokenize("ab 12")))
"""
    assert told(run(hef, code, load_s=0)) == "True 2048 3"


@pytest.mark.skipif(not Path(SYSTEM_PYTHON).exists(), reason="no Python of the system's own")
def test_the_system_s_python_takes_it(hef: Path) -> None:
    assert told(run(hef, "print(talk(U)[1])", python=SYSTEM_PYTHON, load_s=0)).startswith("LOGICAL")
