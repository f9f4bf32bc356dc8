"""Workspaces of an older and of a newer version: read, upgraded once and whole, or refused."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import pytest

from engine.contract import WorkspaceUpgraded
from engine.contract.errors import DataError, DiskFull, PersonUnreadable, WorkspaceTooNew
from engine.dataset.split import load_split
from engine.desk.calls import SharedWriter
from engine.desk.library import load_evaluation
from engine.people.registry import People
from engine.people.unknown_choices import Choices
from engine.settings import UnknownSettings
from engine.workspace.folder import FORMAT, MARKER, Workspace, format_of
from tests.workspace import format_0
from tui.cli import main


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Contents and time of change of every file, and the folders; the lock is nobody's data."""
    return {
        str(path.relative_to(root)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
        )
        for path in sorted(root.rglob("*"))
        if path.name not in (".lock", ".audit.lock")
    }


def contents(root: Path) -> dict[str, bytes]:
    return {name: data for name, (data, _time) in files(root).items()}


def facts(workspace: Workspace) -> object:
    """What a reader sees."""
    split = load_split(workspace)
    return (
        [(person.name, person.revision, person.pictures) for person in People(workspace).list()],
        split and split.people,
        Choices(workspace, UnknownSettings()).last(),
        (load_evaluation(workspace, format_0.MODEL) or ("",))[0],
    )


def without_identities(root: Path) -> dict[str, bytes]:
    """Contents, each random identity replaced by whose it is."""
    names = {}
    for file in root.glob("people/*/person.json"):
        names[json.loads(file.read_bytes())["id"].encode()] = file.parent.name.encode()
    found = contents(root)
    for name, data in found.items():
        for identity, slug in names.items():
            data = data.replace(identity, slug)
        found[name] = data
    assert len(names) == 2
    return found


@pytest.fixture
def old(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "old")
    format_0.write(workspace.root)
    return workspace


@pytest.fixture
def new(workspace: Workspace) -> Workspace:
    """A workspace of a version to come."""
    format_0.write(workspace.root)
    body = {"program": "facedesk", "format": FORMAT + 1, "something": "else"}
    (workspace.root / MARKER).write_text(json.dumps(body))
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w")


def test_a_new_workspace_says_its_format(workspace: Workspace) -> None:
    workspace.prepare()
    assert format_of(workspace.root) == FORMAT
    assert not workspace.outdated()
    with workspace.writer("test"):
        assert workspace.upgraded_from() is None


def test_an_older_workspace_is_read_as_it_is(old: Workspace) -> None:
    before = files(old.root)
    people, split, choice, evaluation = facts(old)
    assert [name for name, *_ in people] == [format_0.ADA, format_0.GRACE]
    assert set(split) == {"ada-lovelace", "grace-hopper"}
    assert choice.id == format_0.CHOICE
    assert evaluation.rank1 == 0.75
    assert files(old.root) == before


def test_preparing_an_older_workspace_does_not_make_it_a_new_one(old: Workspace) -> None:
    old.prepare()
    assert (format_of(old.root), old.outdated()) == (0, True)


def test_the_first_writer_upgrades_it_and_it_reads_the_same(old: Workspace) -> None:
    before = facts(old)
    told: list[object] = []
    writer = SharedWriter(old, told.append)
    with writer.hold("test"):
        pass
    assert told == [WorkspaceUpgraded(before=0, now=FORMAT)]
    assert (format_of(old.root), old.outdated()) == (FORMAT, False)
    assert facts(old) == before
    with writer.hold("test"):
        pass
    assert len(told) == 1


def test_an_evaluation_without_strangers_held_nan_and_is_upgraded_to_null(old: Workspace) -> None:
    file = old.evaluations / f"{format_0.MODEL}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "fpir_at_threshold": math.nan}))
    with old.writer("test"):
        pass
    assert json.loads(file.read_text())["fpir_at_threshold"] is None
    assert "ids" in json.loads(file.read_text())
    kept = load_evaluation(old, format_0.MODEL)
    assert kept is not None
    assert math.isnan(kept[0].fpir_at_threshold)


def test_an_upgrade_touches_only_what_its_step_names(old: Workspace) -> None:
    before = contents(old.root)
    with old.writer("test"):
        pass
    after = contents(old.root)
    changed = {name for name, data in after.items() if data and data != before.get(name)}
    assert changed == {
        MARKER,
        "unknown/choices.json",
        f"evaluations/{format_0.MODEL}.json",
        "people/ada-lovelace/person.json",
        "people/grace-hopper/person.json",
        f"trash/{format_0.CHOICE}/manifest.json",
    }
    assert before.keys() <= after.keys()


def upgrade_in_a_process_that_dies(workspace: Workspace, writes: int) -> bool:
    """Upgrade in a process that is gone at once before its next write; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        left, replace = [writes], os.replace

        def dying(path: str, target: str, **folders: int) -> None:
            if not left[0]:
                os._exit(9)
            left[0] -= 1
            replace(path, target, **folders)

        os.replace = dying  # type: ignore[assignment]
        with workspace.writer("test"):
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9


def test_an_upgrade_that_is_killed_at_any_write_is_finished_by_the_next_writer(
    tmp_path: Path,
) -> None:
    whole = Workspace(tmp_path / "whole")
    format_0.write(whole.root)
    with whole.writer("test"):
        pass
    killed = 0
    while True:
        workspace = Workspace(tmp_path / str(killed))
        format_0.write(workspace.root)
        before = facts(workspace)
        if not upgrade_in_a_process_that_dies(workspace, killed):
            break
        assert facts(workspace) == before, "readable in between"
        with workspace.writer("test"):
            assert workspace.upgraded_from() in (0, 1)
            workspace.recover()
        assert without_identities(workspace.root) == without_identities(whole.root)
        killed += 1
    # The marker and the evaluation in both steps, and the other four files that they replace.
    assert killed == 8


def test_nobody_writes_while_an_upgrade_cannot_be_done(
    old: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(DiskFull), old.writer("test"):
            raise AssertionError("never reached")
    assert format_of(old.root) == 0
    with old.writer("test"):
        assert old.upgraded_from() == 0


def test_a_damaged_file_of_an_older_workspace_does_not_hold_the_upgrade_up(old: Workspace) -> None:
    (old.unknown / "choices.json").write_bytes(b"{")
    (old.evaluations / "x.json").write_bytes(b"\xff")
    with old.writer("test"):
        assert old.upgraded_from() == 0
    assert (old.unknown / "choices.json").read_bytes() == b"{"


# --- newer ------------------------------------------------------------------------------------


def test_a_newer_workspace_is_refused_by_a_writer_and_not_touched(new: Workspace) -> None:
    before = files(new.root)
    with pytest.raises(WorkspaceTooNew) as refused, new.writer("test"):
        raise AssertionError("never reached")
    assert str(new.root) in refused.value.message
    assert "newer Facedesk" in refused.value.hint
    with pytest.raises(WorkspaceTooNew):
        new.prepare()
    assert files(new.root) == before


@pytest.mark.parametrize(
    "command",
    [
        ("people", "list"),
        ("trash", "list"),
        ("model", "list"),
        ("unknown", "list"),
        ("split",),
        ("train",),
        ("evaluate",),
        ("recognize", "--source", "0"),
        ("enroll", "Ada", "--source", "demo:collins"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_newer_workspace_and_leaves_it_alone(
    new: Workspace, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(new.root)
    with pytest.raises(SystemExit) as left:
        main(["--workspace", str(new.root), *command])
    assert left.value.code == DataError.exit_code
    assert "newer" in capsys.readouterr().err
    assert files(new.root) == before


def test_a_person_of_a_newer_version_is_said_to_be_newer_and_not_damaged(old: Workspace) -> None:
    path = old.people / "ada-lovelace" / "person.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(PersonUnreadable, match=r"person\.json") as raised:
        People(old).by_slug("ada-lovelace")
    assert raised.value.hint == "Use the newer Facedesk that wrote it."
    assert [person.name for person in People(old).list()] == [format_0.GRACE]


@pytest.mark.parametrize(
    "body", ["{", "[]", "{}", '{"format": true, "program": "facedesk"}', '{"format": 1}']
)
def test_a_marker_that_says_nothing_is_refused_with_its_name(
    workspace: Workspace, body: str
) -> None:
    workspace.root.mkdir()
    (workspace.root / MARKER).write_text(body)
    with pytest.raises(DataError, match=r"workspace\.json"):
        workspace.prepare()
    assert [path.name for path in workspace.root.iterdir()] == [MARKER]
