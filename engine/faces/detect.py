"""Faces in a picture, or through the frames of one source: by BlazeFace or OpenCV's cascades."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DetectorMissing
from engine.faces.align import Box, Face, align, may_lie
from engine.faces.blaze import LEAST_SHARE, BlazeFinder, brightened
from engine.faces.eyes import QUICK, THOROUGH, Cascade, Effort, EyeFinder, as_shares, resized
from engine.settings import DetectionSettings
from engine.shortage import refuse_shortage

log = logging.getLogger(__name__)

_SMALLEST = 24
"""The face cascade's own window, pixels: nothing narrower can be found."""
_PHOTOGRAPH_STEP, _PHOTOGRAPH_NEIGHBOURS = 1.1, 5
_SECOND_LOOK = 1.05, 3
"""Step and neighbours of the last attempt."""
_PHOTOGRAPH_SIDES = (800, 2400)
"""Longest side a photograph is reduced to before the search: first, and again if in vain."""
_PADDING = 0.4
"""Border added on every side at the last attempt, share of the shorter side."""
_PADDED_SHORT_SIDE = 320
"""A small padded picture is enlarged to this, pixels."""
_INSIDE = 0.7
"""A box that lies in a larger one by this share is part of that face, not a face."""
_AROUND = 0.35
"""How far a known face is searched for beyond its last box, share of its width on each side."""
_SAME_PLACE = 0.3
"""Overlap from which on two boxes of successive frames are taken for one face."""
_GROWTH = 1.3
"""How much wider or narrower than its last box a known face is looked for: the scales next to
its own, whose hits support each other."""


class HaarFinder:
    """Finds and aligns faces. One object serves one thread; searching keeps no state.

    Raises DetectorMissing at construction if OpenCV's cascade files are absent. `folder` is
    where to look for them; None means OpenCV's own.
    """

    finds_points = False

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._settings = settings
        self._faces = Cascade("frontalface_default", folder)
        self._second = Cascade("frontalface_alt2", folder)
        self._eyes = EyeFinder(folder)

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Faces in a live frame (BGR uint8 HxWx3), largest first, at most `most`.

        The search runs on a picture of `settings.working_width`; the eyes are then looked for
        in the full picture, inside each face only, and first where they were in that of the
        frame `before` which lies in the same place.
        """
        grey, small, scale = self._reduced(image)
        wish = self._settings
        least = self._narrowest(scale)
        found = self._faces.search(small, wish.scale_factor, wish.neighbours, least)
        boxes = _outermost(found, scale)[:most]
        return tuple(self._finish(image, grey, box, QUICK, _same(box, before)) for box in boxes)

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the frame before in this one (BGR uint8 HxWx3), largest first.

        Each is searched for around its last box only, at about its last size, and its eyes
        around theirs. A face that is not there is left out, and of two that became one the larger
        stays.
        """
        grey, small, scale = self._reduced(image)
        found = []
        for face in before:
            near = self._around(small, face.box.scaled(scale), scale)
            found += sorted(near, key=lambda each: each[1])[-1:]
        boxes = _outermost(found, scale)
        return tuple(self._finish(image, grey, box, QUICK, _same(box, before)) for box in boxes)

    def _around(self, small: NDArray[np.uint8], box: Box, scale: float) -> list[tuple[Box, int]]:
        """Finds near a box of the reduced frame, with the hits behind each."""
        margin = round(box.width * _AROUND)
        left, top = max(0, box.x - margin), max(0, box.y - margin)
        part = small[top : box.y + box.height + margin, left : box.x + box.width + margin]
        found = self._faces.search(
            part,
            self._settings.scale_factor,
            self._settings.neighbours,
            max(self._narrowest(scale), round(box.width / _GROWTH)),
            round(box.width * _GROWTH),
        )
        return [(each.scaled(1, -left, -top), hits) for each, hits in found]

    def _reduced(
        self, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float]:
        """A live frame in grey, the same as small as it is searched, and the ratio of the two."""
        grey = brightened(_grey(image))
        scale = min(1.0, self._settings.working_width / grey.shape[1])
        return grey, resized(grey, scale), scale

    def _narrowest(self, scale: float) -> int:
        return max(_SMALLEST, round(self._settings.smallest_face * scale))

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Faces in a photograph of any size (BGR uint8 HxWx3), most central first.

        Without a find it is searched again at a higher resolution, if it has one, then with a
        border added and enlarged (the cascade needs some room around a face), and at last by a
        second cascade, whose boxes are alike and which finds 17 of the 23 faces of LFW that the
        first one misses.
        """
        grey = _grey(image)
        longest = max(grey.shape)
        for side in _PHOTOGRAPH_SIDES:
            boxes = self._search(grey, min(1.0, side / longest))
            if boxes or longest <= side:
                break
        if not boxes:
            boxes = self._search_padded(grey)
        if not boxes:
            scale = min(1.0, _PHOTOGRAPH_SIDES[0] / longest)
            found = self._second.search(resized(grey, scale), *_SECOND_LOOK, _SMALLEST)
            boxes = _outermost(found, scale)
        widest = max((box.width for box in boxes), default=0)
        boxes = [box for box in boxes if box.width >= widest * LEAST_SHARE]
        middle_x, middle_y = grey.shape[1] / 2, grey.shape[0] / 2
        boxes.sort(key=lambda box: math.dist(box.centre, (middle_x, middle_y)))
        return tuple(self._finish(image, grey, box, THOROUGH) for box in boxes)

    def _search(self, grey: NDArray[np.uint8], scale: float, border: int = 0) -> list[Box]:
        step, neighbours = _PHOTOGRAPH_STEP, _PHOTOGRAPH_NEIGHBOURS
        found = self._faces.search(resized(grey, scale), step, neighbours, _SMALLEST)
        return _outermost(found, scale, border)

    def _search_padded(self, grey: NDArray[np.uint8]) -> list[Box]:
        """Search with a border made of the edge's own pixels, and small pictures enlarged."""
        height, width = grey.shape
        border = round(min(height, width) * _PADDING)
        shorter = min(height, width) + 2 * border
        scale = min(_PADDED_SHORT_SIDE / shorter, 8.0)
        if scale < 1:
            scale = min(1.0, _PHOTOGRAPH_SIDES[0] / (max(height, width) + 2 * border))
        padded = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE)
        return self._search(np.asarray(padded, dtype=np.uint8), scale, border)

    def _finish(
        self,
        image: NDArray[np.uint8],
        grey: NDArray[np.uint8],
        box: Box,
        effort: Effort,
        before: Face | None = None,
    ) -> Face:
        near = as_shares(before.box, before.eyes) if before and before.eyes_found else None
        eyes, found = self._eyes.find(grey, box, effort, near)
        return Face(box, eyes, found, align(image, eyes))


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _same(box: Box, faces: Sequence[Face]) -> Face | None:
    """The face whose box lies in the place of `box`, if any."""
    best = max(faces, key=lambda face: face.box.overlap(box), default=None)
    return best if best is not None and best.box.overlap(box) > _SAME_PLACE else None


def _outermost(found: Sequence[tuple[Box, int]], scale: float, border: int = 0) -> list[Box]:
    """The boxes of a picture that was searched at `scale` and with this border, widest first,
    without those that lie inside a larger one (a mouth, a nose, a second hit)."""
    kept: list[Box] = []
    for box, _ in sorted(found, key=lambda each: each[0].width, reverse=True):
        if all(box.shared(larger) < _INSIDE * box.area for larger in kept):
            kept.append(box)
    return [box.scaled(1 / scale, border, border) for box in kept]


class FaceFinder:
    """Finds and aligns faces in the way that the setting `detection.detector` names. One object
    serves one thread; searching keeps no state.

    Raises DetectorMissing at construction if that way does not work here. `folder` is where to
    look for OpenCV's cascades; None means OpenCV's own.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = _finder(settings, folder)

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Faces in a live frame (BGR uint8 HxWx3), largest first, at most `most`; `before` are
        those of the frame before."""
        return self._finder.find(image, most, before)

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the frame before in this one (BGR uint8 HxWx3), largest first, each looked for
        around its last place only; one that is not there is left out."""
        return self._finder.find_again(image, before)

    @property
    def finds_points(self) -> bool:
        """Whether it finds eyes, nose and mouth of a face, and aligns by them: BlazeFace does."""
        return self._finder.finds_points

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Faces in a photograph of any size (BGR uint8 HxWx3), most central first."""
        return self._finder.find_in_photograph(image)


def _finder(settings: DetectionSettings, folder: Path | None) -> BlazeFinder | HaarFinder:
    if settings.detector != "haar":
        try:
            return BlazeFinder()
        except (ImportError, RuntimeError) as error:
            refuse_shortage(error)
            if settings.detector == "blaze":
                raise DetectorMissing(
                    "BlazeFace cannot be used, and the setting detection.detector asks for it",
                    str(error),
                    "Install openvino, or set it to auto or haar.",
                ) from error
            log.warning("the Haar cascade finds the faces, BlazeFace cannot: %s", error)
    return HaarFinder(settings, folder)


LYING_EVERY = 10
"""Frames without an upright face after which they are looked at turned: that costs as much as
three whole searches."""


class FaceFollower:
    """Finds the faces of one frame after the other. One object serves one source and one thread.

    A whole frame is searched at first, every `settings.full_scan_every` frames, as long as no
    face is in view, as soon as one is lost, and where the frame's size changes. So somebody new
    is seen within that many frames, somebody who left is gone at once, and a false find lives no
    longer than to the next whole search. Faces only: `engine.recognise.tracking` says who is who.

    Raises DetectorMissing at construction if OpenCV's cascade files are absent.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = FaceFinder(settings, folder)
        self._every = settings.full_scan_every
        self._known: tuple[Face, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._since = 0
        """Frames since the last whole search."""
        self._lying: tuple[Face, ...] = ()
        self._until_turned = 0
        """Frames without a face until the next look at them turned."""

    def find(self, image: NDArray[np.uint8], most: int = 8) -> tuple[Face, ...]:
        """Faces of the next frame (BGR uint8 HxWx3), largest first, at most `most`."""
        self._since += 1
        again: tuple[Face, ...] = ()
        if self._known and self._since < self._every and image.shape == self._shape:
            again = self._finder.find_again(image, self._known)
        if again and len(again) == len(self._known):
            self._known = again
        else:
            self._known = self._finder.find(image, most, self._known)
            self._shape, self._since = image.shape, 0
        if self._known and not may_lie(self._known[0]):
            self._lying = ()
        return self._known

    def lying(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """The largest face of the frame just searched that stands upright only once the frame is
        turned by quarters, see `Face.turned`; at most one, and none where `find` saw one upright.

        A camera hung upside down shows everybody so. Looked for in the first such frame and in
        every LYING_EVERY-th after it; the answer stands until the next look or upright face.
        """
        if self._known and not may_lie(self._known[0]):
            return ()
        if self._until_turned == 0:
            self._until_turned = LYING_EVERY
            self._lying = self._turned(image)
        self._until_turned -= 1
        return self._lying

    def _turned(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        for quarters in (2, 1, 3):
            turned = np.ascontiguousarray(np.rot90(image, quarters))
            for face in self._finder.find(turned, 1):
                # The Haar cascade sees faces in anything; eyes it sees in faces only.
                if face.eyes_found and not may_lie(face):
                    return (replace(face, turned=quarters),)
        return ()
