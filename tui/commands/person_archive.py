"""facedesk people export, import: all that is held on a person, out and in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from engine.cancel import Cancel
from engine.contract import Event, Notice
from engine.people.registry import People
from engine.rights.export import export_person
from engine.rights.take_in import import_person
from engine.text import many
from tui.cli.context import Context
from tui.commands.enrolment import refuse_silence
from tui.words.figures import doubt_words


def export(context: Context, name: str, file: Path) -> None:
    """Write the archive."""
    done = export_person(context.workspace, name, file)
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(done)})
        return
    context.output.result(
        "{name}: {pictures} and all else that is held, {files} in {file}.".format(
            name=done.name,
            pictures=many(done.pictures, "picture"),
            files=many(done.files, "file"),
            file=done.file,
        )
    )
    context.output.note("It is not encrypted: hand it over safely, then remove it.")


def take_in(context: Context, file: Path, consent: str) -> None:
    """Enrol the person of an archive."""
    doubts: list[str] = []
    with context.writing("people import"):
        done = import_person(context.workspace, file, context.settings.consent, consent)
        _look(context, done.name, doubts)
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(done)})
        refuse_silence(doubts)
        return
    if done.sentence:
        context.output.note(done.sentence, "yellow")
    context.output.result(
        "{name} is enrolled: {pictures} in {sessions}. Train, so that the model "
        "learns them.".format(
            name=done.name,
            pictures=many(done.pictures, "picture"),
            sessions=many(done.sessions, "session"),
        )
    )
    refuse_silence(doubts)


def _look(context: Context, name: str, doubts: list[str]) -> None:
    """Whose faces the archive showed: anybody may have written it."""
    from engine.jobs.facing import put_aside
    from engine.jobs.judging import guard_here

    def tell(event: Event) -> None:
        context.output.event(event)
        if isinstance(event, Notice):
            context.output.note(event.text, "yellow")
        doubts.extend(doubt_words(event))

    guard = guard_here(context.workspace, context.settings, tell)
    keep_days = context.settings.trash.keep_days
    people = People(context.workspace)
    for session in people.get(name).sessions:
        person = people.get(name)
        for event in put_aside(context.workspace, guard, person, session.id, keep_days, Cancel()):
            tell(event)
