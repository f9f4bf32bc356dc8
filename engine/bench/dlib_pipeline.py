"""Recognition as dlib's own examples do it, to be compared with on the same frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.bench.demo import trained_workspace
from engine.bench.plan import Plan
from engine.config import Settings
from engine.enrol.people import People
from engine.model.dlib_backbone import DlibExtractor, import_dlib, model_files
from engine.pictures import decode_crop

TOLERANCE = 0.6
"""Distance up to which two descriptors are one person's, as dlib has it."""


class DlibPipeline:
    """Frontal face detector, five landmarks, descriptor, nearest of those enrolled.

    Raises BackboneMissing without the extra, ModelCorrupt.
    """

    def __init__(self, plan: Plan, settings: Settings) -> None:
        dlib = import_dlib()
        landmarks, network = model_files()
        self._detector = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(str(landmarks))
        self._network = dlib.face_recognition_model_v1(str(network))
        people = People(trained_workspace(plan.path, settings))
        crops = [(person.name, people.pictures(person)) for person in people.list()]
        pictures = np.stack([decode_crop(file) for _name, files in crops for file in files])
        self._gallery = DlibExtractor().extract(pictures)
        self._names = [name for name, files in crops for _file in files]

    def names(self, image: NDArray[np.uint8]) -> list[str]:
        """Who is in a frame (BGR uint8 HxWx3): a name for each face, empty for strangers."""
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        found = []
        for box in self._detector(rgb, 0):
            shape = self._landmarks(rgb, box)
            row = np.asarray(self._network.compute_face_descriptor(rgb, shape), np.float32)
            distances = np.linalg.norm(self._gallery - row, axis=1)
            nearest = int(distances.argmin())
            found.append(self._names[nearest] if distances[nearest] <= TOLERANCE else "")
        return found
