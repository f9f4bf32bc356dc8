"""`facedesk strangers`: people who will never be enrolled, to check the threshold with."""

from __future__ import annotations

import click

from engine.contract import Refused, Threshold
from engine.contract.requests import StrangersRequest
from engine.people.changes import clear_strangers, remove_stranger
from engine.people.person import refuse_unread
from engine.people.registry import strangers as kept
from engine.people.registry import unread_strangers
from engine.text import many
from tui.cli.listen import Listener, refusal, threshold_line
from tui.cli.options import SubGroup, confirmed
from tui.cli.output import named
from tui.cli.run import Context, interruptible, takes_context


@click.group(cls=SubGroup)
def strangers() -> None:
    """Your own strangers, who check the threshold (without a command: list).

    \b
    facedesk strangers
    facedesk strangers add visitors/
    """


@strangers.command("list")
@takes_context(native=False)
def strangers_list(context: Context) -> None:
    """Every stranger with pictures and where they came from.

    \b
    facedesk strangers list --json
    """
    rows = kept(context.workspace)
    unread = unread_strangers(context.workspace)
    context.output.records(
        "stranger",
        rows,
        {
            "!name": lambda row: row.name,
            "#pictures": lambda row: str(row.pictures),
            "from": lambda row: row.sessions[-1].source,
            "added": lambda row: row.created[:10],
        },
        fields=lambda row: {
            **named(row, "name", "slug", "created", "pictures"),
            "source": row.sessions[-1].source,
        },
        empty="" if unread else "No strangers yet. Try: facedesk strangers add DIR",
    )
    context.output.done(strangers=len(rows))
    refuse_unread(unread)


@strangers.command("add")
@click.argument("source")
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Crops to capture from a camera, clip or stream.",
)
@click.option("--as", "name", help="One stranger of this name (adds to them if there is one).")
@takes_context()
def strangers_add(context: Context, source: str, count: int, name: str | None) -> None:
    """Add strangers from SOURCE, a folder, or one from a camera, clip, stream or demo:NAME.

    In a folder each sub-folder is one stranger, and so is each picture beside them.

    \b
    facedesk strangers add visitors/
    facedesk strangers add clip.mp4 --count 40
    """
    from engine.jobs.imports import add_strangers, take_in

    output, settings, workspace = context.output, context.settings, context.workspace
    request = StrangersRequest(source=source, count=count, name=name)
    with context.writing("strangers add"), output.progress("Strangers", None) as bar:

        def show_threshold(event: Threshold) -> None:
            output.note(threshold_line(event))
            for note in event.notes:
                output.note(note, "yellow")

        def show_refusal(event: Refused) -> None:
            bar.retitle(refusal(event.reason, event.value, event.limit))

        emit = Listener(output, bar, {Threshold: show_threshold, Refused: show_refusal})
        with interruptible(keep=True, enter_stops=True) as cancel:
            done = add_strangers(workspace, settings, request, cancel, emit)
            output.result(
                f"{many(done.added, 'stranger')} added with {many(done.images, 'picture')}, "
                f"{many(done.strangers, 'stranger')} now"
            )
        with interruptible(keep=False) as cancel:
            if not take_in(workspace, settings, cancel, emit):
                output.note("They count from the next training on.")
    output.event(done)


@strangers.command("remove")
@click.argument("name")
@takes_context(native=False)
def strangers_remove(context: Context, name: str) -> None:
    """Remove the stranger NAME, with pictures and features.

    \b
    facedesk strangers remove visitor-3
    """
    with context.writing("strangers remove"):
        gone, pictures = remove_stranger(context.workspace, name)
    context.output.done(
        f"Removed {gone}: {many(pictures, 'picture')}.", removed=gone, pictures=pictures
    )


@strangers.command("clear")
@confirmed("Remove all strangers and their pictures?")
@takes_context(native=False)
def strangers_clear(context: Context) -> None:
    """Remove all strangers, with pictures and features. Asks first on a terminal.

    \b
    facedesk strangers clear --yes
    """
    with context.writing("strangers clear"):
        count = clear_strangers(context.workspace)
    context.output.done(f"Removed {many(count, 'stranger')}.", removed=count)
