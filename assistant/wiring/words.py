"""The words that a person keeps, connected: prompts and presets, in the config folder."""

from assistant.ports.words import Words
from assistant.storage import paths
from assistant.storage.prompts import FOLDER, PromptFiles
from assistant.storage.sampling_presets import FILE, TomlPresets


def words(places: paths.Places) -> Words:
    """Both of them; nothing is read yet."""
    return Words(PromptFiles(places.config / FOLDER), TomlPresets(places.config / FILE))
