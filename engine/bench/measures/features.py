"""VGG16's features: against TensorFlow's, and against what the processor can do at all."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.bench.demo import crops_to_measure
from engine.bench.operations import WINOGRAD, operations_of_a_row
from engine.bench.plan import Plan
from engine.bench.stopwatch import taking_turns
from engine.config import load_settings
from engine.events import Figure
from engine.model.backbones import packaged_space
from engine.model.keras_extractor import KerasExtractor
from engine.model.runtime import vgg16_extractor
from engine.model.vectors import Float32
from engine.model.weights import load_weights
from engine.openvino_networks import openvino

CROPS, FEW = 16, 4
ROUNDS, ONCE = 5, 1
SIDE, SMALL = 2048, 1024
"""Rows and columns of the matrices whose product shows what the processor can do."""


def measure(plan: Plan) -> Iterator[Figure]:
    """All in turn: the runtime in use, TensorFlow in float32, and bare matrix products."""
    settings = load_settings()
    weights = load_weights()
    crops = crops_to_measure(settings, plan.workspace, plan.sized(CROPS, FEW))
    ours, reference = (
        vgg16_extractor(weights, settings.model.runtime),
        KerasExtractor(weights, False),
    )
    low = bool(getattr(ours, "low_precision", False))
    side = plan.sized(SIDE, SMALL)
    makers = products(side, low)
    own, others, *bare = taking_turns(
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
    done = operations_of_a_row() * len(crops) / min(own) / 1e9
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
    yield Figure(
        key="features.cosine",
        what="least cosine between the embeddings of both",
        value=float(likeness.min()),
        unit="",
        more=True,
        note=against,
    )
    errors = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    yield Figure(
        key="features.error",
        what="largest relative error of a row",
        value=float(errors.max()),
        unit="",
        note=against,
    )


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
