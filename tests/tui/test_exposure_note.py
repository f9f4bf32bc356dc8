"""Commands that write say once that others may reach the workspace, or refuse it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from engine.contract.errors import WorkspaceShared
from engine.settings import PrivacySettings, Settings
from engine.workspace.folder import Workspace
from tui.cli.output import Output
from tui.cli.run import Context


def context(root: Path, **settings: PrivacySettings) -> tuple[Context, io.StringIO]:
    """A context that prints into the text beside it."""
    err = io.StringIO()
    output = Output(io.StringIO(), err, as_json=False, quiet=False)
    return Context(Workspace(root), Settings(**settings), output), err


def test_a_workspace_open_to_others_is_told_once_with_the_remedy(tmp_path: Path) -> None:
    root = tmp_path / "open"
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    made, err = context(root)
    for _round in range(2):
        with made.writing("a test"):
            pass
    said = " ".join(err.getvalue().split())
    assert said.count("Warning: other users may look into") == 1
    assert f"chmod go-rwx {root}" in said


def test_a_private_one_is_not(tmp_path: Path) -> None:
    made, err = context(tmp_path / "private")
    with made.writing("a test"):
        pass
    assert "Warning" not in err.getvalue()


def test_where_it_is_refused_nothing_is_written(tmp_path: Path) -> None:
    root = tmp_path / "open"
    root.mkdir()
    root.chmod(0o755)
    made, _err = context(root, privacy=PrivacySettings(shared_folder="refuse"))
    with pytest.raises(WorkspaceShared), made.writing("a test"):
        pass
    assert list(root.iterdir()) == []
