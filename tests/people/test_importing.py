"""Import of real photographs into a real workspace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.cancel import Cancel
from engine.contract import Event, ImportDone, ImportProgress, ImportRefused, Notice
from engine.contract.errors import Cancelled, DataError, DiskFull
from engine.contract.people import Consent
from engine.faces.align import Box
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.people import importing
from engine.people.import_plan import plan_import
from engine.people.importing import Choice, Import
from engine.people.picture_records import read_records
from engine.people.registry import People
from engine.pictures import decode_crop, read_photograph
from engine.settings import DetectionSettings, GateSettings
from engine.workspace.files import TEMPORARY
from engine.workspace.folder import Workspace
from tests.faces.faceless import faceless

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(DetectionSettings())


@pytest.fixture(scope="module")
def collins() -> Picture:
    return read_photograph(DEMO / "collins.png")


@pytest.fixture(scope="module")
def hopper() -> Picture:
    return read_photograph(DEMO / "hopper.jpg")


@pytest.fixture
def people(workspace: Workspace) -> People:
    return People(workspace)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "photographs"


def put(path: Path, image: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def dimmed(image: Picture, steps: int) -> Picture:
    """The same face in another light: another crop."""
    return (image * (1 - steps * 0.1)).astype(np.uint8)


def start(
    folder: Path,
    people: People,
    finder: FaceFinder,
    choose: Choice = "central",
    cancel: Cancel | None = None,
) -> Iterator[Event]:
    gates = QualityGates(GateSettings())
    return Import(plan_import(folder), people, finder, gates, choose, cancel or Cancel()).run()


def refusals(events: list[Event]) -> dict[str, str]:
    return {each.file: each.reason for each in events if isinstance(each, ImportRefused)}


def done(events: list[Event]) -> tuple[int, int, int]:
    last = events[-1]
    assert isinstance(last, ImportDone)
    return last.people, last.images, last.refused


def test_every_person_gets_one_session_of_crops(
    source: Path, people: People, finder: FaceFinder, collins: Picture, hopper: Picture
) -> None:
    put(source / "Eileen Collins" / "1.png", collins)
    put(source / "Eileen Collins" / "2.jpg", collins[:, ::-1])
    put(source / "Grace_Hopper" / "1.png", hopper)
    events = list(start(source, people, finder))
    assert done(events) == (2, 3, 0)
    first, second = people.list()
    assert (first.name, first.pictures, len(first.sessions)) == ("Eileen Collins", 2, 1)
    assert (second.name, second.pictures) == ("Grace_Hopper", 1)
    crop = decode_crop(people.pictures(first)[0])
    assert np.array_equal(crop, finder.find_in_photograph(collins)[0].crop)
    records = read_records(people.session_directory(first.slug, first.sessions[0].id))
    assert [record.label for record in records] == ["1.png", "2.jpg"]
    assert first.sessions[0].source == "import photographs"


def test_progress_counts_every_file(
    source: Path, people: People, finder: FaceFinder, hopper: Picture
) -> None:
    put(source / "Grace" / "1.png", hopper)
    (source / "Grace" / "notes.txt").write_text("not a picture")
    (source / "Grace" / "2.jpg").write_bytes(b"broken")
    events = list(start(source, people, finder))
    progress = [each for each in events if isinstance(each, ImportProgress)]
    assert [each.done for each in progress] == [1, 2, 3]
    assert {each.total for each in progress} == {3}
    assert {each.file for each in progress} == {"Grace/1.png", "Grace/2.jpg", "Grace/notes.txt"}


def test_classic_layout_joins_the_parts_of_a_person(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "train" / "Eileen" / "1.png", collins)
    put(source / "validation" / "Eileen" / "2.png", collins[:, ::-1])
    assert done(list(start(source, people, finder))) == (1, 2, 0)
    (person,) = people.list()
    assert (person.name, person.pictures, len(person.sessions)) == ("Eileen", 2, 1)


def test_grey_small_and_tightly_cropped_photographs_are_taken(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "E" / "grey.png", np.asarray(cv2.cvtColor(collins, cv2.COLOR_BGR2GRAY)))
    put(source / "E" / "small.png", np.asarray(cv2.resize(collins, None, fx=0.7, fy=0.7)))
    put(source / "E" / "tight.png", collins[79:163, 183:266])
    events = list(start(source, people, finder))
    assert refusals(events) == {}
    assert done(events) == (1, 3, 0)


def test_each_unusable_file_is_reported_with_its_reason(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "E" / "good.png", collins)
    put(source / "E" / "wall.png", np.full((300, 300, 3), 120, np.uint8))
    put(source / "E" / "far.png", np.asarray(cv2.resize(collins, None, fx=0.45, fy=0.45)))
    put(source / "E" / "night.png", (collins * 0.04).astype(np.uint8))
    (source / "E" / "empty.jpg").write_bytes(b"")
    whole = (source / "E" / "good.png").read_bytes()
    (source / "E" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (source / "E" / "list.csv").write_text("a,b")
    put(source / "loose.png", collins)
    found = refusals(list(start(source, people, finder)))
    assert found.pop("E/night.png") in ("too_dark", "no_face")
    assert found == {
        "E/wall.png": "no_face",
        "E/far.png": "too_small",
        "E/empty.jpg": "unreadable",
        "E/cut.png": "unreadable",
        "E/list.csv": "not_a_picture",
        "loose.png": "no_person",
    }
    assert people.get("E").pictures == 1


def test_face_choice(
    source: Path, people: People, finder: FaceFinder, collins: Picture, hopper: Picture
) -> None:
    large = np.asarray(cv2.resize(hopper[:384, 60:460], None, fx=1.3, fy=1.3), dtype=np.uint8)
    scene = np.full((large.shape[0], 1300, 3), 100, np.uint8)
    scene[: large.shape[0], : large.shape[1]] = large
    scene[40:340, 590:840] = collins[:300, 100:350]
    put(source / "Both" / "1.png", scene)
    by_name: dict[Choice, tuple[int, int, int]] = {}
    boxes = {}
    for choose in ("central", "largest", "only"):
        events = list(start(source, people, finder, choose))
        by_name[choose] = done(events)
        if choose == "only":
            assert refusals(events) == {"Both/1.png": "several_faces"}
            continue
        person = people.get("Both")
        (record,) = read_records(people.session_directory(person.slug, person.sessions[-1].id))
        boxes[choose] = record.box
        people.delete_slug("both")
    assert by_name == {"central": (1, 1, 0), "largest": (1, 1, 0), "only": (0, 0, 1)}
    assert boxes["largest"][2] > boxes["central"][2] * 1.5
    assert boxes["largest"][0] < 300 < boxes["central"][0]


def test_person_without_a_usable_picture_is_not_created(
    source: Path, people: People, finder: FaceFinder, collins: Picture, workspace: Workspace
) -> None:
    put(source / "Nobody" / "wall.png", np.full((300, 300, 3), 120, np.uint8))
    put(source / "Somebody" / "1.png", collins)
    assert done(list(start(source, people, finder))) == (1, 1, 1)
    assert [person.name for person in people.list()] == ["Somebody"]
    assert len(list(workspace.people.iterdir())) == 1


def test_same_folder_again_adds_nothing_and_says_so(
    source: Path, people: People, finder: FaceFinder, collins: Picture, hopper: Picture
) -> None:
    put(source / "E" / "1.png", collins)
    list(start(source, people, finder))
    before = people.get("E")
    put(source / "E" / "2.png", hopper)
    events = list(start(source, people, finder))
    assert refusals(events) == {"E/1.png": "duplicate"}
    after = people.get("E")
    assert (after.pictures, len(after.sessions)) == (2, 2)
    assert after.sessions[0] == before.sessions[0]
    events = list(start(source, people, finder))
    assert done(events) == (0, 0, 2)
    assert people.get("E") == after


def test_copy_of_a_photograph_is_taken_once(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "E" / "1.png", collins)
    shutil.copy(source / "E" / "1.png", source / "E" / "copy.png")
    assert refusals(list(start(source, people, finder))) == {"E/copy.png": "duplicate"}


def test_pictures_join_a_person_who_is_enrolled_already(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    people.add("Eileen", consent=Consent("desk"))
    put(source / "EILEEN" / "1.png", collins)
    list(start(source, people, finder))
    (person,) = people.list()
    assert (person.name, person.consent, person.pictures) == ("Eileen", Consent("desk"), 1)


def test_every_taken_picture_is_on_disk_before_the_next_file(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    for number in range(3):
        put(source / "E" / f"{number}.png", dimmed(collins, number))
    for event in start(source, people, finder):
        if isinstance(event, ImportProgress):
            assert people.get("E").pictures == event.done


def test_cancel_keeps_finished_sessions_and_removes_the_unfinished_one(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    for name in ("A", "B"):
        for number in range(2):
            put(source / name / f"{number}.png", dimmed(collins, number))
    cancel = Cancel()
    events = start(source, people, finder, cancel=cancel)
    for event in events:
        if isinstance(event, ImportProgress) and event.file == "B/0.png":
            break
    assert people.get("B").pictures == 1
    cancel.cancel()
    with pytest.raises(Cancelled) as caught:
        next(events)
    assert "2 pictures of 1 person" in caught.value.message
    (person,) = people.list()
    assert (person.name, person.pictures) == ("A", 2)
    assert not list(people.workspace.people.rglob(f"{TEMPORARY}*"))


def test_stop_keeps_all_that_was_imported(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    for number in range(3):
        put(source / "A" / f"{number}.png", dimmed(collins, number))
    cancel = Cancel()
    events = []
    for event in start(source, people, finder, cancel=cancel):
        events.append(event)
        cancel.stop()
    assert done(events) == (1, 1, 0)
    assert people.get("A").pictures == 1


def test_consumer_that_goes_away_leaves_whole_pictures(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    for number in range(3):
        put(source / "A" / f"{number}.png", dimmed(collins, number))
    events = start(source, people, finder)
    next(events)
    del events
    assert people.get("A").pictures == 1


def test_full_disk_is_told_and_loses_nothing(
    source: Path,
    people: People,
    finder: FaceFinder,
    collins: Picture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("A", "B"):
        put(source / name / "1.png", collins)
    encode = importing.encode_png

    def fails_for_b(crop: Picture) -> bytes:
        if len(people.list()) > 1:
            raise DiskFull("The disk is full")
        return encode(crop)

    monkeypatch.setattr(importing, "encode_png", fails_for_b)
    with pytest.raises(DiskFull):
        list(start(source, people, finder))
    assert [(person.name, person.pictures) for person in people.list()] == [("A", 1)]


def test_folder_without_sub_folders_is_refused_before_anything_is_written(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "1.png", collins)
    with pytest.raises(DataError, match="nobody to import"):
        start(source, people, finder)
    assert people.list() == ()


@pytest.mark.shared
def test_lfw_people_are_imported_almost_without_refusals(
    source: Path, people: People, finder: FaceFinder, lfw: Path
) -> None:
    for folder in sorted((lfw / "known").iterdir())[:3]:
        (source / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:8]:
            shutil.copy(path, source / folder.name)
    persons, images, refused = done(list(start(source, people, finder)))
    assert persons == 3
    assert images + refused == 24
    assert refused <= 1


def test_what_is_no_picture_of_this_folder_is_refused_with_its_reason(
    source: Path, people: People, finder: FaceFinder, collins: Picture, tmp_path: Path
) -> None:
    folder = source / "Eileen Collins"
    put(folder / "1.png", collins)
    put(tmp_path / "elsewhere" / "secret.png", collins)
    (folder / "2.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    (folder / "3.png").symlink_to(folder / "3.png")
    (folder / "4.png").symlink_to("/dev/zero")
    (folder / "5.png").symlink_to("1.png")
    os.mkfifo(folder / "6.png")
    (source / "Somebody").symlink_to(tmp_path / "elsewhere")
    (source / "Circle").symlink_to(source)
    events = list(start(source, people, finder))
    assert refusals(events) == {
        "Eileen Collins/2.png": "leads_outside",
        "Eileen Collins/3.png": "unreadable",
        "Eileen Collins/4.png": "leads_outside",
        "Eileen Collins/5.png": "duplicate",
        "Eileen Collins/6.png": "unreadable",
        "Somebody": "leads_outside",
        "Circle/Eileen Collins": "nested_folder",
        "Circle/Somebody": "leads_outside",
        "Circle/Circle": "nested_folder",
    }
    assert done(events)[:2] == (1, 1)


def test_a_folder_whose_name_looks_like_somebody_elses_is_refused_and_the_rest_goes_on(
    source: Path, people: People, finder: FaceFinder, collins: Picture, hopper: Picture
) -> None:
    put(source / "Eileen Collins" / "1.png", collins)
    put(source / "Еileen Collins" / "1.png", hopper)  # noqa: RUF001 -- a Cyrillic letter
    put(source / "Grace Hopper" / "1.png", hopper)
    events = list(start(source, people, finder))
    assert list(refusals(events).values()) == ["name_taken"]
    assert [person.name for person in people.list()] == ["Eileen Collins", "Grace Hopper"]


def test_names_of_any_bytes_are_told_as_text(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    folder = source / "Eileen Collins"
    put(folder / "1.png", collins)
    for name in (b"\xff\xfe.png", b"a\x1b[31m.png", b"x" * 251 + b".png"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"no picture")
    Path(os.fsdecode(os.fsencode(source) + b"/\xff")).mkdir()
    events = list(start(source, people, finder))
    assert sorted(refusals(events).values()) == ["unreadable"] * 3
    for file in refusals(events):
        file.encode()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photograph_is_turned_back_and_that_is_told(
    source: Path, people: People, finder: FaceFinder, collins: Picture, quarters: int
) -> None:
    put(source / "E" / "1.png", np.ascontiguousarray(np.rot90(collins, quarters)))
    events = list(start(source, people, finder))
    assert done(events) == (1, 1, 0)
    (told,) = [event.text for event in events if isinstance(event, Notice)]
    assert told == f"E/1.png was turned by {360 - 90 * quarters} degrees to the left"
    crop = decode_crop(people.pictures(people.get("E"))[0])
    upright = finder.find_in_photograph(collins)[0]
    assert np.abs(crop.astype(int) - upright.crop).mean() < 1
    person = people.get("E")
    (record,) = read_records(people.session_directory(person.slug, person.sessions[0].id))
    # The box is where the face is in the photograph as it lies there: turning the upright
    # photograph by so many quarters is turning it back by the others.
    assert Box(*record.box).overlap(upright.box.turned_back(-quarters % 4, 512, 512)) > 0.9


def test_an_animation_and_a_format_that_is_not_read_are_told(
    source: Path, people: People, finder: FaceFinder, collins: Picture, hopper: Picture
) -> None:
    (source / "E").mkdir(parents=True)
    first, second = (Image.fromarray(picture[..., ::-1]) for picture in (collins, hopper))
    first.save(source / "E" / "a.gif", save_all=True, append_images=[second])
    (source / "E" / "b.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    events = list(start(source, people, finder))
    assert done(events) == (1, 1, 1)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert told == ["E/a.gif: of its several pictures only the first is used"]
    assert refusals(events) == {"E/b.jpg": "heic"}


def test_of_pictures_without_a_face_none_is_stored(
    source: Path, people: People, finder: FaceFinder
) -> None:
    pictures = {name: each for name, each in faceless().items() if name.endswith(" 0")}
    assert len(pictures) == 6, "one of a kind: the detector's own test looks at all"
    for name, picture in pictures.items():
        put(source / "Nobody" / f"{name}.png", picture)
    events = list(start(source, people, finder))
    assert done(events) == (0, 0, 6)
    assert set(refusals(events).values()) == {"no_face"}
    assert people.list() == ()


def test_other_faces_beside_the_taken_one_are_counted_and_noted(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    one = collins[:300, 100:350]
    put(source / "E" / "1.png", np.concatenate([one, one, one], axis=1))
    put(source / "E" / "2.png", collins)
    events = list(start(source, people, finder))
    last = events[-1]
    assert isinstance(last, ImportDone)
    assert (last.images, last.crowded) == (2, 1)
    person = people.get("E")
    records = read_records(people.session_directory(person.slug, person.sessions[0].id))
    assert [record.others for record in records] == [2, 0]


def test_a_much_smaller_face_in_the_background_is_nobody_who_may_be_meant(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    small = cv2.resize(collins[:380, 100:350], None, fx=0.48, fy=0.48, interpolation=cv2.INTER_AREA)
    scene = np.concatenate([collins, np.full((512, 128, 3), 120, np.uint8)], axis=1)
    scene[100 : 100 + small.shape[0], 520 : 520 + small.shape[1]] = small
    put(source / "E" / "1.png", scene)
    assert len(finder.find_in_photograph(scene)) == 2
    last = list(start(source, people, finder))[-1]
    assert isinstance(last, ImportDone)
    assert (last.images, last.crowded) == (1, 0)


def test_a_small_face_is_refused_as_too_small_with_its_width(
    source: Path, people: People, finder: FaceFinder, collins: Picture
) -> None:
    put(source / "E" / "1.png", np.asarray(cv2.resize(collins, None, fx=0.4, fy=0.4)))
    (refused,) = [e for e in start(source, people, finder) if isinstance(e, ImportRefused)]
    assert (refused.reason, refused.limit) == ("too_small", 60)
    assert refused.value == pytest.approx(46, abs=4)
