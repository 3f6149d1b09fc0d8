"""Writes a report on costs into a file, whole and private: CSV, JSON or HTML."""

import json
from enum import StrEnum
from pathlib import Path

from assistant.domain.cost_json import report_json
from assistant.domain.cost_report import CostReport
from assistant.storage import atomic
from assistant.storage.cost_csv import csv_text
from assistant.storage.cost_html import html_text


class Form(StrEnum):
    """Which kind of file."""

    CSV = "csv"
    JSON = "json"
    HTML = "html"


def report_text(report: CostReport, form: Form, *, titles: bool = False) -> str:
    """The file's text; an HTML has titles of conversations only with `titles`."""
    if form is Form.CSV:
        return csv_text(report)
    if form is Form.JSON:
        return json.dumps(report_json(report), indent=2) + "\n"
    return html_text(report, titles=titles)


def keep(report: CostReport, path: Path, form: Form, *, titles: bool = False) -> None:
    """Puts it in the place of `path`; a new file is 0600. Raises: FullDiskError, StorageError."""
    atomic.write(path, report_text(report, form, titles=titles).encode())


def free_name(folder: Path, report: CostReport, form: Form) -> Path:
    """A name in `folder` that nothing has yet: costs-2026-11-30.html, else with a number."""
    stem = f"costs-{report.household.today.isoformat()}"
    number = 1
    path = folder / f"{stem}.{form.value}"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.{form.value}"
    return path
