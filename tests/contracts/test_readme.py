"""What README says of keys and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

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


def every_command() -> list[tuple[str, click.Command]]:
    """All commands with their words, groups with a job of their own included."""
    found: list[tuple[str, click.Command]] = []
    waiting: list[tuple[str, click.Command]] = [("facedesk", facedesk)]
    while waiting:
        words, command = waiting.pop()
        found.append((words, command))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                waiting.append((f"{words} {name}", below))
    return found


@pytest.mark.parametrize(("words", "command"), every_command())
def test_the_help_of_every_command_holds_an_example(words: str, command: click.Command) -> None:
    assert "\b" in (command.help or "")
    assert re.search(rf"\b{words}\b", command.get_help(click.Context(command)))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_completion_script_is_for_that_shell(shell: str) -> None:
    result = CliRunner().invoke(facedesk, ["completion", shell])
    assert result.exit_code == 0
    assert f"_FACEDESK_COMPLETE={shell}_complete" in result.output
