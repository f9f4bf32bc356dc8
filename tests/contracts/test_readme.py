"""What the documents say of keys and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.doctor.checks import CHECKS
from tui.cli import facedesk
from tui.keys import CONTEXTS, KEYS
from tui.terminal.graphics import TERMINAL_CHECKS
from tui.words.figures import FINDING_GROUPS

REPOSITORY = Path(__file__).resolve().parents[2]
README, DOCS = REPOSITORY / "README.md", REPOSITORY / "docs"
LONGEST_README = 200


def test_readme_is_read_in_one_sitting() -> None:
    assert len(README.read_text().splitlines()) <= LONGEST_README


def test_every_page_is_linked_and_every_link_leads_somewhere() -> None:
    pages = [README, REPOSITORY / "SECURITY.md", REPOSITORY / "PRIVACY.md", *DOCS.rglob("*.md")]
    linked = set()
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"
                linked.add((page.parent / link).resolve())
    assert not [page for page in DOCS.rglob("*.md") if page not in linked]


def test_the_key_table_of_the_documents_is_the_one_of_the_app() -> None:
    table = (DOCS / "keys.md").read_text().splitlines()
    told = [line for line in table if line.startswith("| `")]
    wanted = [
        f"| `{key.shown}` | {CONTEXTS[key.context].lower()} | {key.tooltip} |" for key in KEYS
    ]
    assert told == wanted


def test_the_documents_name_every_check_of_the_doctor() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    rows = [
        f"| {FINDING_GROUPS[check.group]} | {check.name} | {check.looks_at} |"
        for check in (*CHECKS, *TERMINAL_CHECKS)
    ]
    assert text.endswith("\n".join(["|---|---|---|", *rows, ""]))


def test_every_command_stands_in_the_documents() -> None:
    text = (DOCS / "commands.md").read_text()
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
