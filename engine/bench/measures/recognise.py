"""Recognition stage by stage, for one face and for four."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.bench.demo import clip, clip_of_four, trained_workspace
from engine.bench.plan import Plan
from engine.camera.frame import Frame
from engine.camera.sources import open_source
from engine.config import load_settings
from engine.events import Figure
from engine.faces.align import align
from engine.model.feature_row import Extracts
from engine.model.store import ModelStore
from engine.recognise.recogniser import Recogniser
from engine.recognise.voting import Tracker
from engine.service.jobs.half_blocks import HalfBlocks
from engine.service.jobs.networks import backbone_of
from engine.service.jobs.watch import face_search
from engine.service.previewing import PreviewWish
from engine.settings import Settings

FRAMES, FEW = 60, 8
WARM = 3
"""Frames before those that count: the first calls are slow."""
WISH = PreviewWish(columns=78, rows=20, level="normal", rate=30)
"""A preview as the app asks for in a terminal of 80x24."""
STAGES = ("read", "detect", "align", "features", "score", "vote", "draw")
Result = TypeVar("Result")


class Stages:
    """Seconds of each stage, frame by frame."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, list[float]] = defaultdict(list)

    def time(self, stage: str, work: Callable[[], Result]) -> Result:
        """Do a stage's work."""
        began = time.perf_counter()
        result = work()
        self.add(stage, time.perf_counter() - began)
        return result

    def add(self, stage: str, seconds: float) -> None:
        """Note what a stage took."""
        self._taken[stage].append(seconds)

    def of(self, stage: str) -> float:
        """Median milliseconds of a stage, without the first frames."""
        return 1000 * statistics.median(self._taken[stage][WARM:])


class Recognition:
    """The stages of live recognition, one after the other, and what each takes.

    They are called as the jobs call them. Alignment, scoring and voting lie inside other calls, so
    they are done once more to be timed, and do not count in the whole.
    """

    def __init__(self, plan: Plan, settings: Settings) -> None:
        model = ModelStore(trained_workspace(plan.path, settings)).load()
        backbone = backbone_of(model.info, settings.model.runtime)
        self.stages = Stages()
        self.space = backbone.space
        self.extractor = _Timed(backbone.extractor)
        self._recogniser = Recogniser(model, self.extractor, self.space, settings.recognition)
        self._find = face_search(settings, lambda event: None, photographs=False)
        self._tracker = Tracker(settings.recognition)
        self._blocks = HalfBlocks()

    def take(self, frame: Frame) -> int:
        """One frame through all the stages but reading; how many faces it showed."""
        stages = self.stages
        began = time.perf_counter()
        faces = self._find(frame.image)
        found = time.perf_counter() - began
        began = time.perf_counter()
        for face in faces:
            align(frame.image, face.eyes)
        aligned = time.perf_counter() - began
        stages.add("align", aligned)
        stages.add("detect", found - aligned)
        boxes = [face.box.as_tuple for face in faces]
        crops = (
            np.stack([face.crop for face in faces])
            if faces
            else np.empty((0, 160, 160, 3), np.uint8)
        )
        began = time.perf_counter()
        self._recogniser.observe(frame.label, frame.sequence, frame.seconds, boxes, crops)
        observed = time.perf_counter() - began
        stages.add("features", self.extractor.spent())
        began = time.perf_counter()
        embeddings = self.space.embed(self.extractor.rows[: len(faces)])
        scores = self._recogniser.gallery.scores(embeddings)
        stages.add("score", time.perf_counter() - began)
        candidates = scores.argmax(1).tolist()
        began = time.perf_counter()
        self._tracker.update(frame.seconds, boxes, embeddings, candidates)
        stages.add("vote", time.perf_counter() - began)
        began = time.perf_counter()
        self._blocks.cells(frame.image, boxes, WISH)
        drawn = time.perf_counter() - began
        stages.add("draw", drawn)
        stages.add("all", found + observed + drawn)
        return len(faces)


class _Timed:
    """An extractor that notes what its calls take, and its last rows."""

    def __init__(self, inner: Extracts) -> None:
        self._inner = inner
        self.digest, self.length = inner.digest, inner.length
        self.rows: NDArray[np.float32] = np.empty((0, inner.length), np.float32)
        self._seconds = 0.0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`."""
        began = time.perf_counter()
        self.rows = self._inner.extract(crops)
        self._seconds += time.perf_counter() - began
        return self.rows

    def spent(self) -> float:
        """Seconds since the last call of this."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


def measure(plan: Plan) -> Iterator[Figure]:
    """One face, then four faces."""
    settings = load_settings()
    frames = plan.sized(FRAMES, FEW) + WARM
    one = clip(plan.path, settings, frames)
    recognition, faces = _watched(plan, settings, one)
    yield Figure(
        key="recognise.1.rate",
        what="recognise one face, all stages in one process",
        value=_rate(recognition.stages),
        unit="frames/s",
        more=True,
        note=f"640x480, {faces:.1f} faces a frame",
    )
    yield from _by_stage(recognition.stages, 1)
    recognition, faces = _watched(plan, settings, clip_of_four(plan.path, settings, frames))
    yield Figure(
        key="recognise.4.rate",
        what="recognise four faces, all stages in one process",
        value=_rate(recognition.stages),
        unit="frames/s",
        more=True,
        note=f"640x480, {faces:.1f} faces a frame",
    )
    yield from _by_stage(recognition.stages, 4)


def _watched(plan: Plan, settings: Settings, file: Path) -> tuple[Recognition, float]:
    """A clip recognised from beginning to end, and how many faces a frame showed."""
    recognition = Recognition(plan, settings)
    seen = []
    with closing(open_source(str(file), settings.camera)) as source:
        while (frame := recognition.stages.time("read", source.read)) is not None:
            seen.append(recognition.take(frame))
    return recognition, statistics.mean(seen[WARM:])


def _rate(stages: Stages) -> float:
    return 1000 / (stages.of("read") + stages.of("all"))


def _by_stage(stages: Stages, faces: int) -> Iterator[Figure]:
    words = {
        "read": "read",
        "detect": "detect",
        "align": "align",
        "features": "features",
        "score": "score",
        "vote": "vote",
        "draw": "draw",
    }
    for stage in STAGES:
        yield Figure(
            key=f"recognise.{faces}.{stage}",
            what=f"{words[stage]}, a frame of {faces}",
            value=stages.of(stage),
            unit="ms",
        )
