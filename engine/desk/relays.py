"""A capture's pictures on their way from the camera process to the model process.

The questions about twins and second faces, as the user interface answers them.

Several sources at once: one that fails ends alone, and all others go on.

The recognition is over when the last source has ended; it has failed if every one of them has.

The camera processes: one, and one more for each further source of a recognition.

A model process that had to load TensorFlow makes room for a fresh one when it is idle again.

TensorFlow cannot be unloaded, and takes over a gigabyte; recognition needs none of it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from engine.contract import FaceAnswer, JobEnded, SourceFailed, TwinChoice
from engine.contract.errors import EngineDied, FacedeskError
from engine.contract.messages import (
    FaceAnswered,
    FirstPictures,
    FramesEnded,
    PictureKept,
    PicturesOver,
    SessionAsked,
    SessionJudged,
    Start,
    TwinAnswer,
    TwinReport,
)
from engine.contract.requests import Job, RecogniseRequest
from engine.desk.child import Child
from engine.desk.writer import SharedWriter
from engine.model.store import ModelStore
from engine.text import mask_credentials
from engine.workspace.folder import Workspace


class FeedCalls:
    """A part of the real `Desk`: relays kept pictures, and holds the lock for their features.

    A model process that is not there is not started for it: training computes what is missing.
    """

    _lock: threading.RLock
    _writer: SharedWriter
    _children: dict[str, Child]
    _fed: set[str]
    """Sessions whose features may be written at the moment; each holds a share of the lock."""

    def _relay_pictures(self, sender: str, message: PictureKept | PicturesOver) -> None:
        """To the model process; its own word that a session is over frees the lock."""
        with self._lock:
            if sender == "model":
                self._fed_no_more(message.session)
                return
            model = self._children.get("model")
            if model is None or (isinstance(message, PictureKept) and not self._may_feed(message)):
                return
            if message.session in self._fed:
                model.send(message)

    def _may_feed(self, message: PictureKept) -> bool:
        if message.session not in self._fed:
            try:
                self._writer.acquire("features")
            except FacedeskError:  # the capture was the only holder, and has just let go
                return False
            self._fed.add(message.session)
        return True

    def _fed_no_more(self, session: str) -> None:
        if session in self._fed:
            self._fed.remove(session)
            self._writer.release()

    def _feeding_ended(self, process: str) -> None:
        """A process is gone: without the model nothing is written, without the camera no more."""
        with self._lock:
            for session in list(self._fed):
                if process == "camera":
                    self._relay_pictures("camera", PicturesOver(session=session))
                else:
                    self._fed_no_more(session)


class TwinCalls:
    """A part of the real `Desk`: relays the first pictures, the report and the answer."""

    _workspace: Workspace
    _lock: threading.RLock
    _children: dict[str, Child]
    _asked: SessionAsked | None = None
    """The session that the model process was asked about last, until it has answered."""

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        raise NotImplementedError

    def answer_twin(self, choice: TwinChoice) -> None:
        """Answer a `TwinSuspected`: the capture goes on, as the other's or as it was, or ends."""
        self._child("camera").send(TwinAnswer(choice=choice))

    def answer_face(self, choice: FaceAnswer) -> None:
        """Answer a `SecondFace` that asks: which face the capture is of."""
        self._child("camera").send(FaceAnswered(choice=choice))

    def _relay_faces(self, message: SessionAsked | SessionJudged) -> None:
        """A session to the model process, what it shows back."""
        asks = isinstance(message, SessionAsked)
        with self._lock:
            self._asked = message if isinstance(message, SessionAsked) else None
            self._child("model" if asks else "camera").send(message)

    def _nobody_tells(self, cause: str) -> None:
        """The model process is gone: a session that it was asked about waits no longer."""
        with self._lock:
            asked, self._asked = self._asked, None
            if asked is not None and (camera := self._children.get("camera")) is not None:
                lost = SessionJudged(slug=asked.slug, session=asked.session, why=cause)
                camera.send(lost)

    def _relay_twins(self, message: FirstPictures | TwinReport) -> None:
        """Pictures to the model process, if there is a model to compare with; reports back."""
        if isinstance(message, TwinReport):
            self._child("camera").send(message)
        elif ModelStore(self._workspace).current() is None:
            self._child("camera").send(TwinReport(other=""))
        else:
            self._child("model").send(message)


CAMERA = "camera"


def process_name(camera: int) -> str:
    """The process of a recognition's source, by its place among the sources."""
    return CAMERA if camera == 0 else f"{CAMERA}-{camera + 1}"


def is_further(process: str) -> bool:
    """Whether a process is there for one recognition only."""
    return process.startswith(f"{CAMERA}-")


def starts(request: RecogniseRequest) -> dict[str, Start]:
    """What each camera process of a recognition is told to begin with, by the process's name."""
    return {
        process_name(camera): Start(
            job="recognise",
            request=dataclasses.replace(request, source=source, beside=()),
            camera=camera,
            together=bool(request.beside),
        )
        for camera, source in enumerate(request.sources)
    }


def tell_all(children: Mapping[str, Child], message: Any) -> None:
    """Send a message to every camera process there is."""
    for name, child in list(children.items()):
        if name == CAMERA or is_further(name):
            child.send(message)


def end_further(children: dict[str, Child]) -> None:
    """End the processes of further sources without waiting for them."""
    for name in [name for name in children if is_further(name)]:
        children.pop(name).leave()


class Several:
    """A part of the real `Desk`: what becomes of a recognition's sources."""

    _lock: threading.RLock
    _jobs: dict[Job, str]
    _requests: dict[Job, Any]
    _failed: dict[int, SourceFailed]
    """Sources of the recognition under way that are given up, by their number."""

    def _child(self, name: str) -> Child:
        raise NotImplementedError

    def _camera_of(self, process: str) -> int | None:
        """The number of the source that a process watches beside others; None if none."""
        request = self._requests.get("recognise")
        if not isinstance(request, RecogniseRequest) or not request.beside:
            return None
        names = [process_name(number) for number in range(len(request.sources))]
        return names.index(process) if process in names else None

    def _watch_again(
        self, process: str, camera: int, status: int, *, again: bool
    ) -> SourceFailed | None:
        """A camera process that watched one of several sources has died: another one watches on,
        or, if it is not to be started `again`, the source is given up (what to tell of it)."""
        with self._lock:
            if self._jobs.get("recognise") != "running":
                return None  # not begun, or being ended: the sources that are left will do
            if again:
                start = starts(self._requests["recognise"])[process]
                self._child(process).send(start)
                return None
            source = mask_credentials(self._requests["recognise"].sources[camera])
        error = EngineDied(
            f"The {process} process died",
            f"it keeps dying (status {status})",
        )
        failed = SourceFailed.failure(source, camera, error)
        self._failed[camera] = failed
        self._child("model").send(FramesEnded(frames=0, dropped=0, seconds=0.0, camera=camera))
        return failed

    def _judged(self, ended: JobEnded) -> JobEnded:
        """The end of a recognition, which has failed if all of its sources have."""
        request = self._requests.get("recognise")
        sources = len(request.sources) if isinstance(request, RecogniseRequest) else 1
        if ended.outcome != "done" or sources < 2 or len(self._failed) < sources:
            return ended
        last = list(self._failed.values())[-1]
        return JobEnded(
            job=ended.job,
            outcome="failed",
            title=f"All {sources} sources failed",
            message=last.text,
            hint=last.hint,
            exit_code=last.exit_code,
        )


PROCESSES: dict[Job, tuple[str, ...]] = {
    "enrol": ("camera",),
    "import": ("camera",),
    "train": ("model",),
    "evaluate": ("model",),
    "recognise": ("camera", "model"),
    "check": ("camera",),
}
"""The processes that a job cannot go on without."""


class Renewal:
    """A part of the real `Desk`: replaces a process in good order."""

    _lock: threading.RLock
    _closing: bool
    _jobs: dict[Job, str]
    _children: dict[str, Child]
    _fed: set[str]
    _burdened: Child | None = None
    """What is to be replaced as soon as nothing is under way that it takes part in."""

    def _child(self, name: str) -> Child:
        raise NotImplementedError

    def _renew(self, child: Child) -> None:
        """Replace `child` now, or after what is under way that it takes part in."""
        with self._lock:
            # Twins, second faces and features of a capture or an import.
            needed = "enrol" in self._jobs or "import" in self._jobs or self._fed
            busy = needed or any(child.name in PROCESSES[job] for job in self._jobs)
            if self._closing or self._children.get(child.name) is not child:
                self._burdened = None
                return
            self._burdened = child if busy else None
            if not busy:
                self._children.pop(child.name).leave()
                self._child(child.name)

    def _renew_if_idle(self) -> None:
        """A job is over: replace what waits for it."""
        with self._lock:
            if self._burdened is not None:
                self._renew(self._burdened)
