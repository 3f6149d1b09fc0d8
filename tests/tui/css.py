"""Reads each style sheet once for all tests: every app of a test reads the same ones anew, which is a tenth of its start."""

from functools import cache

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

Variables = frozenset[tuple[str, str]]


_parse_rules = Stylesheet._parse_rules


@cache
def _parsed(
    variables: Variables,
    css: str,
    read_from: CSSLocation,
    is_default_rules: bool,
    tie_breaker: int,
    scope: str,
) -> list[RuleSet]:
    sheet = Stylesheet(variables=dict(variables))
    return _parse_rules(sheet, css, read_from, is_default_rules, tie_breaker, scope)


def parse_rules(
    sheet: Stylesheet,
    css: str,
    read_from: CSSLocation,
    is_default_rules: bool = False,
    tie_breaker: int = 0,
    scope: str = "",
) -> list[RuleSet]:
    """As that of Textual, which keeps what it read for one app alone."""
    variables = frozenset(sheet._variables.items())
    return list(_parsed(variables, css, read_from, is_default_rules, tie_breaker, scope))


def put(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the place of Textual's for one test."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", parse_rules)
