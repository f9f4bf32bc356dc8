"""The pictures of a bake-off: who searches, and who the strangers are. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.camera.folder import pictures_of
from engine.camera.frame import Report, ignore
from engine.cancel import Cancel
from engine.enrol.people import People, Person
from engine.enrol.strangers import StrangerArea
from engine.errors import NoPictures
from engine.evaluate.pictures import central_crop
from engine.evaluate.probes import folder_probes
from engine.evaluate.strangers import StrangersFrom
from engine.events import Emit
from engine.faces.detect import FaceFinder
from engine.model.vectors import Labels
from engine.pictures import decode_crop
from engine.service.jobs.strangers import not_enrolled
from engine.settings import DetectionSettings
from engine.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Crops (n, 160, 160, 3) uint8 RGB and whose they are, labels (n,) int64.

    `missed` further pictures showed no face.
    """

    crops: NDArray[np.uint8]
    labels: Labels
    missed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """Who searches without being in the gallery: `people` different ones, from `source`.

    They are those whom `pictures` show, and, of `stand_ins` further searches, the probes' people,
    each in the gallery without themselves.
    """

    pictures: Pictures
    people: int
    source: StrangersFrom
    stand_ins: int = 0

    @property
    def searches(self) -> int:
        """How often they search."""
        return len(self.pictures.labels) + self.stand_ins

    def with_stand_ins(self, probes: Pictures) -> Strangers:
        """These, and everybody of the probes once as a stranger to the others."""
        source: StrangersFrom = "own_and_left_out" if self.people else "left_out"
        people = self.people + len(np.unique(probes.labels))
        return Strangers(self.pictures, people, source, len(probes.labels))


NOBODY = Strangers(Pictures(np.empty((0, 160, 160, 3), np.uint8), np.empty(0, np.int64)), 0, "none")


def probes_in(
    folder: Path, people: Sequence[Person], settings: DetectionSettings, cancel: Cancel
) -> tuple[Pictures, tuple[str, ...]]:
    """The pictures of `folder`, chosen as `evaluate` does, and warnings of who has none.

    Labels are indices into `people`. Raises NoPictures if no picture shows a face, DataError if
    the folder cannot be read or is of nobody enrolled, Cancelled.
    """
    names, slugs = [person.name for person in people], [person.slug for person in people]
    chosen = folder_probes(folder, names, slugs)
    files = list(zip(chosen.files, chosen.labels, strict=True))
    probes = _looked_at(files, settings, cancel)
    if not len(probes.labels):
        raise NoPictures(
            "There are no probes",
            f"{folder} shows no face of anybody enrolled",
            "Give a folder with one sub-folder a person, named as in `facedesk people`.",
        )
    return probes, chosen.warnings


def strangers_in(
    folder: Path, settings: DetectionSettings, cancel: Cancel, report: Report = ignore
) -> Strangers:
    """The pictures of `folder`: one sub-folder a stranger, or loose pictures, each a stranger.

    `report` hears what is left out. Pictures without a face are no searches. Raises NoPictures if
    there is no other, SourceError if the folder cannot be read, Cancelled.
    """
    groups: dict[str, int] = {}
    files = [
        (file, groups.setdefault(label.split("/")[0], len(groups)))
        for file, label in pictures_of(folder, report)
    ]
    pictures = _looked_at(files, settings, cancel)
    if not len(pictures.labels):
        raise NoPictures(
            "There are no strangers",
            f"no picture of {folder} shows a face",
        )
    people = len(np.unique(pictures.labels))
    return Strangers(replace(pictures, missed=0), people, "folder")


def own_strangers(workspace: Workspace, emit: Emit) -> Strangers | None:
    """The workspace's own strangers (`facedesk strangers`), None if there are none.

    One of the name of somebody enrolled is none. Raises Unreadable for a damaged crop.
    """
    area = People(StrangerArea(workspace))
    crops, labels = [], []
    everybody = not_enrolled(workspace, emit)
    for label, stranger in enumerate(everybody):
        for session in stranger.sessions:
            folder = area.session_directory(stranger.slug, session.id)
            crops += [decode_crop(folder / file) for file in session.pictures]
            labels += [label] * len(session.pictures)
    if not crops:
        return None
    return Strangers(Pictures(np.stack(crops), np.array(labels, np.int64)), len(everybody), "own")


def _looked_at(
    files: Sequence[tuple[Path, int]], settings: DetectionSettings, cancel: Cancel
) -> Pictures:
    """The most central face of each file; unreadable and faceless ones are counted."""
    finder = FaceFinder(settings)
    crops, labels = [], []
    for file, label in files:
        cancel.check()
        crop = central_crop(finder, file)
        if crop is not None:
            crops.append(crop)
            labels.append(label)
    stacked = np.stack(crops) if crops else np.empty((0, 160, 160, 3), np.uint8)
    return Pictures(stacked, np.array(labels, np.int64), len(files) - len(crops))
