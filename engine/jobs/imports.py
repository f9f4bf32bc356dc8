"""Import photographs from a folder with one sub-folder a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.cancel import Cancel
from engine.contract import (
    Emit,
    Event,
    ImportDone,
    ImportRefused,
    LooksEnrolled,
    Notice,
    SetAside,
    TwinChoice,
)
from engine.contract.errors import ConsentMissing, NoPictures
from engine.contract.requests import ImportRequest
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.faces.refusal import Refusal
from engine.jobs.facing import put_aside
from engine.people import changes
from engine.people.guards import FaceGuard
from engine.people.import_plan import ImportPlan, plan_import
from engine.people.importing import import_planned
from engine.people.permission import note, permit
from engine.people.person import Person
from engine.people.registry import People
from engine.settings import Settings
from engine.workspace.folder import Workspace


def import_pictures(
    workspace: Workspace,
    settings: Settings,
    request: ImportRequest,
    cancel: Cancel,
    emit: Emit,
    faces: FaceGuard | None = None,
    twins: Callable[[LooksEnrolled], TwinChoice | None] = lambda found: None,
) -> ImportDone:
    """Import all people of a folder. Raises DataError if there is none, Cancelled if stopped,
    ConsentMissing before any picture was taken.

    `faces` tells whether each person's pictures show one face; those of another are put into the
    trash, to be looked at. `twins` says what to do with pictures that look like somebody else who
    is enrolled: as in a capture; None: they stay, and it is told.
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

    def after(person: Person, session: str) -> Iterator[Event]:
        guard, days = faces or FaceGuard(), settings.trash.keep_days
        for event in put_aside(workspace, guard, person, session, days, cancel):
            choice = twins(event) if isinstance(event, LooksEnrolled) else None
            if isinstance(event, LooksEnrolled) and choice is not None:
                yield from _settled(workspace, settings, event, choice, request.consent)
            else:
                yield event

    for event in import_planned(
        plan,
        People(workspace),
        FaceFinder(settings.detection),
        QualityGates(settings.gates),
        request.face,
        cancel,
        leave.consent,
        after,
    ):
        emit(event)
        if isinstance(event, ImportDone):
            done = event
        elif isinstance(event, ImportRefused):
            # A duplicate is here already: to import a folder again is no mistake.
            unusable += event.reason != Refusal.DUPLICATE
    if done is None or (done.images == 0 and unusable):
        raise NoPictures(
            "Nothing was imported",
            f"none of {done.refused if done else 0} files holds a usable face",
            "The reason stands beside each file; try --face largest, or larger pictures.",
        )
    return done


def _division(plan: ImportPlan, *, redraw: bool) -> str:
    """What becomes of the division that the folder brings along."""
    counts = ", ".join(f"{part} {count}" for part, count in plan.parts.items())
    if redraw:
        return f"The folder's own division ({counts}) is not kept: the split draws anew."
    return f"The folder's own division is kept in the split: {counts}."


def _settled(
    workspace: Workspace, settings: Settings, found: LooksEnrolled, choice: TwinChoice, by: str
) -> Iterator[Event]:
    """Do what was chosen about the pictures of a session that look like another person's; each can
    be undone, unless `trash.keep_days` is 0."""
    if choice == "different":
        return
    people, days = People(workspace), settings.trash.keep_days
    person = people.get(found.person)
    whole = [each.id for each in person.sessions] == [found.session]
    if choice == "same":
        try:
            leave = permit(workspace, [found.other], settings.consent, by)
        except ConsentMissing as error:  # they stay under the new name, and it is told
            yield found
            yield Notice(text=f"{error}. {error.hint}", level="warning")
            return
        other = note(people, people.get(found.other), leave)
        done = (
            changes.merge(workspace, person.name, other.name, days)
            if whole
            else changes.move_pictures(workspace, person.name, [found.session], other.name, days)
        )
        yield Notice(text=done.title)
        return
    done = (
        changes.delete_people(workspace, [person.name], days)
        if whole
        else changes.delete_pictures(workspace, person.name, [found.session], days)
    )
    yield SetAside(
        person=found.person,
        session=found.session,
        pictures=found.pictures,
        change=done.id if days else "",
        looks_like=found.other,
    )
