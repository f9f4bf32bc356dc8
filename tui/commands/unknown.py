"""facedesk unknown: strangers kept while recognising, and what is decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from engine.contract import Sighted
from engine.contract.errors import DataError
from engine.contract.requests import UnknownGroup
from engine.desk.unknown_groups import inbox_view
from engine.people.unknown import Inbox
from engine.people.unknown_choices import Choices
from engine.text import many
from tui.cli.context import Context
from tui.words.text import day


def show(context: Context) -> None:
    """Every group, as a table or one object a line."""
    view = inbox_view(context.workspace, context.settings)
    output = context.output
    unread = Inbox(context.workspace, context.settings.inbox).unread()
    for error in unread:
        output.note(f"{error}. {error.hint}", "yellow")
    if output.as_json:
        for group in view.groups:
            output.object({"event": "unknown", "id": group.id, **asdict(group)})
        output.object(
            {
                "event": "done",
                "groups": len(view.groups),
                "keeping": view.keeping,
                "unread": len(unread),
                "undo": view.undo,
            }
        )
        return
    for group in view.groups:  # lines, for a table would cut the ids that the commands take
        output.result(
            f"{group.id}  {day(group.last)}  "
            + "{sightings}, {crops}, nearest {candidate} ({score})".format(
                sightings=many(len(group.sightings), "sighting"),
                crops=many(group.crops, "crop"),
                candidate=group.candidate,
                score=_score(group),
            )
        )
        if len(group.rows) > 1:
            for row in group.rows:
                output.result(f"    {row.id}  {day(row.at)}  {many(row.crops, 'crop')}")
    if not view.groups and not unread:
        output.result("Nobody waits.")
    if view.keeping:
        days = many(view.days, "day")
        output.note(f"Strangers seen while recognising are kept for {days}.")
    else:
        output.note("Strangers seen while recognising are not kept (`unknown on`).")


def assign(
    context: Context,
    group: str,
    name: str,
    *,
    new: bool,
    only: Sequence[str] = (),
    consent: str = "",
) -> None:
    """A group, or `only` these of its sightings, shows somebody enrolled, or somebody new."""
    with context.writing("unknown assign"):
        found = _part(_group(context, group), only)
        choices = _choices(context)
        done = choices.assign(found.sightings, name, new=new, by=consent)
    if choices.note:
        context.output.note(choices.note, "yellow")
    _say(context, done.title, done.pictures, "Train, so that the model learns them.")


def split(context: Context, group: str, sightings: Sequence[str]) -> None:
    """These sightings of a group are nobody whom its others show."""
    with context.writing("unknown split"):
        found = _group(context, group)
        part = _part(found, sightings)
        done = _choices(context).split(part.sightings, found.sightings)
    hint = "They are not grouped together again; `facedesk unknown undo` takes it back."
    _say(context, done.title, part.crops, hint)


def stranger(context: Context, group: str, *, told_apart: bool) -> None:
    """A group shows a stranger; with `told_apart` one who is not the person nearest."""
    with context.writing("unknown"):
        found = _group(context, group)
        done = _choices(context).stranger(found.sightings, found.candidate if told_apart else "")
    _say(context, done.title, done.pictures, "The next recognition's threshold takes them in.")


def delete(context: Context, group: str | None) -> None:
    """Delete a group, or all."""
    with context.writing("unknown delete"):
        if group is not None:
            ids = _group(context, group).sightings
        else:
            inbox = Inbox(context.workspace, context.settings.inbox)
            ids = tuple(sighting.id for sighting in inbox.sightings())
        done = _choices(context).delete(ids)
    _say(context, done.title, done.pictures, "`facedesk unknown undo` brings them back.")


def undo(context: Context) -> None:
    """Undo the last choice."""
    with context.writing("unknown undo"):
        done = _choices(context).undo()
    _say(context, f"Undone: {done.title}", done.pictures)


def switch(context: Context, *, on: bool) -> None:
    """Keep strangers from now on, or no longer."""
    with context.writing("unknown"):
        Inbox(context.workspace, context.settings.inbox).switch(on)
    if context.output.as_json:
        context.output.object({"event": "done", "keeping": on})
    elif on:
        days = many(context.settings.inbox.days, "day")
        context.output.result(f"Strangers are kept from now on, each for {days}. Tell them.")
    else:
        context.output.result("Strangers are not kept any more.")


def purge(context: Context, *, everything: bool) -> None:
    """Remove for good what is too old, or everything."""
    with context.writing("unknown purge", purging=False):
        count, choices = _choices(context).purge(everything=everything)
    if context.output.as_json:
        context.output.object({"event": "done", "removed": count, "choices": choices})
    else:
        what = [many(count, "sighting"), *([many(choices, "choice")] if choices else [])]
        context.output.result("{what} removed for good.".format(what=", ".join(what)))


def keep(context: Context, sighted: Sighted) -> None:
    """Put a stranger whom recognition has seen into the inbox; says so where it cannot be."""
    try:
        with context.writing("keeping an unknown", purging=False):
            _choices(context).purge()
            Inbox(context.workspace, context.settings.inbox).add(sighted)
    except DataError as error:
        context.output.note(f"A stranger was not kept: {error}", "yellow")


def _choices(context: Context) -> Choices:
    return Choices(context.workspace, context.settings.inbox, context.settings.consent)


def _group(context: Context, id: str) -> UnknownGroup:
    """The group that holds this sighting. Raises DataError."""
    groups = inbox_view(context.workspace, context.settings).groups
    found = next((group for group in groups if id in group.sightings), None)
    if found is None:
        raise DataError("There is no such group", id[:80], "See `facedesk unknown list`.")
    return found


def _part(group: UnknownGroup, only: Sequence[str]) -> UnknownGroup:
    """The group, or these of its sightings where any are named. Raises DataError."""
    strays = [id for id in only if id not in group.sightings]
    if strays:
        raise DataError(
            "This sighting is not in the group",
            strays[0][:80],
            "See `facedesk unknown list`.",
        )
    return group.only(only) if only else group


def _score(group: UnknownGroup) -> str:
    return f"{group.score:.2f} < {group.threshold:.2f}"


def _say(context: Context, title: str, pictures: int, hint: str = "") -> None:
    if context.output.as_json:
        context.output.object({"event": "done", "title": title, "pictures": pictures})
    else:
        context.output.result(f"{title}: {many(pictures, 'picture')}.")
        if hint:
            context.output.note(hint)
