"""What README says of keys and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import click

from tui.cli import facedesk
from tui.keys import CONTEXTS, KEYS

README = Path(__file__).resolve().parents[2] / "README.md"


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README.read_text(), re.M | re.S)
    assert found
    return found[1]


def test_the_key_table_of_readme_is_the_one_of_the_app() -> None:
    told = [line for line in section("Keys").splitlines() if line.startswith("| `")]
    wanted = [
        f"| `{key.shown}` | {CONTEXTS[key.context].lower()} | {key.tooltip} |" for key in KEYS
    ]
    assert told == wanted


def test_every_command_stands_in_readme() -> None:
    text = README.read_text()
    context = click.Context(facedesk)
    for name in facedesk.list_commands(context):
        assert re.search(rf"^\| `{name}[ `]", text, re.M), name


def test_every_command_named_in_readme_exists() -> None:
    context = click.Context(facedesk)
    known = set(facedesk.list_commands(context))
    shown = set(re.findall(r"^facedesk ([a-z-]+)", README.read_text(), re.M))
    assert shown
    assert shown <= known


def test_every_command_has_help() -> None:
    context = click.Context(facedesk)
    for name in facedesk.list_commands(context):
        command = facedesk.get_command(context, name)
        assert command is not None
        assert command.help
