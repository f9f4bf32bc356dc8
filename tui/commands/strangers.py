"""facedesk strangers: people who will never be enrolled, to check the threshold with."""

from __future__ import annotations

from engine.contract import (
    Captured,
    Event,
    FeaturesProgress,
    ImportProgress,
    ImportRefused,
    Refused,
    StrangersAdded,
    Threshold,
)
from engine.contract.requests import StrangersRequest
from engine.people import strangers
from engine.people.person import refuse_unread
from engine.text import many
from tui.cli.context import Context, interruptible
from tui.commands.enrolment import refusal, source_note
from tui.commands.training import threshold_line


def add(context: Context, request: StrangersRequest) -> StrangersAdded:
    """Add strangers; then say what they do to the threshold of the model in use."""
    from engine.jobs.add_strangers import add_strangers, take_in

    output = context.output
    with (
        context.writing("strangers add"),
        output.progress("Strangers", None) as bar,
    ):

        def emit(event: Event) -> None:
            output.event(event)
            source_note(output, event)
            match event:
                case Captured():
                    bar.update(event.captured, event.target)
                case Refused():
                    bar.retitle(refusal(event.reason, event.value, event.limit))
                case ImportProgress():
                    bar.update(event.done, event.total)
                case ImportRefused():
                    reason = refusal(event.reason, event.value, event.limit)
                    output.note(f"refused {event.file}: {reason}")
                case FeaturesProgress():
                    bar.update(event.done, event.total, "Features")
                case Threshold():
                    output.note(threshold_line(event))
                    for note in event.notes:
                        output.note(note, "yellow")

        with interruptible(keep=True, enter_stops=True) as cancel:
            done = add_strangers(context.workspace, context.settings, request, cancel, emit)
            output.result(
                "{strangers} added with {pictures}, {total} now".format(
                    strangers=many(done.added, "stranger"),
                    pictures=many(done.images, "picture"),
                    total=many(done.strangers, "stranger"),
                )
            )
        with interruptible(keep=False) as cancel:
            if not take_in(context.workspace, context.settings, cancel, emit):
                output.note("They count from the next training on.")
    output.event(done)
    return done


def show(context: Context) -> None:
    """Every stranger, as a table or one object a line.

    Raises PersonUnreadable at the end if there are some who cannot be read.
    """
    rows = strangers.strangers(context.workspace)
    unread = strangers.unread_strangers(context.workspace)
    output = context.output
    if output.as_json:
        for row in rows:
            output.object(
                {
                    "event": "stranger",
                    "name": row.name,
                    "slug": row.slug,
                    "created": row.created,
                    "pictures": row.pictures,
                    "source": row.sessions[-1].source,
                }
            )
        output.object({"event": "done", "strangers": len(rows)})
    elif not rows and not unread:
        output.result("No strangers yet. Try: facedesk strangers add DIR")
    elif rows:
        output.table(
            ("!" + "name", "#" + "pictures", "from", "added"),
            [(r.name, str(r.pictures), r.sessions[-1].source, r.created[:10]) for r in rows],
        )
    refuse_unread(unread)


def remove(context: Context, name: str) -> None:
    """Remove one stranger with pictures and features."""
    with context.writing("strangers remove"):
        gone, pictures = strangers.remove_stranger(context.workspace, name)
    if context.output.as_json:
        context.output.object({"event": "done", "removed": gone, "pictures": pictures})
    else:
        context.output.result(
            "Removed {name}: {pictures}.".format(name=gone, pictures=many(pictures, "picture"))
        )


def clear(context: Context) -> None:
    """Remove all strangers."""
    with context.writing("strangers clear"):
        count = strangers.clear_strangers(context.workspace)
    if context.output.as_json:
        context.output.object({"event": "done", "removed": count})
    else:
        context.output.result("Removed {strangers}.".format(strangers=many(count, "stranger")))
