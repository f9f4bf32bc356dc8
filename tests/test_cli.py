"""How commands are declared: the list of commands, global options, questions, default commands."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from engine.contract.errors import WorkspaceLocked
from engine.model.store import ModelStore
from engine.people.changes import delete_people
from engine.people.registry import People, strangers
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.model.test_store import draft
from tests.people.unknowns import sighted
from tui.cli import facedesk, main
from tui.cli.options import COMPLETING, SPELLINGS, Home
from tui.cli.root import HOMES
from tui.cli.run import Context, takes_context

ROOT = click.Context(facedesk)


class Keyboard(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("name", "home"), [row for each in HOMES.values() for row in each.items()])
@pytest.mark.parametrize("width", [20, 45, 62, 200])
def test_the_list_says_of_a_command_what_its_own_help_says(
    name: str, home: Home, width: int
) -> None:
    command = facedesk.get_command(ROOT, name)
    assert command is not None
    listed = click.Command(name, help=home.help)
    assert listed.get_short_help_str(width) == command.get_short_help_str(width)


@pytest.mark.parametrize("place", range(3))
def test_a_global_option_may_stand_anywhere(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    line = ["people", "list"]
    line.insert(place, "--json")
    main(["--workspace", str(workspace.root), *line])
    assert capsys.readouterr().out == '{"event": "done", "people": 0}\n'


@pytest.mark.parametrize(
    "line",
    [
        "evaluate --fpir 2", "evaluate --fpir nan", "bake-off --fpir 0", "split --train 2",
        "split --train -1", "split --train nan", "split --test inf",
        "split --train 0.2 --validation 0.2 --test 0.2", "train --unfreeze block5",
        "audit list --since 0001-01-01T00:00+05:00",
        "vault create --key-file a --passphrase-file b",
    ],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--workspace", str(tmp_path / "new"), *line.split()])
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert "Loading" not in said
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".log"]
    assert left == []


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


def test_a_command_that_writes_holds_the_lock_by_its_own_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDESK_WORKSPACE", str(workspace.root))

    @click.command()
    @takes_context(native=False, writes=True)
    def renames(context: Context) -> None:
        with pytest.raises(WorkspaceLocked, match="facedesk renames"):
            context.workspace.writer("another").__enter__()

    renames.main([], prog_name="facedesk renames", standalone_mode=False)


@pytest.mark.parametrize(("british", "name"), SPELLINGS.items())
def test_a_british_spelling_is_the_same_command(british: str, name: str) -> None:
    assert facedesk.get_command(ROOT, british) is facedesk.get_command(ROOT, name) is not None


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (["trian"], "Did you mean train?"),
        (["people", "lsit"], "Did you mean list?"),
        (["train", "--recip", "head"], "Did you mean --recipe?"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], line: list[str], hint: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(line)
    assert left.value.code == 2
    assert hint in capsys.readouterr().err


def test_the_help_lists_each_command_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    for group, homes in HOMES.items():
        below = shown.partition(f"{group}:\n")[2].partition("\n\n")[0]
        listed = [line.split()[0] for line in below.splitlines()]
        assert listed == list(homes)


def completed(*line: str, incomplete: str = "") -> list[str]:
    shell = ShellComplete(facedesk, {}, "facedesk", COMPLETING)
    return [item.value for item in shell.get_completions(list(line), incomplete)]


def test_people_are_completed(workspace: Workspace) -> None:
    People(workspace).add("Ada Lovelace")
    People(workspace).add("Grace Hopper")
    at = ("--workspace", str(workspace.root), "people", "show")
    assert completed(*at) == ["Ada Lovelace", "Grace Hopper"]
    assert completed(*at, incomplete="Gr") == ["Grace Hopper"]


def test_models_are_completed(workspace: Workspace) -> None:
    made = ModelStore(workspace).save(draft())
    at = ("--workspace", str(workspace.root))
    assert completed(*at, "model", "promote") == [made.id]
    assert completed(*at, "evaluate", "--model", incomplete=made.id[:5]) == [made.id]


def test_sources_and_recordings_are_completed(workspace: Workspace) -> None:
    at = ("--workspace", str(workspace.root))
    assert "demo:collins" in completed(*at, "recognize", "--source", incomplete="demo:")
    recording = workspace.root / "ada.fdrec"
    recording.mkdir()
    assert str(recording) in completed(*at, "replay", incomplete=str(workspace.root))


def test_unknown_faces_strangers_and_changes_are_completed_by_their_ids(
    workspace: Workspace,
) -> None:
    at = ("--workspace", str(workspace.root))
    id = UnknownStore(workspace, UnknownSettings()).add(sighted())
    for command in ("assign", "not", "ignore", "delete"):
        assert completed(*at, "unknown", command) == [id]
    Choices(workspace, UnknownSettings()).stranger((id,), "")
    assert completed(*at, "unknown", "delete") == []
    (stranger,) = strangers(workspace)
    assert completed(*at, "strangers", "remove") == [stranger.name]
    People(workspace).add("Ada Lovelace")
    change = delete_people(workspace, ["Ada Lovelace"], 30)
    assert completed(*at, "trash", "undo")[0] == change.id


def test_completion_says_nothing_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert completed("--workspace", str(tmp_path / "none"), "people", "show") == []


def test_fish_gets_a_sentence_with_all_its_commas(capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "fish"])
    assert 'string split --max 1 "," $completion' in capsys.readouterr().out


def test_bash_gets_a_name_as_it_has_to_be_typed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    People(workspace).add("Ada Lovelace")
    monkeypatch.setenv(COMPLETING, "bash_complete")
    monkeypatch.setenv("FACEDESK_WORKSPACE", str(workspace.root))
    monkeypatch.setenv("COMP_WORDS", "facedesk people show Ada")
    monkeypatch.setenv("COMP_CWORD", "3")
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out == "plain,Ada\\\\ Lovelace\n"
