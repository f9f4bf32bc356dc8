"""Files of the workspace that are deleted, damaged or replaced while jobs run, and before.

Whatever happens to a file: a job goes on without it, makes it anew, or says in a sentence what is
wrong. It never shows a traceback, never hangs, and leaves whole what was not touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, FeaturesProgress, Notice
from engine.contract.errors import FacedeskError, PersonNotFound
from engine.contract.requests import EvaluateRequest, SplitRequest, TrainRequest
from engine.dataset.split import load_split
from engine.desk import library
from engine.desk.library import person_facts
from engine.jobs.evaluate import evaluate
from engine.jobs.split import current_split, export_keras_folders
from engine.jobs.train import train
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people.changes import delete_people, undo
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People, strangers
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.pictures import encode_png
from engine.rights.upkeep import recover
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.faults.small_workspace import DAYS, build, crop
from tests.faults.sweep import scratch
from tests.templates import quick_backbone

SECONDS = 60
"""After which a job hangs."""
SETTINGS = load_settings(training={"views": 0})
"""Augmented views are computed as pictures are, and would cost two thirds of the time."""


@pytest.fixture(scope="module")
def backbones() -> Backbones:
    return Backbones(kept=quick_backbone())


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, backbones: Backbones, plain_centres: None
) -> Workspace:
    """The small workspace, trained once with the stand-in for the network."""
    workspace = build(tmp_path_factory.mktemp("whole") / "workspace")
    run_training(workspace, backbones)
    return workspace


@pytest.fixture
def small(whole: Workspace) -> Iterator[Workspace]:
    """A copy to damage."""
    with tempfile.TemporaryDirectory(prefix="facedesk-test-", dir=scratch()) as folder:
        shutil.copytree(whole.root, Path(folder) / "workspace")
        yield Workspace(Path(folder) / "workspace")


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """End a test that waits for something that never comes."""

    def hangs(*_: object) -> None:
        raise TimeoutError("hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# --- what may happen to a file ------------------------------------------------------------------


def vanishes(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def is_cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def is_emptied(path: Path) -> None:
    os.truncate(path, 0)


def has_a_flipped_bit(path: Path) -> None:
    data = bytearray(path.read_bytes() or b" ")
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def is_rubbish(path: Path) -> None:
    path.write_bytes(b"\x00\xff rubbish [[[{" * 50)


def is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def is_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def is_a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nonexistent/file")


def is_a_link_to_an_endless_file(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


DAMAGES = (
    vanishes,
    is_cut,
    is_emptied,
    has_a_flipped_bit,
    is_rubbish,
    is_a_folder,
    is_a_pipe,
    is_a_link_to_nowhere,
    is_a_link_to_an_endless_file,
)


def first(folder: Path, pattern: str) -> Path:
    return min(folder.rglob(pattern))


FILES: dict[str, Callable[[Workspace], Path]] = {
    "picture": lambda w: first(w.people / "bob", "*.png"),
    "person": lambda w: w.people / "bob" / "person.json",
    "session": lambda w: first(w.people / "bob", "session.json"),
    "records": lambda w: first(w.people / "bob", "pictures.jsonl"),
    "split": lambda w: w.split_file,
    "features": lambda w: first(w.features, "bob/*.npz"),
    "head": lambda w: w.models / str(ModelStore(w).current_id()) / "head.npz",
    "description": lambda w: w.models / str(ModelStore(w).current_id()) / "model.json",
    "sums": lambda w: w.models / str(ModelStore(w).current_id()) / "SHA256SUMS",
    "current": lambda w: w.models / "current",
    "manifest": lambda w: first(w.trash, "manifest.json"),
    "sighting": lambda w: first(w.unknown, "sighting.json"),
    "switch": lambda w: w.unknown / "inbox.json",
    "stranger": lambda w: first(w.strangers, "person.json"),
    "lock": lambda w: w.lock_file,
}

matrix = pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
each_file = pytest.mark.parametrize("file", FILES)


# --- jobs ----------------------------------------------------------------------------------------


def run_training(
    workspace: Workspace, backbones: Backbones, meanwhile: Callable[[], None] = lambda: None
) -> list[Event]:
    """Train; `meanwhile` happens once the first features are there."""
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, FeaturesProgress) and event.done and not done:
            done.append(True)
            meanwhile()

    done: list[bool] = []
    with workspace.writer("train") as interrupted:
        recover(workspace, interrupted)
        train(
            workspace,
            SETTINGS,
            TrainRequest(options={"epochs": 1}),
            Cancel(),
            emit,
            backbones,
        )
    return events


def run_evaluation(
    workspace: Workspace, backbones: Backbones, meanwhile: Callable[[], None] = lambda: None
) -> list[Event]:
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, FeaturesProgress) and not done:
            done.append(True)
            meanwhile()

    done: list[bool] = []
    with workspace.writer("evaluate") as interrupted:
        recover(workspace, interrupted)
        evaluate(workspace, load_settings(), EvaluateRequest(), Cancel(), emit, backbones)
    return events


def locked(call: Callable[[Workspace], object]) -> Callable[[Workspace], object]:
    def run(workspace: Workspace) -> object:
        with workspace.writer("test") as interrupted:
            recover(workspace, interrupted)
            return call(workspace)

    return run


def exported(workspace: Workspace) -> object:
    split = load_split(workspace)
    people = People(workspace).list()
    return split and export_keras_folders(workspace, people, split, workspace.root.parent / "out")


READERS: dict[str, Callable[[Workspace], object]] = {
    "people list": library.person_rows,
    "people show": lambda w: person_facts(w, "Bob"),
    "split": current_split,
    "models": library.model_rows,
    "load": lambda w: ModelStore(w).load(),
    "trash list": lambda w: Trash(w).changes(),
    "unknown list": lambda w: UnknownStore(w, UnknownSettings()).sightings(),
    "switch": lambda w: UnknownStore(w, UnknownSettings()).keeping,
    "strangers": strangers,
    "export": exported,
}
WRITERS: dict[str, Callable[[Workspace], object]] = {
    "split": locked(
        lambda w: library.split(w, SplitRequest(train=0.5, validation=0.25, test=0.25))
    ),
    "delete": locked(lambda w: delete_people(w, ["Bob"], DAYS)),
    "undo": locked(undo),
    "rollback": locked(library.rollback),
}


def attempt(call: Callable[[], object]) -> str:
    """The sentence with which it did not go; empty if it went."""
    try:
        call()
    except FacedeskError as error:
        return str(error)
    return ""


# --- before a job --------------------------------------------------------------------------------


@matrix
@each_file
def test_reading_goes_on_or_says_what_is_wrong(
    small: Workspace, file: str, damage: Callable[[Path], None]
) -> None:
    damage(FILES[file](small))
    for read in READERS.values():
        attempt(lambda read=read: read(small))  # type: ignore[misc]
    rows = {row.slug: row for row in library.person_rows(small)}
    assert (rows["anna"].name, rows["anna"].trouble) == ("Anna", "")
    assert "bob" in rows  # nobody who is here vanishes
    assert rows["bob"].name == "Bob" or rows["bob"].trouble


@pytest.mark.parametrize(
    "damage", [vanishes, is_cut, is_rubbish, is_a_pipe], ids=lambda each: each.__name__
)
@pytest.mark.parametrize("file", ["picture", "person", "session", "split", "manifest", "current"])
@pytest.mark.parametrize("job", WRITERS)
def test_writing_goes_on_or_says_what_is_wrong(
    small: Workspace, file: str, damage: Callable[[Path], None], job: str
) -> None:
    damage(FILES[file](small))
    attempt(lambda: WRITERS[job](small))
    assert People(small).get("Anna").pictures >= 5


# --- while a job runs ----------------------------------------------------------------------------


@matrix
@pytest.mark.parametrize("file", ["picture", "person", "features", "head"])
def test_training_goes_on_or_says_what_is_wrong(
    small: Workspace, backbones: Backbones, file: str, damage: Callable[[Path], None]
) -> None:
    path = FILES[file](small)
    if file == "features":
        path.parent.joinpath("other.npz").touch()
    else:
        shutil.rmtree(small.features)  # so that there is something to compute
    attempt(lambda: run_training(small, backbones, lambda: damage(path)))
    if file != "head":
        assert ModelStore(small).load().labels


@matrix
@pytest.mark.parametrize("file", ["picture", "split", "head"])
def test_evaluation_goes_on_or_says_what_is_wrong(
    small: Workspace, backbones: Backbones, file: str, damage: Callable[[Path], None]
) -> None:
    path = FILES[file](small)
    attempt(lambda: run_evaluation(small, backbones, lambda: damage(path)))


@matrix
def test_damaged_features_are_computed_again(
    small: Workspace, backbones: Backbones, damage: Callable[[Path], None]
) -> None:
    files = [*(small.features / backbones.named("vgg16", None).digest).rglob("bob/*.npz")]
    for path in files:
        damage(path)
    events: list[Event] = []
    said = attempt(lambda: events.extend(run_training(small, backbones)))
    if damage is is_a_folder:  # nothing of ours is removed that may be somebody's
        assert "Is a directory" in said
        return
    assert said == ""
    assert all(path.is_file() and not path.is_symlink() for path in files)
    if damage not in (vanishes, is_a_link_to_nowhere):
        notices = [event.text for event in events if isinstance(event, Notice)]
        assert any("features are computed again" in text for text in notices)


@matrix
def test_a_damaged_picture_is_named_with_its_person(
    small: Workspace, backbones: Backbones, damage: Callable[[Path], None]
) -> None:
    path = FILES["picture"](small)
    shutil.rmtree(small.features)
    damage(path)
    said = attempt(lambda: run_training(small, backbones))
    if said:
        assert str(path.relative_to(small.people)) in said
    else:
        assert damage in (vanishes, has_a_flipped_bit)


@matrix
def test_a_damaged_model_is_refused_and_another_offered(
    small: Workspace, damage: Callable[[Path], None]
) -> None:
    path = FILES["head"](small)
    damage(path)
    assert "The model is damaged" in attempt(lambda: ModelStore(small).load())
    locked(library.rollback)(small)
    assert ModelStore(small).load().labels


# --- while pictures are captured -----------------------------------------------------------------


def add(writer: SessionWriter, seed: int) -> None:
    writer.add(
        encode_png(crop(seed)),
        PictureRecord(
            frame=seed,
            seconds=0.0,
            box=(1, 2, 90, 90),
            eyes_found=True,
            brightness=120.0,
            sharpness=90.0,
        ),
    )


@pytest.mark.parametrize("folder", ["session", "person", "people"])
def test_a_capture_whose_folder_goes_says_so_and_leaves_nothing(
    small: Workspace, folder: str
) -> None:
    people = People(small)
    writer = SessionWriter(people, people.get("Bob"), "0")
    add(writer, 90)
    gone = {"session": writer.folder, "person": small.people / "bob", "people": small.people}
    shutil.rmtree(gone[folder])
    with pytest.raises(PersonNotFound):
        add(writer, 91)
    writer.close("stopped", {})
    assert not writer.session
    assert not gone[folder].exists()


@matrix
@pytest.mark.parametrize("name", ["session.json", "pictures.jsonl"])
def test_a_capture_ends_well_though_its_notes_are_damaged(
    small: Workspace, name: str, damage: Callable[[Path], None]
) -> None:
    people = People(small)
    writer = SessionWriter(people, people.get("Bob"), "0")
    add(writer, 90)
    folder = writer.folder
    damage(folder / name)
    said = attempt(lambda: add(writer, 91)) + attempt(lambda: writer.close("complete", {}))
    kept = [info for info in people.get("Bob").sessions if info.id == folder.name]
    assert kept[0].pictures[:1] == ("0001.png",)
    if damage in (vanishes, is_cut, is_emptied, has_a_flipped_bit, is_rubbish):
        assert said == ""
        assert len(kept[0].pictures) == 2
