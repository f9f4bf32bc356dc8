"""The enrolment state machine with the real gates, on made-up faces and on a real clip."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.camera.source import Frame
from engine.contract import Captured, Refused
from engine.contract.errors import DiskFull, PersonNotFound, UsageError
from engine.faces.align import Box, Face
from engine.faces.quality import QualityGates
from engine.people.changes import undo
from engine.people.person import Person
from engine.people.picture_records import RECORDS_FILE, read_records
from engine.people.registry import People
from engine.people.session import Enrolment, State
from engine.pictures import decode_crop
from engine.settings import DetectionSettings, GateSettings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace

REPOSITORY = Path(__file__).resolve().parents[2]
BLACK = np.zeros((160, 160, 3), np.uint8)


@pytest.fixture
def people(workspace: Workspace) -> People:
    return People(workspace)


@pytest.fixture
def anna(people: People) -> Person:
    return people.add("Anna")


def enrolment(
    people: People, person: Person, target: int = 3, new_person: bool = False
) -> Enrolment:
    gates = QualityGates(GateSettings())
    return Enrolment(people, person, "clip.mp4", target, gates, new_person=new_person)


def crop(seed: int) -> NDArray[np.uint8]:
    """A crop that is sharp, neither dark nor bright, and unlike those of other seeds."""
    return np.random.default_rng(seed).integers(60, 190, (160, 160, 3), dtype=np.uint8)


def face(pixels: NDArray[np.uint8], width: int = 120) -> Face:
    return Face(Box(5, 6, width, width), ((40.0, 50.0), (80.0, 50.0)), True, pixels)


def frame(sequence: int) -> Frame:
    return Frame(np.zeros((240, 320, 3), np.uint8), sequence, sequence / 30, "clip.mp4")


def take_good(session: Enrolment, number: int, start: int = 0) -> list[Captured | Refused]:
    events: list[Captured | Refused] = []
    for sequence in range(start, start + number):
        events += session.take(frame(sequence), (face(crop(sequence)),))
    return events


def files(people: People) -> list[str]:
    root = people.workspace.people
    return sorted(path.name for path in root.rglob("*.png"))


def test_pictures_are_captured_until_the_target_is_reached(people: People, anna: Person) -> None:
    session = enrolment(people, anna, target=3)
    events = take_good(session, 5)
    assert [(e.captured, e.target) for e in events if isinstance(e, Captured)] == [
        (1, 3),
        (2, 3),
        (3, 3),
    ]
    assert session.state == "complete"
    assert files(people) == ["0001.png", "0002.png", "0003.png"]


def test_a_captured_picture_is_on_disk_as_it_was_seen(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    (event,) = take_good(session, 1, start=17)
    assert isinstance(event, Captured)
    assert (event.frame, event.box, event.file) == (17, (5, 6, 120, 120), "0001.png")
    stored = people.session_directory(anna.slug, event.session) / event.file
    assert np.array_equal(decode_crop(stored), crop(17))


def test_details_of_each_picture_are_kept(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    take_good(session, 2, start=30)
    folder = people.session_directory(anna.slug, session.session)
    record = read_records(folder)[0]
    assert (record.frame, record.seconds, record.box) == (30, 1.0, (5, 6, 120, 120))
    assert record.eyes_found
    assert record.brightness > 0
    assert record.sharpness > 0


@pytest.mark.parametrize(
    "spoilt",
    [{"file": "9" * 300}, {"file": "0002.png\0"}, {"seconds": "nan"}, {"sharpness": "inf"}],
)
def test_a_line_of_details_that_holds_what_is_none_is_left_out(
    people: People, anna: Person, spoilt: dict[str, str]
) -> None:
    session = enrolment(people, anna)
    take_good(session, 2)
    lines = people.session_directory(anna.slug, session.session) / RECORDS_FILE
    first, second = lines.read_text().splitlines()
    lines.write_text(f"{first}\n{json.dumps({**json.loads(second), **spoilt})}\n")
    assert [record.file for record in read_records(lines.parent)] == ["0001.png"]


@pytest.mark.parametrize(
    ("faces", "reason"),
    [
        ((), "no_face"),
        ((face(crop(1)), face(crop(2))), "several_faces"),
        ((face(crop(1), width=40),), "too_small"),
        ((face(BLACK),), "too_dark"),
        ((face(BLACK + 255),), "too_bright"),
        ((face(BLACK + 120),), "blurred"),
    ],
)
def test_a_refused_frame_is_reported_and_counted(
    people: People, anna: Person, faces: tuple[Face, ...], reason: str
) -> None:
    session = enrolment(people, anna)
    (event,) = session.take(frame(4), faces)
    assert isinstance(event, Refused)
    assert (event.reason, event.frame, event.person) == (reason, 4, "Anna")
    assert (event.box is None) == (not faces)
    assert session.refused == {reason: 1}
    assert files(people) == []


def test_a_near_copy_of_the_last_kept_picture_is_refused(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    for _ in range(3):
        session.take(frame(1), (face(crop(1)),))
    assert (session.captured, session.refused) == (1, {"duplicate": 2})


def test_every_refusal_is_reported(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    events = [event for n in range(5) for event in session.take(frame(n), ())]
    assert [event.frame for event in events] == [0, 1, 2, 3, 4]


def test_stopping_keeps_what_was_captured(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    take_good(session, 2)
    session.end("stopped")
    done = session.finish()
    assert (done.ended, done.captured, done.target) == ("stopped", 2, 3)
    assert people.get("Anna").pictures == 2


def test_a_source_that_ends_early_keeps_what_was_captured_and_says_so(
    people: People, anna: Person
) -> None:
    session = enrolment(people, anna)
    take_good(session, 2)
    session.end("source_ended")
    assert session.finish().ended == "source_ended"
    folder = people.session_directory(anna.slug, session.session)
    assert json.loads((folder / "session.json").read_text())["outcome"] == "source_ended"
    assert people.get("Anna").pictures == 2


def test_cancelling_removes_this_sessions_pictures_only(people: People, anna: Person) -> None:
    first = enrolment(people, anna)
    take_good(first, 3)
    first.finish()
    second = enrolment(people, anna)
    take_good(second, 2)
    second.end("cancelled")
    done = second.finish()
    assert (done.ended, done.captured, done.session) == ("cancelled", 0, "")
    assert [session.id for session in people.get("Anna").sessions] == [first.session]


@pytest.mark.parametrize("new", [True, False])
def test_what_was_given_up_waits_in_the_trash_and_undo_brings_it_back(
    people: People, anna: Person, new: bool
) -> None:
    person = people.add("Bob") if new else anna
    before = enrolment(people, anna)
    take_good(before, 3)
    before.finish()
    session = enrolment(people, person, new_person=new)
    take_good(session, 2)
    id = session.session
    session.end("cancelled")
    done = session.finish()
    assert (done.ended, done.captured, done.given_up) == ("cancelled", 0, 2)
    assert [each.name for each in people.list()] == ["Anna"]
    undone = undo(people.workspace, done.change)
    assert undone.title == f"Gave up the capture of {person.name} (2 pictures)"
    assert people.get(person.name).sessions[-1].id == id
    assert [each.pictures for each in people.list()] == ([3, 2] if new else [5])


def test_what_may_not_be_kept_is_not_kept_in_the_trash_either(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    take_good(session, 2)
    session.give_up(for_good=True)
    done = session.finish()
    assert (done.given_up, done.change) == (0, "")
    assert not list(people.workspace.root.rglob("*.png"))


def test_a_complete_session_can_no_longer_be_cancelled(people: People, anna: Person) -> None:
    session = enrolment(people, anna, target=1)
    take_good(session, 1)
    session.end("cancelled")
    assert session.finish().ended == "complete"
    assert people.get("Anna").pictures == 1


@pytest.mark.parametrize("end", ["stopped", "source_ended", "cancelled"])
def test_a_session_that_is_over_takes_no_more_frames(
    people: People, anna: Person, end: State
) -> None:
    session = enrolment(people, anna)
    session.end(end)
    assert take_good(session, 2) == []
    assert files(people) == []


def test_the_closing_event_counts_refusals_by_reason(people: People, anna: Person) -> None:
    seconds = count(100, 5)
    session = Enrolment(
        people, anna, "0", 9, QualityGates(GateSettings()), clock=lambda: next(seconds)
    )
    session.take(frame(0), ())
    session.take(frame(1), ())
    session.take(frame(2), (face(BLACK),))
    take_good(session, 1, start=3)
    done = session.finish()
    assert done.refused == {"no_face": 2, "too_dark": 1}
    assert (done.captured, done.seconds) == (1, 5)


def test_finishing_twice_gives_the_same_event(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    take_good(session, 1)
    assert session.finish() is session.finish()


def test_a_session_that_kept_nothing_leaves_no_folder(people: People, anna: Person) -> None:
    session = enrolment(people, anna)
    session.take(frame(0), ())
    assert session.finish().session == ""
    assert [p.name for p in (people.workspace.people / "anna").iterdir()] == ["person.json"]


@pytest.mark.parametrize("end", ["stopped", "source_ended", "cancelled"])
def test_a_new_person_without_a_picture_is_not_left_behind(people: People, end: State) -> None:
    session = enrolment(people, people.add("Bob"), new_person=True)
    if end == "cancelled":
        take_good(session, 2)
    session.end(end)
    session.finish()
    assert people.list() == ()


def test_a_new_person_with_a_picture_stays(people: People) -> None:
    session = enrolment(people, people.add("Bob"), new_person=True)
    take_good(session, 1)
    session.finish()
    assert people.get("Bob").pictures == 1


def test_a_person_who_was_there_before_stays(people: People, anna: Person) -> None:
    enrolment(people, anna).finish()
    assert people.get("Anna").pictures == 0


@pytest.mark.parametrize("target", [0, -1, 10_001])
def test_a_target_out_of_bounds_is_refused(people: People, anna: Person, target: int) -> None:
    with pytest.raises(UsageError):
        enrolment(people, anna, target=target)


def test_a_full_disk_stops_the_session_and_keeps_what_it_has(
    people: People, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    session = enrolment(people, anna)
    take_good(session, 1)
    with monkeypatch.context() as patch:
        patch.setattr("engine.workspace.files.os.fsync", full)
        with pytest.raises(DiskFull):
            take_good(session, 1, start=1)
    assert session.state == "stopped"
    assert session.finish().captured == 1
    assert files(people) == ["0001.png"]


@pytest.mark.parametrize("before", [0, 2])
def test_a_person_deleted_meanwhile_does_not_come_back(
    people: People, anna: Person, before: int
) -> None:
    session = enrolment(people, anna)
    take_good(session, before)
    people.delete_slug("anna")
    with pytest.raises(PersonNotFound):
        take_good(session, 1, start=before)
    assert session.finish().captured == 0
    assert list(people.workspace.people.iterdir()) == []


def test_a_kill_at_any_moment_leaves_whole_pictures(workspace: Workspace) -> None:
    script = """
import sys
import numpy as np
from pathlib import Path
from engine.camera.source import Frame
from engine.settings import GateSettings
from engine.people.registry import People
from engine.people.session import Enrolment
from engine.faces.align import Face
from engine.faces.align import Box
from engine.faces.quality import QualityGates
from engine.workspace.folder import Workspace
people = People(Workspace(Path(sys.argv[1])))
with people.workspace.writer("enrolment"):
    session = Enrolment(people, people.add("Anna"), "0", 10000, QualityGates(GateSettings()))
    for n in range(10000):
        crop = np.random.default_rng(n).integers(60, 190, (160, 160, 3), dtype=np.uint8)
        face = Face(Box(0, 0, 120, 120), ((40, 50), (80, 50)), True, crop)
        for event in session.take(Frame(crop, n, n / 30, "0"), (face,)):
            print(event.captured, flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(workspace.root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "OPENCV_LOG_LEVEL": "ERROR"},
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 20:
                child.send_signal(signal.SIGKILL)
                break
        reported = max([20, *(int(line) for line in child.stdout if line.endswith("\n"))])
    people = People(workspace)
    with workspace.writer("recovery"):
        workspace.recover()
    anna = people.get("Anna")
    assert anna.pictures >= reported
    assert all(decode_crop(path).shape == (160, 160, 3) for path in people.pictures(anna))
    assert not list(workspace.root.rglob(".tmp-*"))


@pytest.mark.shared
def test_a_person_is_enrolled_from_a_real_clip(people: People, clips: Path) -> None:
    from engine.camera.reader import Reader
    from engine.cancel import Cancel
    from engine.faces.detect import FaceFinder
    from engine.settings import CameraSettings

    finder = FaceFinder(DetectionSettings())
    session = enrolment(people, people.add("Woman A"), target=10)
    clip = clips / "woman_a.mp4"  # who moves more than the others
    with Reader(str(clip), CameraSettings(), "fast", lambda _: None) as reader:
        for each in reader.frames(Cancel()):
            session.take(each, finder.find(each.image))
            if session.state != "capturing":
                break
    done = session.finish()
    assert (done.ended, done.captured) == ("complete", 10)
    pictures = [decode_crop(path) for path in people.pictures(people.get("Woman A"))]
    assert len(pictures) == 10
    assert min(float(picture.mean()) for picture in pictures) > 40


def test_a_session_can_go_to_another_person_with_all_its_pictures(people: People) -> None:
    grace = people.add("Grace Hopper")
    stand_in = people.add("Somebody")
    session = enrolment(people, stand_in, new_person=True)
    session.take(frame(1), (face(crop(1)),))
    session.reassign(grace)
    session.take(frame(2), (face(crop(2)),))
    session.end("stopped")
    assert session.finish().person == "Grace Hopper"
    assert [(person.name, person.pictures) for person in people.list()] == [("Grace Hopper", 2)]


def test_a_session_given_away_before_its_first_picture_is_of_nobody_new(people: People) -> None:
    session = enrolment(people, people.add("Somebody"), new_person=True)
    session.reassign(people.add("Grace Hopper"))
    take_good(session, 1)
    session.end("stopped")
    session.finish()
    last = list(Audit(people.workspace).entries())[-1]
    assert (last.action, last.details["new"]) == ("enrolled", False)


def test_a_complete_session_can_still_be_given_up(people: People, anna: Person) -> None:
    session = enrolment(people, anna, target=1)
    session.take(frame(1), (face(crop(1)),))
    session.give_up()
    assert session.finish().ended == "cancelled"
    assert people.get("Anna").pictures == 0
