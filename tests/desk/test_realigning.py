"""A workspace from before BlazeFace: its crops are realigned at the next training, none is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from former_workspace import COLLINS, HOPPER, crops, fill

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, FeaturesProgress, Notice
from engine.contract.errors import Cancelled, NothingToUndo, WorkspaceUnusable
from engine.faces.align import EYES_IN_CROP
from engine.faces.detect import FaceFinder
from engine.jobs import realigning
from engine.jobs.realigning import realign
from engine.people import changes
from engine.people.permission import NOTHING_NEW, enrolled
from engine.people.picture_records import read_records
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.pictures import decode_crop
from engine.rights.erase import erase
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.people.captures import captured, grey
from tests.workspace.vault.whole_workspace import OPENER

pytest.importorskip("openvino")

EACH = 4
SETTINGS = load_settings()


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("former") / "workspace")
    made.prepare()
    fill(made, EACH)
    return made


@pytest.fixture
def old(former: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it."""
    shutil.copytree(former.root, tmp_path / "old")
    return Workspace(tmp_path / "old")


def run(workspace: Workspace, settings: Settings = SETTINGS) -> list[Event]:
    events: list[Event] = []
    with workspace.writer("train"):
        realign(workspace, settings, Cancel(), events.append)
    return events


def told(events: list[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Notice))


def add(people: People, name: str, crop: np.ndarray) -> Path:
    """A session of one crop without a word about its alignment."""
    return captured(people, enrolled(people, name, NOTHING_NEW)[0], [crop], eyes_found=False)


def off(workspace: Workspace) -> float:
    """How far the eyes lie from their places, pixels, in the mean over all crops of people."""
    finder = FaceFinder(SETTINGS.detection)
    found = []
    for path in sorted(workspace.people.glob("*/*/*.png")):
        image = np.ascontiguousarray(decode_crop(path)[..., ::-1])
        (face, *_rest) = finder.find_in_photograph(image)
        found.append(np.abs(np.array(face.eyes) - EYES_IN_CROP).mean())
    return float(np.mean(found))


def test_crops_of_before_are_realigned_and_counted(old: Workspace) -> None:
    before, were_off = crops(old), off(old)
    events = run(old)
    after = crops(old)
    assert after.keys() == before.keys()
    assert after != before
    assert off(old) < were_off
    assert told(events).startswith(
        f"Realigned {2 * EACH} of {2 * EACH} pictures by the new detector."
    )
    progress = [event for event in events if isinstance(event, FeaturesProgress)]
    assert (progress[-1].done, progress[-1].total) == (2 * EACH, 2 * EACH)


def test_a_second_training_has_nothing_to_do_and_says_nothing(old: Workspace) -> None:
    run(old)
    before = crops(old)
    assert run(old) == []
    assert crops(old) == before


def test_a_crop_without_a_face_in_its_place_stays_and_is_marked(old: Workspace) -> None:
    blank = grey(128)
    folder = add(People(old), HOPPER, blank)
    events = run(old)
    assert np.array_equal(decode_crop(folder / "0001.png"), blank)
    assert "; 1 was kept as it is" in told(events)
    assert [record.aligned for record in read_records(folder)] == ["eyes"]
    others = [path.parent for path in old.people.glob("*/*/session.json") if path.parent != folder]
    marks = {record.aligned for other in others for record in read_records(other)}
    assert marks == {"points"}


def test_a_face_that_lies_elsewhere_in_the_crop_is_not_taken_for_it(old: Workspace) -> None:
    crop = decode_crop(next(old.people.glob("grace-hopper/*/0001.png")))
    aside = np.roll(crop, 60, axis=1)
    folder = add(People(old), HOPPER, aside)
    run(old)
    assert np.array_equal(decode_crop(folder / "0001.png"), aside)


def test_the_former_crops_come_back_by_the_changes_id_and_stay(old: Workspace) -> None:
    before = crops(old)
    run(old)
    made = Trash(old).changes()
    assert sorted(each.title for each in made) == [
        f"Realigned pictures of {COLLINS}",
        f"Realigned pictures of {HOPPER}",
    ]
    for each in made:
        changes.undo(old, each.id)
    assert crops(old) == before
    assert run(old) == []  # whoever took it back does not get it once more
    assert crops(old) == before


def test_undo_without_an_id_passes_over_what_nobody_did(old: Workspace) -> None:
    run(old)
    with pytest.raises(NothingToUndo):
        Trash(old).find()


def test_strangers_are_realigned_too(old: Workspace) -> None:
    crop = decode_crop(next(old.people.glob("grace-hopper/*/0001.png")))
    folder = add(People(StrangerArea(old)), "Somebody", crop)
    run(old)
    assert not np.array_equal(decode_crop(folder / "0001.png"), crop)
    assert "Realigned pictures of a stranger" in {each.title for each in Trash(old).changes()}


def test_a_cancelled_run_leaves_whole_people_and_goes_on_next_time(old: Workspace) -> None:
    before, cancel = crops(old), Cancel()

    def emit(event: Event) -> None:
        if isinstance(event, FeaturesProgress) and event.done == EACH + 1:
            cancel.cancel()

    with old.writer("train"), pytest.raises(Cancelled):
        realign(old, SETTINGS, cancel, emit)
    changed = {path.split("/")[1] for path, data in crops(old).items() if before[path] != data}
    assert changed == {"eileen-collins"}
    assert old.recover() == ()
    assert f"of {EACH} pictures" in told(run(old))


def test_a_run_killed_between_change_and_mark_moves_little_the_second_time(
    old: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, value: object) -> None:
        raise WorkspaceUnusable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(realigning, "write_json", killed)
        with pytest.raises(WorkspaceUnusable):
            run(old)
    lay = off(old)
    run(old)
    assert off(old) < lay + 1
    assert all(s.aligned == "points" for p in People(old).list() for s in p.sessions)


def test_sessions_of_today_are_left_alone(workspace: Workspace) -> None:
    people = People(workspace)
    captured(people, people.add("Ada"), [grey(99)], aligned="points")
    assert run(workspace) == []


def test_with_the_haar_cascade_nothing_is_realigned_and_nothing_said(old: Workspace) -> None:
    before = crops(old)
    assert run(old, load_settings(detection={"detector": "haar"})) == []
    assert crops(old) == before
    assert all(s.aligned == "eyes" for p in People(old).list() for s in p.sessions)


def test_an_encrypted_workspace_is_realigned_and_nothing_lies_open(old: Workspace) -> None:
    from engine.workspace.vault import convert, opened

    convert.create(old, OPENER)
    try:
        assert f"Realigned {2 * EACH} of" in told(run(old))
        pictures = [path for path in old.root.rglob("*") if path.is_file()]
        assert not [path for path in pictures if b"\x89PNG\r\n" in path.read_bytes()]
        (folder,) = {path.parent for path in old.people.glob("grace-hopper/*/*.png")}
        assert [record.aligned for record in read_records(folder)] == ["points"] * EACH
    finally:
        opened._OPENED.clear()


def test_erasing_a_person_takes_the_former_crops_along(old: Workspace) -> None:
    before = crops(old)
    run(old)
    with old.writer("erase"):
        done = erase(old, HOPPER)
    assert done.left == ()
    assert [each.title for each in Trash(old).changes()] == [f"Realigned pictures of {COLLINS}"]
    kept = {path.read_bytes() for path in old.trash.rglob("*.png")}
    assert kept == {data for path, data in before.items() if "eileen-collins" in path}
