"""`--record` and `replay` as an operator types them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.templates import copy_of


@pytest.fixture(scope="module")
def recording(facedesk: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of Collins, recorded; the workspace is `w` beside it."""
    folder = tmp_path_factory.mktemp("recording")
    run = facedesk(
        "enroll", "Eileen Collins", "--source", "demo:collins", "--count", "8",
        "--record", folder / "session", "--workspace", folder / "w", "--json",
    )  # fmt: skip
    assert run.code == 0, run.err
    (ended,) = run.named("tape_ended")
    assert ended["file"] == str(folder / "session.fdrec")
    return folder / "session.fdrec"


def test_a_recorded_enrolment_decides_the_same_again(
    facedesk: Any, recording: Path, tmp_path: Path
) -> None:
    run = facedesk("replay", recording, "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    assert run.done["agreement"] == 1
    assert run.done["decisions"] == run.done["frames"] >= 8
    assert not (tmp_path / "w" / "people").exists()


def test_each_event_is_printed_where_asked_for(
    facedesk: Any, recording: Path, tmp_path: Path
) -> None:
    run = facedesk("replay", recording, "--each-event", "--workspace", tmp_path / "w")
    assert "frame 0: captured, number 1" in run.out
    assert "decisions agree" in run.out.splitlines()[-1]


def test_a_recording_without_its_end_is_used_and_then_refused(
    facedesk: Any, recording: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.fdrec"
    shutil.copytree(recording, half)
    video = half / "frames.avi"
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    run = facedesk("replay", half, "--workspace", tmp_path / "w", "--json")
    assert run.code == 3
    assert run.named("captured")
    assert run.named("done")[-1]["damage"]


def test_a_name_in_use_is_refused_before_the_camera_opens(facedesk: Any, recording: Path) -> None:
    run = facedesk(
        "enroll", "Ada", "--source", "demo:collins", "--record", recording,
        "--workspace", recording.parent / "w",
    )  # fmt: skip
    assert run.code == 2
    assert "recording of this name" in run.err


def test_a_source_that_does_not_open_leaves_the_name_free(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk(
        "enroll", "Ada", "--source", tmp_path / "no.mp4", "--record", tmp_path / "r",
        "--workspace", tmp_path / "w",
    )  # fmt: skip
    assert run.code == 3
    assert not list(tmp_path.glob("r*"))


def test_record_before_a_command_is_a_mistake_that_is_explained(
    facedesk: Any, tmp_path: Path
) -> None:
    run = facedesk("--record", tmp_path / "r", "people", "--workspace", tmp_path / "w")
    assert run.code == 2
    assert "after the command" in run.err


def test_what_is_no_recording_is_refused(facedesk: Any, tmp_path: Path) -> None:
    for name in ("none.fdrec", "w"):
        run = facedesk("replay", tmp_path / name, "--workspace", tmp_path / "w")
        assert run.code == 3
        assert "recording" in run.err


def test_a_recorded_recognition_decides_the_same_again_and_nobody_was_seen_by_it(
    facedesk: Any, demo_trained: Path, tmp_path: Path
) -> None:
    workspace = copy_of(demo_trained, tmp_path / "w")
    at = ("--workspace", workspace.root, "--json")
    run = facedesk(
        "recognize", "--source", "demo:hopper?frames=12", "--record", tmp_path / "live",
        "--pace", "live", *at,
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.named("tape_ended")
    for file in workspace.people.glob("*/seen.json"):
        file.unlink()
    run = facedesk("replay", tmp_path / "live.fdrec", *at)
    assert run.code == 0, run.err
    assert run.done["agreement"] == 1
    assert run.done["decisions"] > 0
    assert not list(workspace.people.glob("*/seen.json"))
