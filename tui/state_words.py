"""The engine's names of states as words: what a face was decided to be, what a model knows."""

from __future__ import annotations

from tui.i18n import _

STATES: dict[str, str] = {
    # a decision about a face
    "known": _("known"),
    "unknown": _("unknown"),
    "unsure": _("unsure"),
    # whether the model knows a person
    "yes": _("yes"),
    "no": _("no"),
    "stale": _("stale"),
    # how a split keeps pictures apart
    "sessions": _("sessions"),
    "blocks": _("blocks"),
    "mixed": _("mixed"),
    "random": _("random"),
    # what is suspect about a picture
    "mislabelled": _("mislabelled"),
    "blurred": _("blurred"),
    "twin": _("twin"),
}


def state_words(state: str) -> str:
    """A state in the operator's language; itself if it is none of these."""
    return STATES.get(state, state)
