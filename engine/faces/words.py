"""Why a frame was refused, in words for an operator."""

from __future__ import annotations

from collections.abc import Mapping

from engine.faces.quality import Refusal
from engine.i18n import _

REASONS: Mapping[str, str] = {
    Refusal.NO_FACE: _("no face"),
    Refusal.SEVERAL_FACES: _("several faces"),
    Refusal.TOO_SMALL: _("too small"),
    Refusal.TOO_DARK: _("too dark"),
    Refusal.TOO_BRIGHT: _("too bright"),
    Refusal.BLURRED: _("blurred"),
    Refusal.DUPLICATE: _("duplicate"),
}
"""A `Refusal` in words."""
