"""Ctrl+C on a job that is under way, and jobs that keep nothing: what they say, and the code.

On a capture: test_bad_input.py."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LONGEST, environment
from tests.templates import copy_of

Facedesk = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which both portraits of the demo are enrolled and trained."""
    return copy_of(demo_trained, tmp_path_factory.mktemp("interrupted") / "w").root


def interrupted(until: str, *arguments: str | Path) -> tuple[int, str]:
    """Run `facedesk ARGUMENTS` until it prints `until`, then press Ctrl+C: exit code and the rest
    of what it printed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(PYTHONUNBUFFERED="1"),
    ) as process:
        assert process.stdout is not None
        before = ""
        for line in process.stdout:
            before += line
            if until in line:
                break
        else:
            pytest.fail(before)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        return process.wait(LONGEST), rest


@pytest.mark.parametrize(
    ("until", "job", "summary"),
    [
        ("face 1", ("recognize", "--source", "demo:collins"), r"\d+ frames, \d+ faces, "),
        pytest.param("Epochs: 1 of 10", ("train", "--recipe", "classic", "--epochs", "10"),
                     r"Given up after epoch \d+ of 10\. The model in use stays\.",
                     marks=pytest.mark.long),
    ],
    ids=["recognize", "train"],
)  # fmt: skip
def test_ctrl_c_prints_what_was_done(
    trained: Path, until: str, job: tuple[str, ...], summary: str
) -> None:
    code, said = interrupted(until, *job, "--workspace", trained)
    assert code == 130, said
    assert re.search(summary, said), said


def enroll(facedesk: Facedesk, workspace: Path, name: str, count: int, twins: str) -> Any:
    """The demo's woman once more, under this name."""
    return facedesk(
        "enroll", name, "--source", "demo:collins", "--count", count, "--twins", twins,
        "--workspace", workspace,
    )  # fmt: skip


def test_what_was_refused_as_somebody_else_is_no_success(facedesk: Facedesk, trained: Path) -> None:
    run = enroll(facedesk, trained, "Ada", 12, "refuse")
    assert run.code == 4, run.err
    assert "No picture was kept" in run.err
    assert "`facedesk trash undo " in run.out


def test_a_lookalike_whom_no_model_knows_yet_is_refused_too(
    facedesk: Facedesk, tmp_path: Path
) -> None:
    assert enroll(facedesk, tmp_path / "w", "Ada", 4, "refuse").code == 0
    run = enroll(facedesk, tmp_path / "w", "Eve", 4, "refuse")
    assert run.code == 6, run.err
    assert "in the trash (change" in run.err
    assert "Eve" not in facedesk("people", "--workspace", tmp_path / "w").out


def test_a_roster_of_which_nobody_was_enrolled_is_no_success(
    facedesk: Facedesk, trained: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name\nJoan\n")
    at = ("--workspace", trained)
    assert facedesk("roster", "add", names, *at).code == 0
    run = facedesk(
        "enroll", "--roster", "--source", "demo:collins", "--count", 12, "--twins", "refuse", *at
    )
    assert run.code == 4, run.err
    assert "Nobody was enrolled" in run.err


def test_whom_the_model_takes_for_somebody_else_is_kept_and_must_be_looked_at(
    facedesk: Facedesk, trained: Path
) -> None:
    run = enroll(facedesk, trained, "Eve", 12, "keep")
    assert run.code == 6, run.err
    assert "Look at this: Same person as Eileen Collins?" in run.err
    assert "Eve: 12 of 12 pictures" in run.out
