"""Evaluations in the workspace: of an older and a newer version, and beside others."""

from __future__ import annotations

import json
import math
import os

from engine.contract.events_base import Warned
from engine.desk import library
from engine.desk.library import load_evaluation, save_evaluation
from engine.workspace.folder import Workspace
from tests.tui.evaluations import MODEL, evaluation


def test_the_one_just_written_stays_though_the_clock_went_back(workspace: Workspace) -> None:
    for number in range(library.KEPT_EVALUATIONS):
        file = workspace.evaluations / f"{number}.json"
        file.write_text("{}")
        os.utime(file, (4_070_908_800, 4_070_908_800))  # 2099
    assert save_evaluation(workspace, evaluation())
    assert load_evaluation(workspace, MODEL)
    assert len(list(workspace.evaluations.iterdir())) == library.KEPT_EVALUATIONS


def test_what_was_not_measured_is_null_in_the_file_and_no_number_again(
    workspace: Workspace,
) -> None:
    given = evaluation(strangers=0, fpir_at_threshold=math.nan, tpir={"0.01": math.nan})
    save_evaluation(workspace, given)
    (file,) = workspace.evaluations.iterdir()
    assert "NaN" not in file.read_text()
    assert json.loads(file.read_text())["fpir_at_threshold"] is None
    kept = load_evaluation(workspace, MODEL)
    assert kept is not None
    assert math.isnan(kept[0].fpir_at_threshold)
    assert math.isnan(kept[0].tpir["0.01"])
    assert kept[0].rank1 == given.rank1


def test_one_of_before_that_holds_nan_is_read(workspace: Workspace) -> None:
    save_evaluation(workspace, evaluation())
    (file,) = workspace.evaluations.iterdir()
    file.write_text(json.dumps({**json.loads(file.read_text()), "fpir_at_threshold": math.nan}))
    assert "NaN" in file.read_text()
    kept = load_evaluation(workspace, MODEL)
    assert kept is not None
    assert math.isnan(kept[0].fpir_at_threshold)


def test_two_sided_intervals_of_an_older_version_are_not_told(workspace: Workspace) -> None:
    save_evaluation(workspace, evaluation())
    (file,) = workspace.evaluations.iterdir()
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": 1}))
    kept = load_evaluation(workspace, MODEL)
    assert kept is not None
    assert (kept[0].intervals, kept[0].rank1) == ({}, evaluation().rank1)


def test_one_of_a_newer_version_counts_as_none(workspace: Workspace) -> None:
    save_evaluation(workspace, evaluation())
    (file,) = workspace.evaluations.iterdir()
    body = json.loads(file.read_text())
    file.write_text(json.dumps({**body, "version": body["version"] + 1}))
    assert load_evaluation(workspace, MODEL) is None


def test_warnings_are_kept_and_sentences_of_an_older_version_are_read(workspace: Workspace) -> None:
    given = evaluation()
    save_evaluation(workspace, given)
    assert (load_evaluation(workspace, MODEL) or ("",))[0] == given
    (file,) = workspace.evaluations.iterdir()
    file.write_text(json.dumps({**json.loads(file.read_text()), "warnings": ["Too {few}."]}))
    kept = load_evaluation(workspace, MODEL)
    assert kept is not None
    assert kept[0].warnings == (Warned("said", "", ("Too {few}.",)),)
