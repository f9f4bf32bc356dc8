"""Strangers seen while recognising: on the way to the inbox, and what waits there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.events.base import BoxTuple, Event

Shot = tuple[int, float, BoxTuple, bool, float, float]
"""Of one crop: frame, seconds on the source's clock, box, whether the eyes were found, mean luma,
sharpness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted(Event):
    """A stranger's track whose crops are to be kept, for whoever may write to the workspace.

    `candidate` is the enrolled person who is nearest (`candidate_id`: who that is for good), with
    the best `score` seen, which missed `threshold`. `payload` holds one PNG a shot and then an
    `.npz` of their features, with their lengths in `sizes`; `extractor` and `space` are the digests
    of what made the features and the embeddings in it. `beside` are tracks of the same `run` that
    were seen in one frame with this one, as another face: they are other people. `run` is empty
    where that is not known. `aligned` is by what the crops were aligned, "eyes" or "points".
    """

    name: ClassVar[str] = "sighted"
    source: str
    track: int
    candidate: str
    score: float
    threshold: float
    shots: tuple[Shot, ...]
    extractor: str
    space: str
    sizes: tuple[int, ...]
    payload: bytes = field(repr=False)
    run: str = ""
    beside: tuple[int, ...] = ()
    aligned: str = "eyes"
    candidate_id: str = ""

    def parts(self) -> tuple[tuple[bytes, ...], bytes]:
        """The PNGs, and the features file. Raises ValueError if the lengths do not fit."""
        if len(self.sizes) != len(self.shots) + 1 or sum(self.sizes) != len(self.payload):
            raise ValueError("the payload of a sighting does not fit its sizes")
        found, start = [], 0
        for size in self.sizes:
            found.append(self.payload[start : start + size])
            start += size
        return tuple(found[:-1]), found[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxChanged(Event):
    """So many sightings wait now; `skipped` were lost since the start, `why` is the last reason."""

    name: ClassVar[str] = "inbox"
    waiting: int
    skipped: int = 0
    why: str = ""
