"""`facedesk people export`, `import` and `erase`: what a person may ask for."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Literal, cast

import click

from engine.cancel import Cancel
from engine.contract.people import Answers, Doubts, ErasureUnanswered
from engine.people.registry import People
from engine.rights.doubts import measured_with
from engine.rights.erase import erase
from engine.rights.receipt import to_json, words
from engine.text import many
from tui.cli.listen import Listener, demand_review
from tui.cli.options import TakesGlobals, at_terminal, confirmed, consent_option
from tui.cli.run import Context, takes_context


@click.command("export", cls=TakesGlobals)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@takes_context(native=False)
def people_export(context: Context, name: str, file: Path) -> None:
    """Write all that is held on NAME to FILE, a zip that only you can read. Never overwrites.

    \b
    facedesk people export "Ada Lovelace" ada.zip
    """
    from engine.rights.export import export_person

    done = export_person(context.workspace, name, file)
    context.output.done(
        f"{done.name}: {many(done.pictures, 'picture')} and all else that is held, "
        f"{many(done.files, 'file')} in {done.file}.",
        **asdict(done),
    )
    context.output.note("It is not encrypted: hand it over safely, then remove it.")


@click.command("import", cls=TakesGlobals)
@click.argument("file", type=click.Path(path_type=Path))
@consent_option()
@takes_context(native=False)
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
    with context.writing("people import"):
        done = import_person(workspace, file, settings.consent, consent)
        # Anybody may have written the archive: whose faces does it show?
        guard = guard_here(workspace, settings, emit)
        people, days = People(workspace), settings.trash.keep_days
        for session in people.get(done.name).sessions:
            person = people.get(done.name)
            for event in put_aside(workspace, guard, person, session.id, days, Cancel()):
                emit(event)
    if done.sentence:
        context.output.note(done.sentence, "yellow")
    context.output.done(
        f"{done.name} is enrolled: {many(done.pictures, 'picture')} in "
        f"{many(done.sessions, 'session')}. Train, so that the model learns them.",
        **asdict(done),
    )
    demand_review(emit.doubts)


@click.command("erase", cls=TakesGlobals)
@click.argument("name")
@click.option("--by", default="", help="Who erases, for the receipt (default: the system user).")
@confirmed(
    "Erase every trace of {name} for good? Nothing brings them back.",
    "Do not ask whether to erase.",
)
@click.option(
    "--shared-stay", is_flag=True, help="Go on where others hold the same pictures: they stay."
)
@click.option(
    "--unsure",
    type=click.Choice(["remove", "keep"]),
    default=None,
    help="What becomes of unknown people who may be NAME.",
)
@takes_context()
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
    done = None
    while done is None:
        context.output.note("Erasing, then searching the whole workspace")
        try:
            with context.writing("people erase"):
                compare = partial(measured_with, context.workspace, context.settings)
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
