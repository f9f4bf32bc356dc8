"""The camera process: everything that needs OpenCV. Runs one job at a time in its main thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.cancel import Cancel
from engine.errors import FacedeskError
from engine.events import JobEnded
from engine.service.child_main import ChildContext, serve
from engine.service.messages import (
    FirstPictures,
    FramesEnded,
    PictureKept,
    PicturesOver,
    Quit,
    Start,
    TwinAnswer,
    TwinReport,
)
from engine.service.protocol import (
    CheckRequest,
    EnrolRequest,
    ImportRequest,
    RecogniseRequest,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
from engine.service.previewing import Wishes


def body(context: ChildContext) -> None:
    """Take jobs until told to quit. OpenCV's windows demand the main thread, so jobs run here."""
    wishes = Wishes()
    context.replace = wishes.take  # on the reader thread: a running job follows at once
    while True:
        message = context.inbox.get()
        if isinstance(message, Quit):
            return
        wishes.take(message)  # one that came before `replace` was set
        if isinstance(message, Start):
            _run(context, message, wishes)


def _run(context: ChildContext, start: Start, wishes: Wishes) -> None:
    """Run one job to its end."""
    request = start.request
    if isinstance(request, EnrolRequest):
        context.run_job(start.job, lambda cancel: _enrol(context, request, cancel, wishes))
    elif isinstance(request, ImportRequest):
        context.run_job(start.job, lambda cancel: _import(context, request, cancel))
    elif isinstance(request, CheckRequest):
        context.run_job(start.job, lambda cancel: _check(context, request, cancel))
    elif isinstance(request, RecogniseRequest):
        _watch(context, start.job, request, wishes)


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
    from engine.enrol.twins import TwinGuard
    from engine.service.jobs.enrol import enrol

    def ask(crops: NDArray[np.uint8]) -> None:
        person = request.person
        context.send(FirstPictures(person=person, count=len(crops), crops=crops.tobytes()))

    guard = TwinGuard(ask)

    def told(message: object) -> bool:
        """Reader thread: what concerns the running capture is not a job to queue."""
        if isinstance(message, TwinReport):
            guard.report(message.other)
        elif isinstance(message, TwinAnswer):
            guard.answer(message.choice)
        return isinstance(message, TwinReport | TwinAnswer) or wishes.take(message)

    workspace, settings = context.workspace, context.settings
    context.replace = told
    try:
        enrol(
            workspace,
            settings,
            request,
            cancel,
            context.emit,
            guard,
            preview=wishes,
            follower=_Telling(context),
        )
    finally:
        context.replace = wishes.take


def _import(context: ChildContext, request: ImportRequest, cancel: Cancel) -> None:
    from engine.service.jobs.imports import import_pictures

    import_pictures(context.workspace, context.settings, request, cancel, context.emit)


def _check(context: ChildContext, request: CheckRequest, cancel: Cancel) -> None:
    from engine.service.checkup.measured import check_camera

    check_camera(request.source, context.settings, cancel, context.emit)


def _watch(context: ChildContext, job: str, request: RecogniseRequest, wishes: Wishes) -> None:
    """Deliver faces until the source ends; the model process then reports the job's end."""
    from engine.service.jobs.watch import watch

    cancel = context.begin(job)
    started = time.monotonic()
    try:
        frames, dropped = watch(
            context.settings, request, cancel, context.emit, context.send, preview=wishes
        )
    except FacedeskError as error:
        context.send(JobEnded.failure(job, error))
        return
    finally:
        context.cancels.pop(job, None)
    context.send(FramesEnded(frames=frames, dropped=dropped, seconds=time.monotonic() - started))


if __name__ == "__main__":
    serve("camera", body)
