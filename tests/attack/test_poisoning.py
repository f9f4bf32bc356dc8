"""A second person in a capture, an import folder or under a name in use does not go unnoticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import cv2
import pytest

from engine.cancel import Cancel
from engine.contract import (
    Captured,
    EnrolDone,
    Event,
    FaceAnswer,
    ImportDone,
    LooksEnrolled,
    Notice,
    SecondFace,
    SetAside,
    TwinChoice,
)
from engine.contract.errors import NoModel
from engine.contract.requests import EnrolRequest, EvaluateRequest, ImportRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.jobs.enrol import enrol
from engine.jobs.evaluate import evaluate
from engine.jobs.imports import import_pictures
from engine.jobs.judging import guard_here
from engine.jobs.train import train
from engine.machine import environment, python
from engine.model import openvino_rows
from engine.model.backbones import backbone_name
from engine.model.store import ModelStore
from engine.people import changes, permission
from engine.people.picture_records import PictureRecord, read_records
from engine.people.registry import People
from engine.people.trash import Trash
from engine.rights.stores import export_person
from engine.settings import ModelSettings, Settings, TrainingSettings
from engine.workspace.folder import Workspace
from tests.desk.desk_driver import Collector, started, wait_unlocked
from tests.templates import COLLINS, copy_of, without_epochs
from tui.cli import main

SETTINGS = Settings(training=TrainingSettings(views=0))
RESNET = Settings(training=SETTINGS.training, model=ModelSettings(backbone="resnet"))
"""The network that looks at a picture sixteen times as fast, for what is not about the network."""
E = TypeVar("E", bound=Event)
Twins = Callable[[LooksEnrolled], TwinChoice | None]
LONGEST = 600.0
"""Seconds until a hang is a failure."""
SIZE = 360, 288
"""Of a spliced clip: every frame is brought to it."""
OF_THE_MAN, MIXED = 14, 16
"""Frames of the man in the clip of two, and pictures that are taken of it: 9 and 7."""


def splice(parts: list[tuple[Path, int, int]], into: Path) -> Path:
    """Frames `first` to `first + count` of each clip, one clip after the other."""
    writer = cv2.VideoWriter(str(into), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, SIZE)
    for clip, first, count in parts:
        capture = cv2.VideoCapture(str(clip))
        capture.set(cv2.CAP_PROP_POS_FRAMES, first)
        for _ in range(count):
            good, image = capture.read()
            assert good
            writer.write(cv2.resize(image, SIZE))
        capture.release()
    writer.release()
    return into


@pytest.fixture(scope="module")
def mixed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A man, and then a woman in his place."""
    return splice(
        [(clips / "man_b.mp4", 21, OF_THE_MAN), (clips / "woman_a.mp4", 0, 20)],
        tmp_path_factory.mktemp("mixed") / "mixed.avi",
    )


def capture(
    workspace: Workspace, name: str, clip: Path | str, count: int, settings: Settings = SETTINGS
) -> list[Event]:
    """Enrol as the command line does; the events."""
    events: list[Event] = []
    request = EnrolRequest(person=name, source=str(clip), count=count, pace="fast")
    guard = guard_here(workspace, settings, events.append)
    with workspace.writer("a test"):
        enrol(workspace, settings, request, Cancel(), events.append, faces=guard)
    return events


def unwatched(workspace: Workspace, name: str, clip: Path | str, count: int) -> None:
    """Enrol as it was before anybody looked: the poisoned person of an old workspace."""
    request = EnrolRequest(person=name, source=str(clip), count=count, pace="fast")
    with workspace.writer("a test"):
        enrol(workspace, SETTINGS, request, Cancel(), lambda event: None)


@pytest.fixture(scope="module")
def captured_man(
    clips: Path, cut: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Event]]:
    """A workspace with eight pictures of a man, to be copied, and the events of their capture."""
    folder = tmp_path_factory.mktemp("man")
    workspace = Workspace(folder / "workspace")
    workspace.prepare()
    clip = cut(clips / "man_a_take1.mp4", folder / "man.avi", 45, 60)
    return workspace.root, capture(workspace, "Man", clip, 8)


@pytest.fixture
def of_a_man(captured_man: tuple[Path, list[Event]], tmp_path: Path) -> Workspace:
    """A workspace in which Man is enrolled."""
    return copy_of(captured_man[0], tmp_path / "man")


def of(events: list[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def records(workspace: Workspace, name: str) -> list[PictureRecord]:
    """Of all pictures of a person."""
    people = People(workspace)
    person = people.get(name)
    return [
        record
        for session in person.sessions
        for record in read_records(people.session_directory(person.slug, session.id))
    ]


def frames(workspace: Workspace, name: str) -> list[int]:
    """The frames of the clip that a person's pictures were taken from."""
    return [record.frame for record in records(workspace, name)]


def test_a_second_person_in_a_capture_is_put_aside_and_told(
    workspace: Workspace, mixed: Path
) -> None:
    events = capture(workspace, "Man", mixed, MIXED)
    (done,) = of(events, EnrolDone)
    (aside,) = of(events, SetAside)
    assert min(done.captured, aside.pictures) >= 5
    assert done.aside == aside.pictures
    (seen,) = of(events, SecondFace)
    assert (seen.first, seen.others) == (done.captured, aside.pictures)
    # Every picture that is left is of the face with the most of them, and none of it is lost.
    left = frames(workspace, "Man")
    assert len(left) == done.captured
    assert len({frame < OF_THE_MAN for frame in left}) == 1
    changes.undo(workspace, aside.change)
    assert len(frames(workspace, "Man")) == done.captured + aside.pictures


def test_one_persons_own_capture_is_left_alone(
    of_a_man: Workspace, captured_man: tuple[Path, list[Event]], clips: Path
) -> None:
    events = captured_man[1]
    assert not [*of(events, SecondFace), *of(events, SetAside), *of(events, LooksEnrolled)]
    more = capture(of_a_man, "Man", clips / "man_a_take2.mp4", 12)
    assert not [*of(more, SecondFace), *of(more, SetAside), *of(more, LooksEnrolled)]
    assert People(of_a_man).get("Man").pictures == 20


def test_somebody_else_before_the_camera_of_a_person_who_is_enrolled(
    of_a_man: Workspace, clips: Path
) -> None:
    events = capture(of_a_man, "Man", clips / "woman_a.mp4", 6)
    (seen,) = of(events, SecondFace)
    (aside,) = of(events, SetAside)
    assert (seen.earlier, aside.pictures) == (True, 6)
    assert People(of_a_man).get("Man").pictures == 8


@pytest.mark.parametrize("consent_taken_back", [False, True])
def test_a_person_who_is_enrolled_already_under_another_name(
    of_a_man: Workspace, clips: Path, consent_taken_back: bool
) -> None:
    if consent_taken_back:
        permission.note_consent(of_a_man, SETTINGS.consent, "Man", "Desk one", "")
        permission.withdraw_consent(of_a_man, "Man")
    events = capture(of_a_man, "Somebody", clips / "man_a_take2.mp4", 6)
    (told,) = of(events, LooksEnrolled)
    assert (told.person, told.other) == ("Somebody", "Man")


@pytest.mark.parametrize("by", ["both", "resnet"])
def test_the_model_in_use_tells_who_they_are_whatever_it_was_trained_with(
    demo_trained: Path, tmp_path: Path, by: Literal["both", "resnet"]
) -> None:
    workspace = copy_of(demo_trained, tmp_path / "demo")
    settings = Settings(training=SETTINGS.training, model=ModelSettings(backbone="both"))
    if by == "resnet":
        request = TrainRequest(backbone=by)
        with workspace.writer("a test"), without_epochs():
            train(workspace, settings, request, Cancel(), lambda event: None)
    assert backbone_name(ModelStore(workspace).load().info) == by
    shutil.rmtree(workspace.features)
    events = capture(workspace, "Somebody", "demo:collins?seed=5", 6, settings)
    (told,) = of(events, LooksEnrolled)
    assert (told.person, told.other) == ("Somebody", COLLINS)


# --- imports ------------------------------------------------------------------------------------


def folder_of(lfw: Path, into: Path, name: str, parts: dict[str, int]) -> Path:
    """`into/name` with so many pictures of each of these people."""
    target = into / name
    target.mkdir(parents=True)
    for who, count in parts.items():
        for file in sorted((lfw / "known" / who).iterdir())[:count]:
            shutil.copy(file, target / file.name)
    return into


def imported(
    workspace: Workspace,
    folder: Path,
    twins: Twins = lambda found: None,
    settings: Settings = SETTINGS,
) -> list[Event]:
    events: list[Event] = []
    guard = guard_here(workspace, settings, events.append)
    request = ImportRequest(folder=str(folder))
    with workspace.writer("a test"):
        import_pictures(workspace, settings, request, Cancel(), events.append, guard, twins)
    return events


@pytest.fixture(scope="module")
def known(lfw: Path) -> list[str]:
    return sorted(path.name for path in (lfw / "known").iterdir())


def test_two_people_in_one_folder(
    workspace: Workspace, lfw: Path, known: list[str], tmp_path: Path
) -> None:
    folder = folder_of(lfw, tmp_path / "in", "One", {known[0]: 8, known[4]: 4})
    events = imported(workspace, folder)
    (aside,) = of(events, SetAside)
    (done,) = of(events, ImportDone)
    assert (aside.pictures, done.images, done.aside) == (4, 8, 4)
    people = People(workspace)
    assert {each.label.rsplit("_", 1)[0] for each in records(workspace, "One")} == {known[0]}
    changes.undo(workspace, aside.change)
    assert people.get("One").pictures == 12


def test_the_same_folder_under_two_names(
    workspace: Workspace, lfw: Path, known: list[str], tmp_path: Path
) -> None:
    imported(workspace, folder_of(lfw, tmp_path / "in", "One", {known[0]: 6}))
    events = imported(workspace, folder_of(lfw, tmp_path / "again", "Two", {known[0]: 6}))
    (told,) = of(events, LooksEnrolled)
    assert (told.person, told.other, told.pictures) == ("Two", "One", 6)


def test_what_is_chosen_about_a_second_name_is_done_and_can_be_undone(
    workspace: Workspace, lfw: Path, known: list[str], tmp_path: Path
) -> None:
    imported(workspace, folder_of(lfw, tmp_path / "in", "One", {known[0]: 6}), settings=RESNET)
    again = folder_of(lfw, tmp_path / "again", "Two", {known[0]: 6})
    people = People(workspace)

    events = imported(workspace, again, lambda found: "stop", RESNET)
    (aside,), (done,) = of(events, SetAside), of(events, ImportDone)
    assert (aside.person, aside.looks_like, aside.pictures) == ("Two", "One", 6)
    assert (done.people, done.images, done.aside) == (0, 0, 6)
    assert [person.name for person in people.list()] == ["One"]
    changes.undo(workspace, aside.change)
    assert people.get("Two").pictures == 6
    changes.delete_people(workspace, ["Two"], 0)

    events = imported(workspace, again, lambda found: "same", RESNET)
    assert of(events, LooksEnrolled) == []
    assert [(person.name, person.pictures) for person in people.list()] == [("One", 12)]
    changes.undo(workspace)
    assert people.get("Two").pictures == 6
    changes.delete_people(workspace, ["Two"], 0)

    events = imported(workspace, again, lambda found: "different", RESNET)
    assert of(events, LooksEnrolled) == []  # somebody was asked: nobody need look again
    assert [(person.name, person.pictures) for person in people.list()] == [("One", 6), ("Two", 6)]


@pytest.mark.long
def test_a_recording_of_somebody_else_kept_with_a_person(
    workspace: Workspace, clips: Path, tmp_path: Path
) -> None:
    def facedesk(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = python("-m", "tui", *arguments, "--workspace", str(workspace.root))
        return subprocess.run(command, env=environment(), capture_output=True, timeout=LONGEST)

    source, recording = str(clips / "man_a_take1.mp4"), str(tmp_path / "recording")
    assert not facedesk(
        "enroll", "Man", "--source", source, "--count", "8", "--record", recording
    ).returncode
    capture(workspace, "Woman", clips / "woman_a.mp4", 8)
    into_another = facedesk("replay", f"{recording}.fdrec", "--into", "Woman")
    assert into_another.returncode == 6
    assert b"8 pictures of Woman show another face, that of Man" in into_another.stderr
    under_a_new_name = facedesk("replay", f"{recording}.fdrec", "--into", "Somebody")
    assert under_a_new_name.returncode == 6
    assert b"of Somebody look like Man, who is enrolled" in under_a_new_name.stderr


@pytest.fixture
def facedesk(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[Any]]:
    """Runs a command that wants to be looked at afterwards; its lines."""

    def command(*arguments: str) -> list[Any]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--json", "--workspace", str(workspace.root)])
        told = capfd.readouterr()
        assert ended.value.code == 6, told.err
        return [json.loads(line) for line in told.out.splitlines()]

    return command


def test_an_archive_of_two_people_one_of_whom_is_enrolled(
    workspace: Workspace,
    lfw: Path,
    known: list[str],
    tmp_path: Path,
    facedesk: Callable[..., list[Any]],
) -> None:
    made = Workspace(tmp_path / "elsewhere")
    request = ImportRequest(
        folder=str(folder_of(lfw, tmp_path / "in", "Two", {known[0]: 6, known[4]: 3}))
    )
    with made.writer("a test"):  # nobody looked
        import_pictures(made, SETTINGS, request, Cancel(), lambda event: None)
    export_person(made, "Two", tmp_path / "two.zip")
    imported(workspace, folder_of(lfw, tmp_path / "here", "One", {known[0]: 6}))
    told = {line["event"]: line for line in facedesk("people", "import", str(tmp_path / "two.zip"))}
    assert (told["set_aside"]["pictures"], told["looks_enrolled"]["other"]) == (3, "One")
    assert People(workspace).get("Two").pictures == 6
    assert [each.id for each in Trash(workspace).changes()] == [told["set_aside"]["change"]]


def test_the_command_line_says_so_in_json_and_by_its_exit_code(
    workspace: Workspace, mixed: Path, facedesk: Callable[..., list[Any]]
) -> None:
    lines = facedesk("enroll", "Man", "--source", str(mixed), "--count", str(MIXED))
    (aside,) = [line for line in lines if line["event"] == "set_aside"]
    (done,) = [line for line in lines if line["event"] == "done"]
    assert (done["aside"], lines[-1]["kind"]) == (aside["pictures"], "ReviewNeeded")
    assert [change.id for change in Trash(workspace).changes()] == [aside["change"]]


# --- in the app ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalDesk, Collector]]:
    """A real desk, and what is heard of it."""
    workspace = Workspace(tmp_path_factory.mktemp("app") / "workspace")
    workspace.prepare()
    desk = LocalDesk(workspace, RESNET)
    yield desk, started(desk)
    desk.close()


def assert_kept(workspace: Workspace, events: list[Event], choice: FaceAnswer) -> None:
    """It was asked once, with both faces, and of the clip of two is kept what was chosen."""
    asked = [event for event in of(events, SecondFace) if event.asked]
    assert len(asked) == 1, "once, whatever is kept afterwards"
    (done,) = of(events, EnrolDone)
    aside = sum(event.pictures for event in of(events, SetAside))
    if choice == "stop":
        assert (done.ended, People(workspace).list()) == ("cancelled", ())
        return
    shown = {event.file: event.frame < OF_THE_MAN for event in of(events, Captured)}
    first = shown[Path(asked[0].first_picture).name]
    other = shown[Path(asked[0].other_picture).name]
    assert first != other
    left = [frame < OF_THE_MAN for frame in frames(workspace, "Man")]
    assert len(left) == done.captured
    assert (aside > 0) == (choice != "both")
    assert set(left) == {"first": {first}, "other": {other}, "both": {True, False}}[choice]


def test_a_capture_in_the_app_asks_with_both_faces(
    app: tuple[LocalDesk, Collector], mixed: Path
) -> None:
    desk, heard = app
    desk.enrol(EnrolRequest(person="Man", source=str(mixed), count=MIXED, pace="fast"))
    heard.wait(SecondFace, lambda seen: seen.asked)
    desk.answer_face("other")
    heard.wait_end("enrol")
    assert_kept(Workspace(desk.workspace), heard.events, "other")


@pytest.mark.long
@pytest.mark.parametrize("choice", ["first", "both", "stop"])
def test_what_is_kept_of_two_faces_is_what_was_answered(
    workspace: Workspace, mixed: Path, choice: FaceAnswer
) -> None:
    """As the desk's processes ask and answer, in one."""
    events: list[Event] = []
    guard = guard_here(workspace, SETTINGS, events.append)
    guard.answers = True

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, SecondFace) and event.asked:
            guard.answer(choice)

    request = EnrolRequest(person="Man", source=str(mixed), count=MIXED, pace="fast")
    with workspace.writer("a test"):
        enrol(workspace, SETTINGS, request, Cancel(), hear, faces=guard)
    assert_kept(workspace, events, choice)


def test_an_import_in_the_app_puts_the_minority_aside(
    app: tuple[LocalDesk, Collector], lfw: Path, known: list[str], tmp_path: Path
) -> None:
    folder = folder_of(lfw, tmp_path / "in", "One", {known[0]: 8, known[4]: 4})
    desk, heard = app
    wait_unlocked(Workspace(desk.workspace))
    heard.forget()
    desk.import_pictures(ImportRequest(folder=str(folder)))
    assert heard.wait_end("import").outcome == "done"
    (aside,), (done,) = heard.of(SetAside), heard.of(ImportDone)
    assert (aside.pictures, done.images) == (4, 8)


def test_without_a_network_it_says_that_nobody_looked(
    workspace: Workspace, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr(
        openvino_rows, "_networks", {}
    )  # not the one that a test before this compiled
    settings = Settings(model=ModelSettings(backbone="resnet", runtime="openvino"))
    events = capture(workspace, "Woman", clips / "woman_a.mp4", 6, settings)
    assert sum("Not checked" in each.text for each in of(events, Notice)) == 1
    assert People(workspace).get("Woman").pictures == 6


# --- what an old workspace holds already ----------------------------------------------------------


def test_training_keeps_a_poisoned_person_aside_and_evaluate_tells(
    workspace: Workspace, mixed: Path
) -> None:
    unwatched(workspace, "Other", "demo:collins", 8)
    unwatched(workspace, "Man", mixed, MIXED)
    events: list[Event] = []
    with workspace.writer("a test"), without_epochs():
        done = train(workspace, RESNET, TrainRequest(), Cancel(), events.append)
    assert not done.promoted
    assert "Man" in done.why
    assert "two faces" in done.why
    with pytest.raises(NoModel):
        ModelStore(workspace).load()
    ModelStore(workspace).promote(done.model)
    with workspace.writer("a test"):
        told = evaluate(workspace, RESNET, EvaluateRequest(), Cancel(), events.append)
    person, _file, kind, sentence = told.suspects[0]
    assert (person, kind) == ("Man", "two_faces")
    assert "pictures show another face" in sentence
    # Whoever has looked and promoted it is not asked about the very same pictures again.
    with workspace.writer("a test"), without_epochs():
        again = train(workspace, RESNET, TrainRequest(), Cancel(), events.append)
    assert again.promoted
