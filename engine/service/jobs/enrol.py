"""Enrol one person from a source: frames in, crops on disk, one event for each frame."""

from __future__ import annotations

from engine.camera.reader import Reader
from engine.cancel import Cancel
from engine.config import Settings
from engine.enrol.names import clean_name
from engine.enrol.people import People
from engine.enrol.session import Enrolment
from engine.errors import NoPictures, PersonNotFound, SourceError
from engine.events import Captured, Emit, EnrolDone, Notice, Refused
from engine.faces.detect import FaceFinder
from engine.faces.quality import QualityGates
from engine.service.jobs.view import Viewer
from engine.service.previewing import Wishes
from engine.service.protocol import EnrolRequest
from engine.workspace import Workspace


def enrol(
    workspace: Workspace,
    settings: Settings,
    request: EnrolRequest,
    cancel: Cancel,
    emit: Emit,
    *,
    preview: Wishes | None = None,
) -> EnrolDone:
    """Capture `request.count` crops. Returns after emitting EnrolDone.

    `cancel.stop()` ends early and keeps the crops, `cancel.cancel()` gives the session up. A
    source that ends or is lost early keeps what was captured.
    Raises SourceError if the source cannot be opened, NoPictures if nothing at all was captured.
    """
    name = clean_name(request.person)
    people = People(workspace)
    finder = FaceFinder(settings.detection)
    viewer = Viewer(emit, title=f"Facedesk: {name}", window=request.window, preview=preview)
    try:
        with Reader(request.source, settings.camera, request.pace, emit, cancel) as reader:
            known = _exists(people, name)
            person = people.ensure(name)
            enrolment = Enrolment(
                people,
                person,
                reader.info.text,
                request.count,
                QualityGates(settings.gates),
                new_person=not known,
            )
            try:
                _capture(reader, finder, enrolment, viewer, cancel, emit)
            finally:
                _close(enrolment, cancel)
                done = enrolment.finish()
    finally:
        viewer.close()
    emit(done)
    if done.captured == 0 and done.ended == "source_ended":
        raise nothing_captured(done)
    return done


def _capture(
    reader: Reader,
    finder: FaceFinder,
    enrolment: Enrolment,
    viewer: Viewer,
    cancel: Cancel,
    emit: Emit,
) -> None:
    """Feed frames until the session is complete, the source ends or an end is asked for."""
    lines: tuple[str, ...] = ("looking for a face",)
    try:
        for frame in reader.frames(cancel):
            faces = finder.find(frame.image)
            boxes = tuple(face.box.as_tuple for face in faces)
            for event in enrolment.feed(frame, faces):
                emit(event)
                lines = (_line(event), "Enter or Esc: stop")
            if not viewer.show(frame, boxes, lines, reader.dropped):
                cancel.stop()
            if enrolment.state != "capturing":
                return
    except SourceError as error:
        # What was captured before the camera was lost is good, so the session closes normally.
        emit(Notice(text=f"{error}. {error.hint}", level="error"))


def _line(event: Captured | Refused) -> str:
    """One short line for the preview window."""
    if isinstance(event, Captured):
        return f"{event.captured} of {event.target}"
    return f"{event.reason.replace('_', ' ')}: {event.value:.0f} (limit {event.limit:.0f})"


def _close(enrolment: Enrolment, cancel: Cancel) -> None:
    """Tell the session why it is over."""
    if enrolment.state != "capturing":
        return
    if cancel.cancelled:
        enrolment.cancel()
    elif cancel.stopping:
        enrolment.stop()
    else:
        enrolment.source_ended()


def _exists(people: People, name: str) -> bool:
    """Whether somebody of this name is enrolled already."""
    try:
        people.get(name)
    except PersonNotFound:
        return False
    return True


def nothing_captured(done: EnrolDone) -> NoPictures:
    """The error for a session that ended without one picture, naming the commonest refusal."""
    if not done.refused:
        return NoPictures(
            "No picture was captured",
            "the source ended before it showed a frame",
            "Check the source with its own player, or choose another one.",
        )
    reason, count = max(done.refused.items(), key=lambda item: item[1])
    hints = {
        "no_face": "Face the camera, in even light, at one or two metres.",
        "several_faces": "Let one person at a time stand in front of the camera.",
        "too_small": "Come closer to the camera, or lower gates.min_face.",
        "too_dark": "Turn a light on, or lower gates.min_brightness.",
        "too_bright": "Avoid light from behind the camera, or raise gates.max_brightness.",
        "blurred": "Hold still, clean the lens, or lower gates.min_sharpness.",
        "duplicate": "Move your head a little between pictures.",
    }
    return NoPictures(
        "No picture was captured",
        f"{count} of {sum(done.refused.values())} frames were refused: {reason.replace('_', ' ')}",
        hints.get(reason, ""),
    )
