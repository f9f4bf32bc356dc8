"""What a model was made with, for model.json. Imports nothing heavy: versions are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata

PREPROCESSING = (
    "eyes aligned to fixed places in an RGB crop of 160x160; for VGG16's frozen features 128x128; "
    "RGB to BGR, ImageNet means subtracted, no scaling (keras.applications.vgg16.preprocess_input)"
)
PACKAGES = {
    "facedesk": "facedesk",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "openvino": "openvino",
    "opencv": "opencv-python",
    "numpy": "numpy",
}


def versions() -> Mapping[str, str]:
    """Installed version of everything that a model's numbers depend on; `unknown` if not there."""
    found = {}
    for name, package in PACKAGES.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
