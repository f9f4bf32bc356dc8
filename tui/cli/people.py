"""`facedesk people`: who is enrolled, what is known of them, changes, and what they may ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal, cast

import click

from engine.cancel import Cancel
from engine.contract.errors import Remedy
from engine.contract.people import Answers, Doubts, ErasureUnanswered, Trashed, state_of
from engine.desk import library
from engine.people import changes, permission
from engine.people.registry import People
from engine.rights import stores
from engine.rights.doubts import Scores, measured_with
from engine.rights.erase import erase
from engine.rights.receipt import to_json, words
from engine.text import many, percent
from tui.cli.listen import Listener, demand_review
from tui.cli.options import PATH, at_terminal, complete_people, consent_option, yes_option
from tui.cli.output import named
from tui.cli.run import Context, SubGroup
from tui.words.figures import confusion_words, consent_words
from tui.words.tables import COLUMNS
from tui.words.text import day, figure


@click.group(cls=SubGroup)
def people() -> None:
    """List, show, change or delete people. Without a command: list.

    \b
    facedesk people show "Ada Lovelace"
    facedesk people merge Ada "Ada Lovelace"
    """


@people.command("list")
def people_list(context: Context) -> None:
    """Everybody enrolled, with pictures, sessions and whether the model knows them.

    \b
    facedesk people list --json
    """
    rows = library.person_rows(context.workspace, context.settings)
    context.output.records(
        "person",
        rows,
        {column.sign + column.name: column.printed for column in COLUMNS},
        fields=lambda row: {
            **named(row, "name", "slug", "id", "created", "pictures", "sessions"),
            **named(row, "in_model", "consent"),
            "unseen_since": row.unseen or None,
            "trouble": row.trouble or None,
        },
        empty="Nobody is enrolled yet. Try: facedesk enroll NAME --source 0",
    )
    context.output.done(people=len(rows))
    People(context.workspace).refuse_unread()


@people.command("rename", writes=True)
@click.argument("old", shell_complete=complete_people)
@click.argument("new")
def people_rename(context: Context, old: str, new: str) -> None:
    """Give OLD the name NEW. Pictures and model stay valid.

    \b
    facedesk people rename Ada "Ada Lovelace"
    """
    stores.rename(context.workspace, old, new)
    context.output.done(f"{old} is now {new}.", renamed=old, name=new)


@people.command("show")
@click.argument("name", shell_complete=complete_people)
@click.option("--pictures", is_flag=True, help="List every picture too.")
def people_show(context: Context, name: str, pictures: bool) -> None:
    """Sessions, quality, consent of NAME, and whom the model takes them for.

    \b
    facedesk people show "Ada Lovelace" --pictures
    """
    facts = library.person_facts(context.workspace, name)
    output = context.output
    if output.as_json:
        state = state_of(facts.consent, context.settings.consent)
        output.object({"event": "person", **asdict(facts), "consent_state": state})
        return
    output.result(
        f"{facts.name}: {many(facts.pictures, 'picture')} in "
        f"{many(len(facts.sessions), 'session')}, enrolled {day(facts.created)}. "
        f"In the model: {facts.in_model}."
    )
    output.result(consent_words(facts.consent, context.settings.consent))
    output.result(confusion_words(facts.confusion))
    output.table(
        ("!session", "source", "#pictures", "#bright", "#sharp", "#eyes"),
        [
            (
                session.id,
                session.source,
                str(len(session.pictures)),
                figure(session.brightness, ".0f"),
                figure(session.sharpness, ".0f"),
                percent(session.eyes),
            )
            for session in facts.sessions
        ],
    )
    if pictures:
        output.table(
            ("!picture", "#bright", "#sharp", "#other faces", "label"),
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


@people.command("merge", writes=True)
@click.argument("source", shell_complete=complete_people)
@click.argument("target", shell_complete=complete_people)
def people_merge(context: Context, source: str, target: str) -> None:
    """Give all sessions of SOURCE to TARGET, who then is both. `trash undo` takes it back.

    \b
    facedesk people merge Ada "Ada Lovelace"
    """
    done = changes.merge(context.workspace, source, target, context.settings.trash.keep_days)
    _say(context, done)


@people.command("move", writes=True)
@click.argument("name", shell_complete=complete_people)
@click.argument("pictures", nargs=-1, required=True)
@click.argument("to", shell_complete=complete_people)
def people_move(context: Context, name: str, pictures: tuple[str, ...], to: str) -> None:
    """Give PICTURES of NAME (SESSION or SESSION/FILE) to another person, TO.

    \b
    facedesk people move Ada 20261124-093000-001/0007.png "Grace Hopper"
    """
    done = changes.move_pictures(
        context.workspace, name, pictures, to, context.settings.trash.keep_days
    )
    _say(context, done)


@people.command("consent", writes=True)
@click.argument("name", shell_complete=complete_people)
@click.option("--by", default="", help="Who asked the person and notes it.")
@click.option("--text-version", default="", help="Version of the text (default: as configured).")
@click.option("--withdraw", is_flag=True, help="The person took their consent back.")
def people_consent(context: Context, name: str, by: str, text_version: str, withdraw: bool) -> None:
    """Note that NAME agreed to be enrolled: by whom, when, which text.

    \b
    facedesk people consent "Ada Lovelace" --by "Desk one"
    facedesk people consent "Ada Lovelace" --withdraw
    """
    settings = context.settings.consent
    version = text_version or settings.text_version
    if withdraw:
        noted = permission.withdraw_consent(context.workspace, name)
    else:
        noted = permission.note_consent(context.workspace, settings, name, by, version)
    person = People(context.workspace).get(name)
    words = f"{person.name}. {consent_words(noted, settings)}"
    context.output.done(words, name=person.name, consent=asdict(noted))


def _deletion(name: str, pictures: tuple[str, ...]) -> str:
    """What is asked before a deletion."""
    if pictures:
        return f"Delete {many(len(pictures), 'entry', 'entries')} of {name}?"
    return f"Delete {name} and all their pictures?"


@people.command("delete", writes=True, confirm=_deletion)
@click.argument("name", shell_complete=complete_people)
@click.argument("pictures", nargs=-1)
@yes_option
def people_delete(context: Context, name: str, pictures: tuple[str, ...]) -> None:
    """Delete NAME, or only PICTURES of theirs (SESSION or SESSION/FILE). Asks on a terminal.

    They lie in the trash for `trash.keep_days`; `facedesk trash undo` brings them back.

    \b
    facedesk people delete "Ada Lovelace"
    """
    days = context.settings.trash.keep_days
    if pictures:
        done = changes.delete_pictures(context.workspace, name, pictures, days)
    else:
        done = changes.delete_people(context.workspace, [name], days)
    _say(context, done)


def _say(context: Context, done: Trashed) -> None:
    """What was changed, and for how long it can be undone."""
    said = [f"{done.title}. Train again to renew the model."]
    if done.id:
        days = many(context.settings.trash.keep_days, "day")
        said.append(f"`facedesk trash undo` takes it back for {days}.")
    context.output.done(*said, **asdict(done))


@people.command("export")
@click.argument("name", shell_complete=complete_people)
@click.argument("file", type=PATH)
def people_export(context: Context, name: str, file: Path) -> None:
    """Write all that is held on NAME to FILE, a zip that only you can read. Never overwrites.

    \b
    facedesk people export "Ada Lovelace" ada.zip
    """
    done = stores.export_person(context.workspace, name, file)
    context.output.done(
        f"{done.name}: {many(done.pictures, 'picture')} and all other data, "
        f"{many(done.files, 'file')} in {done.file}.",
        **asdict(done),
    )
    context.output.note("It is not encrypted: hand it over safely, then remove it.")


@people.command("import", writes=True)
@click.argument("file", type=PATH)
@consent_option
def people_import(context: Context, file: Path, consent: str) -> None:
    """Enrol the person of FILE, as `people export` wrote it elsewhere. Consent comes along.

    \b
    facedesk people import ada.zip
    """
    from engine.jobs.facing import put_aside
    from engine.jobs.judging import guard_here
    from engine.rights.take_in import import_person

    workspace, settings = context.workspace, context.settings
    emit = Listener(context.output)
    done = import_person(workspace, file, settings.consent, consent)
    # Anybody may have written the archive: whose faces does it show?
    guard = guard_here(workspace, settings, emit)
    people, days = People(workspace), settings.trash.keep_days
    for session in people.get(done.name).sessions:
        person = people.get(done.name)
        for event in put_aside(workspace, guard, person, session.id, days, Cancel()):
            emit(event)
    if done.sentence:
        context.output.warn(f"{done.sentence} {Remedy.CONSENT}")
    context.output.done(
        f"{done.name} is enrolled: {many(done.pictures, 'picture')} in "
        f"{many(done.sessions, 'session')}. Train again, so that the model knows them.",
        **asdict(done),
    )
    demand_review(emit.doubts)


@people.command(
    "erase", native=True, confirm="Erase every trace of {name} for good? Nothing brings them back."
)
@click.argument("name", shell_complete=complete_people)
@click.option("--by", default="", help="Who erases, for the receipt (default: the system user).")
@click.option("--yes", is_flag=True, help="Do not ask whether to erase.")
@click.option(
    "--shared-stay", is_flag=True, help="Go on where others hold the same pictures: they stay."
)
@click.option(
    "--unsure",
    type=click.Choice(["remove", "keep"]),
    default=None,
    help="What becomes of unknown people who may be NAME.",
)
def people_erase(
    context: Context, name: str, by: str, shared_stay: bool, unsure: str | None
) -> None:
    """Erase NAME for good: pictures, features, models, trash, unknown list, logs. Gives a receipt.

    Works for somebody in the trash too. Nothing brings them back. What others hold too, and
    unknown people who may be NAME, are asked about, --yes or not.

    \b
    facedesk people erase "Ada Lovelace" --by "Desk one"
    """
    answers = Answers(shared_stay, cast(Literal["", "remove", "keep"], unsure or ""))

    def compare(ids: Collection[str]) -> Scores:  # somebody has that name
        context.output.note("Erasing, then searching the whole workspace")
        return measured_with(context.workspace, context.settings, ids)

    done = None
    while done is None:
        try:
            with context.writing("people erase"):
                done = erase(context.workspace, name, by, answers=answers, compare=compare)
        except ErasureUnanswered as open_:
            if not at_terminal():
                raise
            answers = _asked(open_.doubts, answers)
    context.output.done(
        f"{done.name} is erased.",  # the name stands here and not in the receipt
        *words(done.receipt).splitlines(),
        *(f"Still names them or shows them: {path}" for path in done.left),
        *(f"Could not be read: {path}" for path in done.unread),
        f"The receipt is {done.file}",
        name=done.name,
        **to_json(done.receipt),
        file=done.file,
        left=done.left,
        unread=done.unread,
    )


def _asked(doubts: Doubts, answers: Answers) -> Answers:
    """Ask about the doubts. Raises click.Abort if nothing is to be erased."""
    for line in doubts.lines():
        click.echo(line, err=True)
    if doubts.shared:
        question = f"Others keep theirs. Erase what only {doubts.name} holds?"
        click.confirm(question, abort=True, err=True)
        answers = replace(answers, shared_stay=True)
    if doubts.unsure:
        question = "Remove these unknown too, or keep them?"
        choice = click.prompt(question, type=click.Choice(["remove", "keep"]), err=True)
        answers = replace(answers, unsure="remove" if choice == "remove" else "keep")
    return answers
