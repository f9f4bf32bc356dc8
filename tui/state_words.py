"""The engine's names of states as words. A name that is not here is shown as it stands."""

from __future__ import annotations

from tui.i18n import _

DECISIONS = {"known": _("known"), "unknown": _("unknown"), "unsure": _("unsure")}
"""What a face was decided to be; names of people stand beside them in the engine's counts."""
IN_MODEL = {"yes": _("yes"), "no": _("no"), "stale": _("stale")}
"""Whether the model knows a person, and these very pictures."""
SPLIT_MODES = {
    "sessions": _("sessions"),
    "blocks": _("blocks"),
    "mixed": _("mixed"),
    "random": _("random"),
    "own": _("the folders it was imported from"),
}
"""What a split keeps apart."""
SUSPECTS = {
    "mislabelled": _("mislabelled"),
    "blurred": _("blurred"),
    "twin": _("twin"),
    "crowd": _("of several people"),
    "two_faces": _("two faces"),
}
"""What may be wrong with a picture."""
