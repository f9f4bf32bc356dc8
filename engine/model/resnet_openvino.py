"""The face network with OpenVINO, laid down in code: ready in no time, no TensorFlow."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.feature_row import Arithmetic, check_crops
from engine.model.processor import has_bfloat16
from engine.model.resnet import (
    CHIP,
    DIGEST,
    FIRST,
    ROW,
    ResnetWeights,
    blocks,
    chips,
    load_resnet,
    resnet_digest,
)
from engine.openvino_networks import Network, compiled, openvino, sources_digest

_lock = threading.Lock()
_networks: dict[str, Network] = {}


class ResnetExtractor:
    """Crops to rows of the face network. Calls may come from any thread; they take turns.

    `digest` names weights, recipe and arithmetic: rows of different digests never mix. All
    extractors of a process share the compiled network.
    """

    length = ROW

    def __init__(self, low_precision: bool | None = None) -> None:
        """`low_precision`: bfloat16 arithmetic; None chooses it where the processor has it.

        Raises ImportError where OpenVINO is not installed, RuntimeError where it cannot compile,
        ModelCorrupt or ModelError for the packaged weights.
        """
        low = has_bfloat16() if low_precision is None else low_precision
        self._network = _network("bf16" if low else "f32")
        # The plugin computes in float32 where it cannot do what it was asked for.
        used = self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.low_precision = used == "bf16"
        arithmetic: Arithmetic = "openvino bfloat16" if self.low_precision else "float32"
        self.digest = resnet_digest(arithmetic)

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Rows (n, 128), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; a caller who wants to cancel or to show progress passes so many at a time. Rows are
        not of unit length. Raises ValueError if `crops` has another shape or type.
        """
        check_crops(crops)
        rows = np.empty((len(crops), ROW), np.float32)
        request = self._network.create_infer_request()  # One a call: threads share no buffers.
        # One face at a time takes no more processor time than four.
        for row, crop in zip(rows, crops, strict=True):
            row[:] = request.infer([chips(crop[None])])[0][0]
        return rows


def _network(precision: str) -> Any:
    """The compiled network: this process's, else the one kept on disk, else built now."""
    with _lock:
        if precision not in _networks:
            _networks[precision] = compiled(
                "resnet",
                f"{DIGEST} {sources_digest(__file__)}",
                lambda: resnet_graph(load_resnet()),
                PERFORMANCE_HINT="LATENCY",  # One stream on all cores.
                INFERENCE_PRECISION_HINT=precision,
                ENABLE_CPU_PINNING=False,  # The camera process needs the same cores.
            )
        return _networks[precision].compiled


def resnet_graph(weights: ResnetWeights) -> Any:
    """An `openvino.Model`: one of `chips` (1, 3, 150, 150), float32, to its row (1, 128)."""
    ov = openvino()
    op = ov.opset13
    chip = op.parameter([1, 3, CHIP, CHIP], np.float32, name="chip")
    maps = op.relu(_convolution(op, chip, weights, FIRST, 2, 0))
    maps = op.max_pool(maps, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    for block in blocks():
        step, border = (2, 0) if block.down else (1, 1)
        inner = op.relu(_convolution(op, maps, weights, f"{block.name}_conv1", step, border))
        found = _convolution(op, inner, weights, f"{block.name}_conv2", 1, 1)
        if block.down:
            maps = op.avg_pool(maps, [2, 2], [0, 0], [0, 0], [2, 2], True).output(0)
        shape = np.maximum(list(found.get_shape()), list(maps.get_shape()))
        both = (_padded(op, each, shape) for each in (found, maps))
        maps = op.relu(op.add(*both)).output(0)
    means = op.reduce_mean(maps, op.constant([2, 3]), False)
    rows = op.matmul(means, op.constant(weights.embedding), False, False)
    return ov.Model([rows], [chip], "face network")


def _convolution(
    op: Any, maps: Any, weights: ResnetWeights, name: str, step: int, border: int
) -> Any:
    kernel, bias = weights.layer(name)
    constant = op.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
    around = [border, border]
    found = op.convolution(maps, constant, [step, step], around, around, [1, 1])
    return op.add(found, op.constant(bias.reshape(1, -1, 1, 1))).output(0)


def _padded(op: Any, maps: Any, shape: NDArray[np.int64]) -> Any:
    """Maps with zeros behind their channels, rows and columns, up to `shape`."""
    missing = shape - list(maps.get_shape())
    if not missing.any():
        return maps
    zero = op.constant(np.float32(0))
    return op.pad(maps, op.constant([0] * 4), op.constant(missing), "constant", zero).output(0)
