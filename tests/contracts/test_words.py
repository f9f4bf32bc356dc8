"""Words fit where they are read: the app names no options, the command line no keys."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.contract.errors import Remedy
from tui.words.events import IN_APP, in_app

ROOT = Path(__file__).resolve().parents[2]
OPTION = re.compile(r"(?:^|[\s`])--[a-z]")
COMMAND = re.compile(r"facedesk [a-z]+\b")
KEY = re.compile(r"\{key[.\[]|\b[Pp]ress (?:[a-z]|F\d+|Enter)\b")
ON_THE_COMMAND_LINE = (
    "tui/cli/",
    "tui/terminal/",  # says what to do where no app can be shown
    "engine/bench/",
    "engine/doctor/",  # remedies that are typed into a shell, whoever reads them
    "engine/contract/errors.py",
)


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module but for its docstrings, with `{}` for values: line, text."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    unread = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            unread |= {id(part) for part in node.values}
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
    for node in nodes:
        text = getattr(node, "value", None)
        if isinstance(node, ast.Constant) and isinstance(text, str) and id(node) not in unread:
            yield node.lineno, text


def found(pattern: re.Pattern[str], *places: str, without: tuple[str, ...] = ()) -> list[str]:
    """`file:line: text` of the texts that the pattern is found in."""
    files = [file for place in places for file in sorted((ROOT / place).rglob("*.py"))]
    names = [(file, file.relative_to(ROOT).as_posix()) for file in files]
    return [
        f"{name}:{line}: {text}"
        for file, name in names
        if not name.startswith(without)
        for line, text in texts(file)
        if pattern.search(text)
    ]


def test_no_text_that_the_app_shows_names_an_option() -> None:
    assert found(OPTION, "tui", "engine", without=ON_THE_COMMAND_LINE) == []


def test_no_text_of_the_command_line_names_a_key() -> None:
    assert found(KEY, "tui/cli") == []


@pytest.mark.parametrize("remedy", Remedy)
def test_a_remedy_has_words_for_each_place(remedy: Remedy) -> None:
    assert not KEY.search(remedy)
    assert not OPTION.search(in_app(remedy))
    assert not COMMAND.search(in_app(remedy))
    assert in_app(remedy) != remedy


def test_there_are_no_words_for_a_remedy_that_is_gone() -> None:
    assert set(IN_APP) == set(Remedy)
