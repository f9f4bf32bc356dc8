"""Why a face was decided as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from engine.events.base import Event


class Rule(StrEnum):
    """The rule of `engine.recognise.voting.decide` that settled a decision."""

    TOO_FEW_FRAMES = "too_few_frames"
    BELOW_THRESHOLD = "below_threshold"
    NO_MAJORITY = "no_majority"
    MAJORITY = "majority"
    SAME_NAME = "same_name"
    """Another face of the frame has the name, and matches better."""


NearCrop = tuple[str, str, float]
"""Name of an enrolled person, path of one of their crops below the workspace, and its likeness:
the cosine of its embedding and the probe's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Event):
    """What the last decision about a track rests on.

    `rule` is a value of `Rule`; `decision`, `candidate`, the scores and
    votes are those of the track's last `FaceSeen`, and `margin` is score less runner-up score.
    `window` frames at most are fused, `least` at least are needed; both are 1 for a picture that
    stands for itself. Of the probe (the newest crop) `face_width` is in pixels of the frame,
    `brightness` is mean luma 0..255 and `sharpness` as in `engine.faces.measure`, with the
    limits of enrolment beside them; `eyes_found` is None where it is not known. `nearest` are
    the enrolled crops most like the probe among `compared` ones whose features are cached.
    `opinions` are (network, match 0 to 100 with the threshold at 50) of each network by itself.
    `crop` is the probe as a PNG of 160 x 160 pixels.
    """

    name: ClassVar[str] = "why"
    source: str
    frame: int
    seconds: float
    track: int
    decision: str
    rule: str
    person: str | None
    candidate: str
    score: float
    threshold: float
    runner_up: str | None
    runner_up_score: float
    margin: float
    votes: int
    of: int
    window: int
    least: int
    stale: bool
    face_width: int
    min_face: int
    brightness: float
    min_brightness: float
    max_brightness: float
    sharpness: float
    min_sharpness: float
    eyes_found: bool | None
    nearest: tuple[NearCrop, ...]
    compared: int
    opinions: tuple[tuple[str, float], ...] = ()
    crop: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToExplain(Event):
    """There is no decision about this track (None: about anybody) any more, or not yet."""

    name: ClassVar[str] = "nothing_to_explain"
    track: int | None
