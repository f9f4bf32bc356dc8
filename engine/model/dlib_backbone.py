"""The optional backbone `dlib`: D. King's ResNet for faces, from the extra `facedesk[dlib]`.

K. He et al., "Deep Residual Learning" (CVPR 2016), 29 layers, trained by D. King on about three
million faces with a metric loss: distances below 0.6 are meant to be one person. The two model
files are those of the package `face-recognition-models` (CC0 1.0). They are read as data files:
that package itself is never imported, for it needs a part of setuptools that is gone.
"""

from __future__ import annotations

import hashlib
import importlib.util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import BackboneMissing, ModelCorrupt
from engine.i18n import _
from engine.pictures import CROP

INSTALL = "pip install 'facedesk[dlib]'"
DATA_PACKAGE = "face_recognition_models"
LANDMARKS = "shape_predictor_5_face_landmarks.dat"
NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
ROW = 128
"""Values in a feature row."""
CHIP, PADDING = 150, 0.25
"""Side of the network's input in pixels; the margin around the face it was trained with."""
FACE = (20, 44, 139, 152)
"""Left, top, right and bottom of the face in an aligned crop: what dlib's own detector says there
(median over 60 background people), since the landmark finder was trained on its boxes."""
BATCH = 16
RECIPE = "five landmarks, chip 150 v1"
"""Changes whenever the same crop would give other rows, so that old caches are not mixed in."""


class DlibExtractor:
    """Crops to dlib's face descriptors. Calls may come from any thread, one at a time.

    `digest` names both model files and the recipe: rows of different digests never mix.
    Building one raises BackboneMissing without the extra, ModelCorrupt if dlib refuses a file.
    """

    length = ROW

    def __init__(self) -> None:
        dlib = import_dlib()
        files = model_files()
        content = " ".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
        self.digest = hashlib.sha256(f"{content} {RECIPE}".encode()).hexdigest()
        try:
            self._landmarks = dlib.shape_predictor(str(files[0]))
            self._network = dlib.face_recognition_model_v1(str(files[1]))
        except RuntimeError as error:
            raise ModelCorrupt(
                _("dlib cannot read its model files"),
                str(error),
                _("Install them again: {install}").format(install=INSTALL),
            ) from error
        self._dlib = dlib
        self._face = dlib.rectangle(*FACE)

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors (n, 128), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        About 1.4 long, not of unit length: dlib's own tolerance is a distance between such.
        Raises ValueError if `crops` has another shape or type.
        """
        if crops.shape[1:] != (CROP, CROP, 3) or crops.dtype != np.uint8:
            raise ValueError(f"crops are {crops.dtype} {crops.shape}, not uint8 (n, 160, 160, 3)")
        rows = np.empty((len(crops), ROW), np.float32)
        for start in range(0, len(crops), BATCH):
            chips = [self._chip(crop) for crop in crops[start : start + BATCH]]
            rows[start : start + len(chips)] = self._network.compute_face_descriptor(chips)
        return rows

    def _chip(self, crop: NDArray[np.uint8]) -> Any:
        """The network's input: the face turned by dlib's own five landmarks, uint8 150x150x3.

        It reaches 10 pixels below the crop, where it is black: repeating the crop's border
        there told people apart less well.
        """
        upright = np.ascontiguousarray(crop)
        points = self._landmarks(upright, self._face)
        return self._dlib.get_face_chip(upright, points, CHIP, PADDING)


def import_dlib() -> Any:
    """The module dlib. Raises BackboneMissing if it is not installed or cannot be loaded."""
    try:
        import dlib
    except ModuleNotFoundError as error:
        raise missing(_("the package dlib-bin is absent")) from error
    except ImportError as error:
        raise missing(_("dlib cannot be loaded ({error})").format(error=error)) from error
    return dlib


def model_files() -> tuple[Path, Path]:
    """Landmark finder and network. Raises BackboneMissing if the data package lacks them."""
    found = importlib.util.find_spec(DATA_PACKAGE)
    places = [] if found is None else list(found.submodule_search_locations or ())
    for place in places:
        files = (Path(place) / "models" / LANDMARKS, Path(place) / "models" / NETWORK)
        if all(path.is_file() for path in files):
            return files
    raise missing(
        _("the model files of {package} are not installed").format(
            package=DATA_PACKAGE.replace("_", "-")
        )
    )


def installed() -> str:
    """The extra in words, with its version. Raises BackboneMissing if a part is absent."""
    import_dlib()
    size = sum(path.stat().st_size for path in model_files())
    try:
        release = version("dlib-bin")
    except PackageNotFoundError:  # built from source, under its own name
        release = str(import_dlib().__version__)
    return _("dlib {release}, {size:.0f} MB of models: --backbone dlib works").format(
        release=release, size=size / 1e6
    )


def missing(why: str) -> BackboneMissing:
    """The error for an absent extra."""
    return BackboneMissing(
        _("The backbone dlib is not installed"),
        why,
        _("Install it: {install}").format(install=INSTALL),
    )
