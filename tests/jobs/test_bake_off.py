"""The bake-off as a job: whose pictures search, who takes part, and that it leaves no trace."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract import Event, Notice, Warned
from engine.contract.errors import Cancelled, NoPictures, UsageError
from engine.contract.requests import BakeOffRequest
from engine.jobs.bake_off import bake_off, own_strangers
from engine.jobs.contestants import NOBODY, Pictures, probes_in, strangers_in
from engine.people.registry import People
from engine.pictures import encode_png
from engine.settings import DetectionSettings, Settings, TrainingSettings
from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace
from tests.model.sketch import sketched

__all__ = ["sketched"]

SESSION = "20260101-000000-ab"
QUICK = Settings(training=TrainingSettings(classic_epochs=1, epochs=2, views=0))


def pattern(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (160, 160, 3), np.uint8)


def enrol(workspace: Workspace, *names: str, pictures: int = 5) -> None:
    """People of noise, everybody's pictures alike."""
    for seed, name in enumerate(names):
        folder = workspace.people / name.lower().replace(" ", "-").replace("_", "-")
        created = "2026-01-01T00:00:00+00:00"
        write_json(folder / "person.json", {"format": 1, "name": name, "created": created})
        for number in range(pictures):
            crop = encode_png(pattern(seed) + np.uint8(3 * number))
            write_bytes(folder / SESSION / f"{number + 1:04d}.png", crop)


def add_strangers(workspace: Workspace, *names: str) -> None:
    created = "2026-01-01T00:00:00+00:00"
    for seed, name in enumerate(names, 100):
        folder = workspace.strangers / name.replace(" ", "-")
        write_json(folder / "person.json", {"format": 1, "name": name, "created": created})
        write_bytes(folder / SESSION / "0001.png", encode_png(pattern(seed)))


# --- the pictures -------------------------------------------------------------------------------


def test_the_workspace_s_own_strangers_are_counted_by_person(workspace: Workspace) -> None:
    enrol(workspace, "Ada")
    add_strangers(workspace, "eve", "mallory")
    found = own_strangers(workspace, lambda event: None)
    assert found is not None
    assert (found.people, len(found.pictures.labels), found.source) == (2, 2, "own")


def test_somebody_enrolled_is_no_stranger(workspace: Workspace) -> None:
    enrol(workspace, "Ada", "Bo_Ek")
    add_strangers(workspace, "ada", "bo ek")
    assert own_strangers(workspace, lambda event: None) is NOBODY


@pytest.fixture
def photographs(lfw: Path, tmp_path: Path) -> Path:
    """Two people with two photographs each."""
    root = tmp_path / "photographs"
    for person in sorted((lfw / "known").iterdir())[:2]:
        (root / person.name).mkdir(parents=True)
        for file in sorted(person.iterdir())[:2]:
            shutil.copyfile(file, root / person.name / file.name)
    return root


@pytest.mark.shared
def test_sub_folders_are_strangers_and_loose_pictures_are_one_each(photographs: Path) -> None:
    (first, *_), (second, *_) = (sorted(p.iterdir()) for p in sorted(photographs.iterdir()))
    shutil.copyfile(first, photographs / "one.jpg")
    shutil.copyfile(second, photographs / "two.jpg")
    found = strangers_in(photographs, DetectionSettings(), Cancel())
    assert (found.people, len(found.pictures.crops)) == (4, 6)


@pytest.mark.shared
def test_probes_are_matched_by_name_and_others_are_left_out(
    workspace: Workspace, photographs: Path
) -> None:
    known, other = sorted(path.name for path in photographs.iterdir())
    enrol(workspace, "Zoe", known.replace("_", " ").title())
    (photographs / known / "empty.png").write_bytes(encode_png(np.zeros((90, 90, 3), np.uint8)))
    people = People(workspace).list()
    probes, told = probes_in(photographs, people, DetectionSettings(), Cancel())
    assert {people[label].slug for label in probes.labels} == {known.replace("_", "-").lower()}
    assert len(probes.labels) == 2
    assert probes.missed == 1
    assert told == (Warned("unknown_name", other), Warned("no_probes", "Zoe"))


@pytest.mark.shared
def test_a_name_with_an_underscore_has_its_probes_in_the_bake_off_too(
    workspace: Workspace, photographs: Path
) -> None:
    enrol(workspace, *(path.name for path in photographs.iterdir()))  # Given_Name, as LFW has it
    people = People(workspace).list()
    assert all("_" in person.name for person in people)
    probes, told = probes_in(photographs, people, DetectionSettings(), Cancel())
    assert sorted(probes.labels.tolist()) == [0, 0, 1, 1]
    assert told == ()


def test_own_strangers_search_beside_the_probes_people(workspace: Workspace) -> None:
    enrol(workspace, "Ada")
    add_strangers(workspace, "eve", "mallory")
    own = own_strangers(workspace, lambda event: None)
    assert own is not NOBODY
    found = own.with_stand_ins(Pictures(own.pictures.crops[:1].repeat(3, 0), np.array([0, 1, 1])))
    assert (found.people, found.searches, found.source) == (4, 5, "own_and_left_out")
    alone = NOBODY.with_stand_ins(Pictures(own.pictures.crops[:1].repeat(3, 0), np.zeros(3, int)))
    assert (alone.people, alone.searches, alone.source) == (1, 3, "left_out")


# --- the job ------------------------------------------------------------------------------------


def test_an_empty_workspace_is_said(workspace: Workspace) -> None:
    with pytest.raises(NoPictures):
        bake_off(workspace, QUICK, BakeOffRequest(), Cancel(), lambda event: None)


def test_an_fpir_outside_of_its_bounds_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        bake_off(workspace, QUICK, BakeOffRequest(fpir=1.5), Cancel(), lambda event: None)


def test_a_cancelled_bake_off_ends_at_once(workspace: Workspace) -> None:
    enrol(workspace, "Ada", "Bob")
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        bake_off(workspace, QUICK, BakeOffRequest(), cancel, lambda event: None)


@pytest.mark.usefixtures("sketched")
def test_all_are_compared_and_nothing_but_features_is_written(
    workspace: Workspace,
) -> None:
    enrol(workspace, "Ada", "Bob", "Cyd")
    add_strangers(workspace, "eve")
    events: list[Event] = []
    done = bake_off(workspace, QUICK, BakeOffRequest(), Cancel(), events.append)
    names = [row["contestant"] for row in done.rows]
    assert names == ["classic", "VGG16", "face network", "both"]
    assert (done.strangers_from, done.stranger_people) == ("own_and_left_out", 4)
    assert done.strangers == done.probes + 1
    assert done.fpir == pytest.approx(1 / done.strangers)
    assert all(row["milliseconds"] > 0 and row["megabytes"] > 11 for row in done.rows)
    assert events[-1] is done
    assert [e.text for e in events if isinstance(e, Notice)][-1] == "Measured: both"
    assert not any(workspace.models.iterdir())
    assert not workspace.split_file.exists()


def test_one_person_without_strangers_has_a_rank_one_and_no_fpir(workspace: Workspace) -> None:
    enrol(workspace, "Ada")
    done = bake_off(workspace, QUICK, BakeOffRequest(), Cancel(), lambda event: None)
    assert [row["contestant"] for row in done.rows] == ["VGG16", "face network", "both"]
    assert done.strangers_from == "none"
    assert all(row["rank1"] == 1 and math.isnan(row["tpir"]) for row in done.rows)
