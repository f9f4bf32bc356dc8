"""What computes the networks' features here: OpenVINO where it can, else Keras, and why.

Asking costs nothing: neither is loaded before an extractor is wanted.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import BackboneMissing
from engine.model.processor import CPUINFO, processor_features
from engine.settings import RuntimeWish
from engine.shortage import refuse_shortage

if TYPE_CHECKING:
    from engine.model.feature_row import Extracts
    from engine.model.weights import Weights

NEEDED = frozenset({"sse4_2", "asimd"})
"""Linux's names of what OpenVINO's processor plugin needs one of."""
INSTALL = "pip install 'openvino>=2025.4,<2027'"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A choice. `reason` is one sentence without a full stop; `fallback`: it is second best."""

    name: Literal["openvino", "keras"]
    reason: str
    fallback: bool = False


def choose_runtime(wish: RuntimeWish, cpuinfo: Path = CPUINFO) -> Runtime:
    """What `wish` (setting `model.runtime`) means on this machine."""
    if wish == "keras":
        return Runtime("keras", "the setting model.runtime asks for it")
    if wish == "openvino":
        return Runtime("openvino", "the setting model.runtime asks for it")
    if importlib.util.find_spec("openvino") is None:
        return Runtime("keras", "OpenVINO is not installed", fallback=True)
    features = processor_features(cpuinfo)
    if features and not features & NEEDED:
        return Runtime("keras", "OpenVINO does not know this processor", fallback=True)
    return Runtime("openvino", "it is installed and the processor fits")


def vgg16_extractor(weights: Weights, wish: RuntimeWish) -> Extracts:
    """VGG16's extractor of the chosen runtime; Keras too where OpenVINO turns out not to work.

    Raises BackboneMissing if the setting insists on OpenVINO and it does not work.
    """

    def openvino() -> Extracts:
        from engine.model.openvino_extractor import OpenVinoExtractor

        return OpenVinoExtractor(weights)

    def keras() -> Extracts:
        from engine.model.keras_extractor import KerasExtractor

        return KerasExtractor(weights)

    return _extractor(wish, openvino, keras)


def resnet_extractor(wish: RuntimeWish) -> Extracts:
    """The same for the face network. Raises ModelCorrupt and ModelError too."""

    def openvino() -> Extracts:
        from engine.model.resnet_openvino import ResnetExtractor

        return ResnetExtractor()

    def keras() -> Extracts:
        from engine.model.resnet_keras import KerasResnetExtractor

        return KerasResnetExtractor()

    return _extractor(wish, openvino, keras)


def _extractor(
    wish: RuntimeWish, openvino: Callable[[], Extracts], keras: Callable[[], Extracts]
) -> Extracts:
    if choose_runtime(wish).name == "openvino":
        try:
            return openvino()
        except (ImportError, RuntimeError) as error:
            refuse_shortage(error)
            if wish == "openvino":
                raise BackboneMissing(
                    "OpenVINO cannot be used, and the setting model.runtime insists on it",
                    str(error),
                    f"{INSTALL}, or leave the setting out",
                ) from error
            log.warning("Keras computes the features, OpenVINO cannot: %s", error)
    return keras()


def prepare(wish: RuntimeWish) -> None:
    """Load the runtime, and with OpenVINO the packaged networks, which later extractors share.

    The first row packs the weights, so one is computed.
    Raises BackboneMissing, ModelCorrupt, ModelError.
    """
    if choose_runtime(wish).name == "keras":
        import engine.model.keras_extractor  # noqa: F401  # TensorFlow takes seconds to load

        return
    import numpy as np

    from engine.model.vgg16_plan import SIZE
    from engine.model.weights import load_weights

    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    for extractor in (vgg16_extractor(load_weights(), wish), resnet_extractor(wish)):
        extractor.extract(black)
