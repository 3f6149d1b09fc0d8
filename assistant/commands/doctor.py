"""`assistant doctor`: what this machine is, which routes are ready, and why the others are not."""

import argparse
import json
from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from assistant.domain.energy import PowerLook
    from assistant.domain.hat import HatJson
    from assistant.domain.routing import RouteReport
    from assistant.domain.sensing import SensorsJson
    from assistant.machine.facts import MachineJson
    from assistant.wiring.survey import Survey


class FileReport(TypedDict):
    """A file and what is wrong with it (null: nothing)."""

    file: str
    problem: str | None


class EngineReport(TypedDict):
    """The engine, how carefully it runs, and whether the kernel cuts its process off from the network (null: unknown)."""

    build: str | None
    rung: str | None
    netns: bool | None


class SecretsReport(TypedDict):
    """Where new keys go (null: nowhere), and what each store says."""

    store: str | None
    stores: list[dict[str, object]]


class CloudReport(TypedDict):
    """Whether everything is offline (null: unknown), and why there are no rules (null: there are)."""

    offline: bool | None
    rules: str | None


class AuditReport(TypedDict):
    """How many records there are, the last one's code, whether the recovery code was taken, where the audit's keys lie."""

    records: int | None
    head: str | None
    code_taken: bool | None
    keys: str | None
    problem: str | None


class Report(TypedDict):
    """The object of `doctor --json`; an unknown is null."""

    version: str
    machine: "MachineJson"
    hat: "HatJson"
    sensors: "SensorsJson"
    routes: list["RouteReport"]
    engine: EngineReport
    secrets: SecretsReport
    cloud: CloudReport
    audit: AuditReport
    power: dict[str, str | None]
    settings: FileReport
    journal: FileReport
    problems: list[str]


_APART: Final = {
    True: "; its process has no network at all",
    False: "; its process is not cut off from the network, as the kernel does not let it",
    None: "",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `doctor` to the grammar."""
    parser = commands.add_parser(
        "doctor",
        help="what this machine is and what is ready",
        description="Looks at the machine, the engine, the models and the files.",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the report; a broken part is reported, never raised."""
    from assistant.wiring.survey import survey

    found = survey()
    print(json.dumps(report(found), indent=2) if args.json else text(found))
    return 0


def report(found: "Survey") -> Report:
    """The object of `doctor --json`."""
    leaving = found.leaving
    return {
        "version": found.version,
        "machine": found.machine.to_json(),
        "hat": found.local.hat.to_json(),
        "sensors": found.local.sensed.to_json(),
        "routes": [route.to_json() for route in found.local.routes],
        "engine": {
            "build": found.engine_build,
            "rung": found.engine_rung,
            "netns": found.engine_netns,
        },
        "secrets": {
            "store": leaving.store or None,
            "stores": [look.to_json() for look in leaving.stores],
        },
        "cloud": {"offline": leaving.offline, "rules": leaving.rules or None},
        "audit": {
            "records": leaving.audit.records,
            "head": leaving.audit.head or None,
            "code_taken": leaving.audit.code_taken,
            "keys": leaving.audit.keys or None,
            "problem": leaving.audit.problem or None,
        },
        "power": _power_report(found.power),
        "settings": {"file": found.settings_file, "problem": found.settings_problem},
        "journal": {"file": found.journal_file, "problem": found.journal_problem},
        "problems": [
            *found.folder_problems,
            *filter(None, [found.local.problem]),
            *(one for one in leaving.problems if one != found.local.problem),
        ],
    }


def _power_report(power: "PowerLook") -> dict[str, str | None]:
    """The meter (null: none), why none that is better, and idle power in watts with how it is known (null: it is not)."""
    idle = power.idle
    return {
        "source": power.source or None,
        "why": "; ".join(power.why) or None,
        "idle_watts": f"{idle.watts:.2f}" if idle else None,
        "idle": ("learned" if idle.learned else "set") if idle else None,
    }


def text(survey: "Survey") -> str:
    """The report for people: one fact a line, the name of the fact in a column of its own."""
    from assistant.domain.hygiene import one_line

    found = report(survey)
    machine, engine = found["machine"], found["engine"]
    rows = [
        ("prompts", survey.local.why),
        ("machine", machine["board"] or "unknown"),
        ("processor", f"{machine['cpu'] or 'unknown'}, {machine['cores'] or 'unknown'} cores"),
        ("memory", _memory(machine["memory_available_bytes"], machine["memory_bytes"])),
        ("system", f"{machine['system'] or 'unknown'}, Python {machine['python']}"),
        *(("sensor", reading) for reading in _readings(found["sensors"])),
        *(("warning", line) for line in found["sensors"]["warnings"]),
        *_hat(found["hat"], survey.local.hat.why),
        *(("route " + r["id"], f"{r['state']}: {r['why']}") for r in found["routes"]),
        (
            "engine",
            f"llama-cpp-python {engine['build'] or 'not installed'}{_APART[engine['netns']]}",
        ),
        ("engine rung", engine["rung"] or "not known until a model has answered once"),
        ("settings", _file(found["settings"])),
        ("journal", _file(found["journal"])),
        ("secrets", found["secrets"]["store"] or "no store for keys can be used"),
        *(("secrets", look.line()) for look in survey.leaving.stores),
        ("cloud", _cloud(found["cloud"])),
        ("audit", _audit(found["audit"])),
        ("power", _power(found["power"])),
        *(("power, why", why) for why in survey.power.why),
        *(("problem", problem) for problem in found["problems"]),
    ]
    return "\n".join(f"{name:<12} {one_line(value, 400)}" for name, value in rows)


def _hat(hat: "HatJson", why: str) -> list[tuple[str, str]]:
    """What the HAT is, what shows it, and what mends it; without one, one line."""
    rows = [("HAT", why)]
    if hat["state"] != "none":
        rows += [("HAT, seen", line) for line in hat["evidence"]]
    if hat["remedy"]:
        rows.append(("HAT, mend", hat["remedy"]))
    return rows


def _readings(sensors: "SensorsJson") -> list[str]:
    """The sensors that say something, but for memory, which has a line of its own; `~` marks an estimate."""
    found = []
    for name, reading in sensors["readings"].items():
        if reading is None or reading["unit"] == "B":
            continue
        mark = "~" if reading["source"] == "estimated" else ""
        note = f" ({reading['note']})" if reading["note"] else ""
        found.append(f"{name.replace('_', ' ')} {reading['value']:g} {reading['unit']}{mark}{note}")
    return found


def _cloud(cloud: CloudReport) -> str:
    if cloud["rules"]:
        return f"there are no rules, so nothing leaves: {cloud['rules']}"
    if cloud["offline"] is None:
        return "whether everything is offline is unknown"
    if cloud["offline"]:
        return "everything is offline until you lift it (assistant consent lift)"
    return "nothing goes there without a rule that passes and your consent (assistant consent list)"


def _audit(audit: AuditReport) -> str:
    if audit["problem"]:
        return audit["problem"]
    if audit["records"] is None:
        return "unknown"
    if not audit["records"]:
        return "nothing is on record yet"
    code = "taken" if audit["code_taken"] else "not taken yet (assistant audit code)"
    return (
        f"{audit['records']} records, head {audit['head']}; recovery code {code}; "
        f"its keys lie in {audit['keys'] or 'an unknown place'}"
    )


def _power(power: dict[str, str | None]) -> str:
    if power["source"] is None:
        return "nothing says what a reply takes"
    if power["idle_watts"] is None:
        return f"{power['source']}; idle power is not known yet (it is learned while the chat is open and nothing runs)"
    known = "learned" if power["idle"] == "learned" else "as set"
    return f"{power['source']}; the idle machine takes {power['idle_watts']} W ({known})"


def _memory(available_bytes: int | None, total_bytes: int | None) -> str:
    if available_bytes is None or total_bytes is None:
        return "unknown"
    return f"{available_bytes / 1e9:.1f} GB free of {total_bytes / 1e9:.1f} GB"


def _file(found: FileReport) -> str:
    return found["problem"] or f"ok, {found['file']}"
