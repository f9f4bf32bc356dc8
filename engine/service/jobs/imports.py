"""Import photographs from a folder with one sub-folder a person."""

from __future__ import annotations

from pathlib import Path

from engine.cancel import Cancel
from engine.config import Settings
from engine.enrol.importer import import_folder
from engine.enrol.people import People
from engine.errors import NoPictures
from engine.events import Emit, ImportDone, ImportRefused
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.faces.refusal import Refusal
from engine.i18n import _
from engine.service.protocol import ImportRequest
from engine.workspace import Workspace


def import_pictures(
    workspace: Workspace, settings: Settings, request: ImportRequest, cancel: Cancel, emit: Emit
) -> ImportDone:
    """Import all people of a folder. Raises DataError if there is none, Cancelled if stopped."""
    done: ImportDone | None = None
    unusable = 0
    for event in import_folder(
        Path(request.folder).expanduser(),
        People(workspace),
        FaceFinder(settings.detection),
        QualityGates(settings.gates),
        request.face,
        cancel,
    ):
        emit(event)
        if isinstance(event, ImportDone):
            done = event
        elif isinstance(event, ImportRefused):
            # A duplicate is here already: to import a folder again is no mistake.
            unusable += event.reason != Refusal.DUPLICATE
    if done is None or (done.images == 0 and unusable):
        raise NoPictures(
            _("Nothing was imported"),
            _("none of {files} files holds a usable face").format(
                files=done.refused if done else 0
            ),
            _("The reason stands beside each file; try --face largest, or larger pictures."),
        )
    return done
