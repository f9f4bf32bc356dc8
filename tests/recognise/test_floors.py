"""The floors that recognition must reach on real photographs and clips, through the jobs that an
operator runs: import or enrol, train, recognise.

Ten people of LFW and short cuts of the clips; `make test-full` takes all 31 and whole clips.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract import Event, FaceSeen, JobEnded, NoFace
from engine.contract.requests import EnrolRequest, ImportRequest, RecogniseRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.desk.unknown import unknown_view
from engine.jobs.enrol import enrol
from engine.jobs.imports import import_pictures
from engine.jobs.train import train
from engine.model.networks import Backbones
from engine.people import changes
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.templates import copy_of

pytestmark = [pytest.mark.shared, pytest.mark.long]

FULL = os.environ.get("FACEDESK_LONG") == "full"
PEOPLE = 31 if FULL else 10
ENROL = 10
"""Pictures a person that enrol; all later ones are single probes."""
FRAMES = 60 if FULL else 25
"""Frames that enrol a man from his clip."""
WATCHED = 10_000 if FULL else 30
"""Frames of a clip that are watched."""
LONGEST = 600.0
"""Seconds without a word from the desk after which it hangs."""
SETTINGS = Settings()

Cut = Callable[..., Path]


@dataclass(frozen=True)
class Answer:
    """One picture's decision: whose it is, who was named, the best candidate, and by how much its
    score lies above that person's threshold. Without a face the margin is -inf."""

    who: str
    person: str | None
    candidate: str
    margin: float


def quiet(_event: Event) -> None:
    """Nobody listens."""


def copied(pictures: Iterable[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for picture in pictures:
        shutil.copyfile(picture, folder / picture.name)


def fresh(root: Path) -> Workspace:
    workspace = Workspace(root / "workspace")
    workspace.prepare()
    return workspace


def imported(workspace: Workspace, folder: Path) -> None:
    with workspace.writer("test"):
        import_pictures(workspace, SETTINGS, ImportRequest(folder=str(folder)), Cancel(), quiet)


def enrolled(workspace: Workspace, person: str, clip: Path, count: int) -> None:
    request = EnrolRequest(person=person, source=str(clip), count=count, pace="fast")
    with workspace.writer("test"):
        enrol(workspace, SETTINGS, request, Cancel(), quiet)


def trained(workspace: Workspace) -> None:
    request = TrainRequest(backbone="both")
    with workspace.writer("test"):
        train(workspace, SETTINGS, request, Cancel(), quiet, Backbones(SETTINGS.model))


class Watching:
    """A desk that watches one source after the other: its processes load the networks once."""

    def __init__(self, desk: LocalDesk) -> None:
        self._desk = desk
        self._heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        desk.start(self._heard.put)

    def seen(self, source: Path, *, each: bool = False, keep: bool = False) -> list[Event]:
        """What is said of the faces of a source, to its end."""
        request = RecogniseRequest(source=str(source), each=each, pace="fast", keep=keep)
        self._desk.recognise(request)
        events: list[Event] = []
        while not isinstance(event := self._heard.get(timeout=LONGEST), JobEnded):
            events.append(event)
        assert event.outcome == "done", event
        return [event for event in events if isinstance(event, FaceSeen | NoFace)]


@contextlib.contextmanager
def watching(workspace: Workspace) -> Iterator[Watching]:
    desk = LocalDesk(workspace, SETTINGS)
    try:
        yield Watching(desk)
    finally:
        desk.close()


def answers(desk: Watching, folder: Path) -> list[Answer]:
    """What `recognize --each` says of a folder with one sub-folder a person."""
    found = []
    for event in desk.seen(folder, each=True):
        who = Path(event.source).parts[0]
        if isinstance(event, FaceSeen):
            margin = event.score - event.threshold
            found.append(Answer(who, event.person, event.candidate, margin))
        else:
            found.append(Answer(who, None, "", -np.inf))
    return found


def named(desk: Watching, clip: Path) -> Counter[str | None]:
    """Decisions about a clip's frames, those that are unsure left out."""
    faces = [e for e in desk.seen(clip) if isinstance(e, FaceSeen)]
    return Counter(face.person for face in faces if face.decision != "unsure")


def watched(cut: Cut, clip: Path, into: Path, first: int = 0) -> Path:
    """What is watched of a clip from frame `first` on, as a clip of its own."""
    capture, there = cv2.VideoCapture(str(clip)), 0
    capture.set(cv2.CAP_PROP_POS_FRAMES, first)  # as `cut` does: it may cost a frame
    while there < WATCHED and capture.grab():  # what clips say of their length is not so
        there += 1
    capture.release()
    return cut(clip, into, there, first)


def tpir_at(fpir: float, probes: Sequence[Answer], strangers: Sequence[Answer]) -> float:
    """Share of probes whose right person stands further above the threshold than all but the
    share `fpir` of strangers do for anybody."""
    highest = sorted((answer.margin for answer in strangers), reverse=True)
    limit = highest[int(fpir * len(highest))]
    return float(np.mean([a.candidate == a.who and a.margin > limit for a in probes]))


# --- photographs --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gallery(lfw: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The first people of LFW, imported and trained."""
    root = tmp_path_factory.mktemp("gallery")
    workspace = fresh(root)
    for person in sorted((lfw / "known").iterdir())[:PEOPLE]:
        copied(sorted(person.iterdir())[:ENROL], root / "enrol" / person.name)
    imported(workspace, root / "enrol")
    trained(workspace)
    return workspace


def first_of(gallery: Workspace, people: int, root: Path) -> Workspace:
    """A workspace with the first so many people of the gallery and their features, untrained."""
    workspace = copy_of(gallery.root, root / "workspace")
    shutil.rmtree(workspace.models)
    names = sorted(person.name for person in People(workspace).list())
    with workspace.writer("test"):
        for name in names[people:]:
            changes.delete_people(workspace, [name], 0)
    workspace.prepare()
    return workspace


@pytest.fixture(scope="module")
def photographs(
    gallery: Workspace, lfw: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Answer], list[Answer]]:
    """Answers about the probes of the enrolled people, and about all strangers."""
    probes = tmp_path_factory.mktemp("probes")
    for person in sorted((lfw / "known").iterdir())[:PEOPLE]:
        copied(sorted(person.iterdir())[ENROL:], probes / person.name)
    with watching(gallery) as desk:
        return answers(desk, probes), answers(desk, lfw / "strangers")


Photographs = tuple[list[Answer], list[Answer]]


def test_no_probe_and_no_stranger_is_left_out(photographs: Photographs) -> None:
    probes, strangers = photographs
    assert len(probes) == (404 if FULL else 133)
    assert len(strangers) == 206


def test_rank_one(photographs: Photographs) -> None:
    assert np.mean([answer.candidate == answer.who for answer in photographs[0]]) >= 0.995


def test_tpir_where_strangers_set_the_threshold(photographs: Photographs) -> None:
    assert tpir_at(0.01, *photographs) >= 0.99
    assert tpir_at(0.005, *photographs) >= 0.98


def test_the_thresholds_for_one_percent(photographs: Photographs) -> None:
    probes, strangers = photographs
    assert np.mean([answer.person == answer.who for answer in probes]) >= 0.97
    assert np.mean([answer.person is not None for answer in strangers]) <= 0.005


def test_nobody_is_named_as_somebody_else(photographs: Photographs) -> None:
    assert {answer.person for answer in photographs[0] if answer.person != answer.who} <= {None}


# --- people from cameras beside photographs -----------------------------------------------------


@pytest.fixture(scope="module")
def mixed(
    gallery: Workspace, clips: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Watching, Path]]:
    """A desk that knows two men enrolled from clips beside ten people of LFW; and a folder for
    what is shown to it."""
    root = tmp_path_factory.mktemp("mixed")
    workspace = first_of(gallery, 10, root)
    enrolled(workspace, "man_a", clips / "man_a_take1.mp4", FRAMES)
    enrolled(workspace, "man_b", clips / "man_b.mp4", FRAMES)
    trained(workspace)
    with watching(workspace) as desk:
        yield desk, root


STRANGERS = ("grid_1.mpg", "grid_2.mpg", "grid_3.mpg", "grid_4.mpg", "grid_5.mpg", "woman_a.mp4")


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_in_a_mixed_gallery_is_never_named(
    mixed: tuple[Watching, Path], clips: Path, cut: Cut, stranger: str
) -> None:
    desk, root = mixed
    found = named(desk, watched(cut, clips / stranger, root / f"{stranger}.mp4"))
    assert set(found) == {None}
    assert found[None] >= 20


@pytest.mark.parametrize(("man", "clip", "first"), [
    ("man_a", "man_a_take2.mp4", 0), ("man_b", "man_b.mp4", 3000)
])  # fmt: skip
def test_an_enrolled_man_is_named_later_and_never_as_another(
    mixed: tuple[Watching, Path], clips: Path, cut: Cut, man: str, clip: str, first: int
) -> None:
    desk, root = mixed
    found = named(desk, watched(cut, clips / clip, root / f"later_{man}.mp4", first))
    assert set(found) <= {man, None}
    assert found[man] >= 0.95 * found.total()


# --- the student's own data ---------------------------------------------------------------------


GREY = 40 if FULL else 20
"""Grey crops that enrol a man."""


@pytest.fixture(scope="module")
def grey(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watching, Path]]:
    """A man enrolled from grey crops of 200x200 pixels, as the classic recipe makes them."""
    root = tmp_path_factory.mktemp("grey")
    folder = root / "enrol" / "man_a"
    folder.mkdir(parents=True)
    cascade = cv2.CascadeClassifier(
        f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml"  # type: ignore[attr-defined]
    )
    clip, number = cv2.VideoCapture(str(clips / "man_a_take1.mp4")), 0
    while len(list(folder.iterdir())) < GREY:
        good, frame = clip.read()
        assert good
        number += 1
        if number % 25:
            continue
        image = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for x, y, width, height in cascade.detectMultiScale(image, 1.3, 5)[:1]:
            face = cv2.resize(image[y : y + height, x : x + width], (200, 200))
            cv2.imwrite(str(folder / f"{number}.jpg"), face)
    clip.release()
    workspace = fresh(root)
    imported(workspace, root / "enrol")
    trained(workspace)
    with watching(workspace) as desk:
        yield desk, root


def test_who_was_enrolled_from_grey_crops_is_named(
    grey: tuple[Watching, Path], clips: Path, cut: Cut
) -> None:
    desk, root = grey
    found = named(desk, watched(cut, clips / "man_a_take2.mp4", root / "take2.mp4"))
    assert found["man_a"] >= 0.95 * found.total()


@pytest.mark.parametrize("stranger", STRANGERS if FULL else STRANGERS[3:])
def test_strangers_are_not_named_after_grey_crops(
    grey: tuple[Watching, Path], clips: Path, cut: Cut, stranger: str
) -> None:
    desk, root = grey
    found = named(desk, watched(cut, clips / stranger, root / f"{stranger}.mp4"))
    assert set(found) == {None}


# --- strangers who were kept --------------------------------------------------------------------


UNKNOWN = 40 if FULL else 6
"""Strangers of LFW who walk past, beside those of the clips."""
STAYS = 12
"""Frames that each of them stays, five a second."""


def walk_past(picture: Path, film: Path) -> Path:
    """A photograph as a film: the same face, a pixel or two further on in each frame."""
    image = cv2.imread(str(picture))
    height, width = image.shape[:2]
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (width, height))
    for number in range(STAYS):
        moved = np.roll(image, (number % 3, number % 5), (0, 1))
        writer.write(moved)
    writer.release()
    return film


@pytest.fixture(scope="module")
def kept(
    gallery: Workspace,
    lfw: Path,
    clips: Path,
    cut: Cut,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[set[str]]:
    """Who is in each group of the unknown once strangers of clips and photographs were watched."""
    root = tmp_path_factory.mktemp("kept")
    workspace = first_of(gallery, 2, root)
    trained(workspace)
    films = [watched(cut, clip, root / f"{clip.stem}.mp4") for clip in sorted(clips.iterdir())]
    for person in sorted((lfw / "strangers").iterdir())[:UNKNOWN]:
        films.append(walk_past(min(person.iterdir()), root / f"{person.name}.avi"))
    unknown = UnknownStore(workspace, SETTINGS.unknown)
    unknown.switch(True)
    with watching(workspace) as desk:
        for film in films:
            desk.seen(film, keep=True)
    who = {each.id: Path(each.source).stem.split("_take")[0] for each in unknown.sightings()}
    groups = unknown_view(workspace, SETTINGS).groups
    return [{who[sighting] for sighting in group.sightings} for group in groups]


def test_no_group_of_strangers_holds_two_people(kept: list[set[str]]) -> None:
    assert [group for group in kept if len(group) > 1] == []


def test_everybody_who_stayed_is_in_the_unknown(kept: list[set[str]]) -> None:
    assert len(set().union(*kept)) >= 0.9 * (UNKNOWN + 8)
