"""The contestants of a bake-off, each trained or set up on the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.evaluate.bake_off import SURE, Row, judged, left_out, left_out_probabilities, settled
from engine.evaluate.stopwatch import milliseconds_a_face
from engine.events import Emit, FeaturesProgress
from engine.model.backbones import SPACES, Backbone, Together
from engine.model.classic import ClassicModel
from engine.model.face_space import Space
from engine.model.feature_row import BATCH, Extracts
from engine.model.identification import Trial
from engine.model.joint_space import JointSpace
from engine.model.resnet import PACKAGED as RESNET_FILE
from engine.model.training import train_head
from engine.model.training_classic import train_classic
from engine.model.vectors import Float32, Labels, class_centres
from engine.model.weights import PACKAGED as WEIGHTS_FILE
from engine.model.weights import Weights
from engine.recognise.calibration import Enrolled, threshold_for
from engine.service.jobs.bake_off_pictures import Pictures, Strangers
from engine.service.jobs.material import Material
from engine.settings import Settings

NAMES = {"vgg16": "VGG16", "resnet": "face network"}
FILES = {
    "vgg16": (WEIGHTS_FILE, SPACES["vgg16"]),
    "resnet": (RESNET_FILE, SPACES["resnet"]),
}
"""What each network needs on the disk."""
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
        yield _in_space(table, part, own, NAMES[name], centres, mine, _megabytes(*FILES[name]))
    megabytes = _megabytes(*(file for files in FILES.values() for file in files))
    centres = _head(table, space, extractor, settings)
    yield _in_space(table, space, extractor, "both", centres, features, megabytes)


def _features(table: Table, extractor: Extracts) -> Features:
    """Everybody's features; those of the workspace's people come from the cache."""
    cancel, emit = table.cancel, table.emit

    def anew(pictures: Pictures) -> Float32:
        rows = [np.empty((0, extractor.length), np.float32)]
        for start in range(0, len(pictures.crops), BATCH):
            cancel.check()
            rows.append(extractor.extract(pictures.crops[start : start + BATCH]))
            done = min(start + BATCH, len(pictures.crops))
            emit(FeaturesProgress(done=done, total=len(pictures.crops), cached=0))
        return np.concatenate(rows)

    enrolled, labels = table.material.features(("train",), extractor, cancel, emit)
    if table.probe_parts:
        probes, _unused = table.material.features(table.probe_parts, extractor, cancel, emit)
    else:
        probes = anew(table.probes)
    strangers = anew(table.strangers.pictures)
    return Features(enrolled, labels, probes, strangers)


def _head(table: Table, space: Space, extractor: Extracts, settings: Settings) -> Float32:
    """The centres that recipe `head` trains."""
    cancel = table.cancel
    views = settings.training.views
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
    gallery, threshold = settled(space, centres, slugs, table.fpir, enrolled)
    genuine = gallery.scores(space.embed(features.probes))
    strangers = gallery.scores(space.embed(features.strangers))
    if table.strangers.stand_ins:
        strangers = np.concatenate([strangers, left_out(genuine, table.probes.labels)])
    return table.row(
        name,
        genuine,
        strangers,
        threshold,
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

    def probabilities(pictures: Pictures) -> Float32:
        found = [np.empty((0, table.people), np.float32)]
        for start in range(0, len(pictures.crops), BATCH):
            table.cancel.check()
            found.append(model.probabilities(pictures.crops[start : start + BATCH]))
        return np.concatenate(found)

    genuine = probabilities(table.probes)
    strangers = probabilities(table.strangers.pictures)
    if table.strangers.stand_ins:
        others = left_out_probabilities(genuine, table.probes.labels)
        strangers = np.concatenate([strangers, others])
    size = sum(array.nbytes for array in result.arrays.values()) / 1e6
    megabytes = _megabytes(WEIGHTS_FILE) + size
    return table.row("classic", genuine, strangers, SURE, megabytes, model.probabilities)


def _megabytes(*files: Path) -> float:
    return sum(file.stat().st_size for file in files) / 1e6
