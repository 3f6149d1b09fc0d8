"""Each state of the HAT follows from its evidence, says why in words, and names the command that mends it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.hat import (
    MEANING,
    Chip,
    Dialect,
    HatEvidence,
    HatState,
    Holder,
    Module,
    Node,
    PciDevice,
    PythonRuntime,
    ServerKind,
    ServerLook,
    StoredModel,
    Way,
    judge,
    preferred,
)

TEN = PciDevice("0001:01:00.0", Chip.HAILO_10H, "hailo1x", "8.0 GT/s PCIe", "1")
EIGHT = PciDevice("0000:01:00.0", Chip.HAILO_8, "hailo")
SERVER = ServerLook(ServerKind.HAILO_OLLAMA, dialect=Dialect.V5_1, models=("qwen2:1.5b",))
NOBODY = ServerLook(ServerKind.NOTHING)
GENAI = PythonRuntime("/usr/lib/python3/dist-packages", "5.1.1", genai=True)
MODEL = StoredModel("qwen2:1.5b", "/store/sha256_ab")
GOOD = HatEvidence(
    devices=(TEN,),
    modules=(Module("hailo1x_pci", "5.1.1"),),
    kernel="6.12.47",
    built=True,
    sources=("5.1.1",),
    nodes=(Node("/dev/hailo0", usable=True),),
    libraries=("5.1.1",),
    python=replace(GENAI, genai=False),
    server_program="/usr/bin/hailo-ollama",
    cma_total_bytes=512 * 1024**2,
    server=SERVER,
)
DOWN = replace(GOOD, server=NOBODY)
UNDRIVEN = replace(DOWN, devices=(replace(TEN, driver=None),), modules=(), nodes=(), built=False)
SHUT = replace(DOWN, nodes=(Node("/dev/hailo0", usable=False),))

CASES = {
    "nothing there": (HatEvidence(), HatState.NONE, None),
    "a Hailo-15": (HatEvidence(devices=(replace(TEN, chip=Chip.HAILO_15L),)), HatState.NONE, None),
    "vision chip": (HatEvidence(devices=(EIGHT,)), HatState.HAILO8, None),
    "vision chip, server": (replace(GOOD, devices=(EIGHT,)), HatState.HAILO8, None),
    "never installed": (replace(UNDRIVEN, sources=()), HatState.NO_DRIVER, "hailo-h10-all"),
    "new kernel": (UNDRIVEN, HatState.NO_DRIVER, "dkms autoinstall"),
    "not loaded": (replace(UNDRIVEN, built=True), HatState.NO_DRIVER, "modprobe hailo1x_pci"),
    "driver of the Hailo-8": (
        replace(UNDRIVEN, modules=(Module("hailo_pci", "4.23.0"),), sources=()),
        HatState.NO_DRIVER,
        "hailo-h10-all",
    ),
    "driver of the Hailo-8 has it": (
        replace(
            GOOD,
            devices=(replace(TEN, driver="hailo"),),
            modules=(Module("hailo1x_pci", "5.1.1"), Module("hailo_pci", "4.23.0")),
        ),
        HatState.NO_DRIVER,
        "sudo modprobe -r hailo_pci && sudo modprobe hailo1x_pci",
    ),
    "driver refused it": (replace(UNDRIVEN, modules=GOOD.modules), HatState.NO_NODE, "poweroff"),
    "no node": (replace(GOOD, nodes=()), HatState.NO_NODE, "sudo poweroff"),
    "node of another": (
        replace(GOOD, nodes=(Node("/dev/hailo0", usable=True, device=EIGHT.address),)),
        HatState.NO_NODE,
        "dmesg",
    ),
    "no access": (SHUT, HatState.NO_ACCESS, "51-hailo-udev.rules"),
    "served by root": (replace(SHUT, server=SERVER), HatState.READY, None),
    "no library": (replace(DOWN, libraries=()), HatState.NO_RUNTIME, "hailo-h10-all"),
    "no server program": (
        replace(DOWN, server_program=None),
        HatState.NO_RUNTIME,
        "hailo_gen_ai_model_zoo_5.1.1_arm64.deb",
    ),
    "down": (DOWN, HatState.SERVER_DOWN, "hailo-ollama"),
    "not asked": (replace(GOOD, server=ServerLook()), HatState.SERVER_DOWN, "hailo-ollama"),
    "hangs": (
        replace(GOOD, server=ServerLook(ServerKind.TIMED_OUT)),
        HatState.SERVER_DOWN,
        "pkill -x hailo-ollama",
    ),
    "on another port": (
        replace(DOWN, holders=(Holder(9, "hailo-ollama"),)),
        HatState.SERVER_DOWN,
        "pkill -x hailo-ollama",
    ),
    "port taken by Ollama": (
        replace(GOOD, server=ServerLook(ServerKind.OLLAMA)),
        HatState.SERVER_DOWN,
        "sport = :8000",
    ),
    "port taken by StackFlow": (
        replace(GOOD, server=ServerLook(ServerKind.OPENAI)),
        HatState.SERVER_DOWN,
        "sport = :8000",
    ),
    "port taken": (
        replace(GOOD, server=ServerLook(ServerKind.STRANGER, "127.0.0.1:8001")),
        HatState.SERVER_DOWN,
        "sport = :8001",
    ),
    "Python without models": (
        replace(DOWN, server_program=None, python=GENAI),
        HatState.SERVER_DOWN,
        "hailo_gen_ai_model_zoo",
    ),
    "library is newer": (replace(GOOD, libraries=("5.3.0",)), HatState.MISMATCH, "--reinstall"),
    "upgraded, not rebooted": (
        replace(GOOD, libraries=("5.3.0",), sources=("5.1.1", "5.3.0")),
        HatState.MISMATCH,
        "sudo reboot",
    ),
    "held by a camera": (replace(GOOD, holders=(Holder(42, "frigate"),)), HatState.BUSY, "kill 42"),
    "load failed": (replace(GOOD, server=replace(SERVER, busy=True)), HatState.BUSY, "fuser"),
    "no model, 5.1": (
        replace(GOOD, server=replace(SERVER, models=())),
        HatState.NO_MODEL,
        "assistant models pull hailo:qwen2.5-instruct:1.5b",
    ),
    "no model, 5.4": (
        replace(GOOD, server=replace(SERVER, models=(), dialect=Dialect.V5_4)),
        HatState.NO_MODEL,
        "assistant models pull hailo:qwen2.5:1.5b",
    ),
    "no model, list known": (
        replace(GOOD, server=replace(SERVER, models=(), offered=("x:1", "llama3.2:1b"))),
        HatState.NO_MODEL,
        "assistant models pull hailo:llama3.2:1b",
    ),
    "no model, store hidden": (
        replace(GOOD, server=replace(SERVER, models=()), empty_store="/home/a b/hailo-ollama"),
        HatState.NO_MODEL,
        "mv '/home/a b/hailo-ollama' '/home/a b/hailo-ollama.old'",
    ),
    "held by the server": (
        replace(GOOD, holders=(Holder(9, "hailo-ollama"),)),
        HatState.READY,
        None,
    ),
    "ready": (GOOD, HatState.READY, None),
    "ready, 5.3": (
        replace(
            GOOD,
            modules=(Module("hailo1x_pci", "5.3.0"),),
            nodes=(Node("/dev/h1x-0", usable=True, device=TEN.address),),
            libraries=("5.3.0",),
        ),
        HatState.READY,
        None,
    ),
    "beside a Hailo-8": (replace(GOOD, devices=(EIGHT, TEN)), HatState.READY, None),
    "version not known": (
        replace(GOOD, modules=(Module("hailo1x_pci", None),)),
        HatState.READY,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_state_follows_from_its_evidence(name: str) -> None:
    evidence, state, remedy = CASES[name]
    hat = judge(evidence)
    assert hat.state is state
    assert hat.evidence
    if remedy is None:
        assert hat.remedy is None
    else:
        assert hat.remedy is not None
        assert remedy in hat.remedy


def test_every_state_is_reached_and_has_its_sentence() -> None:
    assert {state for _, state, _ in CASES.values()} == set(HatState) == set(MEANING)


def test_the_way_is_the_server_where_it_answers_and_python_where_nobody_does() -> None:
    both = replace(GOOD, python=GENAI, stored=(MODEL,))
    assert judge(both).way is Way.SERVER
    alone = judge(replace(both, server=NOBODY, server_program=None))
    assert (alone.state, alone.way) == (HatState.READY, Way.IN_PROCESS)
    assert judge(replace(both, server=NOBODY, stored=())).way is None
    assert judge(replace(both, server=NOBODY, nodes=SHUT.nodes)).state is HatState.NO_ACCESS


def test_python_does_not_run_a_model_while_somebody_holds_the_device() -> None:
    held = replace(DOWN, python=GENAI, stored=(MODEL,), holders=(Holder(9, "hailo-ollama"),))
    assert judge(held).way is None


def test_a_server_without_a_hat_here_is_not_taken_for_one() -> None:
    hat = judge(HatEvidence(server=SERVER))
    assert hat.state is HatState.NONE
    assert "another machine" in hat.evidence[-1]


def test_the_evidence_says_what_was_seen() -> None:
    text = "\n".join(judge(replace(GOOD, eeprom="Raspberry Pi Ltd, AI HAT+ 2")).evidence)
    for seen in (
        "PCI 0001:01:00.0 is 1e60:45c4, Hailo-10H, link 8.0 GT/s PCIe x1",
        "HAT EEPROM: Raspberry Pi Ltd, AI HAT+ 2",
        "driver bound: hailo1x",
        "module hailo1x_pci, version 5.1.1",
        "/dev/hailo0 is there, and this user may use it",
        "libhailort: 5.1.1",
        "hailo_platform 5.1.1 without genai in /usr/lib/python3/dist-packages",
        "hailo-ollama: /usr/bin/hailo-ollama",
        "hailo-ollama (speaks as 5.1) answers on 127.0.0.1:8000 with qwen2:1.5b",
    ):
        assert seen in text


@pytest.mark.parametrize(
    ("dialect", "libraries", "way"),
    [
        (Dialect.V5_1, (), '"main_poll_time_ms":200'),
        (Dialect.V5_3, (), "OLLAMA_HOST=127.0.0.1:8000 hailo-ollama"),
        (None, ("5.4.0",), "OLLAMA_HOST"),
        (None, (), "from 5.3 on"),
    ],
)
def test_an_open_port_is_said_with_the_way_to_narrow_it(
    dialect: Dialect | None, libraries: tuple[str, ...], way: str
) -> None:
    open_port = replace(
        GOOD,
        libraries=libraries,
        modules=(Module("hailo1x_pci", None),),
        exposed=("0.0.0.0:8000",),
        server=replace(SERVER, dialect=dialect),
    )
    hat = judge(open_port)
    assert hat.state is HatState.READY
    (warning,) = hat.warnings
    assert "0.0.0.0:8000 without a password" in warning
    assert way in warning
    assert hat.to_json()["evidence"][-1] == f"warning: {warning}"


def test_an_open_port_of_somebody_else_is_not_ours_to_tell() -> None:
    assert judge(replace(DOWN, exposed=("0.0.0.0:8000",))).warnings == ()


def test_what_does_not_keep_it_from_working_is_a_warning() -> None:
    slow = replace(TEN, link_speed="5.0 GT/s PCIe")
    hat = judge(
        replace(GOOD, devices=(slow,), cma_total_bytes=64 * 1024**2, libraries=("5.1.1", "5.3.0"))
    )
    assert hat.state is HatState.READY
    cma, link, libraries = hat.warnings
    assert "64 MiB" in cma
    assert "dtoverlay=cma,cma-512" in cma
    assert "5.0 GT/s" in link
    assert "5.1.1, 5.3.0" in libraries
    assert judge(replace(GOOD, cma_total_bytes=0)).warnings, "cma=1G gives none at all"


def test_names_from_a_server_are_harmless() -> None:
    hat = judge(
        replace(GOOD, server=replace(SERVER, models=(), offered=("x:1; rm -rf ~\x1b[31m\n",)))
    )
    assert hat.remedy is not None
    assert hat.remedy.startswith("assistant models pull 'hailo:x:1; rm -rf ~")
    assert "\x1b" not in hat.remedy
    assert "\n" not in hat.remedy
    shown = judge(replace(GOOD, holders=(Holder(7, "a\x1b]0;b\n"),))).evidence
    assert not [line for line in shown if "\x1b" in line or "\n" in line]


def test_models_are_preferred_in_order_of_use() -> None:
    assert preferred(("llama3.2:1b", "qwen2.5:1.5b")) == "qwen2.5:1.5b"
    assert preferred(("unheard:1b", "of:2b")) == "unheard:1b"
    assert preferred(()) is None


@given(
    st.builds(
        HatEvidence,
        devices=st.lists(st.sampled_from([TEN, EIGHT, replace(TEN, driver=None)]), max_size=2).map(
            tuple
        ),
        modules=st.sampled_from([(), GOOD.modules, (Module("hailo_pci", None),)]),
        nodes=st.sampled_from([(), GOOD.nodes, SHUT.nodes]),
        holders=st.sampled_from([(), (Holder(3, "x"),), (Holder(4, "hailo-ollama"),)]),
        libraries=st.sampled_from([(), ("5.1.1",), ("5.3.0",), ("4.20.0", "nonsense")]),
        python=st.sampled_from([None, GENAI]),
        server_program=st.none() | st.just("/usr/bin/hailo-ollama"),
        stored=st.sampled_from([(), (MODEL,)]),
        server=st.builds(
            ServerLook,
            kind=st.sampled_from(ServerKind),
            dialect=st.none() | st.sampled_from(Dialect),
            models=st.sampled_from([(), ("a:1",)]),
            busy=st.booleans(),
        ),
    )
)
def test_ready_needs_a_driven_ten_a_node_and_a_model(evidence: HatEvidence) -> None:
    hat = judge(evidence)
    assert (hat.way is not None) == (hat.state is HatState.READY)
    mends = hat.state not in (HatState.NONE, HatState.HAILO8, HatState.READY)
    assert (hat.remedy is not None) == mends
    if hat.state is HatState.READY:
        assert evidence.device == TEN
        assert evidence.nodes
        assert evidence.server.models or evidence.stored
        assert not evidence.server.busy or not evidence.serves
