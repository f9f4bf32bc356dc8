"""Training on another backbone: which options fit it, and that its models are used with it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Event, FaceSeen
from engine.contract.errors import ModelCorrupt, UsageError
from engine.contract.messages import FacesFound
from engine.contract.requests import TrainRequest
from engine.jobs.naming import Recognition
from engine.jobs.train import train
from engine.model.networks import backbone_of, refuse_unfitting
from engine.model.record import ModelDraft, ModelInfo
from engine.model.store import ModelStore
from engine.pictures import encode_png
from engine.settings import Settings
from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("plain_centres")


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (TrainRequest(unfreeze=True), "unfreeze is for recipe classic"),
        (TrainRequest(options={"input_side": 224}), "input side is for recipe classic"),
        (TrainRequest(unfreeze=True, options={"input_side": 160}), "unfreeze and input side"),
    ],
)
def test_what_recipe_head_cannot_act_on_is_refused(request_: TrainRequest, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        refuse_unfitting(request_)


def test_recipe_classic_takes_every_option() -> None:
    refuse_unfitting(TrainRequest(recipe="classic", unfreeze=True, options={"input_side": 224}))


def enrolled(workspace: Workspace) -> NDArray[np.uint8]:
    """Ada and Bob in the workspace, made of noise; what each looks like: (2, 160, 160, 3)."""
    patterns = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), np.uint8)
    for name, pattern in zip(("Ada", "Bob"), patterns, strict=True):
        folder = workspace.people / name.lower()
        head = {"format": 1, "name": name, "created": "2026-01-01T00:00:00+00:00"}
        write_json(folder / "person.json", head)
        for number in range(12):
            crop = np.clip(pattern.astype(int) + number, 0, 255).astype(np.uint8)
            picture = folder / "20260101-000000-ab" / f"{number + 1:04d}.png"
            write_bytes(picture, encode_png(crop))
    return patterns


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (TrainRequest(backbone="resnet", recipe="classic"), "recipe classic"),
        (TrainRequest(backbone="resnet", unfreeze=True), "unfreeze"),
        (TrainRequest(backbone="resnet", weights="imagenet"), "weights"),
    ],
)
def test_what_only_vgg16_has_is_refused_for_the_face_network(
    request_: TrainRequest, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        refuse_unfitting(request_)


def test_vgg16_takes_every_option() -> None:
    refuse_unfitting(TrainRequest(recipe="classic", unfreeze=True, weights="imagenet"))


def test_a_wrong_option_is_refused_before_the_workspace_is_looked_at(workspace: Workspace) -> None:
    request = TrainRequest(backbone="resnet", recipe="classic")
    with pytest.raises(UsageError):
        train(workspace, Settings(), request, Cancel(), lambda event: None)


def test_a_model_of_another_face_network_is_refused() -> None:
    with pytest.raises(ModelCorrupt, match="earlier version"):
        backbone_of(ModelInfo(id="m", details={"backbone": "resnet", "weights": "other"}), "auto")


def test_a_model_trained_on_the_face_network_is_used_with_it(workspace: Workspace) -> None:
    patterns = enrolled(workspace)
    events: list[Event] = []
    done = train(
        workspace,
        Settings(),
        TrainRequest(backbone="resnet", options={"epochs": 2}),
        Cancel(),
        events.append,
    )
    details = ModelStore(workspace).load(done.model).info.details
    assert details["backbone"] == "resnet"
    probe = FacesFound(
        source="probe", frame=0, seconds=0.0, boxes=((0, 0, 160, 160),),
        crops=patterns[1].tobytes(), dropped=0, lossy=False, single=True,
    )  # fmt: skip
    Recognition(workspace, Settings(), events.append).take(probe)
    seen = [event for event in events if isinstance(event, FaceSeen)]
    assert [event.candidate for event in seen] == ["Bob"]


def test_a_model_on_a_network_that_is_gone_gives_way_to_a_new_one(workspace: Workspace) -> None:
    enrolled(workspace)
    store = ModelStore(workspace)
    gone = ModelDraft(
        recipe="head",
        people=[("ada", "Ada", "r"), ("bob", "Bob", "r")],
        centres=np.eye(2, 128, dtype=np.float32),
        details={"backbone": "dlib", "weights": "x", "face_space": "y"},
    )
    store.promote(store.save(gone).id)
    with pytest.raises(ModelCorrupt, match="backbone that this Facedesk lacks"):
        Recognition(workspace, Settings(), lambda event: None)
    request = TrainRequest(backbone="resnet", options={"epochs": 2})
    done = train(workspace, Settings(), request, Cancel(), lambda event: None)
    assert done.promoted
    assert store.current_id() == done.model
