"""Enrol one person from a source: a session opened, captured and closed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from engine.camera.reader import Reader
from engine.camera.tape import taped
from engine.cancel import Cancel
from engine.enrol import permission
from engine.enrol.coach import Coach
from engine.enrol.names import clean_name
from engine.enrol.people import People, Person
from engine.enrol.second_face import FaceGuard
from engine.enrol.session import Enrolment
from engine.enrol.twins import TwinGuard
from engine.errors import NoPictures, PersonNotFound
from engine.events import Emit, EnrolDone, Notice
from engine.faces.follow import FaceFollower
from engine.faces.quality import QualityGates
from engine.faces.refusal import LYING, REASONS, Refusal
from engine.service.jobs.capturing import Capture, Follower
from engine.service.jobs.facing import FaceDecisions
from engine.service.jobs.view import Viewer
from engine.service.previewing import Wishes
from engine.service.protocol import EnrolRequest
from engine.settings import Settings
from engine.workspace import Workspace

OFTEN = 3
"""A refusal counts beside the commonest one if that is at most so many times as common."""


def enrol(
    workspace: Workspace,
    settings: Settings,
    request: EnrolRequest,
    cancel: Cancel,
    emit: Emit,
    twins: TwinGuard | None = None,
    *,
    faces: FaceGuard | None = None,
    preview: Wishes | None = None,
    follower: Follower | None = None,
) -> EnrolDone:
    """Capture `request.count` crops. Returns after emitting EnrolDone.

    `cancel.stop()` ends early and keeps the crops, `cancel.cancel()` puts them into the trash. A
    source that ends or is lost early keeps what was captured. `twins` may hold the capture, give
    it up, or turn it into one of the person whom the pictures look like; `faces` tells whether they
    show one person, and pictures of another are put aside. `follower` is told of
    every picture that is kept.
    Raises ConsentMissing, SourceError if the source cannot be opened, NoPictures if nothing at all
    was captured.
    """
    name = clean_name(request.person)
    people = People(workspace)
    leave = _leave(workspace, settings, request, emit)

    def allow(other: Person) -> None:
        """The pictures turn out to be this person's: the same rule for them."""
        theirs = _leave(workspace, settings, replace(request, person=other.name), emit)
        permission.note(people, other, theirs)

    finder = FaceFollower(settings.detection)
    viewer = Viewer(emit, title=f"Facedesk: {name}", window=request.window, preview=preview)
    try:
        with Reader(request.source, settings.camera, request.pace, emit, cancel) as reader:
            known = _exists(people, name)
            person = people.get(name) if known else people.add(name, leave.consent(name))
            if known:
                person = permission.note(people, person, leave)
            enrolment = Enrolment(
                people,
                person,
                reader.info.text,
                request.count,
                QualityGates(settings.gates),
                new_person=not known,
                keep_days=settings.trash.keep_days,
            )
            capture = Capture(
                reader=reader,
                finder=finder,
                enrolment=enrolment,
                coach=Coach(request.count, settings.gates.min_change),
                guard=twins or TwinGuard(),
                faces=FaceDecisions(
                    faces or FaceGuard(),
                    enrolment,
                    workspace.people.relative_to(workspace.root).as_posix(),
                    emit,
                ),
                people=people,
                viewer=viewer,
                cancel=cancel,
                emit=emit,
                early=settings.enrolment.finish_when_covered,
                follower=follower,
                allow=allow,
            )
            try:
                most = settings.record.most_megabytes
                with closing(taped(reader, cancel, request.tape, most, emit)) as frames:
                    capture.run(frames)
                capture.settle()
            finally:
                session = enrolment.session
                _close(enrolment, cancel)
                try:
                    done = enrolment.finish()
                finally:
                    if follower is not None and session:
                        follower.over(session)
    finally:
        viewer.close()
    emit(done)
    if done.captured == 0 and done.ended == "source_ended":
        raise nothing_captured(done)
    return done


def _leave(
    workspace: Workspace, settings: Settings, request: EnrolRequest, emit: Emit
) -> permission.Permission:
    """Leave to enrol; what is amiss with it is told."""
    leave = permission.permit(
        workspace, [request.person], settings.consent, request.consent, request.source
    )
    if leave.sentence:
        emit(Notice(text=leave.sentence, level="warning"))
    return leave


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
    """The error for a session that kept no picture: it was given up, or what was refused and the
    one thing to mend first."""
    if done.ended == "cancelled":
        return NoPictures("No picture was kept", "the capture was given up")
    if not done.refused and done.ended == "stopped":
        return NoPictures(
            "No picture was captured", "the capture was ended before it showed a frame"
        )
    if not done.refused:
        return NoPictures(
            "No picture was captured",
            "the source ended before it showed a frame",
            "Check the source with its own player, or choose another one.",
        )
    commonest = max(done.refused.values())
    # The first gate that closed often is what to mend first: a small face is blurred as well.
    often = {reason for reason, count in done.refused.items() if OFTEN * count >= commonest}
    first = next((reason.value for reason in Refusal if reason in often), "")
    hints = {
        "no_face": "Face the camera, in even light, at one or two metres.",
        **LYING,
        "several_faces": "Let one person at a time stand in front of the camera.",
        "too_small": "Come closer to the camera, or lower gates.min_face.",
        "too_dark": "Turn a light on, or lower gates.min_brightness.",
        "too_bright": "Avoid light from behind the camera, or raise gates.max_brightness.",
        "blurred": "Hold still, clean the lens, or lower gates.min_sharpness.",
        "duplicate": "Move your head a little between pictures.",
    }
    counted = sorted(done.refused.items(), key=lambda item: -item[1])
    return NoPictures(
        "No picture was captured",
        "{frames} frames were refused: {reasons}".format(
            frames=sum(done.refused.values()),
            reasons=", ".join(
                f"{count} {REASONS.get(reason, reason)}" for reason, count in counted
            ),
        ),
        hints.get(first, ""),
    )
