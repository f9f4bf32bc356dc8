"""BlazeFace: a small network that finds faces and six points of each, on OpenVINO.

Bazarevsky et al., arXiv:1907.05047. Two of its models ship in `networks/` (Google, Apache-2.0).
The full-range one sees faces from about a twentieth of the picture's width on and rarely takes a
cushion for a face; the short-range one is quick and exact on a face that fills a good part of what
it is shown, and believes too much otherwise.

The full-range model proposes. Each proposal is looked at once more, by itself and enlarged: the
full-range model must see it again, and its points are those of this second look, which are the
same for a face near and far; and the short-range model must see it too, unless the face was there
in the frame before. Of 515 pictures of cloth, walls and shuffled pieces of photographs, looked at
in three sizes, 2 passed all of it, of 964 photographs of LFW with a face 963.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DetectorMissing
from engine.faces.align import POINTS_IN_CROP, Box, Face, Point, align, may_lie
from engine.openvino_networks import compiled

Float32 = NDArray[np.float32]

FOLDER = Path(__file__).with_name("networks")
SAME = 0.3
"""Overlap from which on two finds are one face."""
DARK, MOST_GAIN = 70.0, 8.0
"""Mean of all channels below which a picture is brightened, and how much at most."""
_LEVELS = (np.arange(256, dtype=np.float32) / 127.5 - 1).reshape(256, 1)
"""What the networks are shown for each value of a channel: -1..1."""
POINTS = 6
"""Both eyes, nose tip, mouth, both ears; the eye and the ear further left in an upright face's
picture come first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One of the models: its file, the file's SHA-256, side of its input in pixels, and its grids
    as (cells a side, anchors a cell)."""

    file: str
    digest: str
    side: int
    grids: tuple[tuple[int, int], ...]

    def anchors(self) -> Float32:
        """The middle (x, y) of each anchor's cell, shares of the input's side: (n, 2)."""
        middles = [
            ((column + 0.5) / cells, (row + 0.5) / cells)
            for cells, each in self.grids
            for row in range(cells)
            for column in range(cells)
            for _ in range(each)
        ]
        return np.array(middles, np.float32)


FULL_RANGE = Plan(
    "face_detection_full_range.tflite",
    "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    192,
    ((48, 1),),
)
SHORT_RANGE = Plan(
    "face_detection_short_range.tflite",
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    128,
    ((16, 2), (8, 6)),
)


@dataclass(frozen=True, slots=True)
class Square:
    """A square part of a picture, pixels; it may reach over the picture's edge."""

    left: int
    top: int
    side: int

    @classmethod
    def about(cls, box: NDArray[np.float64], times: float) -> Square:
        """The square around the middle of a box (x, y, width, height), `times` as wide as it."""
        side = max(round(float(box[2:].max()) * times), 1)
        middle = box[:2] + box[2:] / 2
        return cls(round(float(middle[0]) - side / 2), round(float(middle[1]) - side / 2), side)


@dataclass(frozen=True, slots=True, eq=False)
class Find:
    """One find: box (x, y, width, height) and points (6, 2) in pixels of the picture, float64;
    `score` 0..1."""

    box: NDArray[np.float64]
    points: NDArray[np.float64]
    score: float


class BlazeFace:
    """One of the two models. One object serves one thread.

    Raises ImportError where OpenVINO is not installed, RuntimeError where it does not work,
    DetectorMissing if the model's file is absent or damaged.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._anchors = _anchors(plan)
        path = _verified(plan)
        # One thread: two are no faster here, and the other core has networks to compute.
        self._network = compiled(
            path.stem,
            plan.digest,
            lambda: path,
            INFERENCE_PRECISION_HINT="f32",
            INFERENCE_NUM_THREADS=1,
            ENABLE_CPU_PINNING=False,
        )
        network = self._network.compiled
        self._request = network.create_infer_request()
        # The two outputs come in no promised order: boxes and points are 16 numbers an anchor.
        wide = [output.get_shape()[-1] == 4 + 2 * POINTS for output in network.outputs]
        self._where, self._sure = wide.index(True), wide.index(False)

    def find(
        self, image: NDArray[np.uint8], least: float, part: Square | None = None
    ) -> tuple[Find, ...]:
        """Faces of at least score `least` in `image` (BGR uint8 HxWx3), the surest first.

        Only `part` is looked at, if given; finds are in pixels of the whole picture all the same.
        """
        part = part or _around(image)
        side = self._plan.side
        picture = cv2.cvtColor(seen(image, part, side), cv2.COLOR_BGR2RGB)
        outputs = self._request.infer([cv2.LUT(picture, _LEVELS)[None]])
        where, logits = outputs[self._where][0], outputs[self._sure][0, :, 0]
        scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80)))
        chosen = np.flatnonzero(scores >= least)
        shares = where[chosen].astype(np.float64) / side
        middle = self._anchors[chosen] + shares[:, :2]
        corner = np.array([part.left, part.top])
        boxes = np.concatenate([middle - shares[:, 2:4] / 2, shares[:, 2:4]], axis=1) * part.side
        boxes[:, :2] += corner
        points = shares[:, 4:].reshape(-1, POINTS, 2) + self._anchors[chosen][:, None]
        return merged(boxes, points * part.side + corner, scores[chosen])


def seen(image: NDArray[np.uint8], part: Square, size: int) -> NDArray[np.uint8]:
    """`part` of a picture (uint8 HxWx3) at `size` x `size` pixels, black beyond its edges, and
    `brightened`."""
    height, width = image.shape[:2]
    scale = size / part.side
    left, top = max(0, part.left), max(0, part.top)
    right, bottom = min(width, part.left + part.side), min(height, part.top + part.side)
    canvas = np.zeros((size, size, 3), np.uint8)
    if right <= left or bottom <= top:
        return canvas
    x, y = round((left - part.left) * scale), round((top - part.top) * scale)
    columns = min(size - x, max(1, round((right - left) * scale)))
    rows = min(size - y, max(1, round((bottom - top) * scale)))
    if columns > 0 and rows > 0:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        shown = cv2.resize(image[top:bottom, left:right], (columns, rows), interpolation=way)
        canvas[y : y + rows, x : x + columns] = brightened(np.asarray(shown, np.uint8))
    return canvas


def brightened(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A dark picture (uint8 HxW or HxWx3) with its light multiplied up, for the search only: in a
    dark room the operator should read that there is too little light, not that there is no face.
    """
    channels = picture.shape[2] if picture.ndim == 3 else 1
    light = float(np.mean(cv2.mean(picture)[:channels]))
    if light >= DARK:
        return picture
    gain = min(DARK / max(light, 1.0), MOST_GAIN)
    return np.asarray(cv2.convertScaleAbs(picture, alpha=gain), np.uint8)


def merged(
    boxes: NDArray[np.float64], points: NDArray[np.float64], scores: NDArray[np.float64]
) -> tuple[Find, ...]:
    """Overlapping finds as one each: their means, weighted by score; the surest first.

    `boxes` (n, 4), `points` (n, 6, 2), `scores` (n,). BlazeFace answers with a cluster for each
    face, and a mean trembles less from frame to frame than the surest answer alone.
    """
    found: list[Find] = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        first = left[0]
        same = overlaps(boxes[first], boxes[left]) > SAME
        same[0] = True
        group = left[same]
        weights = scores[group] / scores[group].sum()
        found.append(
            Find(
                weights @ boxes[group],
                np.tensordot(weights, points[group], 1),
                float(scores[first]),
            )
        )
        left = left[~same]
    return tuple(found)


def overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box (4,) with each of `boxes` (n, 4): (n,), 0..1."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    shared = np.maximum(high - low, 0).prod(1)
    union = box[2:].prod() + boxes[:, 2:].prod(1) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float64)


def _around(image: NDArray[np.uint8]) -> Square:
    """The square around a whole picture, which lies in its middle."""
    height, width = image.shape[:2]
    side = max(height, width)
    return Square(-((side - width) // 2), -((side - height) // 2), side)


@cache
def _anchors(plan: Plan) -> Float32:
    return plan.anchors()


def _verified(plan: Plan) -> Path:
    """The model's file. Raises DetectorMissing unless it is the one that shipped."""
    path = FOLDER / plan.file
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _missing(f"{path} cannot be read") from error
    if found != plan.digest:
        raise _missing(f"{path} is damaged")
    return path


def _missing(why: str) -> DetectorMissing:
    return DetectorMissing("The face detector is missing", why, "Install Facedesk again.")


LEAST = 0.5
"""Score from which on a model is believed."""
CLOSE, CLOSER = 2.5, 1.5
"""Side of the square that the full-range and the short-range model look at for the second look,
in widths of the face."""
WIDER, HIGHER = 1.05, 0.08
"""BlazeFace's box is made this much wider and moved up by this share of its side: the box that the
Haar cascade gives, on which the limits of the gates rest (medians over LFW)."""
LARGE = 640
"""Longest side of a photograph, pixels, from which on its parts are looked at too."""
TILES = (0.5, 0.3)
"""Sides of those parts, shares of the photograph's longest side."""
PADDED = (2.0, 3.0)
"""How much more is looked at than there is where a photograph may be nothing but a face."""
NARROWEST = 24
"""Narrowest face that is found, pixels."""
LEAST_SHARE = 0.25
"""A face of less than this share of the widest one's width is left out of a photograph: beside
a large face most such finds are folds and buttons. On LFW that never changes the central face."""


class BlazeFinder:
    """Finds and aligns faces. One object serves one thread; searching keeps no state.

    Raises ImportError where OpenVINO is not installed, RuntimeError where it does not work,
    DetectorMissing if a model's file is damaged.
    """

    finds_points = True

    def __init__(self) -> None:
        self._full = BlazeFace(FULL_RANGE)

    @cached_property
    def _short(self) -> BlazeFace:
        """Read when it is asked first: compiling takes a third of a second at the first start."""
        return BlazeFace(SHORT_RANGE)

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Faces in a live frame (BGR uint8 HxWx3), largest first, at most `most`.

        Faces of the frame `before` need no second opinion where they are seen again.
        """
        proposed = sorted(self._full.find(image, LEAST), key=_width, reverse=True)
        seen = [_original(face) for face in before]
        kept: list[Find] = []
        for find in proposed[: 2 * most]:
            known = bool(seen) and bool(overlaps(find.box, np.array(seen)).max() > LEAST / 2)
            again = self._again(image, find.box)
            if again is not None and (known or self._agrees(image, again)):
                _add(kept, again)
        return _faces(image, kept[:most])

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the frame before in this one (BGR uint8 HxWx3), largest first.

        Each is looked for around its last place only. A face that is not there is left out, and
        of two that became one the surer stays.
        """
        kept: list[Find] = []
        for face in before:
            again = self._again(image, _original(face))
            if again is not None:
                _add(kept, again)
        return _faces(image, sorted(kept, key=_width, reverse=True))

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Faces in a photograph of any size (BGR uint8 HxWx3), most central first.

        Without a find, a large photograph is looked at in parts, then any photograph with room
        around it (it may be nothing but a face), and at last turned by quarters: see
        `Face.turned`. Nothing is believed more easily on the way. Of a face that may lie on its
        side the other turns are looked at too, and one in which it stands upright is taken.
        """
        doubtful: tuple[Face, ...] = ()
        for quarters in range(4):
            turned = np.ascontiguousarray(np.rot90(image, quarters))
            found = tuple(_face(turned, find, quarters) for find in self._in_photograph(turned))
            if found and not may_lie(found[0]):
                return found
            doubtful = doubtful or found
        return doubtful

    def _in_photograph(self, image: NDArray[np.uint8]) -> list[Find]:
        for parts in _parts(*image.shape[:2]):
            kept: list[Find] = []
            for part in parts:
                for find in self._full.find(image, LEAST, part):
                    again = self._again(image, find.box)
                    if again is not None and self._agrees(image, again):
                        _add(kept, again)
            if kept:
                widest = max(map(_width, kept))
                middle = (image.shape[1] / 2, image.shape[0] / 2)
                kept = [find for find in kept if _width(find) >= widest * LEAST_SHARE]
                return sorted(kept, key=lambda find: math.dist(_box(find).centre, middle))
        return []

    def _again(self, image: NDArray[np.uint8], box: NDArray[np.float64]) -> Find | None:
        """The second look at what is in `box` (x, y, width, height)."""
        if box[2] < NARROWEST:
            return None
        return _same(self._full.find(image, LEAST, Square.about(box, CLOSE)), box)

    def _agrees(self, image: NDArray[np.uint8], find: Find) -> bool:
        """Whether the short-range model sees the face too."""
        near = Square.about(find.box, CLOSER)
        return _same(self._short.find(image, LEAST, near), find.box) is not None


def _parts(height: int, width: int) -> Iterable[list[Square | None]]:
    """What of a photograph is looked at, one try after the other; None is the whole."""
    yield [None]
    longest = max(height, width)
    if longest >= LARGE:
        for share in TILES:
            side = round(longest * share)
            yield [
                Square(left, top, side)
                for top in _starts(height, side)
                for left in _starts(width, side)
            ]
    everything = np.array([0, 0, width, height], np.float64)
    for times in PADDED:
        yield [Square.about(everything, times)]


def _starts(length: int, side: int) -> list[int]:
    """Where squares of `side` begin on a line so that they cover it, overlapping by half."""
    if side >= length:
        return [-(side - length) // 2]
    count = math.ceil(2 * (length - side) / side) + 1
    return [round(each * (length - side) / (count - 1)) for each in range(count)]


def _same(finds: Sequence[Find], box: NDArray[np.float64]) -> Find | None:
    """Of `finds` the one that lies where `box` does."""
    best = max(finds, key=lambda find: overlaps(box, find.box[None])[0], default=None)
    if best is None or overlaps(box, best.box[None])[0] < LEAST / 2:
        return None
    return best


def _add(kept: list[Find], find: Find) -> None:
    """Add a find unless it is one of `kept` already."""
    if _same(kept, find.box) is None:
        kept.append(find)


def _faces(image: NDArray[np.uint8], finds: Iterable[Find]) -> tuple[Face, ...]:
    return tuple(_face(image, find) for find in finds)


def _face(image: NDArray[np.uint8], find: Find, turned: int = 0) -> Face:
    points: tuple[Point, ...] = tuple((float(x), float(y)) for x, y in find.points)
    crop = align(image, points[: len(POINTS_IN_CROP)])
    return Face(_box(find), (points[0], points[1]), True, crop, points, turned)


def _width(find: Find) -> float:
    return float(find.box[2])


def _box(find: Find) -> Box:
    """A find's box as the Haar cascade would draw it."""
    x, y, width, height = find.box.tolist()
    side = width * WIDER
    left, top = x + width / 2 - side / 2, y + height / 2 - HIGHER * height - side / 2
    return Box(round(left), round(top), round(side), round(side))


def _original(face: Face) -> NDArray[np.float64]:
    """BlazeFace's box (x, y, width, height) of a face whose box `_box` made."""
    box = face.box
    side = box.width / WIDER
    x, y = box.centre
    return np.array([x - side / 2, y + HIGHER * side - side / 2, side, side], np.float64)
