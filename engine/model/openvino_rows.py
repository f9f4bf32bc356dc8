"""From aligned crops to feature rows with OpenVINO: what the extractors of both networks share."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.machine import has_bfloat16
from engine.model.vgg16 import Arithmetic, check_crops, row_digest
from engine.openvino_networks import Network, compiled

_lock = threading.Lock()
_networks: dict[str, Network] = {}


class OpenVinoRows(ABC):
    """Crops to feature rows of the network `name`. Calls may come from any thread; they take turns.

    `digest` names weights, recipe and arithmetic: rows of different digests never mix. All
    extractors of a process with the same weights and precision share one compiled network.
    """

    name: str
    recipe: str
    length: int

    def __init__(
        self, weights: str, sources: str, build: Callable[[str], Any], low_precision: bool | None
    ) -> None:
        """`build` lays down the network for a precision; `weights` and `sources` are digests of
        what it depends on. `low_precision`: bfloat16 arithmetic; None chooses it where the
        processor has it.

        Raises ImportError where OpenVINO is not installed, RuntimeError where it cannot compile.
        """
        precision = (
            "bf16" if (has_bfloat16() if low_precision is None else low_precision) else "f32"
        )
        key = f"{self.name} {weights} {precision}"
        with _lock:
            if key not in _networks:
                _networks[key] = compiled(
                    self.name,
                    f"{weights} {self.recipe} {sources}",
                    lambda: build(precision),
                    PERFORMANCE_HINT="LATENCY",  # One stream: two are no faster, and late.
                    INFERENCE_PRECISION_HINT=precision,
                    ENABLE_CPU_PINNING=False,  # The camera process needs the same cores.
                )
            self._network = _networks[key].compiled
        # The plugin computes in float32 where it cannot do what it was asked for.
        used = self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.low_precision = used == "bf16"
        arithmetic: Arithmetic = "openvino bfloat16" if self.low_precision else "float32"
        self.digest = row_digest(weights, arithmetic, self.recipe)

    @staticmethod
    @abstractmethod
    def prepared(crops: NDArray[np.uint8]) -> NDArray[Any]:
        """The network's input of crops."""

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; a caller who wants to cancel or to show progress passes so many at a time. Raises
        ValueError if `crops` has another shape or type.
        """
        check_crops(crops)
        rows = np.empty((len(crops), self.length), np.float32)
        request = self._network.create_infer_request()  # One a call: threads share no buffers.
        # One at a time fills the cores; more are no faster and take 20 MB each.
        for row, crop in zip(rows, crops, strict=True):
            row[:] = request.infer([self.prepared(crop[None])])[0][0]
        return rows
