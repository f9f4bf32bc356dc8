"""Commands that only look: doctor and help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def looked(facedesk: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The doctor's look at an empty workspace, on a terminal that can do little."""
    at = tmp_path_factory.mktemp("doctor") / "w"
    return facedesk("doctor", "--workspace", at, "--json", TERM="dumb", LC_ALL="C")


def test_doctor_finds_no_camera_no_failure(looked: Any) -> None:
    assert looked.code == 0, looked.err
    findings = {finding["subject"]: finding for finding in looked.named("finding")}
    assert {"VGG16 weights", "face space", "eye", "disk", "colours"} <= set(findings)
    cameras = [f for f in looked.named("finding") if f["group"] == "camera"]
    assert cameras
    assert looked.done["troubles"] == []


def test_every_finding_that_is_not_ok_has_its_remedy(looked: Any) -> None:
    found = looked.named("finding")
    assert {"ok", "warning"} <= {f["state"] for f in found}
    assert [f for f in found if bool(f["remedy"]) == (f["state"] == "ok")] == []


def test_doctor_measures_the_source_it_is_given(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk("doctor", "--camera", "demo:collins", "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    (measured,) = run.named("camera_measured")
    assert (measured["width"], measured["height"], measured["fps"]) == (640, 480, 30.0)


def test_doctor_fails_on_a_source_that_was_asked_for_and_cannot_be_used(
    facedesk: Any, tmp_path: Path
) -> None:
    run = facedesk("doctor", "--camera", tmp_path / "no.mp4", "--workspace", tmp_path, "--json")
    assert run.code == 3
    (trouble,) = [f for f in run.named("finding") if f["state"] == "trouble"]
    assert trouble["remedy"]


def test_doctor_calls_a_damaged_model_trouble_with_its_remedy(
    facedesk: Any, tmp_path: Path
) -> None:
    models = tmp_path / "w" / "models"
    models.mkdir(parents=True)
    (models / "current").write_text("20260101T000000000Z-head-0000\n")
    run = facedesk("doctor", "--workspace", tmp_path / "w", "--json")
    assert run.code == 4
    assert [f["remedy"] for f in run.named("finding") if f["state"] == "trouble"] != [""]


def test_every_command_answers_help(facedesk: Any, tmp_path: Path) -> None:
    commands = "enroll", "import", "people", "strangers", "split", "train", "recognize", "model"
    for command in (*commands, "doctor", "replay", "demo"):
        run = facedesk(command, "--help", cwd=tmp_path)
        assert run.code == 0
        assert "--workspace" in run.out
    assert not list(tmp_path.iterdir())
