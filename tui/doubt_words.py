"""What somebody must look at after a capture or an import, in sentences."""

from __future__ import annotations

from engine.events import Event, LooksEnrolled, SetAside
from tui.i18n import _


def doubt_words(event: Event) -> list[str]:
    """What an event says that somebody must look at, as one sentence, or nothing."""
    if isinstance(event, LooksEnrolled):
        text = _("{pictures} of {of} pictures of {person} look like {other}, who is enrolled")
        return [
            text.format(
                pictures=event.pictures, of=event.of, person=event.person, other=event.other
            )
        ]
    if not isinstance(event, SetAside):
        return []
    text = _("{pictures} pictures of {person} show another face")
    if event.looks_like:
        text = _("{pictures} pictures of {person} show another face, that of {other}")
    told = text.format(pictures=event.pictures, person=event.person, other=event.looks_like)
    if not event.change:
        return [_("{told}: they are gone (trash.keep_days is 0)").format(told=told)]
    back = _("{told}: they wait in the trash, `facedesk trash undo {change}` brings them back")
    return [back.format(told=told, change=event.change)]
