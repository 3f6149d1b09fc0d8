"""Every place of the screens where Textual would take a text for markup: only words of the program's own stand there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SCREENS = Path(__file__).parents[2] / "assistant" / "tui"

BORDERS = {"border_title", "border_subtitle", "tooltip"}
"""A `str` that is put there is markup; `titled` makes it none."""

SWITCHED = {"Static", "OptionList", "notify"}
"""These take a `str` for markup unless they are told not to."""

ALWAYS = {"Button", "from_markup", "from_text", "render_str"}
"""These take a `str` for markup always."""

WIDGETS = {"Button", "Input", "OptionList", "Static", "TextArea"}
"""Those of Textual that are used; another one may take its texts for markup, and needs a place above."""


def own(node: ast.expr) -> bool:
    """Whether a text is one of the program's own: it stands here, or is a name in capitals."""
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.IfExp(body=one, orelse=other):
            return own(one) and own(other)
        case ast.JoinedStr(values=parts):
            return all(own(part) for part in parts)
        case ast.FormattedValue(value=value):
            return own(value)
    return False


def called(node: ast.expr) -> str:
    """The name of what a call calls; "" where it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return ast.unparse(node.func).rpartition(".")[2]


def is_off(call: ast.Call) -> bool:
    """Whether it says `markup=False`."""
    return any(word.arg == "markup" and ast.unparse(word.value) == "False" for word in call.keywords)  # fmt: skip


def is_marked(call: ast.Call, bases: set[str]) -> bool:
    """Whether what it shows may be taken for markup; `bases` are those of the class around it."""
    name = called(call)
    if name == "__init__" and bases & SWITCHED:
        return not is_off(call)
    if name == "notify":
        return not (is_off(call) or own(call.args[0]))
    if name in SWITCHED:
        return not is_off(call)
    return name in ALWAYS and not all(own(one) for one in call.args)


def strangers(tree: ast.AST, bases: frozenset[str] = frozenset()) -> Iterator[ast.AST]:
    """What gives Textual a text that may be anything, and that would be markup there."""
    for node in ast.iter_child_nodes(tree):
        around = bases
        if isinstance(node, ast.ClassDef):
            around = frozenset(ast.unparse(base).rpartition(".")[2] for base in node.bases)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in BORDERS:
                    safe = own(node.value) or called(node.value) == "titled"
                    yield from () if safe else (node,)
        elif isinstance(node, ast.Call) and is_marked(node, set(around)):
            yield node
        yield from strangers(node, around)


ALLOWED = {
    # `wanted` is what `titled` made.
    ("widgets/borders.py", "widget.border_title = wanted"),
    # Called with the words on the button.
    (
        "screens/fetch.py",
        "Button(label, id=name, variant='primary' if name == 'fetch' else 'default')",
    ),
}


def test_no_text_of_anybody_is_markup() -> None:
    found = {
        (path.relative_to(SCREENS).as_posix(), ast.unparse(node))
        for path in sorted(SCREENS.rglob("*.py"))
        for node in strangers(ast.parse(path.read_text("utf-8")))
    }
    assert found == ALLOWED


def test_no_other_widget_of_textual_is_used() -> None:
    found = {
        name.name
        for path in SCREENS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "textual.widgets"
        for name in node.names
    }
    assert found == WIDGETS


@pytest.mark.parametrize(
    "code",
    [
        "box.border_title = chat.title",
        "self.border_subtitle = self._window = window",
        "box.border_title = f'Costs {name}'",
        "box.border_title = one_line(name, 60)",
        "box.border_title = 'a' if wide else name",
        "Static(text)",
        "OptionList(*rows)",
        "app.notify(text)",
        "Content.from_markup(text)",
        "Button(name)",
        "class List(Static):\n    def __init__(self):\n        super().__init__(id='list')",
    ],
)
def test_a_text_of_anybody_would_be_seen(code: str) -> None:
    assert list(strangers(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "box.border_title = 'Costs'",
        "box.border_subtitle = WIDE if wide else NARROW",
        "box.border_title = titled(chat.title)",
        "Static(text, markup=False)",
        "app.notify('not now')",
        "class List(Static):\n    def __init__(self):\n        super().__init__(markup=False)",
    ],
)
def test_words_of_the_program_are_none_of_them(code: str) -> None:
    assert not list(strangers(ast.parse(code)))
