"""Scripts that print what `vcgencmd`, `hailortcli` and `lspci` print on a Pi (facts §4.2, §5)."""

RAILS = {
    "3V7_WL_SW": (3.69, 0.0),
    "3V3_SYS": (3.31, 0.0937),
    "1V8_SYS": (1.80, 0.1815),
    "DDR_VDD2": (1.10, 0.0171),
    "DDR_VDDQ": (0.61, 0.0),
    "1V1_SYS": (1.11, 0.2010),
    "0V8_SW": (0.80, 0.3572),
    "VDD_CORE": (0.7206, 2.0137),
    "3V3_DAC": (3.31, 0.0001),
    "3V3_ADC": (3.31, 0.0003),
    "0V8_AON": (0.80, 0.0049),
    "HDMI": (5.12, 0.0227),
}
"""Volts and amperes of each rail that has both."""
BOARD_W = 1.1451 * sum(volts * amperes for volts, amperes in RAILS.values()) + 0.5879
HAILO = "Co-processor [0b40]: Hailo Technologies Ltd."
CHIP_NAMES = {"45c4": "Hailo-10H AI Processor", "2864": "Hailo-8 AI Processor"}


def vcgencmd(*, heat_c: float, throttled: int, input_v: float) -> str:
    """A Pi 5's `vcgencmd`; the volts of the input have no amperes beside them."""
    amperes = [f" {rail}_A current({n})={a:.8f}A" for n, (rail, (_, a)) in enumerate(RAILS.items())]
    volts = [f" {rail}_V volt({n})={v:.8f}V" for n, (rail, (v, _)) in enumerate(RAILS.items(), 12)]
    lines = [*amperes, *volts, f" EXT5V_V volt(24)={input_v:.8f}V", " BATT_V volt(25)=0.00000000V"]
    return _cases(
        {
            "pmic_read_adc": "\n".join(lines),
            "measure_temp": f"temp={heat_c:.1f}'C",
            "get_throttled": f"throttled={throttled:#x}",
        },
        'error=1 error_msg="Command not registered"',
    )


def vcgencmd_without_device() -> str:
    """What it says where the user is not in the group `video`."""
    return 'echo "Can\'t open device file: /dev/vcio" >&2\nexit 1\n'


def silent() -> str:
    """A program that never answers; it ends with the shell that runs it."""
    return "exec sleep 60\n"


def hailortcli(version: str | None, *, driver: str | None = None, chip: str = "HAILO10H") -> str:
    """HailoRT's own tool; without a `version` no device is there, another `driver` is a mismatch (status 76)."""
    if version is None:
        return _cases({"scan": "Hailo devices not found", "--version": "HailoRT-CLI version 5.1.1"})
    if driver is not None:
        said = f"Driver version ({driver}) is different from library version ({version})"
        return _cases({"--version": f"HailoRT-CLI version {version}"}, said, status=76)
    old = version.startswith("4.")
    extra = ",extended context switch buffer" if old else ""
    identify = [
        "Executing on device: 0001:01:00.0",
        "Identifying board",
        "Control Protocol Version: 2",
        f"Firmware Version: {version} (release,app{extra})",
        "Logger Version: 0",
        *(["Board Name: Hailo-8"] if old else []),
        f"Device Architecture: {chip}",
        "",
    ]
    return _cases(
        {
            "fw-control identify": "\n".join(identify),
            "scan": "Hailo Devices:\n[-] Device: 0001:01:00.0",
            "--version": f"HailoRT-CLI version {version}",
        }
    )


def lspci(chip: str | None = None, *, nvme: bool = False) -> str:
    """`lspci -nn` of a Pi 5."""
    lines = [
        "0002:00:00.0 PCI bridge [0604]: Broadcom Inc. BCM2712 PCIe Bridge [14e4:2712] (rev 21)"
    ]
    if nvme:
        lines.append("0000:01:00.0 Non-Volatile memory controller [0108]: Samsung NVMe [144d:a80a]")
    if chip is not None:
        lines.append(f"0001:01:00.0 {HAILO} {CHIP_NAMES[chip]} [1e60:{chip}] (rev 01)")
    return _cases({"-nn": "\n".join(lines)})


def _cases(answers: dict[str, str], otherwise: str = "unknown command", status: int = 1) -> str:
    """A script that prints the answer to its arguments."""
    cases = "".join(
        f"\"{words}\") cat <<'END'\n{text}\nEND\n;;\n" for words, text in answers.items()
    )
    return f"case \"$*\" in\n{cases}*) cat >&2 <<'END'\n{otherwise}\nEND\nexit {status}\n;;\nesac\n"
