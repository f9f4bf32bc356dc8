"""`facedesk unknown` and `strangers`: faces kept while recognising, and people never enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from engine.contract import Refused, Threshold
from engine.contract.errors import DataError, Remedy
from engine.contract.requests import StrangersRequest, UnknownGroup
from engine.desk.unknown import unknown_view
from engine.people.changes import clear_strangers, remove_stranger
from engine.people.person import refuse_unread
from engine.people.registry import strangers as kept
from engine.people.registry import unread_strangers
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.text import many
from tui.cli.listen import Listener, refusal
from tui.cli.options import (
    complete_people,
    complete_sightings,
    complete_sources,
    complete_strangers,
    consent_option,
    yes_option,
)
from tui.cli.output import named
from tui.cli.run import Context, SubGroup, interruptible
from tui.words.figures import matched
from tui.words.text import day


@click.group(cls=SubGroup)
def unknown() -> None:
    """Strangers kept while recognising. Without a command: list.

    \b
    facedesk unknown
    facedesk unknown on
    """


@unknown.command("list")
def unknown_list(context: Context) -> None:
    """Every group that waits, with the enrolled person nearest.

    \b
    facedesk unknown list
    """
    view = unknown_view(context.workspace, context.settings)
    output = context.output
    unread = UnknownStore(context.workspace, context.settings.unknown).unread()
    output.warn(*(f"{error}. {error.hint}" for error in unread))
    output.records(
        "unknown",
        view.groups,
        _lines,  # a table would cut the ids that the commands take
        fields=lambda group: {"id": group.id, **asdict(group)},
        empty="" if unread else "No unknown faces.",
    )
    output.done(groups=len(view.groups), keeping=view.keeping, unread=len(unread), undo=view.undo)
    if view.keeping:
        days = many(view.days, "day")
        output.note(f"Strangers seen while recognising are kept for {days}.")
    else:
        output.note("Strangers seen while recognising are not kept (`unknown on`).")


def _lines(group: UnknownGroup) -> list[str]:
    """A group on a line, and each of its sightings where there are more than one."""
    whole = (
        f"{group.id}  {day(group.last)}  {many(len(group.sightings), 'sighting')}, "
        f"{many(group.crops, 'crop')}, nearest {group.candidate} "
        f"(match {matched(group.score, group.threshold)})"
    )
    if len(group.rows) < 2:
        return [whole]
    parts = [f"    {row.id}  {day(row.at)}  {many(row.crops, 'crop')}" for row in group.rows]
    return [whole, *parts]


@unknown.command("assign", writes=True)
@click.argument("group", shell_complete=complete_sightings)
@click.argument("name", shell_complete=complete_people)
@click.option("--new", is_flag=True, help="NAME is not enrolled yet.")
@click.option(
    "--only",
    multiple=True,
    metavar="SIGHTING",
    shell_complete=complete_sightings,
    help="Only this sighting of the group; may be repeated.",
)
@consent_option
def unknown_assign(
    context: Context, group: str, name: str, new: bool, only: tuple[str, ...], consent: str
) -> None:
    """GROUP (its id in the list) shows NAME: the crops join this person's pictures.

    \b
    facedesk unknown assign 20261124-093000-001 "Ada Lovelace"
    facedesk unknown assign 20261124-093000-001 "Alan Turing" --new
    facedesk unknown assign 20261124-093000-001 Ada --only 20261124-093000-002
    """
    found = _part(_group(context, group), only)
    choices = _choices(context)
    done = choices.assign(found.sightings, name, new=new, by=consent)
    if choices.note:
        context.output.warn(choices.note)
    _say(context, done.title, done.pictures, "Train again, so that the model knows them.")


@unknown.command("split", writes=True)
@click.argument("group", shell_complete=complete_sightings)
@click.argument(
    "sightings", metavar="SIGHTING...", nargs=-1, required=True, shell_complete=complete_sightings
)
def unknown_split(context: Context, group: str, sightings: tuple[str, ...]) -> None:
    """Each SIGHTING of GROUP shows somebody else than the group's others. They are not grouped
    together again, unless `unknown undo` takes it back.

    \b
    facedesk unknown split 20261124-093000-001 20261124-093000-002
    """
    found = _group(context, group)
    part = _part(found, sightings)
    done = _choices(context).split(part.sightings, found.sightings)
    hint = "`facedesk unknown undo` takes it back."
    _say(context, done.title, part.crops, hint)


@unknown.command("not", writes=True)
@click.argument("group", shell_complete=complete_sightings)
def unknown_not(context: Context, group: str) -> None:
    """GROUP is not the person nearest: it joins your own strangers.

    \b
    facedesk unknown not 20261124-093000-001
    """
    _stranger(context, group, not_nearest=True)


@unknown.command("ignore", writes=True)
@click.argument("group", shell_complete=complete_sightings)
def unknown_ignore(context: Context, group: str) -> None:
    """GROUP joins your own strangers, who check the threshold.

    \b
    facedesk unknown ignore 20261124-093000-001
    """
    _stranger(context, group, not_nearest=False)


def _stranger(context: Context, group: str, *, not_nearest: bool) -> None:
    found = _group(context, group)
    done = _choices(context).stranger(found.sightings, found.candidate if not_nearest else "")
    _say(context, done.title, done.pictures, "The next recognition checks the threshold with them.")


def _one_or_all(*, group: str | None, everything: bool) -> None:
    if (group is None) is not everything:
        raise click.UsageError("Name one GROUP, or give --all.")


@unknown.command("delete", writes=True, before=_one_or_all)
@click.argument("group", required=False, shell_complete=complete_sightings)
@click.option("--all", "everything", is_flag=True, help="All groups.")
def unknown_delete(context: Context, group: str | None, everything: bool) -> None:
    """Delete GROUP, or --all; `unknown undo` brings them back.

    \b
    facedesk unknown delete 20261124-093000-001
    facedesk unknown delete --all
    """
    if group is not None:
        ids = _group(context, group).sightings
    else:
        unknown = UnknownStore(context.workspace, context.settings.unknown)
        ids = tuple(sighting.id for sighting in unknown.sightings())
    done = _choices(context).delete(ids)
    _say(context, done.title, done.pictures, "`facedesk unknown undo` brings them back.")


@unknown.command("undo", writes=True)
def unknown_undo(context: Context) -> None:
    """Undo the last choice that was made about unknown faces.

    \b
    facedesk unknown undo
    """
    done = _choices(context).undo()
    _say(context, f"Undone: {done.title}", done.pictures)


@unknown.command("on", writes=True, confirm="Keep pictures of strangers in this workspace?")
@yes_option
def unknown_on(context: Context) -> None:
    """Keep strangers seen while recognising from now on. Asks first on a terminal.

    \b
    facedesk unknown on
    """
    days = many(context.settings.unknown.days, "day")
    _switch(context, f"Strangers are kept from now on, each for {days}. Tell people so.", on=True)


@unknown.command("off", writes=True)
def unknown_off(context: Context) -> None:
    """Keep no more strangers; those kept already stay until they are deleted or too old.

    \b
    facedesk unknown off
    """
    _switch(context, "Strangers are not kept any more.", on=False)


def _switch(context: Context, words: str, *, on: bool) -> None:
    UnknownStore(context.workspace, context.settings.unknown).switch(on)
    context.output.done(words, keeping=on)


def _choices(context: Context) -> Choices:
    return Choices(context.workspace, context.settings.unknown, context.settings.consent)


def _group(context: Context, id: str) -> UnknownGroup:
    """The group that holds this sighting. Raises DataError."""
    groups = unknown_view(context.workspace, context.settings).groups
    found = next((group for group in groups if id in group.sightings), None)
    if found is None:
        raise DataError("There is no such group", id[:80], Remedy.UNKNOWN)
    return found


def _part(group: UnknownGroup, only: Sequence[str]) -> UnknownGroup:
    """The group, or these of its sightings where any are named. Raises DataError."""
    strays = [id for id in only if id not in group.sightings]
    if strays:
        raise DataError("This sighting is not in the group", strays[0][:80], Remedy.UNKNOWN)
    return group.only(only) if only else group


def _say(context: Context, title: str, pictures: int, hint: str = "") -> None:
    words = f"{title}: {many(pictures, 'picture')}."
    context.output.done(words, title=title, pictures=pictures)
    if hint:
        context.output.note(hint)


@click.group(cls=SubGroup)
def strangers() -> None:
    """People who are never enrolled; they check the threshold. Without a command: list.

    \b
    facedesk strangers
    facedesk strangers add visitors/
    """


@strangers.command("list")
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


@strangers.command("add", native=True)
@click.argument("source", shell_complete=complete_sources)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Crops to capture from a camera, clip or stream.",
)
@click.option("--as", "name", help="One stranger of this name (adds to them if there is one).")
def strangers_add(context: Context, **wanted: Any) -> None:
    """Add strangers from SOURCE, a folder, or one from a camera, clip, stream or demo:NAME.

    In a folder each sub-folder is one stranger, and so is each picture beside them.

    \b
    facedesk strangers add visitors/
    facedesk strangers add clip.mp4 --count 40
    """
    from engine.jobs.imports import add_strangers, take_in

    output, settings, workspace = context.output, context.settings, context.workspace
    request = StrangersRequest(**wanted)
    with context.writing("strangers add"), output.progress("Strangers", None) as bar:

        def show_threshold(event: Threshold) -> None:
            output.note(event.sentence)
            output.detail(*event.notes)

        def show_refusal(event: Refused) -> None:
            bar.retitle(refusal(event))

        emit = Listener(output, bar, {Threshold: show_threshold, Refused: show_refusal})
        with interruptible(keep=True, enter_stops=True) as cancel:
            done = add_strangers(workspace, settings, request, cancel, emit)
            output.result(
                f"{many(done.added, 'stranger')} added with {many(done.images, 'picture')}, "
                f"{many(done.strangers, 'stranger')} now"
            )
        with interruptible(keep=False) as cancel:
            if not take_in(workspace, settings, cancel, emit):
                output.note("Train again to check the threshold with them.")
    output.event(done)


@strangers.command("remove", writes=True)
@click.argument("name", shell_complete=complete_strangers)
def strangers_remove(context: Context, name: str) -> None:
    """Remove the stranger NAME, with pictures and features.

    \b
    facedesk strangers remove visitor-3
    """
    gone, pictures = remove_stranger(context.workspace, name)
    context.output.done(
        f"Removed {gone}: {many(pictures, 'picture')}.", removed=gone, pictures=pictures
    )


@strangers.command("clear", writes=True, confirm="Remove all strangers and their pictures?")
@yes_option
def strangers_clear(context: Context) -> None:
    """Remove all strangers, with pictures and features. Asks first on a terminal.

    \b
    facedesk strangers clear --yes
    """
    count = clear_strangers(context.workspace)
    context.output.done(f"Removed {many(count, 'stranger')}.", removed=count)
