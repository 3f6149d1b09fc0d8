"""Prompt files: what they say, what is wrong with them, and that a value is put in as it is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import SettingsError
from assistant.domain.prompt_files import GIVEN, Kind, Variable, parse, render
from assistant.domain.sensitivity import Label

WHOLE = """+++
title = "Translate"
kind = "system"
label = "local-only"

[variables.language]
question = "Into which?"
default = "English"
+++

Translate into {{language}}, today {{ date }}:
{{input}}
"""
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda name: name not in GIVEN
)
TEXTS = st.text(max_size=40)
PLAIN = st.text(string.ascii_letters + " \n.", max_size=40)


def of(text: str) -> str:
    """What is wrong with a file."""
    with pytest.raises(SettingsError) as error:
        parse("x", text, "prompts/x.md")
    return str(error.value)


def test_a_file_says_what_it_is() -> None:
    found = parse("t", WHOLE, "t.md")
    assert (found.title, found.kind, found.label) == ("Translate", Kind.SYSTEM, Label.LOCAL_ONLY)
    assert found.variables == (Variable("language", "Into which?", "English"),)
    assert found.uses == {"language", "date", "input"}
    text = render(found, {"language": "Dutch", "date": "2026-11-30", "input": "Hi"})
    assert text == "Translate into Dutch, today 2026-11-30:\nHi"


def test_a_file_without_front_matter_is_its_text() -> None:
    found = parse("plain", "Be brief.\n", "plain.md")
    assert (found.title, found.body, found.kind) == ("plain", "Be brief.", Kind.PROMPT)
    assert render(found, {}) == "Be brief."


@given(PLAIN, NAMES, PLAIN, TEXTS)
def test_a_value_is_put_in_as_it_is(before: str, name: str, after: str, value: str) -> None:
    front = f'+++\n[variables.{name}]\ndefault = ""\n+++\n'
    found = parse("x", f"{front}a{before}{{{{{name}}}}}{after}z", "x.md")
    assert render(found, {name: value}) == f"a{before}{value}{after}z"


@given(NAMES, NAMES, TEXTS)
def test_a_value_is_never_read_again(first: str, second: str, value: str) -> None:
    front = f'+++\n[variables."{first}"]\n'
    front += f'[variables."{second}"]\n' if second != first else ""
    found = parse("x", f"{front}+++\n<{{{{{first}}}}}>", "x.md")
    nested = f"{{{{{second}}}}}{value}"
    assert render(found, {second: "wrong", first: nested}) == f"<{nested}>"


@given(PLAIN, NAMES, st.integers(0, 5))
def test_an_unknown_variable_is_named_with_its_line(body: str, name: str, lines: int) -> None:
    text = "x\n" * lines + body.replace("\n", " ") + f"{{{{{name}}}}}"
    assert f"prompts/x.md, line {lines + 1}: there is no variable {name!r}" in of(text)


@given(st.text(max_size=200))
def test_any_text_is_a_prompt_or_a_settings_error(text: str) -> None:
    try:
        found = parse("x", text, "x.md")
    except SettingsError:
        return
    assert render(found, dict.fromkeys(GIVEN, "")) is not None


def test_braces_can_be_written() -> None:
    assert render(parse("x", r"Jinja: \{{ user }} end", "x.md"), {}) == "Jinja: {{ user }} end"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "line 1: the prompt is empty"),
        ("+++\ntitle = 1\n+++\nx", "line 2: title must be a text"),
        ("+++\n\ntitel = 'x'\n+++\nx", "line 3: there is no key 'titel'"),
        ("+++\nkind = 'other'\n+++\nx", "line 2: kind must be one of prompt, system"),
        ("+++\nlabel = 'secret'\n+++\nx", "line 2: label must be one of public"),
        ("+++\ntitle = \n+++\nx", "at line 2"),
        ("+++\ntitle = 'x'\nx", "line 1: the front matter has no end"),
        ("+++\n[variables.date]\n+++\nx", "line 2: 'date' cannot name a variable"),
        ("+++\n[variables.A]\n+++\nx", "'A' cannot name a variable"),
        ("+++\nvariables = 3\n+++\nx", "line 2: variables must be tables"),
        ("+++\n[variables]\na = 3\n+++\nx", "line 3: a must be a table of texts"),
        ("+++\n[variables.a]\ndefualt = 'x'\n+++\nx", "there is no key 'defualt' in a"),
        ("+++\n+++\none\n\n{{ two", "line 5: {{ begins a variable, and none follows"),
        ("+++\n+++\nx\n{{two.three}}", "line 4: {{ begins a variable"),
        ("x" * 200_001, "is longer than 200,000 characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, wrong: str) -> None:
    assert wrong in of(text)
