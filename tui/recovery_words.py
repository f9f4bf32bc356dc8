"""What was recovered after a run that was cut short, as sentences for the operator."""

from __future__ import annotations

from engine.events import Recovered
from tui.i18n import _
from tui.text import many


def recovery_words(event: Recovered) -> str:
    """One line: what was cut short, what was removed, finished, and what has to wait."""
    parts = [
        _("{who} was cut short.").format(who=event.interrupted)
        if event.interrupted
        else _("An earlier run was cut short.")
    ]
    if event.unfinished:
        parts.append(_("Removed: {files}.").format(files=many(event.unfinished, "unfinished file")))
    if event.leftovers:
        leftovers = many(event.leftovers, "leftover of nobody", "leftovers of nobody")
        parts.append(_("Removed: {leftovers}.").format(leftovers=leftovers))
    if event.finished:
        parts.append(_("Finished: {changes}.").format(changes="; ".join(event.finished)))
    if event.erased:
        erasures = many(event.erased, "erasure")
        parts.append(_("Finished: {changes}.").format(changes=erasures))
    if event.failed:
        parts.append(_("The rest waits: {reason}.").format(reason=event.failed))
    parts.append(_("What was kept is whole."))
    return " ".join(parts)
