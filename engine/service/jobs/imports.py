"""Import photographs from a folder with one sub-folder a person."""

from __future__ import annotations

from pathlib import Path

from engine.cancel import Cancel
from engine.enrol.import_plan import ImportPlan, plan_import
from engine.enrol.importer import import_planned
from engine.enrol.people import People
from engine.enrol.permission import permit
from engine.enrol.second_face import FaceGuard
from engine.errors import NoPictures
from engine.events import Emit, ImportDone, ImportRefused, Notice
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.faces.refusal import Refusal
from engine.i18n import _
from engine.service.jobs.facing import put_aside
from engine.service.protocol import ImportRequest
from engine.settings import Settings
from engine.workspace import Workspace


def import_pictures(
    workspace: Workspace,
    settings: Settings,
    request: ImportRequest,
    cancel: Cancel,
    emit: Emit,
    faces: FaceGuard | None = None,
) -> ImportDone:
    """Import all people of a folder. Raises DataError if there is none, Cancelled if stopped,
    ConsentMissing before any picture was taken.

    `faces` tells whether each person's pictures show one face; those of another are put into the
    trash, to be looked at.
    """
    done: ImportDone | None = None
    unusable = 0
    plan = plan_import(Path(request.folder).expanduser(), divided=True)
    if plan.parts:
        emit(Notice(text=_division(plan, redraw=request.redraw)))
    if request.redraw:
        plan = plan_import(plan.root)
    names = list(dict.fromkeys(each.name for each in plan.people))
    leave = permit(workspace, names, settings.consent, request.consent)
    if leave.sentence:
        emit(Notice(text=leave.sentence, level="warning"))
    for event in import_planned(
        plan,
        People(workspace),
        FaceFinder(settings.detection),
        QualityGates(settings.gates),
        request.face,
        cancel,
        leave.consent,
        lambda person, session: put_aside(
            workspace, faces or FaceGuard(), person, session, settings.trash.keep_days, cancel
        ),
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


def _division(plan: ImportPlan, *, redraw: bool) -> str:
    """What becomes of the division that the folder brings along."""
    counts = ", ".join(f"{part} {count}" for part, count in plan.parts.items())
    if redraw:
        return _("The folder's own division ({counts}) is not kept: the split draws anew.").format(
            counts=counts
        )
    return _("The folder's own division is kept in the split: {counts}.").format(counts=counts)
