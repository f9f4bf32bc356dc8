"""What was put in order before anything new was written, as sentences for the operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.contract import ClockChanged, Event, Recovered, WorkspaceUpgraded
from engine.text import many
from tui.keys.keymap import with_keys

MOST_NAMED = 3
"""People named in one line."""


def upgrade_words(event: WorkspaceUpgraded) -> str:
    """One line: which format it was and is."""
    return (
        f"The workspace was upgraded from format {event.before} to {event.now}. "
        "Do not use an older Facedesk on it any more."
    )


def clock_words(event: ClockChanged) -> str:
    """One line: how the clock changed, and what follows."""
    before, now = _shown(event.before), _shown(event.now)
    if event.back:
        return f"The clock went back from {before} to {now}. Later times count as now."
    return f"The clock went from {before} to {now}. For a day nothing is removed for its age."


def _shown(moment: str) -> str:
    return moment[:16].replace("T", " ")


def trashed_words(pictures: int) -> str:
    """Where the pictures of a capture are that was given up, and the key that brings them back."""
    text = "{pictures} in the trash, {key.undo} brings them back"
    return with_keys(text, pictures=many(pictures, "picture"))


def untrained_words(people: Sequence[tuple[str, int]], trains: str) -> str:
    """Whose pictures (name, how many) are not in the model, and that `trains` puts them there."""
    shown = ", ".join(f"{many(count, 'picture')} of {name}" for name, count in people[:MOST_NAMED])
    if more := sum(count for _name, count in people[MOST_NAMED:]):
        others = many(len(people) - MOST_NAMED, "other", "others")
        shown = f"{shown} and {many(more, 'picture')} of {others}"
    return f"Not in the model yet: {shown}; {trains} trains them."


def recovery_words(event: Recovered, trains: str = "") -> str:
    """One line: what was cut short, removed, finished, kept (`trains` it), and what has to wait."""
    parts = [
        f"{event.interrupted} was cut short."
        if event.interrupted
        else "An earlier run was cut short."
    ]
    if event.unfinished:
        parts.append(f"Removed: {many(event.unfinished, 'unfinished file')}.")
    if event.leftovers:
        leftovers = many(event.leftovers, "stray folder")
        parts.append(f"Removed: {leftovers}.")
    if event.finished:
        parts.append(f"Finished: {'; '.join(event.finished)}.")
    if event.erased:
        erasures = many(event.erased, "erasure")
        parts.append(f"Finished: {erasures}.")
    if event.kept:
        parts.append(untrained_words(event.kept, trains or "`facedesk train`"))
    if event.failed:
        parts.append(f"The rest waits: {event.failed}.")
    parts.append("Nothing that was kept is lost.")
    return " ".join(parts)


BEFORE_WRITING: dict[type[Event], Callable[[Any], str]] = {
    WorkspaceUpgraded: upgrade_words,
    ClockChanged: clock_words,
    Recovered: recovery_words,
}
"""What to say of what was done before a command may write."""
