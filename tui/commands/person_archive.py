"""facedesk people export, import: all that is held on a person, out and in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from engine.service.person_archive.export import export_person
from engine.service.person_archive.take_in import import_person
from tui.context import Context
from tui.i18n import _
from tui.text import many


def export(context: Context, name: str, file: Path) -> None:
    """Write the archive."""
    done = export_person(context.workspace, name, file)
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(done)})
        return
    context.output.result(
        _("{name}: {pictures} and all else that is held, {files} in {file}.").format(
            name=done.name,
            pictures=many(done.pictures, "picture"),
            files=many(done.files, "file"),
            file=done.file,
        )
    )
    context.output.note(_("It is not encrypted: hand it over safely, then remove it."))


def take_in(context: Context, file: Path, consent: str) -> None:
    """Enrol the person of an archive."""
    with context.writing("people import"):
        done = import_person(context.workspace, file, context.settings.consent, consent)
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(done)})
        return
    if done.sentence:
        context.output.note(done.sentence, "yellow")
    context.output.result(
        _(
            "{name} is enrolled: {pictures} in {sessions}. Train, so that the model learns them."
        ).format(
            name=done.name,
            pictures=many(done.pictures, "picture"),
            sessions=many(done.sessions, "session"),
        )
    )
