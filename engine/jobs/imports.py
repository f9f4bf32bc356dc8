"""Import photographs: of people from folders, and of the operator's own strangers.

A stranger may also be captured from a camera or clip, as a person is enrolled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from engine.camera.source import kind_of
from engine.cancel import Cancel
from engine.contract import (
    Emit,
    EnrolDone,
    Event,
    ImportDone,
    ImportRefused,
    LooksEnrolled,
    Notice,
    SetAside,
    StrangersAdded,
    TwinChoice,
    grouped,
)
from engine.contract.errors import ConsentMissing, ModelError, NameTaken, NoPictures, PersonNotFound
from engine.contract.requests import EnrolRequest, ImportRequest, StrangersRequest
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.faces.refusal import Refusal
from engine.jobs.enrol import enrol, permit_and_tell
from engine.jobs.facing import put_aside
from engine.people import changes
from engine.people.coach import FaceGuard
from engine.people.import_plan import ImportPlan, plan_import, plan_strangers
from engine.people.importing import Import
from engine.people.permission import note, permit, permitted
from engine.people.person import Person, clean_name
from engine.people.registry import People, StrangerArea, strangers
from engine.picture_formats import is_picture_name
from engine.settings import Settings
from engine.text import many
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
    plan = plan_import(Path(request.folder).expanduser(), divided=True)
    if plan.parts:
        emit(Notice(text=_division(plan, redraw=request.redraw)))
    if request.redraw:
        plan = plan_import(plan.root)
    names = list(dict.fromkeys(each.name for each in plan.people))
    granted = permit_and_tell(workspace, names, settings, request.consent, emit)

    def after(person: Person, session: str) -> Iterator[Event]:
        guard, days = faces or FaceGuard(), settings.trash.keep_days
        for event in put_aside(workspace, guard, person, session, days, cancel):
            if isinstance(event, LooksEnrolled) and (choice := twins(event)) is not None:
                yield from settled(workspace, settings, event, choice, request.consent)
            else:
                yield event

    finder, gates = FaceFinder(settings.detection), QualityGates(settings.gates)
    here = People(workspace)
    run = Import(plan, here, finder, gates, request.face, cancel, granted, after)
    done, duplicates = _carried_out(run, emit)
    if done.images == 0 and done.refused > duplicates:
        raise NoPictures(
            "Nothing was imported",
            f"none of {done.refused} files holds a usable face",
            "See the reason of each file. Choose the largest face, or larger pictures.",
        )
    return done


def _carried_out(run: Import, emit: Emit) -> tuple[ImportDone, int]:
    """The end of an import, and how many files were refused for being here already: to import a
    folder again is no mistake."""
    duplicates = 0
    for event in run.run():
        emit(event)
        duplicates += isinstance(event, ImportRefused) and event.reason == Refusal.DUPLICATE
    assert isinstance(event, ImportDone)
    return event, duplicates


def _division(plan: ImportPlan, *, redraw: bool) -> str:
    """What becomes of the division that the folder brings along."""
    counts = ", ".join(f"{part} {count}" for part, count in plan.parts.items())
    if redraw:
        return f"The folder's own division ({counts}) is not kept: the split divides again."
    return f"The folder's own division is kept in the split: {counts}."


def settled(
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
            granted = permit(workspace, [found.other], settings.consent, by)
        except ConsentMissing as error:  # they stay under the new name, and it is told
            yield found
            yield Notice(text=f"{error}.", level="warning", hint=error.hint)
            return
        other = note(people, people.get(found.other), granted)
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


def add_strangers(
    workspace: Workspace, settings: Settings, request: StrangersRequest, cancel: Cancel, emit: Emit
) -> StrangersAdded:
    """Add strangers; the caller reports what is returned, for `take_in` may still follow.

    A folder or picture is imported (see `plan_strangers`), from any other source `request.count`
    crops of one stranger are captured, exactly as a person is enrolled. Raises SourceError,
    DataError (NoPictures if nothing was added, NameTaken for a clip that is there already),
    Cancelled.
    """
    began = time.monotonic()
    before = len(strangers(workspace))
    path = Path(request.source).expanduser()

    def inner(event: Event) -> None:
        if not isinstance(event, ImportDone | EnrolDone):
            emit(event)

    if os.path.isdir(path) or (is_picture_name(path) and os.path.isfile(path)):
        images, refused = _import(workspace, settings, path, request.name, cancel, inner)
    else:
        images, refused = _capture(workspace, settings, request, cancel, inner)
    now = len(strangers(workspace))
    return StrangersAdded(
        added=now - before,
        images=images,
        refused=refused,
        strangers=now,
        seconds=round(time.monotonic() - began, 3),
    )


def take_in(workspace: Workspace, settings: Settings, cancel: Cancel, emit: Emit) -> bool:
    """Compute the strangers' features for the model in use, and emit its new Threshold.

    False if there is no model: training will do it. A model that cannot be used costs a Notice,
    for the strangers are kept all the same. Raises Cancelled, DataError for a damaged crop.
    """
    # Loading the network takes a moment, which a workspace without a model need not wait for.
    from engine.jobs.material import stranger_embeddings
    from engine.model.networks import backbone_of
    from engine.model.store import ModelStore
    from engine.recognise.recogniser import present_gallery
    from engine.recognise.threshold import kept_of, lookalikes, settle, threshold_event

    store = ModelStore(workspace)
    if store.current_id() is None:
        return False
    try:
        model, fpir = store.load(), settings.recognition.fpir
        backbone = backbone_of(model.info, settings.model.runtime)
        extractor, space = backbone.extractor, backbone.space
        names = {person.id: person.name for person in permitted(workspace)}
        gallery, _unused = present_gallery(model, space, names)
        kept = kept_of(model.info)
    except ModelError as error:
        text = f"The threshold stays as it is: {error}."
        emit(Notice(text=text, level="warning", hint=error.hint))
        return False
    found = stranger_embeddings(workspace, extractor, space, cancel, emit)
    present = [names[id] for id in gallery.names]
    for line in grouped(lookalikes(space, gallery, present, fpir, kept, found)):
        emit(Notice(text=line, level="warning"))
    _gallery, calibration = settle(space, gallery, fpir, kept, found)
    emit(threshold_event(calibration, "strangers"))
    return True


def _import(
    workspace: Workspace,
    settings: Settings,
    path: Path,
    name: str | None,
    cancel: Cancel,
    emit: Emit,
) -> tuple[int, int]:
    """Pictures kept and files refused of a folder or picture."""
    plan, area = plan_strangers(path, name), People(StrangerArea(workspace))
    finder, gates = FaceFinder(settings.detection), QualityGates(settings.gates)
    run = Import(plan, area, finder, gates, "central", cancel)
    done, duplicates = _carried_out(run, emit)
    if done.images == 0 and not duplicates:
        raise NoPictures(
            "No stranger was added",
            f"none of {done.refused} files holds a usable face",
            "See the reason of each file.",
        )
    return done.images, done.refused


def _capture(
    workspace: Workspace, settings: Settings, request: StrangersRequest, cancel: Cancel, emit: Emit
) -> tuple[int, int]:
    """Pictures kept and frames refused of one stranger from a source."""
    area = StrangerArea(workspace)
    name = request.name
    if name is None:
        name = name_of(request.source)
        _refuse_known(area, name)
    asked = EnrolRequest(person=name, source=request.source, count=request.count, pace="fast")
    nobody_enrols = replace(settings, consent=replace(settings.consent, required="off"))
    done = enrol(area, nobody_enrols, asked, cancel, emit)
    return done.captured, sum(done.refused.values())


def name_of(source: str) -> str:
    """What a stranger from `source` is called: after the clip, else after the time."""
    kind = kind_of(source)
    if kind == "file":
        return clean_name(Path(source).stem)
    if kind == "demo":
        return clean_name(source.replace(":", " "))
    return f"{kind} {datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"


def _refuse_known(area: StrangerArea, name: str) -> None:
    """The same clip again would only double its pictures."""
    try:
        known = People(area).get(name)
    except PersonNotFound:
        return
    raise NameTaken(
        "This stranger is there already",
        f"{known.name}, {many(known.pictures, 'picture')}",
        "Give another name, or this one on purpose to add pictures.",
    )
