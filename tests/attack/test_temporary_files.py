"""In the workspace's own folder, which may be the operator's, only what we left unfinished goes."""

from __future__ import annotations

import os

import pytest

from engine.rights.upkeep import recover
from engine.workspace.files import is_temporary, temporary_name, write_bytes
from engine.workspace.folder import Workspace

THEIRS = (
    ".tmp-",
    ".tmp-mine",
    ".tmp-abcd1234",
    ".tmp-0123456789abcdef",
    ".tmp-0123456789abcdef-01234567",
    ".tmp-ABCDEF",
)


def test_the_operators_temporary_files_stay_and_ours_go(workspace: Workspace) -> None:
    workspace.prepare()
    for name in THEIRS:
        (workspace.root / name).write_bytes(b"the operator's own")
    (workspace.root / ".tmp-folder").mkdir()
    (workspace.root / ".tmp-folder" / "work").write_bytes(b"the operator's own")
    ours = [workspace.root / temporary_name() for _ in range(2)]
    ours[0].write_bytes(b"half")
    ours[1].mkdir()
    with workspace.writer("test") as interrupted:
        told = recover(workspace, interrupted)
    assert told is not None
    assert told.unfinished == 2
    assert not [path for path in ours if path.exists()]
    assert {(workspace.root / name).read_bytes() for name in THEIRS} == {b"the operator's own"}
    assert (workspace.root / ".tmp-folder" / "work").read_bytes() == b"the operator's own"


def test_what_a_killed_write_leaves_is_known_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real write, cut short at its rename, as by a kill: nothing is tidied up."""
    workspace.prepare()
    left: list[str] = []
    monkeypatch.setattr(os, "replace", lambda name, *_a, **_b: left.append(name) or os._exit(9))
    child = os.fork()
    if not child:
        write_bytes(workspace.split_file, b"{}")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.undo()
    (found,) = [path for path in workspace.root.iterdir() if path.name.startswith(".tmp-")]
    assert is_temporary(found.name)
    assert workspace.recover() == (found.name,)


def test_no_two_names_are_alike_and_a_changed_one_is_not_ours() -> None:
    names = {temporary_name() for _ in range(1000)}
    assert len(names) == 1000
    assert all(map(is_temporary, names))
    for name in names:
        other = "0" if name[-1] != "0" else "1"
        assert not is_temporary(name[:-1] + other)
