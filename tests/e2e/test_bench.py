"""`facedesk bench` as it is typed: one measurement for a script, and two for a person."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.long
def test_a_script_gets_figures_and_without_a_workspace_nothing_is_left_where_it_was_typed(
    facedesk: Callable[..., Any], tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    place = {"FACEDESK_WORKSPACE": str(tmp_path / "none"), "TMPDIR": str(temporary)}
    run = facedesk("bench", "--quick", "--only", "score", "--json", **place)
    assert run.code == 0, run.err
    assert [item["event"] for item in run.objects] == ["machine", "bench_step", "figure", "done"]
    (figure,) = run.named("figure")
    assert (figure["key"], figure["unit"]) == ("score.5000", "ms")
    assert figure["value"] > 0
    assert (figure["ratio"], figure["other"]) == (None, None)
    assert run.done["failed"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]
    assert not list(temporary.iterdir())


def test_an_unknown_measurement_is_a_mistake_in_the_command(
    facedesk: Callable[..., Any], tmp_path: Path
) -> None:
    run = facedesk("--workspace", tmp_path / "w", "bench", "--only", "luck")
    assert run.code == 2
    assert "luck" in run.err


@pytest.mark.long
def test_a_measurement_that_fails_is_told_and_the_others_are_made(
    facedesk: Callable[..., Any], tmp_path: Path
) -> None:
    only = ("--only", "train", "--only", "score")
    place = {"TMPDIR": str(tmp_path)}
    run = facedesk("--workspace", tmp_path / "nobody", "bench", "--quick", *only, **place)
    assert run.code == 5
    (log,) = tmp_path.glob("facedesk-bench-log-*/bench.log")
    assert str(log) in run.err
    assert "too few people" in run.out
    assert "5,000" in run.out


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "bench", "--only", "train"],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            "TMPDIR": str(temporary),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "FACEDESK_WORKSPACE": str(tmp_path / "w"),
        },
    )
    deadline = time.monotonic() + 300
    while not list(temporary.rglob("person.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(temporary.rglob("person.json"))
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert not list(temporary.iterdir())


@pytest.mark.long
def test_starts_keys_and_memory_of_real_processes_are_measured_and_written_down(
    facedesk: Callable[..., Any], tmp_path: Path
) -> None:
    file, temporary = tmp_path / "RESULTS.md", tmp_path / "temporary"
    temporary.mkdir()
    only = ("--only", "start", "--only", "keys", "--only", "memory")
    place = {"FACEDESK_WORKSPACE": str(tmp_path / "w"), "TMPDIR": str(temporary)}
    run = facedesk("bench", "--quick", *only, "--write", file, **place)
    assert run.code == 0, run.err
    written = file.read_text()
    shown = (
        "shell to first paint",
        "shell to first recognised face",
        "a key to its letter",
        "model process",
    )
    for what in shown:
        assert what in written
    assert "failed: 0" in written
    assert "3 / 1.5 s" in written
    assert not list(temporary.iterdir())
