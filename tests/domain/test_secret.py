"""A secret shows itself to nobody but who reveals it."""

import copy
import dataclasses
import json
import logging
import pickle
from collections.abc import Callable

import pytest

from assistant.domain.secret import Secret, without_keys
from assistant.domain.secret_stores import StoreLook

KEY = "sk-canary-0123456789"


@pytest.mark.parametrize(
    "shown", [repr, str, ascii, "{}".format, "%s".__mod__, lambda s: f"{s!r:>40}"]
)
def test_it_is_shown_as_stars(shown: Callable[[Secret], str]) -> None:
    assert KEY not in shown(Secret(KEY))
    assert "***" in shown(Secret(KEY))
    assert Secret(KEY).reveal() == KEY


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_it_is_not_written_down(write: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        write(Secret(KEY))


def test_it_stays_hidden_inside_other_values(caplog: pytest.LogCaptureFixture) -> None:
    @dataclasses.dataclass
    class Holder:
        key: Secret

    logging.getLogger("test").warning("%s %r", Secret(KEY), Holder(Secret(KEY)))
    assert KEY not in caplog.text
    with pytest.raises(TypeError):
        dataclasses.asdict(Holder(Secret(KEY)))


KEYS = ["ASSISTANT_KEY_OPENAI_EU", "OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "PGPASSWORD",
        "ASSISTANT_VAULT_PASSPHRASE", "GOOGLE_APPLICATION_CREDENTIALS", "http_api_key", "APIKEYS"]  # fmt: skip
NO_KEYS = ["PATH", "HOME", "GNOME_KEYRING_CONTROL", "PIP_KEYRING_PROVIDER", "XAUTHORITY", "LLAMA_KEYMAP", "TOKENIZERS_PARALLELISM"]  # fmt: skip


def test_what_is_started_is_handed_everything_but_keys() -> None:
    around = dict.fromkeys([*KEYS, *NO_KEYS], KEY)
    assert without_keys(around) == dict.fromkeys(NO_KEYS, KEY)
    assert set(around) == {*KEYS, *NO_KEYS}


def test_a_store_says_how_it_stands() -> None:
    ready = StoreLook("keyring", "the desktop's keyring", used=True)
    assert ready.usable
    assert ready.line() == "keyring: the desktop's keyring, in use"
    off = StoreLook("keyring", "it", why="no answer", refused=("keyrings.alt.file",))
    assert not off.usable
    assert off.line() == "keyring: no answer; keyrings.alt.file is refused"
    assert off.to_json()["why"] == "no answer"
    assert ready.to_json()["why"] is None
