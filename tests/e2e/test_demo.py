"""`facedesk demo`, a newcomer's first command, with what it says at its end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.long
def test_the_demo_comes_out_right_and_ends_with_a_command_that_can_be_typed(
    facedesk: Any, tmp_path: Path
) -> None:
    run = facedesk("demo", cwd=tmp_path, FACEDESK_TRAINING__VIEWS="0")
    assert run.code == 0, run.err
    summary, _, look = run.out.partition("Look at it: ")
    for who in ("Grace Hopper before enrolment", "Eileen Collins", "Grace Hopper"):
        assert who in summary
    program, option, workspace = look.split()
    assert shutil.which(program)
    assert (option, Path(workspace)) == ("--workspace", tmp_path / "data" / "demo-run")
    assert (Path(workspace) / "people").is_dir()
