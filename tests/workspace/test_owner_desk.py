"""Two desks on one workspace: the second knows who was first."""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.workspace.owner import OpenDesk


def test_the_second_desk_is_told_who_was_first_until_that_one_ends(tmp_path: Path) -> None:
    first, second = OpenDesk(tmp_path), OpenDesk(tmp_path)
    assert first.claim() == ""
    who = second.claim()
    assert re.fullmatch(rf"process {os.getpid()}, since \d{{4}}-\d\d-\d\d \d\d:\d\d", who)
    first.release()
    assert second.claim() == ""
    assert not list(tmp_path.iterdir())
    second.release()


def test_a_workspace_that_is_not_there_is_nobodys(tmp_path: Path) -> None:
    assert OpenDesk(tmp_path / "none").claim() == ""
