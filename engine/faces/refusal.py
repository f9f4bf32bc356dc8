"""Why a frame or a photograph was refused: the reasons, and their words for an operator.

Needs no OpenCV, so that the user interface may say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Refusal(StrEnum):
    """Why a picture was not kept, in the order of the gates."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UPSIDE_DOWN = "upside_down"
    TURNED = "turned"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    DUPLICATE = "duplicate"


REASONS: Mapping[str, str] = {
    Refusal.NO_FACE: "no face",
    Refusal.SEVERAL_FACES: "several faces",
    Refusal.UPSIDE_DOWN: "upside down",
    Refusal.TURNED: "on its side",
    Refusal.TOO_SMALL: "too small",
    Refusal.TOO_DARK: "too dark",
    Refusal.TOO_BRIGHT: "too bright",
    Refusal.BLURRED: "blurred",
    Refusal.DUPLICATE: "near duplicate",
}
"""A `Refusal` in words."""

UNMEASURED = frozenset({Refusal.NO_FACE, Refusal.UPSIDE_DOWN, Refusal.TURNED})
"""Refusals that are said without their value and limit."""

LYING: Mapping[str, str] = {
    Refusal.UPSIDE_DOWN: "The camera stands on its head: turn it.",
    Refusal.TURNED: "The picture lies on its side: turn the camera by a quarter.",
}
"""What to do about frames in which no face stands upright."""
