"""What somebody must look at after a capture or an import, in sentences."""

from __future__ import annotations

from engine.events import Event, LooksEnrolled, SetAside


def doubt_words(event: Event) -> list[str]:
    """What an event says that somebody must look at, as one sentence, or nothing."""
    if isinstance(event, LooksEnrolled):
        text = "{pictures} of {of} pictures of {person} look like {other}, who is enrolled"
        return [
            text.format(
                pictures=event.pictures, of=event.of, person=event.person, other=event.other
            )
        ]
    if not isinstance(event, SetAside):
        return []
    text = "{pictures} pictures of {person} show another face"
    if event.looks_like:
        text = "{pictures} pictures of {person} show another face, that of {other}"
    told = text.format(pictures=event.pictures, person=event.person, other=event.looks_like)
    if not event.change:
        return [f"{told}: they are gone (trash.keep_days is 0)"]
    return [
        f"{told}: they wait in the trash, `facedesk trash undo {event.change}` brings them back"
    ]
