"""The camera process: everything that needs OpenCV. Runs one job at a time in its main thread."""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import TYPE_CHECKING

from engine.cancel import Cancel
from engine.contract import JobEnded, SourceFailed
from engine.contract.errors import Cancelled
from engine.contract.messages import (
    FaceAnswered,
    FacesFound,
    FirstPictures,
    FramesEnded,
    PictureKept,
    PicturesOver,
    Quit,
    SessionAsked,
    SessionJudged,
    Start,
    TwinAnswer,
    TwinReport,
)
from engine.contract.requests import (
    CheckRequest,
    EnrolRequest,
    ImportRequest,
    RecogniseRequest,
    Wishes,
)
from engine.desk.child_main import ChildContext, serve
from engine.jobs.find_faces import FramePace
from engine.text import mask_credentials

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.people.coach import FaceGuard


def body(context: ChildContext) -> None:
    """Take jobs until told to quit. OpenCV's windows demand the main thread, so jobs run here."""
    import engine.camera.opencv  # noqa: F401 - loads OpenCV before the first job, as it is to run

    wishes, pace = Wishes(), FramePace()

    def hears(message: object) -> bool:
        """Reader thread: what concerns the running job is not a job to queue."""
        return wishes.take(message) or pace.take(message)

    context.replace = hears
    while True:
        message = context.messages.get()
        if isinstance(message, Quit):
            return
        wishes.take(message)  # one that came before `replace` was set
        if isinstance(message, Start):
            _run(context, message, wishes, pace)


def _run(context: ChildContext, start: Start, wishes: Wishes, pace: FramePace) -> None:
    """Run one job to its end."""
    request = start.request
    if isinstance(request, EnrolRequest):
        context.run_job(start.job, lambda cancel: _enrol(context, request, cancel, wishes))
    elif isinstance(request, ImportRequest):
        context.run_job(start.job, lambda cancel: _import(context, request, cancel))
    elif isinstance(request, CheckRequest):
        context.run_job(start.job, lambda cancel: _check(context, request, cancel))
    elif isinstance(request, RecogniseRequest):
        _watch(context, start, request, wishes, pace)


class _Telling:
    """Tells the model process of a capture's pictures."""

    def __init__(self, context: ChildContext) -> None:
        self._context = context

    def kept(self, slug: str, session: str, file: str) -> None:
        """A picture is on disk."""
        self._context.send(PictureKept(slug=slug, session=session, file=file))

    def over(self, session: str) -> None:
        """The session is closed or was given up."""
        self._context.send(PicturesOver(session=session))


def _enrol(context: ChildContext, request: EnrolRequest, cancel: Cancel, wishes: Wishes) -> None:
    from engine.jobs.enrol import enrol
    from engine.people.coach import TwinGuard

    def ask(crops: NDArray[np.uint8]) -> None:
        person = request.person
        context.send(FirstPictures(person=person, count=len(crops), crops=crops.tobytes()))

    guard = TwinGuard(ask)
    faces = _face_guard(context, answers=True)

    def handle(message: object) -> bool:
        """Reader thread: what concerns the running capture is not a job to queue."""
        if isinstance(message, TwinReport):
            guard.report(message.other)
        elif isinstance(message, TwinAnswer):
            guard.answer(message.choice)
        elif isinstance(message, SessionJudged):
            faces.report(message)
        elif isinstance(message, FaceAnswered):
            faces.answer(message.choice)
        else:
            return wishes.take(message)
        return True

    workspace, settings = context.workspace, context.settings
    before, context.replace = context.replace, handle
    try:
        enrol(
            workspace,
            settings,
            request,
            cancel,
            context.emit,
            guard,
            faces=faces,
            preview=wishes,
            follower=_Telling(context),
        )
    finally:
        context.replace = before


def _face_guard(context: ChildContext, *, answers: bool) -> FaceGuard:
    """Asks the model process whose faces a session shows."""
    from engine.people.coach import FaceGuard

    def ask(slug: str, session: str) -> None:
        context.send(SessionAsked(slug=slug, session=session))

    return FaceGuard(ask, answers=answers, leaving=lambda: context.leaving)


def _import(context: ChildContext, request: ImportRequest, cancel: Cancel) -> None:
    from engine.jobs.imports import import_pictures

    faces = _face_guard(context, answers=False)

    def handle(message: object) -> bool:
        """Reader thread: what concerns the running import is not a job to queue."""
        if isinstance(message, SessionJudged):
            faces.report(message)
            return True
        return before(message)

    before, context.replace = context.replace, handle
    try:
        import_pictures(context.workspace, context.settings, request, cancel, context.emit, faces)
    finally:
        context.replace = before


def _check(context: ChildContext, request: CheckRequest, cancel: Cancel) -> None:
    from engine.doctor.cameras import check_camera

    check_camera(request.source, context.settings, cancel, context.emit)


def _watch(
    context: ChildContext,
    start: Start,
    request: RecogniseRequest,
    wishes: Wishes,
    pace: FramePace,
) -> None:
    """Deliver faces until the source ends; the model process then reports the job's end.

    A source alone that fails ends the job; one of several only ends itself.
    """
    from engine.jobs.find_faces import watch

    frames = dropped = 0

    def deliver(found: FacesFound) -> None:
        nonlocal frames, dropped
        frames, dropped = found.frame + 1, found.dropped
        context.send(dataclasses.replace(found, camera=start.camera))

    cancel = context.cancels.get(start.job) or context.begin(start.job)
    pace.begin()
    started = time.monotonic()
    try:
        with context.heartbeats.work(start.job):
            frames, dropped = watch(
                context.settings,
                request,
                cancel,
                context.emit,
                deliver,
                preview=wishes,
                pace=pace,
                patient=start.together,
            )
    except Cancelled:
        pass  # while the source was opened
    except Exception as trouble:  # what is no fault of the source must reach the operator too
        error = context.for_operator(trouble)
        if not start.together:
            context.send(JobEnded.failure(start.job, error))
            return
        source = mask_credentials(request.source)
        context.send(SourceFailed.failure(source, start.camera, error))
    finally:
        context.cancels.pop(start.job, None)
    seconds = time.monotonic() - started
    context.send(FramesEnded(frames=frames, dropped=dropped, seconds=seconds, camera=start.camera))


if __name__ == "__main__":
    serve("camera", body, early=True)
