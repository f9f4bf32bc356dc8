"""The quality gates as a table: what each measures, its limit, and its words for an operator.

A row is all that a gate is: capture, import, coach, explanation and screens read it here. Needs
no OpenCV, so that the user interface may show the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from engine.settings import GateSettings


class Refusal(StrEnum):
    """Why a picture was not kept."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UPSIDE_DOWN = "upside_down"
    TURNED = "turned"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    DUPLICATE = "duplicate"


Measure = Literal["lead", "roll", "width", "brightness", "sharpness", "change"]
"""What a gate can ask about the face of a picture, see `engine.faces.quality.MEASURES`."""
Limit = Callable[[GateSettings], float]


@dataclass(frozen=True, slots=True)
class Gate:
    """One quality gate.

    `words` say what was wrong, `hint` how to mend it after a session that kept nothing, `advice`
    (`Coaching.advice`, its words) what the coach asks for meanwhile. `limit` is for live
    frames and `photographs` for imported ones (None: not asked of them); the gate closes below
    its limit, with `most` above it. With a `label` an explained decision shows the figure too;
    `unit` stands behind it. The figures of a gate that is not `shown` tell an operator nothing.
    """

    refusal: Refusal
    words: str
    hint: str
    advice: tuple[str, str]
    measure: Measure | None
    limit: Limit
    photographs: Limit | None = None
    most: bool = False
    label: str = ""
    unit: str = ""
    shown: bool = True

    def closes(self, value: float, limit: float) -> bool:
        """Whether a picture with this value is refused."""
        return value > limit if self.most else value < limit


LENIENCE = 0.2
"""Photographs were chosen by somebody: only the hopeless ones are refused. Their limits lie this
share of the way from the end of the scale to the live limit. On LFW that refuses nothing."""

# fmt: off
_GATES = (
    # Without a face there is nothing to measure: the search refuses, not this row.
    Gate(Refusal.NO_FACE, "no face", "Face the camera, in even light, at one or two metres.",
         ("look_here", "look at the camera"), None, lambda gates: 1.0, shown=False),
    Gate(Refusal.SEVERAL_FACES, "several faces",
         "Let one person at a time stand in front of the camera.",
         ("one_at_a_time", "one person at a time, please"),
         "lead", lambda gates: gates.dominance),
    # Nobody holds their head like that before a camera: the camera must be turned.
    Gate(Refusal.UPSIDE_DOWN, "upside down", "The camera stands on its head: turn it.",
         ("camera_upside_down", "the camera stands on its head: turn it"),
         "roll", lambda gates: 130.0, most=True, shown=False),
    Gate(Refusal.TURNED, "on its side",
         "The picture lies on its side: turn the camera by a quarter.",
         ("camera_on_its_side", "the picture lies on its side: turn the camera"),
         "roll", lambda gates: 50.0, most=True, shown=False),
    Gate(Refusal.TOO_SMALL, "too small", "Come closer to the camera, or lower gates.min_face.",
         ("come_closer", "come closer"), "width", lambda gates: gates.min_face,
         lambda gates: gates.min_face_import, label="face", unit=" px"),
    Gate(Refusal.TOO_DARK, "too dark", "Turn a light on, or lower gates.min_brightness.",
         ("more_light", "more light on the face"),
         "brightness", lambda gates: gates.min_brightness,
         lambda gates: gates.min_brightness * LENIENCE, label="brightness"),
    Gate(Refusal.TOO_BRIGHT, "too bright",
         "Avoid light from behind the camera, or raise gates.max_brightness.",
         ("less_light", "less light on the face"),
         "brightness", lambda gates: gates.max_brightness,
         lambda gates: 255 - (255 - gates.max_brightness) * LENIENCE, most=True,
         label="brightness"),
    Gate(Refusal.BLURRED, "blurred", "Hold still, clean the lens, or lower gates.min_sharpness.",
         ("hold_still", "hold still"), "sharpness",
         lambda gates: gates.min_sharpness, lambda gates: gates.min_sharpness * LENIENCE,
         label="sharpness"),
    # Its advice is whatever view is missing next.
    Gate(Refusal.DUPLICATE, "too like the last picture",
         "Move your head a little between pictures.",
         ("", ""), "change", lambda gates: gates.min_change, shown=False),
)
# fmt: on
GATES: Mapping[str, Gate] = {gate.refusal: gate for gate in _GATES}
"""The gates by their refusal, in the order in which an operator should mend things: the first
that closes gives the reason."""
