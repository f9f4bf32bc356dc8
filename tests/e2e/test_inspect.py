"""Commands that only look: layers, doctor, help; and how soon `--help` answers without weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("recipe", ["head", "classic"])
def test_layers_are_listed_with_shape_parameters_and_whether_they_train(
    facedesk: Any, tmp_path: Path, recipe: str
) -> None:
    run = facedesk("model", "layers", "--recipe", recipe, "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    layers = {layer["name"]: layer for layer in run.named("layer")}
    assert run.done["layers"] == len(run.named("layer"))
    assert layers["block4_conv3"]["parameters"] == 2_359_808
    assert layers["block4_conv3"]["shape"] == [None, 20, 20, 512]
    assert not layers["block4_conv3"]["trains"]
    training = {name for name, layer in layers.items() if layer["trains"]}
    assert training == ({"people"} if recipe == "head" else {"dense", "classes"})


def test_unfreezing_block5_shows_in_the_layers(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk(
        "model", "layers", "--recipe", "classic", "--unfreeze", "block5",
        "--workspace", tmp_path / "w", "--json",
    )  # fmt: skip
    training = {layer["name"] for layer in run.named("layer") if layer["trains"]}
    assert {"block5_conv1", "block5_conv2", "block5_conv3"} <= training
    assert "block4_conv3" not in training


def test_doctor_finds_no_camera_no_failure(facedesk: Any, tmp_path: Path) -> None:
    run = facedesk("doctor", "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    findings = {finding["subject"]: finding for finding in run.named("finding")}
    assert {"camera", "cascades", "weights", "face space", "processor", "disk"} <= set(findings)
    assert findings["camera"]["state"] in ("ok", "note")
    assert run.done["faults"] == []


def test_doctor_calls_a_damaged_model_a_fault_with_its_cure(facedesk: Any, tmp_path: Path) -> None:
    models = tmp_path / "w" / "models"
    models.mkdir(parents=True)
    (models / "current").write_text("20260101T000000000Z-head-0000\n")
    run = facedesk("doctor", "--workspace", tmp_path / "w", "--json")
    assert run.code == 4
    assert [f["cure"] for f in run.named("finding") if f["state"] == "fault"] != [""]


def test_every_command_answers_help(facedesk: Any, tmp_path: Path) -> None:
    commands = "enroll", "import", "people", "strangers", "split", "train", "recognize", "model"
    for command in (*commands, "demo"):
        run = facedesk(command, "--help", cwd=tmp_path)
        assert run.code == 0
        assert "--workspace" in run.out
    assert not list(tmp_path.iterdir())
