"""Why a frame or a photograph was refused: the reasons, and their words for an operator.

Needs no OpenCV, so that the user interface may say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from engine.i18n import _


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
    Refusal.NO_FACE: _("no face"),
    Refusal.SEVERAL_FACES: _("several faces"),
    Refusal.UPSIDE_DOWN: _("upside down"),
    Refusal.TURNED: _("on its side"),
    Refusal.TOO_SMALL: _("too small"),
    Refusal.TOO_DARK: _("too dark"),
    Refusal.TOO_BRIGHT: _("too bright"),
    Refusal.BLURRED: _("blurred"),
    Refusal.DUPLICATE: _("near duplicate"),
}
"""A `Refusal` in words."""

UNMEASURED = frozenset({Refusal.NO_FACE, Refusal.UPSIDE_DOWN, Refusal.TURNED})
"""Refusals that are said without their value and limit."""

LYING: Mapping[str, str] = {
    Refusal.UPSIDE_DOWN: _("The camera stands on its head: turn it."),
    Refusal.TURNED: _("The picture lies on its side: turn the camera by a quarter."),
}
"""What to do about frames in which no face stands upright."""
