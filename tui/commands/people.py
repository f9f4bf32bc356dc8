"""facedesk people: who is enrolled, what is known of them, and changes that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from engine.desk import library, people_calls
from engine.desk.library import person_facts
from engine.people import changes
from engine.people.consent import state_of
from engine.people.registry import People
from engine.people.trash_steps import Trashed
from engine.text import many
from tui.cli.context import Context
from tui.words.figures import confusion_words, consent_words
from tui.words.tables import COLUMNS, people_cells
from tui.words.text import IN_MODEL, day, figure


def list_people(context: Context) -> None:
    """Everybody enrolled, as a table or one object a line.

    Raises PersonUnreadable at the end if there are some who cannot be read.
    """
    rows = library.person_rows(context.workspace, context.settings)
    for row in rows if context.output.as_json else ():
        context.output.object(
            {
                "event": "person",
                "name": row.name,
                "slug": row.slug,
                "id": row.id,
                "created": row.created,
                "pictures": row.pictures,
                "sessions": row.sessions,
                "in_model": row.in_model,
                "consent": row.consent,
                "unseen_since": row.unseen or None,
                "trouble": row.trouble or None,
            }
        )
    if context.output.as_json:
        context.output.object({"event": "done", "people": len(rows)})
    elif not rows:
        context.output.result("Nobody is enrolled yet. Try: facedesk enroll NAME --source 0")
    else:
        heads = [column.sign + column.name for column in COLUMNS]
        context.output.table(heads, list(map(people_cells, rows)))
    People(context.workspace).refuse_unread()


def rename_person(context: Context, old: str, new: str) -> None:
    """Rename a person."""
    with context.writing("people rename"):
        library.rename(context.workspace, old, new)
    if context.output.as_json:
        context.output.object({"event": "done", "renamed": old, "name": new})
    else:
        context.output.result(f"{old} is now {new}.")


def show_person(context: Context, name: str, pictures: bool = False) -> None:
    """Everything known of a person: sessions, pictures, quality, consent, confusions."""
    facts = person_facts(context.workspace, name)
    output = context.output
    if output.as_json:
        state = state_of(facts.consent, context.settings.consent)
        output.object({"event": "person", **asdict(facts), "consent_state": state})
        return
    output.result(
        "{name}: {pictures} in {sessions}, enrolled {created}. In the model: {in_model}.".format(
            name=facts.name,
            pictures=many(facts.pictures, "picture"),
            sessions=many(len(facts.sessions), "session"),
            created=day(facts.created),
            in_model=IN_MODEL[facts.in_model],
        )
    )
    output.result(consent_words(facts.consent, context.settings.consent))
    output.result(confusion_words(facts.confusion))
    output.table(
        (
            "!" + "session",
            "source",
            "#" + "pictures",
            "#" + "bright",
            "#" + "sharp",
            "#" + "eyes",
        ),
        [
            (
                session.id,
                session.source,
                str(len(session.pictures)),
                figure(session.brightness, ".0f"),
                figure(session.sharpness, ".0f"),
                figure(session.eyes, ".0%"),
            )
            for session in facts.sessions
        ],
    )
    if pictures:
        output.table(
            (
                "!" + "picture",
                "#" + "bright",
                "#" + "sharp",
                "#" + "other faces",
                "label",
            ),
            [
                (
                    f"{session.id}/{picture.file}",
                    figure(picture.brightness, ".0f"),
                    figure(picture.sharpness, ".0f"),
                    str(picture.others or ""),
                    picture.label,
                )
                for session in facts.sessions
                for picture in session.pictures
            ],
        )


def merge_people(context: Context, source: str, target: str) -> None:
    """Make two people one."""
    with context.writing("people merge"):
        done = changes.merge(context.workspace, source, target, _keep_days(context))
    _tell(context, done)


def move_pictures(context: Context, name: str, chosen: Sequence[str], to: str) -> None:
    """Give pictures of a person to another."""
    with context.writing("people move"):
        done = changes.move_pictures(context.workspace, name, chosen, to, _keep_days(context))
    _tell(context, done)


def delete(context: Context, name: str, chosen: Sequence[str]) -> None:
    """Delete a person, or some of their pictures."""
    days = _keep_days(context)
    with context.writing("people delete"):
        if chosen:
            done = changes.delete_pictures(context.workspace, name, chosen, days)
        else:
            done = changes.delete_people(context.workspace, [name], days)
    _tell(context, done)


def consent(context: Context, name: str, by: str, text_version: str, withdraw: bool) -> None:
    """Note that a person agreed, or took it back."""
    version = text_version or context.settings.consent.text_version
    with context.writing("people consent"):
        if withdraw:
            noted = people_calls.withdraw_consent(context.workspace, name)
        else:
            noted = people_calls.note_consent(
                context.workspace, context.settings.consent, name, by, version
            )
    person = People(context.workspace).get(name)
    if context.output.as_json:
        context.output.object({"event": "done", "name": person.name, "consent": asdict(noted)})
    else:
        context.output.result(f"{person.name}. {consent_words(noted, context.settings.consent)}")


def _keep_days(context: Context) -> int:
    return people_calls.keep_days(context.settings)


def _tell(context: Context, done: Trashed) -> None:
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(done)})
        return
    context.output.result(f"{done.title}. Train again to renew the model.")
    if done.id:
        context.output.result(
            "For {days}: facedesk trash undo.".format(days=many(_keep_days(context), "day"))
        )
