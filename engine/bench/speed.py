"""Measurements of features, of scoring one face, and of each stage of recognition."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.bench.material import (
    WINOGRAD,
    Plan,
    Watched,
    clip,
    clip_of_four,
    crops_to_measure,
    interleaved,
    multiply_adds,
    seconds_of,
    timed,
    trained_workspace,
)
from engine.camera.open import open_source
from engine.camera.source import Frame
from engine.config import load_settings
from engine.contract import Figure
from engine.contract.requests import PreviewWish
from engine.faces.align import align
from engine.jobs.find_faces import face_search
from engine.jobs.preview import HalfBlocks
from engine.model.backbones import extractor_of, packaged_space
from engine.model.keras_networks import KerasExtractor
from engine.model.networks import backbone_of
from engine.model.store import ModelStore
from engine.model.vectors import Float32, unit
from engine.model.weights import load_weights
from engine.openvino_networks import openvino
from engine.pictures import CROP
from engine.recognise.gallery import Gallery
from engine.recognise.recogniser import Recogniser
from engine.recognise.tracking import Tracker
from engine.settings import Settings

CROPS, FEW = 16, 4
ROUNDS, ONCE = 5, 1
SIDE, SMALL = 2048, 1024
"""Rows and columns of the matrices whose product shows what the processor can do."""


def measure_features(plan: Plan) -> Iterator[Figure]:
    """VGG16 in the runtime in use, in TensorFlow in float32, and bare matrix products: what the
    processor can do at all."""
    settings = load_settings()
    weights = load_weights()
    crops = crops_to_measure(settings, plan.workspace, plan.sized(CROPS, FEW))
    ours = extractor_of("vgg16", settings.model.runtime, weights)
    reference = KerasExtractor(weights, False)
    low = bool(getattr(ours, "low_precision", False))
    side = plan.sized(SIDE, SMALL)
    makers = products(side, low)
    own, others, *bare = interleaved(
        [lambda: ours.extract(crops), lambda: reference.extract(crops), *makers.values()],
        plan.sized(ROUNDS, ONCE),
    )
    precision = "bfloat16" if low else "float32"
    yield Figure(
        key="features.speed",
        what="VGG16 features of crops of 160x160",
        value=len(crops) / statistics.median(own),
        unit="crops/s",
        more=True,
        other=len(crops) / statistics.median(others),
        against="TensorFlow in float32",
        judged="ratio",
        least=2,
        stretch=4,
        note=precision,
    )
    yield from agreement(ours.extract(crops), reference.extract(crops))
    # A limit is what the machine can do undisturbed: the fastest round, and ours against it.
    fastest = list(map(min, bare))
    best = min(fastest)
    limit = 2 * side**3 / best / 1e9
    which = list(makers)[fastest.index(best)]
    done = 2 * multiply_adds() * len(crops) / min(own) / 1e9
    yield Figure(
        key="features.limit",
        what="the processor's limit: the fastest matrix product",
        value=limit,
        unit="GFLOP/s",
        more=True,
        note=f"{which}, {precision}, {side}x{side}",
    )
    yield Figure(
        key="features.share",
        what="VGG16's operations done, as a share of that limit",
        value=done / limit,
        unit="",
        more=True,
        judged="value",
        least=0.8,
        stretch=0.9,
        note=(
            f"{done:.0f} GFLOP/s, counted as plain convolutions; were all of them Winograd's "
            f"F(4x4, 3x3), the share of multiplications would be {done / limit / WINOGRAD:.2f}"
        ),
    )


def agreement(ours: Float32, theirs: Float32) -> Iterator[Figure]:
    """Whether faster rows are the same rows."""
    space = packaged_space("vgg16")
    likeness = (space.embed(ours) * space.embed(theirs)).sum(1)
    against = "TensorFlow in float32"
    errors = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    for key, what, value, more in (
        ("cosine", "least cosine between the embeddings of both", likeness.min(), True),
        ("error", "largest relative error of a row", errors.max(), False),
    ):
        key, value = f"features.{key}", float(value)
        yield Figure(key=key, what=what, value=value, unit="", more=more, note=against)


def products(side: int, low: bool) -> dict[str, Callable[[], object]]:
    """Products of two square matrices on all cores, by the library that makes them."""
    random = np.random.default_rng(1)
    one, other = (random.normal(size=(side, side)).astype(np.float32) for _side in range(2))
    found: dict[str, Callable[[], object]] = {}
    if not low:  # NumPy has no bfloat16
        found["NumPy"] = lambda: one @ other
    try:
        found["OpenVINO"] = _openvino_product(one, other, "bf16" if low else "f32")
    except (ImportError, RuntimeError):
        if low:
            raise
    return found


def _openvino_product(
    one: NDArray[np.float32], other: NDArray[np.float32], precision: str
) -> Callable[[], object]:
    ov = openvino()
    op = ov.opset13
    left = op.parameter(list(one.shape), np.float32)
    model = ov.Model([op.matmul(left, op.constant(other), False, False)], [left], "product")
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    request = ov.Core().compile_model(model, "CPU", options).create_infer_request()
    return lambda: request.infer([one])


PEOPLE = 5000
SCORE_ROUNDS = 51


def measure_score(plan: Plan) -> Iterator[Figure]:
    """A gallery of made-up centres: only their number matters to the time."""
    space = packaged_space("vgg16")
    random = np.random.default_rng(1)
    centres = unit(random.normal(size=(PEOPLE, space.dims)).astype(np.float32))
    gallery = Gallery(space, centres, [str(number) for number in range(PEOPLE)])
    face = unit(random.normal(size=(1, space.dims)).astype(np.float32))
    (taken,) = interleaved([lambda: gallery.search(face).best], SCORE_ROUNDS)
    yield Figure(
        key="score.5000",
        what=f"score a face against {PEOPLE:,} people",
        value=statistics.median(taken) * 1000,
        unit="ms",
        judged="value",
        least=5,
        stretch=1,
    )


FRAMES, RECOGNISE_FEW = 60, 8
WARM = 3
"""Frames before those that count: the first calls are slow."""
WISH = PreviewWish(columns=78, rows=20, level="normal", rate=30)
"""A preview as the app asks for in a terminal of 80x24."""
STAGES = ("read", "detect", "align", "features", "score", "vote", "draw")


class Recognition:
    """The stages of live recognition, one after the other, and what each takes.

    They are called as the jobs call them. Alignment, scoring and voting lie inside other calls, so
    they are done once more to be timed, and do not count in the whole.
    """

    def __init__(self, plan: Plan, settings: Settings) -> None:
        model = ModelStore(trained_workspace(plan.path, settings)).load()
        backbone = backbone_of(model.info, settings.model.runtime)
        self._taken: defaultdict[str, list[float]] = defaultdict(list)
        self.space = backbone.space
        self.extractor = Watched(backbone.extractor)
        self._recogniser = Recogniser(model, self.extractor, self.space, settings.recognition)
        self._find = face_search(settings, lambda event: None, photographs=False)
        self._tracker = Tracker(settings.recognition)
        self._blocks = HalfBlocks()

    def take(self, frame: Frame) -> int:
        """One frame through all the stages but reading; how many faces it showed."""
        faces, found = timed(lambda: self._find(frame.image))
        aligned = seconds_of(lambda: [align(frame.image, face.eyes) for face in faces])
        self.add("align", aligned)
        self.add("detect", found - aligned)
        boxes = [face.box.as_tuple for face in faces]
        crops = np.array([face.crop for face in faces], np.uint8).reshape(-1, CROP, CROP, 3)
        about = frame.label, frame.sequence, frame.seconds
        observed = seconds_of(lambda: self._recogniser.observe(*about, boxes, crops))
        self.add("features", self.extractor.seconds)
        self.extractor.seconds = 0.0
        began = time.perf_counter()
        embeddings = self.space.embed(self.extractor.rows[: len(faces)])
        scores = self._recogniser.gallery.scores(embeddings)
        self.add("score", time.perf_counter() - began)
        candidates = scores.argmax(1).tolist()
        track = partial(self._tracker.update, frame.seconds, boxes, embeddings, candidates)
        self.add("vote", seconds_of(track))
        drawn = seconds_of(lambda: self._blocks.cells(frame.image, WISH))
        self.add("draw", drawn)
        self.add("all", found + observed + drawn)
        return len(faces)

    def add(self, stage: str, seconds: float) -> None:
        """Note what a stage took."""
        self._taken[stage].append(seconds)

    def of(self, stage: str) -> float:
        """Median milliseconds of a stage, without the first frames."""
        return 1000 * statistics.median(self._taken[stage][WARM:])


def measure_recognise(plan: Plan) -> Iterator[Figure]:
    """One face, then four faces."""
    settings = load_settings()
    frames = plan.sized(FRAMES, RECOGNISE_FEW) + WARM
    for faces, word, make in ((1, "one face", clip), (4, "four faces", clip_of_four)):
        stages, seen = Recognition(plan, settings), []
        file = str(make(plan.path, settings, frames))
        with closing(open_source(file, settings.camera)) as source:
            while True:
                frame, seconds = timed(source.read)
                stages.add("read", seconds)
                if frame is None:
                    break
                seen.append(stages.take(frame))
        yield Figure(
            key=f"recognise.{faces}.rate",
            what=f"recognise {word}, all stages in one process",
            value=1000 / (stages.of("read") + stages.of("all")),
            unit="frames/s",
            more=True,
            note=f"640x480, {statistics.mean(seen[WARM:]):.1f} faces a frame",
        )
        for stage in STAGES:
            key, what = f"recognise.{faces}.{stage}", f"{stage}, a frame of {faces}"
            yield Figure(key=key, what=what, value=stages.of(stage), unit="ms")
