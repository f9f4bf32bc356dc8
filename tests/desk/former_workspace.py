"""Puts people into a workspace as a Facedesk before BlazeFace left them.

The crops are made by the Haar cascade, as they were; what today's files say beyond those of then
is taken out of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract.requests import EnrolRequest
from engine.jobs.enrol import enrol
from engine.model.record import ModelDraft, ModelInfo
from engine.model.store import ModelStore
from engine.people.registry import People
from engine.workspace.folder import Workspace

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
FORMER_SPACE, FORMER_EXTRACTOR = "f" * 64, "0a" * 32


def fill(workspace: Workspace, each: int) -> None:
    """Both demo portraits with so many crops each, and a model of a former face space in use."""
    settings = load_settings(detection={"detector": "haar"})
    for name, source in ((COLLINS, "demo:collins"), (HOPPER, "demo:hopper")):
        request = EnrolRequest(person=name, source=source, count=each, pace="fast")
        enrol(workspace, settings, request, Cancel(), lambda event: None)
    for head in workspace.people.glob("*/*/session.json"):
        _without_aligned(head)
    former_model(workspace)
    rows = workspace.features / FORMER_EXTRACTOR / "grace-hopper" / "rows.npz"
    rows.parent.mkdir(parents=True)
    rows.write_bytes(bytes(2_000_000))


def former_model(
    workspace: Workspace,
    space: str = FORMER_SPACE,
    extractor: str = FORMER_EXTRACTOR,
    *,
    promote: bool = True,
) -> ModelInfo:
    """A model of a former face space, or of another, in use unless not promoted."""
    people = [(each.id, each.name, each.revision) for each in People(workspace).list()]
    centres = np.eye(len(people), 64, dtype=np.float32)
    details = {
        "backbone": "vgg16",
        "extractor": extractor,
        "face_space": space,
        "weights": "e" * 64,
    }
    store = ModelStore(workspace)
    info = store.save(
        ModelDraft(recipe="head", people=people, centres=centres, threshold=0.2, details=details)
    )
    if promote:
        store.promote(info.id)
    return info


def crops(workspace: Workspace) -> dict[str, bytes]:
    """Every crop of people and strangers, by its path in the workspace."""
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for area in (workspace.people, workspace.strangers)
        for path in sorted(area.glob("*/*/*.png"))
    }


def _without_aligned(head: Path) -> None:
    body = json.loads(head.read_text("utf-8"))
    del body["aligned"]
    head.write_text(json.dumps(body), "utf-8")
    records = head.with_name("pictures.jsonl")
    lines = [json.loads(line) for line in records.read_text("utf-8").splitlines()]
    for line in lines:
        del line["aligned"]
    records.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
