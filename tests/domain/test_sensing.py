"""What the sensors print becomes figures; what cannot be read stays unknown."""

from dataclasses import replace

import pytest

from assistant.domain.charges import Source
from assistant.domain.counters import EnergyCounter
from assistant.domain.sensing import (
    Figures,
    Reading,
    Sensed,
    Throttling,
    board_power_of,
    package_power_between,
    rails_of,
    temperature_of,
    throttling_of,
)

ADC = """ 3V7_WL_SW_A current(0)=0.10000000A
   VDD_CORE_A current(7)=2.00000000A
       ODD_A current(9)=5.00000000A
 3V7_WL_SW_V volt(8)=3.70000000V
   VDD_CORE_V volt(15)=0.80000000V
    EXT5V_V volt(24)=5.09066000V
     BATT_V volt(25)=0.00000000V
"""


def test_rails_are_paired_by_name_and_the_rest_is_left_out() -> None:
    rails = rails_of(ADC)
    assert rails["VDD_CORE"] == {"A": 2.0, "V": 0.8}
    assert rails["EXT5V"] == {"V": 5.09066}
    power = board_power_of(rails)
    assert power is not None
    assert power.value == pytest.approx(1.1451 * (0.37 + 1.6) + 0.5879)
    assert (power.unit, power.source) == ("W", Source.ESTIMATED)
    assert power.note == "board estimate, HAT not included"


@pytest.mark.parametrize("said", [None, "", "VCHI initialization failed", "EXT5V_V volt(24)=5.1V"])
def test_a_board_without_paired_rails_has_no_power(said: str | None) -> None:
    assert board_power_of(rails_of(said)) is None


def test_the_temperature_is_that_of_vcgencmd() -> None:
    assert temperature_of("temp=42.8'C\n") == 42.8
    assert temperature_of("temp=hot") is None
    assert temperature_of(None) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("throttled=0x0\n", Throttling((), ())),
        (
            "throttled=0x50005",
            Throttling(("undervoltage", "throttled"), ("undervoltage", "throttled")),
        ),
        ("throttled=0x80008", Throttling(("soft temperature limit",), ("soft temperature limit",))),
        ("throttled=0x20000", Throttling((), ("clock capped",))),
        ("throttled=", None),
        ("error=1", None),
        (None, None),
    ],
)
def test_throttling_bits(said: str | None, expected: Throttling | None) -> None:
    assert throttling_of(said) == expected


def test_package_power_is_the_mean_between_two_looks() -> None:
    before = {"a": EnergyCounter(0, 100_000_000, 1000.0), "b": EnergyCounter(5, 10, 1000.0)}
    after = {"a": EnergyCounter(30_000_000, 100_000_000, 3000.0), "b": EnergyCounter(5, 10, 3000.0)}
    power = package_power_between(before, after)
    assert power is not None
    assert power.value == pytest.approx(15.0)
    assert power.source is Source.MEASURED
    assert package_power_between({}, after) is None
    assert package_power_between(before, {}) is None
    assert package_power_between({}, {}) is None
    assert package_power_between(before, before) is None, "no time has passed"


def test_a_good_machine_has_nothing_to_say() -> None:
    figures = Figures(
        soc_temperature=Reading(55.0, "°C"),
        supply_voltage=Reading(5.1, "V"),
        supply_current=Reading(5.0, "A"),
        memory_available=Reading(7e9, "B"),
        memory_total=Reading(8e9, "B"),
    )
    sensed = Sensed(figures, Throttling((), ()), on_pi=True)
    assert sensed.warnings == ()
    assert sensed.slowed is None
    assert Sensed().warnings == ()


def test_a_hot_and_weak_pi_says_so() -> None:
    figures = Figures(
        soc_temperature=Reading(83.4, "°C"),
        supply_voltage=Reading(4.71, "V"),
        supply_current=Reading(3.0, "A"),
        memory_available=Reading(0.2e9, "B"),
        memory_total=Reading(8e9, "B"),
    )
    sensed = Sensed(figures, Throttling(("throttled",), ("undervoltage", "throttled")), on_pi=True)
    assert sensed.slowed == "throttled, hot, 83 °C"
    heat, held, volts, amperes, memory = sensed.warnings
    assert "83 °C" in heat
    assert "now: throttled" in held
    assert "4.71 V" in volts
    assert "3.0 A" in amperes
    assert "0.2 GB of 8.0 GB" in memory
    past = replace(sensed, throttling=Throttling((), ("undervoltage",)), figures=Figures())
    assert past.warnings == ("the firmware held the Pi back since boot: undervoltage",)
    assert past.slowed is None


def test_the_limits_of_a_pi_are_not_those_of_a_pc() -> None:
    sensed = Sensed(Figures(soc_temperature=Reading(91.0, "°C")))
    assert sensed.slowed is None
    assert sensed.warnings == ()


def test_the_object_has_a_null_for_every_missing_sensor() -> None:
    empty = Sensed().to_json()
    assert set(empty["readings"].values()) == {None}
    assert empty["throttling"] is None
    one = Sensed(Figures(board_power=board_power_of(rails_of(ADC)))).to_json()["readings"]
    assert one["board_power"] == {
        "value": 2.844,
        "unit": "W",
        "source": "estimated",
        "note": "board estimate, HAT not included",
    }
