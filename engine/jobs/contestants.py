"""The contestants of a bake-off, each set up on the same pictures, and how they are judged.

Every contestant gives scores of one set of probes and one set of strangers for the same people.
What the scores are (cosines, probabilities, distances with the sign turned) does not matter for
rank-1 and for the TPIR at an FPIR; the default threshold is each one's own. Nothing is written.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.camera.folder import pictures_of
from engine.camera.source import Report, ignore
from engine.cancel import Cancel
from engine.contract import Emit, FeaturesProgress, Warned
from engine.contract.errors import DataError, NoPictures
from engine.evaluate.figures import Trial
from engine.evaluate.pictures import central_crop
from engine.evaluate.probes import StrangersFrom, folder_probes
from engine.faces.detect import FaceFinder
from engine.jobs.material import Material
from engine.model.backbones import BACKBONES, Backbone, Together, space_file
from engine.model.classic import ClassicModel, train_classic
from engine.model.face_space import JointSpace, Space
from engine.model.training import train_head
from engine.model.vectors import Array, Float32, Labels, class_centres
from engine.model.vgg16 import BATCH, Extracts
from engine.model.weights import PACKAGED as WEIGHTS_FILE
from engine.model.weights import Weights
from engine.people.person import Person
from engine.recognise.calibration import Enrolled, kept_from, threshold_for
from engine.recognise.gallery import Gallery
from engine.recognise.threshold import settle
from engine.settings import DetectionSettings, Settings
from engine.text import many


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Crops (n, 160, 160, 3) uint8 RGB and whose they are, labels (n,) int64.

    `missed` further pictures showed no face, and `unread` ones could not be read.
    """

    crops: NDArray[np.uint8]
    labels: Labels
    missed: int = 0
    unread: int = 0


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
) -> tuple[Pictures, tuple[Warned, ...]]:
    """The pictures of `folder`, chosen as `evaluate` does, and warnings of who has none.

    Labels are indices into `people`. Raises NoPictures if no picture shows a face, DataError if
    the folder cannot be read or is of nobody enrolled, Cancelled.
    """
    chosen = folder_probes(folder, people)
    files = list(zip(chosen.files, chosen.labels, strict=True))
    probes = _looked_at(files, settings, cancel)
    if not len(probes.labels):
        raise NoPictures(
            "There are no probes",
            f"no face was found in {many(len(files), 'picture')} of {folder}",
            "Give photographs that show one face each.",
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
        raise NoPictures("There are no strangers", f"no picture of {folder} shows a face")
    people = len(np.unique(pictures.labels))
    return Strangers(replace(pictures, missed=0), people, "folder")


def _looked_at(
    files: Sequence[tuple[Path, int]], settings: DetectionSettings, cancel: Cancel
) -> Pictures:
    """The most central face of each file; unreadable and faceless ones are counted."""
    finder, unread = FaceFinder(settings), 0
    crops, labels = [], []
    for file, label in files:
        cancel.check()
        try:
            crop = central_crop(finder, file)
        except DataError:
            unread += 1
            continue
        if crop is not None:
            crops.append(crop)
            labels.append(label)
    stacked = np.stack(crops) if crops else np.empty((0, 160, 160, 3), np.uint8)
    return Pictures(stacked, np.array(labels, np.int64), len(files) - len(crops) - unread, unread)


Scorer = Callable[[NDArray[np.uint8]], Float32]
"""Crops (n, 160, 160, 3) to scores (n, people): what is timed."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What all contestants share. `probe_parts` is empty for probes of a folder."""

    material: Material
    probe_parts: tuple[str, ...]
    probes: Pictures
    strangers: Strangers
    fpir: float
    """The target of calibrated default thresholds."""
    common: float
    """The FPIR at which TPIRs are compared: `fpir`, or what so few strangers can show."""
    cancel: Cancel
    emit: Emit

    @property
    def people(self) -> int:
        """Enrolled people."""
        return len(self.material.people)

    @property
    def validation_is_free(self) -> bool:
        """Whether no validation picture is a probe."""
        return "validation" not in self.probe_parts

    def row(
        self,
        name: str,
        genuine: Float32,
        strangers: Float32,
        threshold: float,
        megabytes: float,
        scorer: Scorer,
    ) -> Row:
        """The line of a contestant, after timing `scorer` on probes."""
        trial = Trial(genuine, self.probes.labels, strangers, self.probes.missed)
        milliseconds = milliseconds_a_face(scorer, self.probes.crops)
        return judged(name, trial, self.common, threshold, milliseconds, megabytes)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Rows of everybody at the table, (n, k) each; `enrolled` have `labels` (n,)."""

    enrolled: Float32
    labels: Labels
    probes: Float32
    strangers: Float32

    def columns(self, of: slice) -> Features:
        """One network's part of the rows."""
        return Features(
            self.enrolled[:, of], self.labels, self.probes[:, of], self.strangers[:, of]
        )


def contestants(
    backbone: Backbone, table: Table, settings: Settings, notes: list[str]
) -> Iterator[Row]:
    """The lines of all contestants, one after the other: the classic recipe, each network alone,
    and both with a trained head, which is what `facedesk train` makes.

    `backbone` is `both`. Adds to `notes` who cannot take part. Raises Cancelled.
    """
    space, extractor, weights = backbone.space, backbone.extractor, backbone.weights
    if not isinstance(space, JointSpace) or not isinstance(extractor, Together) or not weights:
        raise ValueError("a bake-off needs the backbone of both networks")
    if table.people < 2:
        notes.append("One person is enrolled, so recipe `classic` does not take part.")
    else:
        yield _classic(table, weights, settings)
    features = _features(table, extractor)
    start = 0
    for name, part, own in zip(space.names, space.parts, extractor.parts, strict=True):
        mine = features.columns(slice(start, start + part.length))
        start += part.length
        centres = class_centres(part.embed(mine.enrolled), mine.labels, table.people)
        title, size = BACKBONES[name].title, _megabytes(*_files(name))
        yield _in_space(table, part, own, title, centres, mine, size)
    megabytes = _megabytes(*(file for name in space.names for file in _files(name)))
    centres = _head(table, space, extractor, settings)
    yield _in_space(table, space, extractor, "both", centres, features, megabytes)


def _files(name: str) -> tuple[Path, ...]:
    """What a network needs on the disk."""
    weights = BACKBONES[name].weights
    return (*((weights[0],) if weights else ()), space_file(name))


def _features(table: Table, extractor: Extracts) -> Features:
    """Everybody's features; those of the workspace's people come from the cache."""
    cancel, emit = table.cancel, table.emit

    def anew(pictures: Pictures) -> Float32:
        crops, found = pictures.crops, [np.empty((0, extractor.length), np.float32)]
        for start in range(0, len(crops), BATCH):
            cancel.check()
            found.append(extractor.extract(crops[start : start + BATCH]))
            done = min(start + BATCH, len(crops))
            emit(FeaturesProgress(done=done, total=len(crops), cached=0))
        return np.concatenate(found)

    enrolled, labels = table.material.features(("train",), extractor, cancel, emit)
    if table.probe_parts:
        probes, _unused = table.material.features(table.probe_parts, extractor, cancel, emit)
    else:
        probes = anew(table.probes)
    strangers = anew(table.strangers.pictures)
    return Features(enrolled, labels, probes, strangers)


def _head(table: Table, space: Space, extractor: Extracts, settings: Settings) -> Float32:
    """The centres that recipe `head` trains."""
    cancel, views = table.cancel, settings.training.views
    parts = table.material.embed(extractor, space, views, cancel, table.emit)
    learn, check = parts["train"], parts["validation"]
    kept = len(check.labels) if table.validation_is_free else 0
    trained = train_head(
        learn.faces,
        learn.labels,
        check.faces.at(slice(kept)),
        check.labels[:kept],
        space.strangers,
        settings.training,
        cancel,
        table.emit,
        table.people,
        threshold=threshold_for(space.impostors, table.people, table.fpir),
    )
    return trained.centres


def _in_space(
    table: Table,
    space: Space,
    extractor: Extracts,
    name: str,
    centres: Float32,
    features: Features,
    megabytes: float,
) -> Row:
    """A contestant that is centres in a face space, with cohort scores and calibration."""
    slugs = [person.slug for person in table.material.people]
    cameras = [""] * len(features.labels)
    enrolled = Enrolled(space.embed(features.enrolled), features.labels, cameras, table.people)
    # The thresholds that training would give it, from the pictures that enrol: no probe is seen.
    kept = kept_from(space, enrolled, slugs, space.impostors, table.fpir)
    gallery, calibration = settle(space, Gallery(space, centres, slugs), table.fpir, kept)
    genuine = gallery.scores(space.embed(features.probes))
    strangers = gallery.scores(space.embed(features.strangers))
    if table.strangers.stand_ins:
        strangers = np.concatenate([strangers, left_out(genuine, table.probes.labels)])
    return table.row(
        name,
        genuine,
        strangers,
        calibration.threshold,
        megabytes + centres.nbytes / 1e6,
        lambda crops: gallery.scores(space.embed(extractor.extract(crops))),
    )


def _classic(table: Table, weights: Weights, settings: Settings) -> Row:
    """The student recipe alone, believed by its softmax."""
    crops, labels = table.material.crops("train")
    check, check_labels = table.material.crops("validation")
    kept = len(check_labels) if table.validation_is_free else 0
    result = train_classic(
        crops,
        labels,
        check[:kept],
        check_labels[:kept],
        table.people,
        weights,
        settings.training,
        table.cancel,
        table.emit,
    )
    model = ClassicModel(result.arrays, weights)
    genuine, strangers = (
        model.probabilities(pictures.crops, table.cancel.check)
        for pictures in (table.probes, table.strangers.pictures)
    )
    if table.strangers.stand_ins:
        others = left_out_probabilities(genuine, table.probes.labels)
        strangers = np.concatenate([strangers, others])
    size = sum(array.nbytes for array in result.arrays.values()) / 1e6
    megabytes = _megabytes(WEIGHTS_FILE) + size
    return table.row("classic", genuine, strangers, SURE, megabytes, model.probabilities)


def _megabytes(*files: Path) -> float:
    return sum(file.stat().st_size for file in files) / 1e6


SURE = 0.9
"""The probability at which classifiers of faces are usually believed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant's line. Shares 0..1, NaN without strangers; `megabytes` of 10^6 bytes.

    `tpir` is at the FPIR common to all, the rest with `default` in the name at `threshold`.
    """

    contestant: str
    rank1: float
    tpir: float
    threshold: float
    fpir_at_default: float
    tpir_at_default: float
    milliseconds: float
    megabytes: float


def judged(
    contestant: str,
    trial: Trial,
    fpir: float,
    threshold: float,
    milliseconds: float,
    megabytes: float,
) -> Row:
    """The line of a contestant whose scores are `trial`, at a common `fpir`.

    An `fpir` of 1, which is all that one single search can show, gives no TPIR.
    """
    strangers = len(trial.strangers) > 0
    return Row(
        contestant=contestant,
        rank1=trial.rank1(),
        tpir=trial.tpir_at(fpir) if strangers and fpir < 1 else math.nan,
        threshold=threshold,
        fpir_at_default=trial.fpir_above(threshold) if strangers else math.nan,
        tpir_at_default=trial.tpir_above(threshold),
        milliseconds=milliseconds,
        megabytes=megabytes,
    )


def left_out(scores: Array, labels: Labels) -> Float32:
    """The probes' scores (n, people) as those of strangers: each without its own person."""
    without = np.array(scores, np.float32)
    without[np.arange(len(without)), labels] = -np.inf
    return without


def left_out_probabilities(probabilities: Array, labels: Labels) -> Float32:
    """The same for a softmax (n, people): the others' probabilities, made to sum to 1 again.

    That is what the network gives without the output of that person.
    """
    others = np.array(probabilities, np.float64)
    others[np.arange(len(others)), labels] = 0
    sums = others.sum(1, keepdims=True)
    spread = np.full_like(others, 1 / max(others.shape[1] - 1, 1))
    return np.asarray(np.where(sums > 0, others / np.where(sums > 0, sums, 1), spread), np.float32)


FACES = 15
"""Faces that are timed, each alone."""
WARM_UP = 2
"""Faces before them: the first call may compile or load something."""


def milliseconds_a_face(
    work: Callable[[NDArray[np.uint8]], object], crops: NDArray[np.uint8]
) -> float:
    """Median processor time of `work` for one of `crops` (n, 160, 160, 3), n at least 1.

    It counts all threads of the process, so that it is the time that passes on one free core,
    however many cores there are and whatever else they do.
    """
    taken = []
    for place in range(WARM_UP + FACES):
        one = crops[place % len(crops)][None]
        started = time.process_time()
        work(one)
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken[WARM_UP:])
