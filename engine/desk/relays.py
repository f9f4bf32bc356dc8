"""What passes between the camera processes and the model process by way of the desk."""

from __future__ import annotations

import contextlib
import itertools
import queue
import time

from engine.camera.recording_folder import is_recording
from engine.contract import Event, JobEnded, RecogniseDone, SourceFailed
from engine.contract.errors import EngineDied, FacedeskError
from engine.contract.messages import (
    FirstPictures,
    LikenessAsked,
    LikenessFound,
    PictureKept,
    PicturesOver,
    SessionAsked,
    SessionJudged,
    TwinReport,
)
from engine.contract.requests import RecogniseRequest
from engine.desk.calls import SharedWriter
from engine.desk.processes import CAMERA, MODEL, Processes, process_name
from engine.model.store import ModelStore
from engine.rights import doubts
from engine.rights.doubts import Scores
from engine.text import mask_credentials
from engine.workspace.folder import Workspace


class FeatureRelay:
    """Passes kept pictures on to the model process, and holds the writer lock for their features.

    A model process that is not there is not started for it: training computes what is missing.
    """

    def __init__(self, processes: Processes, writer: SharedWriter) -> None:
        self._processes, self._writer = processes, writer
        self.sessions: set[str] = set()
        """Sessions whose features may be written now; each holds a share of the lock."""

    def take(self, sender: str, message: PictureKept | PicturesOver) -> None:
        """To the model process; its own word that a session is over frees the lock."""
        with self._processes.lock:
            if sender == MODEL:
                self._release(message.session)
                return
            model = self._processes.children.get(MODEL)
            if model is None or (isinstance(message, PictureKept) and not self._hold(message)):
                return
            if message.session in self.sessions:
                model.send(message)

    def process_died(self, process: str) -> None:
        """Without the model process nothing is written, without the camera process no more."""
        with self._processes.lock:
            for session in list(self.sessions):
                if process == CAMERA:
                    self.take(CAMERA, PicturesOver(session=session))
                else:
                    self._release(session)

    def _hold(self, message: PictureKept) -> bool:
        if message.session not in self.sessions:
            try:
                self._writer.acquire("features")
            except FacedeskError:  # the capture was the only holder, and has just released it
                return False
            self.sessions.add(message.session)
        return True

    def _release(self, session: str) -> None:
        if session in self.sessions:
            self.sessions.remove(session)
            self._writer.release()


class FaceQuestions:
    """Passes on what a capture asks the model process about its faces, and the answers."""

    def __init__(self, processes: Processes, workspace: Workspace) -> None:
        self._processes, self._workspace = processes, workspace
        self._open: SessionAsked | None = None
        """The session that was asked about last, until it is answered."""

    def session(self, message: SessionAsked | SessionJudged) -> None:
        """Whose faces a session shows: asked of the model process, answered to the camera's."""
        asked = message if isinstance(message, SessionAsked) else None
        with self._processes.lock:
            self._open = asked
            self._processes.send(MODEL if asked else CAMERA, message)

    def first_pictures(self, message: FirstPictures) -> None:
        """Whom a capture's first pictures look like: nobody as long as there is no model."""
        if ModelStore(self._workspace).current() is None:
            self._processes.send(CAMERA, TwinReport(other=""))
        else:
            self._processes.send(MODEL, message)

    def model_died(self, cause: str) -> None:
        """The session that was asked about waits no longer."""
        with self._processes.lock:
            asked, self._open = self._open, None
            if asked is not None:
                lost = SessionJudged(slug=asked.slug, session=asked.session, why=cause)
                self._processes.send_if_there(CAMERA, lost)


LONGEST = 600.0
"""Seconds after which a process that says nothing is given up: it may have to load a network, and
then looks at a few hundred pictures."""


class LikenessQuestions:
    """Has the model process compare kept strangers with a person who is to be erased."""

    def __init__(self, processes: Processes, workspace: Workspace) -> None:
        self._processes, self._workspace = processes, workspace
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[LikenessFound]] = {}

    def ask(self, ids: tuple[str, ...]) -> Scores:
        """See `doubts.measure`. Where the process does not answer, only embeddings that are kept
        are compared, and the operator is asked about everybody else."""
        if next(doubts.kept_strangers(self._workspace), None) is None:
            return {}
        child, number = self._processes.get(MODEL), next(self._numbers)
        waiting = self._waiting[number] = queue.SimpleQueue()
        child.send(LikenessAsked(number=number, ids=ids))
        until = time.monotonic() + LONGEST
        try:
            while time.monotonic() < until and self._processes.children.get(MODEL) is child:
                with contextlib.suppress(queue.Empty):
                    found = waiting.get(timeout=0.2)
                    return {place: (mean, best) for place, mean, best in found.scores}
            return doubts.measure(self._workspace, ids, None)
        finally:
            del self._waiting[number]

    def answered(self, message: LikenessFound) -> None:
        """Wake who asked, if they still wait."""
        if waiting := self._waiting.get(message.number):
            waiting.put(message)


class Sources:
    """The sources of one recognition. One of several that fails ends alone, and the others go on;
    the recognition has failed if every one of them has."""

    def __init__(self, request: RecogniseRequest) -> None:
        self.request = request
        self.replayed = is_recording(request.source)
        """Whether they show what was once, and nobody who is there now."""
        self.counted: dict[str, int] = {}
        """What the audit log says at the end."""
        self._failed: dict[int, SourceFailed] = {}

    def camera_of(self, process: str) -> int | None:
        """The number of the source that a process watches beside others; None if none."""
        if not self.request.beside:
            return None
        names = [process_name(number) for number in range(len(self.request.sources))]
        return names.index(process) if process in names else None

    def hear(self, event: Event) -> None:
        """Note that a source is given up, and how many frames were watched."""
        if isinstance(event, SourceFailed):
            self._failed[event.camera] = event
        elif isinstance(event, RecogniseDone):
            self.counted = {"frames": event.frames}

    def given_up(self, process: str, camera: int, status: int) -> SourceFailed:
        """The source whose process keeps dying is given up."""
        error = EngineDied(f"The {process} process died", f"it keeps dying (status {status})")
        source = mask_credentials(self.request.sources[camera])
        failed = SourceFailed.failure(source, camera, error)
        self.hear(failed)
        return failed

    def outcome(self, ended: JobEnded) -> JobEnded:
        """The end of the recognition, which has failed if all of its sources have."""
        sources = len(self.request.sources)
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
            kind=last.kind,
        )
