"""The sensors are read from a tree in the place of `/` and from a `vcgencmd`; what is missing is None."""

import sys
from pathlib import Path

from assistant.domain.charges import Source
from assistant.domain.sensing import Figures, Reading, Sensed, Throttling
from assistant.machine.programs import ask
from assistant.machine.sensors import Sensors, read_hat_temperature, read_temperature

ADC = "VDD_CORE_A current(7)=2.0A\nVDD_CORE_V volt(15)=0.8V\nEXT5V_V volt(24)=4.7V\n"
VCGENCMD = {
    "pmic_read_adc": ADC,
    "get_throttled": "throttled=0x50005\n",
    "measure_temp": "temp=61.5'C\n",
}
RAPL = "sys/class/powercap/intel-rapl:0"


def put(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def pi(program: str, *arguments: str) -> str | None:
    assert program == "vcgencmd"
    return VCGENCMD[arguments[0]]


def no_program(program: str, *arguments: str) -> str | None:
    return None


def test_a_pi_tells_everything(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/temp": "82500\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "proc/meminfo": "MemTotal: 8000 kB\nMemAvailable: 4000 kB\nCmaTotal: 64 kB\nCmaFree: 8 kB\n",
        },
    )
    supply = tmp_path / "proc/device-tree/chosen/power/max_current"
    supply.parent.mkdir(parents=True)
    supply.write_bytes((3000).to_bytes(4, "big"))
    sensed = Sensors(tmp_path, lambda: 0.0, pi).look()
    figures = sensed.figures
    assert figures.soc_temperature == Reading(82.5, "°C")
    assert figures.board_power is not None
    assert figures.board_power.source is Source.ESTIMATED
    assert figures.supply_voltage == Reading(4.7, "V")
    assert figures.supply_current == Reading(3.0, "A", note="what the supply promised")
    assert figures.memory_available == Reading(4000 * 1024, "B")
    assert (figures.cma_total, figures.cma_free) == (Reading(65536, "B"), Reading(8192, "B"))
    assert sensed.throttling == Throttling(
        ("undervoltage", "throttled"), ("undervoltage", "throttled")
    )
    assert sensed.slowed == "undervoltage, throttled, hot, 82 °C"
    assert figures.package_power is figures.hat_temperature is None


def test_a_machine_without_sensors_knows_nothing(tmp_path: Path) -> None:
    assert Sensors(tmp_path, lambda: 0.0, no_program).look() == Sensed(Figures())


def test_a_board_is_known_as_a_pi_where_vcgencmd_is_not_for_this_user(tmp_path: Path) -> None:
    put(tmp_path, {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"})
    sensed = Sensors(tmp_path, lambda: 0.0, no_program).look()
    assert sensed.on_pi
    assert sensed.throttling is None


def test_the_temperature_is_asked_for_where_no_file_tells_it(tmp_path: Path) -> None:
    assert Sensors(tmp_path, lambda: 0.0, pi).look().figures.soc_temperature == Reading(61.5, "°C")


def test_the_zone_of_the_processor_is_taken_among_others(tmp_path: Path) -> None:
    zones = "sys/class/thermal/thermal_zone"
    put(tmp_path, {f"{zones}0/temp": "27800", f"{zones}0/type": "acpitz"})
    assert read_temperature(tmp_path) == 27.8
    put(tmp_path, {f"{zones}1/temp": "71000", f"{zones}1/type": "x86_pkg_temp"})
    assert read_temperature(tmp_path) == 71.0
    put(tmp_path, {f"{zones}1/temp": "unknown"})
    assert read_temperature(tmp_path) is None


def test_package_power_comes_with_the_second_look_and_through_a_wrap(tmp_path: Path) -> None:
    def counter(energy_uj: int) -> None:
        put(
            tmp_path,
            {
                f"{RAPL}/name": "package-0\n",
                f"{RAPL}/energy_uj": f"{energy_uj}\n",
                f"{RAPL}/max_energy_range_uj": "100000000\n",
                "sys/class/powercap/intel-rapl:1/name": "psys\n",
                "sys/class/powercap/intel-rapl:1/energy_uj": f"{energy_uj}\n",
                "sys/class/powercap/intel-rapl:0:0/name": "core\n",
                "sys/class/powercap/intel-rapl:0:0/energy_uj": f"{energy_uj}\n",
                "sys/class/powercap/intel-rapl-mmio:0/name": "package-0\n",
                "sys/class/powercap/intel-rapl-mmio:0/energy_uj": f"{energy_uj}\n",
            },
        )

    moments_ms = iter((1000.0, 3000.0, 5000.0))
    sensors = Sensors(tmp_path, lambda: next(moments_ms), no_program)
    counter(90_000_000)
    assert sensors.look().figures.package_power is None
    counter(99_000_000)
    power = sensors.look().figures.package_power
    assert power == Reading(4.5, "W", Source.MEASURED, "processor package alone")
    counter(9_000_000)
    power = sensors.look().figures.package_power
    assert power is not None
    assert power.value == 5.0


def test_a_counter_that_only_root_may_read_is_none(tmp_path: Path) -> None:
    put(tmp_path, {f"{RAPL}/name": "package-0\n"})
    (tmp_path / RAPL / "energy_uj").mkdir()
    sensors = Sensors(tmp_path, iter(range(9)).__next__, no_program)
    sensors.look()
    assert sensors.look().figures.package_power is None


def test_a_real_program_named_vcgencmd_is_asked(tmp_path: Path) -> None:
    script = tmp_path / "vcgencmd"
    script.write_text("#!/bin/sh\ntest $1 = get_throttled && echo throttled=0x20000\n")
    script.chmod(0o755)

    def real(program: str, *arguments: str) -> str | None:
        return ask(str(tmp_path / program), *arguments)

    sensed = Sensors(tmp_path / "root", lambda: 0.0, real).look()
    assert sensed.throttling == Throttling((), ("clock capped",))
    assert sensed.figures.board_power is None


def test_the_temperature_of_the_hat_comes_from_another_process(tmp_path: Path) -> None:
    code = (
        "class Info:\n    ts0_temperature = 50.5\n    ts1_temperature = 52.25\n"
        "class Control:\n    def get_chip_temperature(self): return Info()\n"
        "class Device:\n    control = Control()\n"
    )
    put(tmp_path, {"hailo_platform/__init__.py": code})

    def with_package(program: str, *arguments: str, **options: object) -> str | None:
        return ask(program, *arguments, extra={"PYTHONPATH": str(tmp_path)})

    reading = read_hat_temperature(sys.executable, with_package)
    assert reading == Reading(52.25, "°C")
    put(tmp_path, {"hailo_platform/__init__.py": "raise ImportError('versions differ')"})
    assert read_hat_temperature(sys.executable, with_package) is None
    assert read_hat_temperature(str(tmp_path / "no-python")) is None
