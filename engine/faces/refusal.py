"""The quality gates as a table: what each measures, its limit, and its words for an operator.

A row is all that a gate is: capture, import, coach, explanation and screens read it here. Needs
no OpenCV, so that the user interface may show the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from engine.settings import GateSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


class Measured(Protocol):
    """What a gate can ask about the face of a picture (`engine.faces.quality.Probe`)."""

    @property
    def lead(self) -> float:
        """Width of the largest face over the next one's; infinite for a face alone."""
        ...

    @property
    def roll(self) -> float:
        """Degrees from upright."""
        ...

    @property
    def width(self) -> int:
        """Width of the box in the picture, pixels."""
        ...

    @property
    def grey(self) -> NDArray[np.uint8]:
        """The aligned crop's luma (160, 160)."""
        ...

    @property
    def brightness(self) -> float:
        """Mean luma, 0..255."""
        ...

    @property
    def sharpness(self) -> float:
        """Variance of the Laplacian."""
        ...

    @property
    def change(self) -> float:
        """Difference from the last kept crop; infinite without one."""
        ...


Limit = Callable[[GateSettings], float]


@dataclass(frozen=True, slots=True, kw_only=True)
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
    measure: Callable[[Measured], float]
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

GATES: Mapping[str, Gate] = {
    gate.refusal: gate
    for gate in (
        Gate(
            refusal=Refusal.NO_FACE,
            words="no face",
            hint="Face the camera, in even light, at one or two metres.",
            advice=("look_here", "look at the camera"),
            # Without a face there is nothing to measure: the search refuses, not this row.
            measure=lambda face: 1.0,
            limit=lambda gates: 1.0,
            shown=False,
        ),
        Gate(
            refusal=Refusal.SEVERAL_FACES,
            words="several faces",
            hint="Let one person at a time stand in front of the camera.",
            advice=("one_at_a_time", "one person at a time, please"),
            measure=lambda face: face.lead,
            limit=lambda gates: gates.dominance,
        ),
        # Nobody holds their head like that before a camera: the camera must be turned.
        Gate(
            refusal=Refusal.UPSIDE_DOWN,
            words="upside down",
            hint="The camera stands on its head: turn it.",
            advice=("camera_upside_down", "the camera stands on its head: turn it"),
            measure=lambda face: face.roll,
            limit=lambda gates: 130.0,
            most=True,
            shown=False,
        ),
        Gate(
            refusal=Refusal.TURNED,
            words="on its side",
            hint="The picture lies on its side: turn the camera by a quarter.",
            advice=("camera_on_its_side", "the picture lies on its side: turn the camera"),
            measure=lambda face: face.roll,
            limit=lambda gates: 50.0,
            most=True,
            shown=False,
        ),
        Gate(
            refusal=Refusal.TOO_SMALL,
            words="too small",
            hint="Come closer to the camera, or lower gates.min_face.",
            advice=("come_closer", "come closer"),
            measure=lambda face: face.width,
            limit=lambda gates: gates.min_face,
            photographs=lambda gates: gates.min_face_import,
            label="face",
            unit=" px",
        ),
        Gate(
            refusal=Refusal.TOO_DARK,
            words="too dark",
            hint="Turn a light on, or lower gates.min_brightness.",
            advice=("more_light", "more light on the face"),
            measure=lambda face: face.brightness,
            limit=lambda gates: gates.min_brightness,
            photographs=lambda gates: gates.min_brightness * LENIENCE,
            label="brightness",
        ),
        Gate(
            refusal=Refusal.TOO_BRIGHT,
            words="too bright",
            hint="Avoid light from behind the camera, or raise gates.max_brightness.",
            advice=("less_light", "less light on the face"),
            measure=lambda face: face.brightness,
            limit=lambda gates: gates.max_brightness,
            photographs=lambda gates: 255 - (255 - gates.max_brightness) * LENIENCE,
            most=True,
            label="brightness",
        ),
        Gate(
            refusal=Refusal.BLURRED,
            words="blurred",
            hint="Hold still, clean the lens, or lower gates.min_sharpness.",
            advice=("hold_still", "hold still"),
            measure=lambda face: face.sharpness,
            limit=lambda gates: gates.min_sharpness,
            photographs=lambda gates: gates.min_sharpness * LENIENCE,
            label="sharpness",
        ),
        Gate(
            refusal=Refusal.DUPLICATE,
            words="near duplicate",
            hint="Move your head a little between pictures.",
            advice=("", ""),  # whatever view is missing next
            measure=lambda face: face.change,
            limit=lambda gates: gates.min_change,
        ),
    )
}
"""The gates by their refusal, in the order in which an operator should mend things: the first
that closes gives the reason."""


def measured(
    face: Measured, gates: Iterable[Gate], settings: GateSettings, imported: bool = False
) -> Iterable[tuple[Gate, float, float]]:
    """Each gate with the face's value and its limit, measured one after the other."""
    for gate in gates:
        limit = gate.photographs if imported else gate.limit
        if limit is not None:
            yield gate, gate.measure(face), limit(settings)
