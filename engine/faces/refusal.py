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
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    DUPLICATE = "duplicate"


REASONS: Mapping[str, str] = {
    Refusal.NO_FACE: _("no face"),
    Refusal.SEVERAL_FACES: _("several faces"),
    Refusal.TOO_SMALL: _("too small"),
    Refusal.TOO_DARK: _("too dark"),
    Refusal.TOO_BRIGHT: _("too bright"),
    Refusal.BLURRED: _("blurred"),
    Refusal.DUPLICATE: _("near duplicate"),
}
"""A `Refusal` in words."""
