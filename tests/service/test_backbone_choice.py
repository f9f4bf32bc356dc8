"""Training on another backbone: which options fit it, and that its models are used with it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.config import Settings
from engine.errors import BackboneMissing, ModelCorrupt, ModelError, UsageError
from engine.events import Event, FaceSeen
from engine.faces.align import Face
from engine.faces.box import Box
from engine.files import write_bytes, write_json
from engine.model.record import ModelInfo
from engine.model.store import ModelDraft, ModelStore
from engine.pictures import encode_png
from engine.service.jobs.naming import Recognition
from engine.service.jobs.networks import backbone_of, export, refuse_unfitting
from engine.service.jobs.train import train
from engine.service.protocol import TrainRequest
from engine.workspace import Workspace

HAS_DLIB = all(map(importlib.util.find_spec, ("dlib", "face_recognition_models")))
needs_dlib = pytest.mark.skipif(not HAS_DLIB, reason="the extra facedesk[dlib] is not installed")


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (TrainRequest(backbone="dlib", recipe="classic"), "--recipe classic"),
        (TrainRequest(backbone="dlib", unfreeze=True), "--unfreeze"),
        (TrainRequest(backbone="dlib", weights="imagenet"), "--weights"),
    ],
)
def test_what_only_vgg16_has_is_refused_for_dlib(request_: TrainRequest, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        refuse_unfitting(request_)


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (TrainRequest(unfreeze=True), "--unfreeze is for recipe classic"),
        (TrainRequest(input_side=224), "--input-side is for recipe classic"),
        (TrainRequest(unfreeze=True, input_side=160), "--unfreeze and --input-side"),
    ],
)
def test_what_recipe_head_cannot_act_on_is_refused(request_: TrainRequest, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        refuse_unfitting(request_)


def test_recipe_classic_takes_every_option() -> None:
    refuse_unfitting(
        TrainRequest(recipe="classic", unfreeze=True, weights="imagenet", input_side=224)
    )


def test_a_wrong_option_is_refused_before_the_workspace_is_looked_at(workspace: Workspace) -> None:
    request = TrainRequest(backbone="dlib", recipe="classic")
    with pytest.raises(UsageError):
        train(workspace, Settings(), request, Cancel(), lambda event: None)


def test_a_model_on_dlib_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(BackboneMissing):
        backbone_of(ModelInfo(id="m", details={"backbone": "dlib"}), "auto")


def test_a_model_on_dlib_is_no_keras_file(workspace: Workspace, tmp_path: Path) -> None:
    store = ModelStore(workspace)
    draft = ModelDraft(
        recipe="head",
        people=[("ada", "Ada", "r")],
        centres=np.eye(1, 128, dtype=np.float32),
        details={"backbone": "dlib"},
    )
    store.promote(store.save(draft).id)
    with pytest.raises(ModelError, match="dlib"):
        export(workspace, tmp_path / "model.keras", None)


@needs_dlib
def test_a_model_of_other_dlib_files_is_refused() -> None:
    with pytest.raises(ModelCorrupt, match="network"):
        backbone_of(ModelInfo(id="m", details={"backbone": "dlib", "weights": "other"}), "auto")


@needs_dlib
def test_a_model_trained_on_dlib_is_used_with_dlib(workspace: Workspace) -> None:
    patterns = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), np.uint8)
    for name, pattern in zip(("Ada", "Bob"), patterns, strict=True):
        folder = workspace.people / name.lower()
        head = {"format": 1, "name": name, "created": "2026-01-01T00:00:00+00:00"}
        write_json(folder / "person.json", head)
        for number in range(12):
            crop = np.clip(pattern.astype(int) + number, 0, 255).astype(np.uint8)
            picture = folder / "20260101-000000-ab" / f"{number + 1:04d}.png"
            write_bytes(picture, encode_png(crop))
    events: list[Event] = []
    done = train(
        workspace, Settings(), TrainRequest(backbone="dlib", epochs=2), Cancel(), events.append
    )
    details = ModelStore(workspace).load(done.model).info.details
    assert details["backbone"] == "dlib"
    face = Face(Box(0, 0, 160, 160), ((54, 74), (105, 74)), True, patterns[1])
    Recognition(workspace, Settings(), events.append).take_picture("probe", 0, face)
    seen = [event for event in events if isinstance(event, FaceSeen)]
    assert [event.candidate for event in seen] == ["Bob"]
