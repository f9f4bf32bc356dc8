"""From aligned crops to VGG16 feature rows with OpenVINO: no TensorFlow, ready in half a second."""

from __future__ import annotations

import threading
from platform import machine as machine_name
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.feature_row import RECIPE, ROW, Arithmetic, row_digest, shown
from engine.model.openvino_graph import feature_graph, graph_digest
from engine.model.processor import has_bfloat16
from engine.model.weights import Weights
from engine.openvino_networks import Network, compiled

X86 = frozenset({"x86_64", "AMD64"})
"""Where `openvino_winograd` was measured; on ARM OpenVINO has ways of its own."""


_lock = threading.Lock()
_networks: dict[str, Network] = {}


class OpenVinoExtractor:
    """Crops to feature rows. Calls may come from any thread; they take turns.

    All extractors of a process with the same weights and precision share one compiled network.
    """

    length = ROW

    def __init__(self, weights: Weights, low_precision: bool | None = None) -> None:
        """`low_precision`: bfloat16 arithmetic; None chooses it where the processor has it.

        Raises ImportError where OpenVINO is not installed, RuntimeError where it cannot compile.
        """
        low = has_bfloat16() if low_precision is None else low_precision
        self._network = _network(weights, "bf16" if low else "f32")
        # The plugin computes in float32 where it cannot do what it was asked for.
        used = self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.low_precision = used == "bf16"
        arithmetic: Arithmetic = "openvino bfloat16" if self.low_precision else "float32"
        self.digest = row_digest(weights.digest, arithmetic)

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, 12288), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; a caller who wants to cancel or to show progress passes so many at a time. Raises
        ValueError if `crops` has another shape or type.
        """
        pictures = shown(crops)
        rows = np.empty((len(crops), ROW), np.float32)
        request = self._network.create_infer_request()  # One a call: threads share no buffers.
        # One at a time fills the cores; more are no faster and take 20 MB each.
        for row, picture in zip(rows, pictures, strict=True):
            row[:] = request.infer([picture[None]])[0][0]
        return rows


def _network(weights: Weights, precision: str) -> Any:
    """The compiled network: this process's, else the one kept on disk, else built now."""
    with _lock:
        name = f"{weights.digest} {precision}"
        if name not in _networks:
            fewer_products = precision == "f32" and machine_name() in X86
            _networks[name] = compiled(
                "vgg16",
                f"{weights.digest} {RECIPE} {graph_digest()}",
                lambda: feature_graph(weights, fewer_products),
                PERFORMANCE_HINT="LATENCY",  # One stream on all cores: two are no faster, and late.
                INFERENCE_PRECISION_HINT=precision,
                ENABLE_CPU_PINNING=False,  # The camera process needs the same cores.
            )
        return _networks[name].compiled
