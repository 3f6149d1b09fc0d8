"""Which gauge a machine has: the best one, and why not a better one."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.domain.cost_settings import PowerSettings
from assistant.machine.gauges import Gauge, rail_watts
from assistant.machine.sources import Choice, Here, choose

RAPL = "sys/class/powercap/intel-rapl:0"
# As a Pi 5 at rest prints it; shortened to five rails and the two that have no current.
ADC = """   3V7_WL_SW_A current(0)=0.09760640A
     3V3_SYS_A current(1)=0.07124680A
    DDR_VDD2_A current(3)=0.02928192A
    VDD_CORE_A current(7)=0.98280000A
        HDMI_A current(16)=0.02000000A
   3V7_WL_SW_V volt(8)=3.72218700V
     3V3_SYS_V volt(9)=3.31135600V
    DDR_VDD2_V volt(11)=1.10677740V
    VDD_CORE_V volt(15)=0.72029270V
        HDMI_V volt(23)=5.15144000V
       EXT5V_V volt(24)=5.15680000V
        BATT_V volt(25)=0.00000000V
"""
RAILS_W = (
    0.0976064 * 3.722187
    + 0.0712468 * 3.311356
    + 0.02928192 * 1.1067774
    + 0.9828 * 0.7202927
    + 0.02 * 5.15144
)
AUTO = PowerSettings()
TYPED = replace(AUTO, busy_watts=9.0, idle_watts=3.0)


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def rapl(root: Path) -> None:
    put(root, f"{RAPL}/name", "package-0\n")
    put(root, f"{RAPL}/energy_uj", "1000\n")


def locked_rapl(root: Path) -> None:
    """As where only root may read the counter; a folder cannot be read as a file by anybody."""
    put(root, f"{RAPL}/name", "package-0\n")
    (root / RAPL / "energy_uj").mkdir()


def pi(root: Path) -> None:
    put(root, "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.1\0")


def here(root: Path, *, plug: bool = False, programs: bool = True) -> Here:
    return Here(
        root,
        lambda: 0.0,
        (lambda: 5.0) if plug else "no plug is set",
        lambda *_, **__: ADC,
        lambda name: f"/usr/bin/{name}" if programs else None,
    )


def name(choice: Choice) -> str:
    return choice.gauge.name if choice.gauge else ""


def test_auto_takes_the_best_that_there_is(tmp_path: Path) -> None:
    assert name(choose(AUTO, here(tmp_path))) == ""
    assert name(choose(TYPED, here(tmp_path))) == "watts"
    pi(tmp_path)
    assert name(choose(TYPED, here(tmp_path))) == "pmic"
    assert name(choose(TYPED, here(tmp_path, plug=True))) == "plug"
    rapl(tmp_path)
    best = choose(TYPED, here(tmp_path, plug=True))
    assert (name(best), best.why) == ("rapl", ())


def test_it_says_why_not_a_better_one(tmp_path: Path) -> None:
    locked_rapl(tmp_path)
    assert choose(AUTO, here(tmp_path)).why == (
        "rapl: the processor has an energy counter, but only root may read it",
        "plug: no plug is set",
        "pmic: this is no Raspberry Pi 5",
        "watts: power.busy_watts and power.idle_watts are not both set",
    )
    pi(tmp_path)
    without = choose(TYPED, here(tmp_path, programs=False))
    assert name(without) == "watts"
    assert without.why[2] == "pmic: vcgencmd is not installed"


@pytest.mark.parametrize("source", ["rapl", "pmic", "plug", "watts"])
def test_a_source_that_is_named_is_the_only_one(tmp_path: Path, source: str) -> None:
    named = replace(TYPED, source=source)
    empty = tmp_path / "empty"
    if source != "watts":
        found = choose(named, here(empty))
        assert found.gauge is None
        assert [why.partition(":")[0] for why in found.why] == [source]
    rapl(tmp_path)
    pi(tmp_path)
    assert name(choose(named, here(tmp_path, plug=True))) == source


def test_none_is_none(tmp_path: Path) -> None:
    rapl(tmp_path)
    assert choose(replace(TYPED, source="none"), here(tmp_path)) == Choice(
        None, ("power.source is none",)
    )


def test_rails_are_calibrated_by_the_settings(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def rails(*words: str) -> str:
        asked.append(words)
        return ADC

    assert rail_watts(1.0, 0.0, rails) == pytest.approx(RAILS_W)
    assert asked == [("vcgencmd", "pmic_read_adc")]
    assert rail_watts(1.1451, 0.5879, lambda *_: "VCHI initialization failed") is None
    pi(tmp_path)
    own = replace(AUTO, pmic_slope=1.2, pmic_rest_watts=0.9)
    gauge = choose(own, here(tmp_path)).gauge
    assert gauge is not None
    point = gauge.look()
    assert point is not None
    assert point.value == pytest.approx(1.2 * RAILS_W + 0.9)
    assert gauge.joules(0, 2000) == pytest.approx(2 * (1.2 * RAILS_W + 0.9))


def test_what_is_learned_belongs_to_the_calibration_and_to_the_plug(tmp_path: Path) -> None:
    pi(tmp_path)

    def identity(settings: PowerSettings, *, plug: bool = False) -> str:
        gauge: Gauge | None = choose(settings, here(tmp_path, plug=plug)).gauge
        assert gauge is not None
        return gauge.identity

    assert identity(AUTO) == "pmic 1.1451 0.5879"
    assert identity(replace(AUTO, pmic_slope=1.2)) != identity(AUTO)
    one = replace(AUTO, plug="http://192.168.1.20/status")
    other = replace(AUTO, plug="http://192.168.1.21/status")
    assert identity(one, plug=True) != identity(other, plug=True)


def test_the_hat_alone_may_be_typed(tmp_path: Path) -> None:
    assert name(choose(replace(AUTO, hat_watts=2.0), here(tmp_path))) == "watts"
    assert name(choose(replace(AUTO, busy_watts=9.0), here(tmp_path))) == ""


def test_a_machine_that_takes_no_more_at_work_is_typed_wrong(tmp_path: Path) -> None:
    wrong = choose(replace(TYPED, busy_watts=3.0), here(tmp_path))
    assert name(wrong) == ""
    assert "power.busy_watts is not above power.idle_watts" in wrong.why[-1]
