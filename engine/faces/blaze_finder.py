"""Faces by BlazeFace: which finds are believed, and how their points become an aligned crop.

The full-range model proposes. Each proposal is looked at once more, by itself and enlarged: the
full-range model must see it again, and its points are those of this second look, which are the
same for a face near and far; and the short-range model must see it too, unless the face was there
in the frame before. Of 515 pictures of cloth, walls and shuffled pieces of photographs, looked at
in three sizes, 2 passed all of it, of 964 photographs of LFW with a face 963.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.faces.align import POINTS_IN_CROP, Face, Point, align, may_lie
from engine.faces.blaze import FULL_RANGE, SHORT_RANGE, BlazeFace, Find, Square, lazily, overlaps
from engine.faces.box import Box

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
_LEAST_SHARE = 0.25
"""A face of less than this share of the widest one's width is left out of a photograph."""


class BlazeFinder:
    """Finds and aligns faces. One object serves one thread; searching keeps no state.

    Raises ImportError where OpenVINO is not installed, RuntimeError where it does not work,
    DetectorMissing if a model's file is damaged.
    """

    finds_points: ClassVar[bool] = True

    def __init__(self) -> None:
        self._full = BlazeFace(FULL_RANGE)
        self._short = lazily(SHORT_RANGE)

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
                kept = [find for find in kept if _width(find) >= widest * _LEAST_SHARE]
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
        return _same(self._short().find(image, LEAST, near), find.box) is not None


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
