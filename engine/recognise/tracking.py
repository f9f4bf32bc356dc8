"""Several frames decide together: faces are followed, their embeddings fused, then judged.

A track is one face followed through the frames. Nothing here reads a clock: the caller passes
each frame's time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

import numpy as np
from numpy.typing import NDArray

from engine.contract import BoxTuple, Rule
from engine.faces.align import Box
from engine.model.vectors import Array, Float32, unit
from engine.settings import RecognitionSettings

LOST_AFTER = 2.0
"""Seconds without a box after which a track is forgotten; less and a turned head loses it."""
LEAST_OVERLAP = 0.15
"""Overlap (intersection over union) from which on a box may continue a track by place alone."""
SAME_FACE = 0.45
"""Cosine to the track's embedding from which on a face may continue it from anywhere."""
OTHER_FACE = 0.15
"""Cosine below which a face in the right place looks like somebody else."""
TAKEOVER = 2
"""Frames in a row that look like somebody else, and alike, until a new track begins."""


class Decision(StrEnum):
    """What is said about a face."""

    KNOWN = "known"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, how many of the window's `of` frames named the same candidate, and its rule."""

    decision: Decision
    votes: int
    of: int
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """One face of the frame just given: its track's number and what the last frames say.

    `fused` (dims,) float32 is the unit-length mean of the window's embeddings, `products` (k,) are
    that mean's, `candidates` the candidate of each single frame in the window, oldest first.
    """

    track: int
    fused: Float32
    products: Float32
    candidates: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One frame's view of a face: embedding, its products with whatever, and its candidate."""

    embedding: Float32
    products: Float32
    candidate: int


@dataclass(slots=True, eq=False)
class _Track:
    """The state of one followed face."""

    number: int
    box: BoxTuple
    seen: float
    looks: deque[_Look]
    strange: list[_Look] = field(default_factory=list)

    def fused(self) -> Float32:
        return unit(_mean([look.embedding for look in self.looks]))

    def tracked(self) -> Tracked:
        """The track as its looks make it: what is linear in an embedding is fused alike."""
        mean = _mean([look.embedding for look in self.looks])
        length = max(float(np.linalg.norm(mean)), float(np.finfo(np.float32).tiny))
        products = _mean([look.products for look in self.looks]) / np.float32(length)
        candidates = tuple(look.candidate for look in self.looks)
        return Tracked(self.number, unit(mean), products, candidates)


class Tracker:
    """Follows faces by place and by looks. One object a camera."""

    def __init__(self, settings: RecognitionSettings, numbers: Iterator[int] | None = None) -> None:
        """`numbers` gives each new track its own; several cameras share them. None: 1, 2, ..."""
        self._window = settings.window
        self._tracks: list[_Track] = []
        self._numbers = count(1) if numbers is None else numbers

    def update(
        self,
        seconds: float,
        boxes: Sequence[BoxTuple],
        embeddings: Array,
        candidates: Sequence[int],
        products: Array | None = None,
    ) -> tuple[Tracked, ...]:
        """Take one frame's faces; return what is known of each, in the same order.

        `seconds` is the frame's time and must not fall (a source that starts again has its
        tracks forgotten). `embeddings` (n, dims) of unit length and `candidates` (n,) belong to
        `boxes`. Two boxes never continue the same track. A frame without faces is given too:
        it lets time pass. `products` (n, k) are the embeddings' with any k vectors: those of a
        fused embedding then come from the window's, and need not be multiplied out again.
        """
        if products is None:
            products = np.empty((len(embeddings), 0), np.float32)
        if not len(boxes) == len(embeddings) == len(candidates) == len(products):
            raise ValueError("boxes, embeddings, candidates and products must be equally many")
        self._tracks = [t for t in self._tracks if 0 <= seconds - t.seen <= LOST_AFTER]
        rows = np.asarray(embeddings, np.float32)
        chosen = self._assign(boxes, rows)
        result = []
        looks = map(_Look, rows, np.asarray(products, np.float32), map(int, candidates))
        for box, look, track in zip(boxes, looks, chosen, strict=True):
            result.append(self._follow(track, box, look, seconds).tracked())
        return tuple(result)

    def _assign(self, boxes: Sequence[BoxTuple], rows: Float32) -> list[_Track | None]:
        """The track that each box continues, best match first, each track at most once."""
        chosen: list[_Track | None] = [None] * len(boxes)
        if not self._tracks or not len(boxes):
            return chosen
        fused = np.stack([track.fused() for track in self._tracks])
        likeness = rows @ fused.T
        overlap = np.array(
            [[Box(*box).overlap(Box(*track.box)) for track in self._tracks] for box in boxes]
        )
        # Looks weigh more than place: where two people cross, places mislead.
        affinity = overlap + 2 * np.maximum(likeness, 0)
        affinity[(overlap < LEAST_OVERLAP) & (likeness < SAME_FACE)] = -1
        free = set(range(len(self._tracks)))
        for flat in np.argsort(-affinity, axis=None, kind="stable"):
            face, number = divmod(int(flat), len(self._tracks))
            if affinity[face, number] < 0:
                break
            if chosen[face] is None and number in free:
                chosen[face] = self._tracks[number]
                free.remove(number)
        return chosen

    def _follow(self, track: _Track | None, box: BoxTuple, look: _Look, seconds: float) -> _Track:
        """Add one frame to its track, or begin a track."""
        if track is not None and self._taken_over(track, look):
            # Somebody else stands where the person stood: nothing of her may count for him.
            earlier = track.strange
            self._tracks.remove(track)
            track = self._begin(box, seconds)
            track.looks.extend(earlier[-TAKEOVER:-1])
        elif track is None:
            track = self._begin(box, seconds)
        track.box, track.seen = box, seconds
        track.looks.append(look)
        return track

    def _begin(self, box: BoxTuple, seconds: float) -> _Track:
        track = _Track(next(self._numbers), box, seconds, deque(maxlen=self._window))
        self._tracks.append(track)
        return track

    def _taken_over(self, track: _Track, look: _Look) -> bool:
        """Whether this frame is the last of TAKEOVER that look like somebody else, and alike.

        One odd frame (a blink, a bad alignment) is no takeover, nor are several that look like
        nobody in particular.
        """
        trusted = list(track.looks)[: len(track.looks) - len(track.strange)]
        if trusted:
            before = unit(_mean([each.embedding for each in trusted]))
            strange = float(look.embedding @ before) < OTHER_FACE
        else:
            strange = False
        if not strange:
            track.strange.clear()
            return False
        track.strange.append(look)
        if len(track.strange) < TAKEOVER:
            return False
        first = track.strange[-TAKEOVER]
        return float(first.embedding @ look.embedding) >= SAME_FACE


def _mean(rows: Sequence[Float32]) -> Float32:
    return np.asarray(np.mean(np.stack(rows), axis=0, dtype=np.float32), np.float32)


def decide(
    score: float, threshold: float, candidate: int, candidates: Sequence[int], least: int
) -> Verdict:
    """Judge a face by its fused `score` for `candidate` and its frames' own `candidates`.

    Too few frames: unsure. Below the threshold: unknown, whatever the frames say. At or above
    it: known if more than half of the frames name this candidate, else unsure (a tie too).
    """
    votes, of = sum(each == candidate for each in candidates), len(candidates)
    if of < least:
        return Verdict(Decision.UNSURE, votes, of, Rule.TOO_FEW_FRAMES)
    # Written so that a score that is no number is not known either.
    if not score >= threshold:
        return Verdict(Decision.UNKNOWN, votes, of, Rule.BELOW_THRESHOLD)
    if 2 * votes > of:
        return Verdict(Decision.KNOWN, votes, of, Rule.MAJORITY)
    return Verdict(Decision.UNSURE, votes, of, Rule.NO_MAJORITY)


def most_voted(candidates: Sequence[int], scores: NDArray[np.floating]) -> int:
    """The candidate named by most frames; among equals the one with the highest score."""
    names, counts = np.unique(np.asarray(candidates, np.int64), return_counts=True)
    best = names[counts == counts.max()]
    return int(best[np.argmax(scores[best])])
