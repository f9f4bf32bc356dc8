"""A kept evaluation that somebody changed counts as none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.desk import library
from engine.desk.library import load_evaluation as load
from engine.workspace.folder import Workspace
from tests.fuzz.seeds import workspace_files

(NAME,) = (name for name in workspace_files() if name.startswith("evaluations/"))
MODEL = NAME.removeprefix("evaluations/").removesuffix(".json")


def put(workspace: Workspace, **changes: Any) -> None:
    body = {**json.loads(workspace_files()[NAME]), **changes}
    workspace.evaluations.mkdir(exist_ok=True)
    (workspace.root / NAME).write_text(json.dumps(body))


def test_one_that_nobody_changed_is_there(workspace: Workspace) -> None:
    put(workspace)
    assert load(workspace, MODEL) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"people": True},
        {"people": [1, 2]},
        {"rank1": "good"},
        {"probes": 1.5},
        {"tpir": []},
        {"per_person": {"Ada": "x"}},
        {"per_person": {"Ada": [1]}},
        {"confusion": [["a"]]},
        {"det": [[1, 2]]},
        {"sentence": None},
        {"slugs": []},
        {"slugs": 5},
        {"model": "another"},
        {"type": "Notice"},
        {"unheard_of": 1},
    ],
    ids=str,
)
def test_one_of_other_types_counts_as_none(workspace: Workspace, changes: dict[str, Any]) -> None:
    put(workspace, **changes)
    assert load(workspace, MODEL) is None


def test_one_that_is_nested_or_too_long_counts_as_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace)
    monkeypatch.setattr(library, "LARGEST_EVALUATION", 10)
    assert load(workspace, MODEL) is None
    monkeypatch.undo()
    (workspace.root / NAME).write_text("[" * 100_000)
    assert load(workspace, MODEL) is None
