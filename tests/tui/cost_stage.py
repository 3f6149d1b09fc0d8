"""A stage with a ledger in memory and a desk of its own."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.domain.cost_report import CostReport, Household
from assistant.domain.errors import StorageError
from assistant.ports.accounting import Ledger
from assistant.storage.cost_files import Form, free_name, keep
from tests.memory_ledger import HOUSE, MemoryLedger
from tests.tui.fake_services import Stage, stage


@dataclass
class StageDesk:
    """Writes reports into `folder`; fails where it is told to."""

    folder: Path
    house: Household = HOUSE
    failure: StorageError | None = None
    kept: list[Path] = field(default_factory=list)

    def household(self) -> Household:
        if self.failure is not None:
            raise self.failure
        return self.house

    def keep(self, report: CostReport, form: str) -> Path:
        path = free_name(self.folder, report, Form(form))
        keep(report, path, Form(form))
        self.kept.append(path)
        return path


@dataclass
class CostStage:
    """Everything that a test may touch."""

    stage: Stage
    ledger: MemoryLedger
    desk: StageDesk


def cost_stage(folder: Path, ledger: MemoryLedger, house: Household = HOUSE) -> CostStage:
    """A stage whose ledger is `ledger`."""
    on = stage(folder)
    desk = StageDesk(folder / "reports", house)
    asked: Ledger = ledger
    on.services = replace(on.services, ledger=lambda: asked, cost_desk=lambda: desk)
    return CostStage(on, ledger, desk)
