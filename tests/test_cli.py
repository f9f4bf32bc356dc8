"""How commands are declared: the list of commands, global options, questions, default commands."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from engine.people.registry import People
from engine.workspace.folder import Workspace
from tui.cli import facedesk, main
from tui.cli.root import HOMES
from tui.cli.run import Context, takes_context

ROOT = click.Context(facedesk)


class Keyboard(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.parametrize("width", [20, 45, 62, 200])
def test_the_list_says_of_a_command_what_its_own_help_says(name: str, width: int) -> None:
    command = facedesk.get_command(ROOT, name)
    assert command is not None
    listed = click.Command(name, help=HOMES[name].help)
    assert listed.get_short_help_str(width) == command.get_short_help_str(width)


@pytest.mark.parametrize("place", range(3))
def test_a_global_option_may_stand_anywhere(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    line = ["people", "list"]
    line.insert(place, "--json")
    main(["--workspace", str(workspace.root), *line])
    assert capsys.readouterr().out == '{"event": "done", "people": 0}\n'


def test_a_group_without_a_command_runs_its_default(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["vault", "--workspace", str(workspace.root)])
    without = capsys.readouterr().out
    main(["vault", "status", "--workspace", str(workspace.root)])
    assert without == capsys.readouterr().out
    assert without.startswith("Not encrypted")


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_deletion_asks_first_and_happens_only_after_yes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    People(workspace).add("Ada {0} Lovelace")
    monkeypatch.setattr(sys, "stdin", Keyboard(f"{answer}\n"))
    line = ["people", "delete", "Ada {0} Lovelace", "--workspace", str(workspace.root)]
    if answer == "n":
        with pytest.raises(SystemExit) as left:
            main(line)
        assert left.value.code == 130
    else:
        main(line)
    assert bool(People(workspace).list()) is (answer == "n")


def test_a_wrong_command_line_leaves_no_workspace_behind(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(["enroll", "--source", "0", "--workspace", str(tmp_path / "none")])
    assert left.value.code == 2
    assert not (tmp_path / "none").exists()


def test_a_question_within_a_command_that_is_answered_with_no_is_no_fault_of_ours(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDESK_WORKSPACE", str(workspace.root))

    @click.command()
    @takes_context(native=False)
    def asks(context: Context) -> None:
        raise click.Abort

    with pytest.raises(click.Abort):
        asks.main([], standalone_mode=False)
