"""The camera process: everything that needs OpenCV. Runs one job at a time in its main thread."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine.cancel import Cancel
from engine.contract import JobEnded, SourceFailed
from engine.contract.errors import Cancelled
from engine.contract.messages import (
    FaceAnswered,
    FacesFound,
    FirstPictures,
    FramesEnded,
    Quit,
    RecognitionEnded,
    SessionAsked,
    SessionJudged,
    SourceGivenUp,
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
from engine.text import mask_credentials

Takers = dict[type, Callable[[Any], object]]
"""Who takes the messages of each class."""

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.jobs.find_faces import FramePace
    from engine.people.coach import FaceGuard


def body(context: ChildContext) -> None:
    """Take jobs until told to quit. OpenCV's windows demand the main thread, so jobs run here."""
    import engine.camera.opencv  # noqa: F401 - loads OpenCV before the first job, as it is to run
    from engine.jobs.find_faces import FramePace

    wishes, pace = Wishes(), FramePace()
    # On the reader thread: what concerns the running job is not a job to queue.
    context.replace = lambda message: wishes.take(message) or pace.take(message)
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


@contextlib.contextmanager
def _answers(context: ChildContext, takers: Takers) -> Iterator[None]:
    """Messages of these classes go to the running job, on the reader thread."""
    before = context.replace

    def replace(message: object) -> bool:
        if (take := takers.get(type(message))) is None:
            return before(message)
        take(message)
        return True

    context.replace = replace
    try:
        yield
    finally:
        context.replace = before


def _enrol(context: ChildContext, request: EnrolRequest, cancel: Cancel, wishes: Wishes) -> None:
    from engine.jobs.enrol import enrol
    from engine.people.coach import TwinGuard

    def ask(crops: NDArray[np.uint8]) -> None:
        person = request.person
        context.send(FirstPictures(person=person, count=len(crops), crops=crops.tobytes()))

    guard = TwinGuard(ask)
    faces = _face_guard(context, answers=True)
    takers: Takers = {
        TwinReport: lambda message: guard.report(message.other),
        TwinAnswer: lambda message: guard.answer(message.choice),
        SessionJudged: faces.report,
        FaceAnswered: lambda message: faces.answer(message.choice),
    }
    with _answers(context, takers):
        enrol(
            context.workspace,
            context.settings,
            request,
            cancel,
            context.send,
            guard,
            faces=faces,
            preview=wishes,
            follower=context.send,
        )


def _face_guard(context: ChildContext, *, answers: bool) -> FaceGuard:
    """Asks the model process whose faces a session shows."""
    from engine.people.coach import FaceGuard

    def ask(slug: str, session: str) -> None:
        context.send(SessionAsked(slug=slug, session=session))

    return FaceGuard(ask, answers=answers, leaving=lambda: context.leaving)


def _import(context: ChildContext, request: ImportRequest, cancel: Cancel) -> None:
    from engine.jobs.imports import import_pictures

    faces = _face_guard(context, answers=False)
    with _answers(context, {SessionJudged: faces.report}):
        import_pictures(context.workspace, context.settings, request, cancel, context.send, faces)


def _check(context: ChildContext, request: CheckRequest, cancel: Cancel) -> None:
    from engine.doctor.cameras import check_camera

    check_camera(request.source, context.settings, cancel, context.send)


def _watch(
    context: ChildContext, start: Start, request: RecogniseRequest, wishes: Wishes, pace: FramePace
) -> None:
    """Deliver faces until the source ends; the model process then reports the job's end.

    A source alone that fails ends the job; one of several only ends itself.
    """
    from engine.jobs.find_faces import watch

    frames = 0

    def deliver(found: FacesFound) -> None:
        nonlocal frames
        frames = found.frame + 1
        context.send(dataclasses.replace(found, camera=start.camera, run=start.run))

    cancel = context.cancels.get(start.job) or context.begin(start.job)
    pace.begin()
    try:
        with context.heartbeats.work(start.job):
            frames, _dropped = watch(
                context.settings,
                request,
                cancel,
                context.send,
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
            ended = JobEnded.failure(start.job, error)
            context.send(RecognitionEnded(run=start.run, ended=ended))
            return
        source = mask_credentials(request.source)
        failed = SourceFailed.failure(source, start.camera, error)
        context.send(SourceGivenUp(run=start.run, failed=failed))
    finally:
        if context.cancels.get(start.job) is cancel:  # else it is that of the next recognition
            del context.cancels[start.job]
    context.send(FramesEnded(frames=frames, camera=start.camera, run=start.run))


if __name__ == "__main__":
    serve("camera", body, early=True)
