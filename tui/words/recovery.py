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
        f"The workspace was of format {event.before} and is of format {event.now} "
        "now; an older Facedesk "
        "should not be used on it any more."
    )


def clock_words(event: ClockChanged) -> str:
    """One line: how the clock changed, and what follows."""
    text = (
        "The clock went from {before} to {now} since this workspace was last written to; until "
        "it has stood for a day, nothing is removed for its age."
    )
    if event.back:
        text = (
            "The clock went back from {before} to {now}; what bears a later time counts as made "
            "now."
        )
    return text.format(before=_shown(event.before), now=_shown(event.now))


def _shown(moment: str) -> str:
    return moment[:16].replace("T", " ")


def trashed_words(pictures: int) -> str:
    """Where the pictures of a capture are that was given up, and the key that brings them back."""
    text = "{pictures} in the trash, {key.undo} brings them back"
    return with_keys(text, pictures=many(pictures, "picture"))


def untrained_words(people: Sequence[tuple[str, int]], trains: str) -> str:
    """Whose pictures (name, how many) are not in the model, and that `trains` puts them there."""
    shown = ", ".join(
        "{pictures} of {name}".format(pictures=many(count, "picture"), name=name)
        for name, count in people[:MOST_NAMED]
    )
    if more := sum(count for _name, count in people[MOST_NAMED:]):
        others = many(len(people) - MOST_NAMED, "other", "others")
        shown = "{shown} and {pictures} of {others}".format(
            shown=shown, pictures=many(more, "picture"), others=others
        )
    return f"Kept and not in the model yet: {shown}; {trains} trains them."


def recovery_words(event: Recovered, trains: str = "") -> str:
    """One line: what was cut short, removed, finished, kept (`trains` it), and what has to wait."""
    parts = [
        f"{event.interrupted} was cut short."
        if event.interrupted
        else "An earlier run was cut short."
    ]
    if event.unfinished:
        parts.append("Removed: {files}.".format(files=many(event.unfinished, "unfinished file")))
    if event.leftovers:
        leftovers = many(event.leftovers, "leftover of nobody", "leftovers of nobody")
        parts.append(f"Removed: {leftovers}.")
    if event.finished:
        parts.append("Finished: {changes}.".format(changes="; ".join(event.finished)))
    if event.erased:
        erasures = many(event.erased, "erasure")
        parts.append(f"Finished: {erasures}.")
    if event.kept:
        parts.append(untrained_words(event.kept, trains or "`facedesk train`"))
    if event.failed:
        parts.append(f"The rest waits: {event.failed}.")
    parts.append("What was kept is whole.")
    return " ".join(parts)


BEFORE_WRITING: dict[type[Event], Callable[[Any], str]] = {
    WorkspaceUpgraded: upgrade_words,
    ClockChanged: clock_words,
    Recovered: recovery_words,
}
"""What to say of what was done before a command may write."""
