"""Events of enrolment, import and strangers, and what the coach of a capture says and asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from engine.contract.events_base import BoxTuple, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured(Event):
    """Crop number `captured` of `target` was kept and is safely on disk."""

    name: ClassVar[str] = "captured"
    person: str
    session: str
    captured: int
    target: int
    file: str
    frame: int
    box: BoxTuple
    brightness: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """A frame was not kept: `reason` (a `Refusal` value), the measured value and its limit."""

    name: ClassVar[str] = "refused"
    person: str
    reason: str
    value: float
    limit: float
    frame: int
    box: BoxTuple | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolDone(Event):
    """The session is over; `ended` is complete, stopped, cancelled or source_ended. `aside` of the
    pictures showed another face and wait in the trash; they are not among those `captured`. Nor are
    the `given_up`, those of a cancelled session; `change` is what brings them back
    (`facedesk trash undo`), empty if they are gone."""

    name: ClassVar[str] = "done"
    person: str
    session: str
    captured: int
    target: int
    refused: Mapping[str, int]
    seconds: float
    ended: str
    aside: int = 0
    given_up: int = 0
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFace(Event):
    """The pictures of one session show more than one face, or another face than the person's.

    `first` is how many show the face that stays if nobody is asked, `others` how many another;
    `other_is` who is enrolled and looks like the others, empty if nobody. `earlier`: the first face
    is that of the person's earlier sessions, and none of this one's pictures shows it.
    `first_picture` and `other_picture` are paths below the workspace. With `asked` the capture is
    held until somebody answers by a `FaceAnswer`.
    """

    name: ClassVar[str] = "second_face"
    person: str
    session: str
    first: int
    others: int
    first_picture: str
    other_picture: str
    other_is: str = ""
    earlier: bool = False
    asked: bool = False


FaceAnswer = Literal["first", "other", "both", "stop"]
"""Of a `SecondFace`: keep the first face, keep the other, keep both, give the capture up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Event):
    """Pictures that show another face than the person's were put into the trash, to be looked at.

    `change` is what `facedesk trash undo` takes to bring them back, empty if `trash.keep_days` is 0
    and they are gone. `looks_like` as `SecondFace.other_is`.
    """

    name: ClassVar[str] = "set_aside"
    person: str
    session: str
    pictures: int
    change: str
    looks_like: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksEnrolled(Event):
    """A session's pictures, which stay, look like somebody else who is enrolled: `pictures` of
    `of` are named so. One person under two names, or two who are very much alike."""

    name: ClassVar[str] = "looks_enrolled"
    person: str
    session: str
    other: str
    pictures: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress(Event):
    """File `done` of `total` has been looked at."""

    name: ClassVar[str] = "import_progress"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRefused(Event):
    """A file held no usable face; `reason` is a `Refusal` value, or that of `Unreadable`."""

    name: ClassVar[str] = "refused"
    file: str
    reason: str
    value: float = 0.0
    limit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangersAdded(Event):
    """Own strangers were added: `added` new ones with `images` pictures; `strangers` now."""

    name: ClassVar[str] = "done"
    added: int
    images: int
    refused: int
    strangers: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDone(Event):
    """The import is over. Counts of people, kept pictures and refused files; `crowded` of the
    kept pictures are of photographs that show other faces of comparable size. `aside` showed
    another face than the person's and wait in the trash; they are not among the `images`."""

    name: ClassVar[str] = "done"
    people: int
    images: int
    refused: int
    seconds: float
    crowded: int = 0
    aside: int = 0


class Advice(StrEnum):
    """What to do now where no gate refuses; what mends a refusal stands in the gate's row."""

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
    them. `different` counts all different pictures: near copies of kept ones are not among them.
    `advice` is an `Advice` value or that of the gate that closed; with a refusal `reason`,
    `value` and `limit` say why. `pose`, `distance`, `light` are the present face's,
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
