"""Enrol one person from a source: frames in, crops on disk, one event for each frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from engine.camera.frame import Frame
from engine.camera.reader import Reader
from engine.camera.tape import taped
from engine.cancel import Cancel
from engine.config import Settings
from engine.enrol.coach import Coach
from engine.enrol.names import clean_name
from engine.enrol.people import People
from engine.enrol.roster import consent_for
from engine.enrol.session import Enrolment
from engine.enrol.twins import TwinGuard
from engine.errors import NoPictures, PersonNotFound, SourceError
from engine.events import Captured, Emit, EnrolDone, Notice, Refused
from engine.faces.follow import FaceFollower
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
    twins: TwinGuard | None = None,
    *,
    preview: Wishes | None = None,
) -> EnrolDone:
    """Capture `request.count` crops. Returns after emitting EnrolDone.

    `cancel.stop()` ends early and keeps the crops, `cancel.cancel()` gives the session up. A
    source that ends or is lost early keeps what was captured. `twins` may hold the capture, give
    it up, or turn it into one of the person whom the pictures look like.
    Raises SourceError if the source cannot be opened, NoPictures if nothing at all was captured.
    """
    name = clean_name(request.person)
    people = People(workspace)
    finder = FaceFollower(settings.detection)
    viewer = Viewer(emit, title=f"Facedesk: {name}", window=request.window, preview=preview)
    try:
        with Reader(request.source, settings.camera, request.pace, emit, cancel) as reader:
            known = _exists(people, name)
            person = people.get(name) if known else people.add(name, consent_for(workspace, name))
            enrolment = Enrolment(
                people,
                person,
                reader.info.text,
                request.count,
                QualityGates(settings.gates),
                new_person=not known,
            )
            guard = twins or TwinGuard()
            coach = Coach(request.count, settings.gates.min_change)
            early = settings.enrolment.finish_when_covered
            try:
                most = settings.record.most_megabytes
                with closing(taped(reader, cancel, request.tape, most, emit)) as frames:
                    _capture(
                        reader,
                        frames,
                        finder,
                        enrolment,
                        coach,
                        guard,
                        people,
                        viewer,
                        cancel,
                        emit,
                        early=early,
                    )
                if guard.asks_at_the_end and (said := coach.comparing()):
                    emit(said)
                guard.settle(cancel)
                if guard.unreported:
                    emit(Notice(text="Kept without a comparison with the other people"))
                _heed(guard, enrolment, people, emit)
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
    frames: Iterator[Frame],
    finder: FaceFollower,
    enrolment: Enrolment,
    coach: Coach,
    guard: TwinGuard,
    people: People,
    viewer: Viewer,
    cancel: Cancel,
    emit: Emit,
    *,
    early: bool,
) -> None:
    """Feed frames until the session is complete, the source ends or an end is asked for.

    With `early` it is complete as well once the coach has all it wants.
    """
    lines: tuple[str, ...] = ("looking for a face",)
    try:
        for frame in frames:
            if guard.holding:
                viewer.show(frame, (), (f"looks like {guard.other}",), reader.dropped)
                continue
            _heed(guard, enrolment, people, emit)
            faces = finder.find(frame.image)
            boxes = tuple(face.box.as_tuple for face in faces)
            for event in enrolment.feed(frame, faces):
                emit(event)
                if isinstance(event, Captured) and enrolment.verdict and enrolment.verdict.face:
                    guard.kept(enrolment.verdict.face.crop)
                _guide(coach, enrolment, frame, emit, kept=isinstance(event, Captured))
                lines = (_line(event), "Enter or Esc: stop")
            if not viewer.show(frame, boxes, lines, reader.dropped):
                cancel.stop()
            if early and coach.covered:
                enrolment.complete()
            if enrolment.state != "capturing":
                return
    except SourceError as error:
        # What was captured before the camera was lost is good, so the session closes normally.
        emit(Notice(text=f"{error}. {error.hint}", level="error"))


def _heed(guard: TwinGuard, enrolment: Enrolment, people: People, emit: Emit) -> None:
    """Do what was answered about a likeness, once."""
    choice = guard.take()
    if choice == "stop":
        enrolment.give_up()
    elif choice == "same":
        try:
            other = people.get(guard.other)
        except PersonNotFound:
            emit(Notice(text=f"{guard.other} is not enrolled any more: kept as they were"))
            return
        emit(Notice(text=f"The pictures go to {other.name}"))
        enrolment.reassign(other)


def _guide(coach: Coach, enrolment: Enrolment, frame: Frame, emit: Emit, *, kept: bool) -> None:
    """Say what to do now, if that has changed."""
    if enrolment.verdict is not None:
        said = coach.feed(enrolment.verdict, frame.image.shape[1], time.monotonic(), kept=kept)
        if said is not None:
            emit(said)


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
