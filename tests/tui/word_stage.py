"""A stage with a library of prompts, presets and exports, all real, in the test's folder."""

from dataclasses import replace
from pathlib import Path

from assistant.domain.settings import Settings
from assistant.ports.words import Words
from assistant.storage.attachments import DiskAttachments
from assistant.storage.paths import Places
from assistant.storage.prompts import PromptFiles
from assistant.storage.sampling_presets import TomlPresets
from assistant.wiring.exchange import ExchangeDesk
from tests.tui.fake_services import Answer, Stage, stage

WARD = """+++
title = "Ward letter"
label = "local-only"

[variables.who]
question = "To whom?"
default = "the ward"
+++
Write to {{who}} on {{date}}:
{{input}}
"""
SECRET_ROLE = (
    '+++\nkind = "system"\nlabel = "local-only"\n+++\nYou know that Anna lives in room 12.\n'
)
BROKEN = "Tell {{whom}} something.\n"


def word_stage(folder: Path, *answers: Answer, settings: Settings | None = None) -> Stage:
    """The stage; the person's own prompts are `ward`, `role` and a broken one."""
    on = stage(folder, *answers, settings=settings)
    prompts = folder / "prompts"
    prompts.mkdir()
    for name, text in (("ward", WARD), ("role", SECRET_ROLE), ("broken", BROKEN)):
        (prompts / f"{name}.md").write_text(text, encoding="utf-8")
    words = Words(PromptFiles(prompts), TomlPresets(folder / "presets.toml"))
    desk = ExchangeDesk(Places(folder, folder, folder, folder), on.journal, on.clock)
    services = replace(
        on.services,
        words=lambda: words,
        exchange=lambda: desk,
        attaching=lambda: DiskAttachments(folder, folder),
    )
    return replace(on, services=services)
