"""What the coach of a capture says, and the question it may raise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from engine.events.base import Event


class Advice(StrEnum):
    """What to do now. The words are the interface's."""

    LOOK_HERE = "look_here"
    ONE_AT_A_TIME = "one_at_a_time"
    CAMERA_UPSIDE_DOWN = "camera_upside_down"
    CAMERA_ON_ITS_SIDE = "camera_on_its_side"
    COME_CLOSER = "come_closer"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    HOLD_STILL = "hold_still"
    MOVE_A_LITTLE = "move_a_little"
    FACE_CAMERA = "face_camera"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LOOK_UP = "look_up"
    LOOK_DOWN = "look_down"
    STEP_CLOSER = "step_closer"
    STEP_BACK = "step_back"
    CHANGE_LIGHT = "change_light"
    GO_ON = "go_on"
    COMPARING = "comparing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coaching(Event):
    """What a capture has and lacks, and what to do now.

    `cells` are (pose, distance, different pictures), `lights` (light, different pictures); one
    counts as filled with `need`; poses `up` and `down` are among them only where the detector tells
    them. `different` counts all different pictures: near copies of kept
    ones are not among them. `advice` is an `Advice` value; with a refusal
    `reason`, `value` and `limit` say why. `pose`, `distance`, `light` are the present face's,
    empty without one. `seconds_left` until the target at the present rate, None while unknown.
    """

    name: ClassVar[str] = "coaching"
    lossy: ClassVar[bool] = True
    cells: tuple[tuple[str, str, int], ...]
    lights: tuple[tuple[str, int], ...]
    need: int
    different: int
    captured: int
    target: int
    advice: str
    reason: str = ""
    value: float = 0.0
    limit: float = 0.0
    pose: str = ""
    distance: str = ""
    light: str = ""
    seconds_left: int | None = None
    covered: bool = False


TwinChoice = Literal["same", "different", "stop"]
"""Of a `TwinSuspected`: the pictures are the other's; they are not; give the capture up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinSuspected(Event):
    """Most of the first pictures of `person` look like `other`, who is enrolled already.

    `score` is their median score for `other`, `threshold` what names a face. The capture is held
    until somebody answers, where somebody can.
    """

    name: ClassVar[str] = "twin_suspected"
    person: str
    other: str
    score: float
    threshold: float
    pictures: int
    of: int
