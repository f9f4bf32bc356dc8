"""The model process: all that needs the network. Jobs run in threads, faces are named in main.

Recognition goes on with the model it was started with while a new one trains beside it.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import Cancel
from engine.contract import JobEnded, NothingToExplain, Notice
from engine.contract.errors import FacedeskError
from engine.contract.messages import (
    Burdened,
    End,
    FacesFound,
    FacesWanted,
    FirstPictures,
    FramesEnded,
    LikenessAsked,
    LikenessFound,
    PictureKept,
    PicturesOver,
    Quit,
    Ready,
    RecognitionEnded,
    SessionAsked,
    Start,
    TwinReport,
    WhyAsked,
)
from engine.contract.requests import EvaluateRequest, RecogniseRequest, TrainRequest
from engine.desk.child_main import ChildContext, serve
from engine.model.backbones import choose_runtime, load_ahead
from engine.pictures import CROP

if TYPE_CHECKING:
    from engine.jobs.judging import Judge
    from engine.jobs.naming import Recognition

log = logging.getLogger(__name__)

RECOGNISE = "recognise"
IDLE = 120.0
"""Seconds after a capture in which a training is expected: TensorFlow was loaded for it."""
MAIN = "main loop"
"""What the process is at when it takes a message, as the watchdog calls it."""
LEARNING_FACES = 0.3
"""Weight of the last frame in the running mean of the seconds a face takes."""


class FrameSlots:
    """Slots between the reader thread and the main loop: a camera's lossy frames replace each
    other, and the place in the queue stays, so that no camera is served more often than another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, FacesFound] = {}
        self._dropped: Counter[int] = Counter()
        self._faces: dict[int, int] = {}
        """Faces in the last frame of each camera under way."""
        self._each = 0.0
        """Seconds that a face takes."""

    def offer(self, faces: FacesFound) -> bool:
        """Put a frame in; True if its camera had one waiting already (the older is dropped)."""
        with self._lock:
            occupied = faces.camera in self._waiting
            self._dropped[faces.camera] += occupied
            self._waiting[faces.camera] = faces
            return occupied

    def take(self, camera: int) -> FacesFound | None:
        """Take a camera's waiting frame out."""
        with self._lock:
            return self._waiting.pop(camera, None)

    def dropped(self, camera: int) -> int:
        """Frames of a camera that newer ones replaced in here."""
        with self._lock:
            return self._dropped[camera]

    def wanted(self, faces: FacesFound) -> FacesWanted:
        """Ask for the frame after `faces`, which is recognised now, then one of each other
        camera."""
        self._faces[faces.camera] = len(faces.boxes)
        return FacesWanted(
            camera=faces.camera, after=round(self._each * sum(self._faces.values()), 4)
        )

    def took(self, faces: FacesFound, seconds: float) -> None:
        """Learn how long recognising a frame took."""
        if faces.boxes:
            each = seconds / len(faces.boxes)
            self._each += (LEARNING_FACES if self._each else 1.0) * (each - self._each)

    def ended(self, camera: int) -> None:
        """No more frames come from a camera."""
        self._faces.pop(camera, None)


class ModelBody:
    """The main loop's state: the recognition in progress, if any."""

    def __init__(self, context: ChildContext) -> None:
        from engine.jobs.features_ahead import FeaturesAhead
        from engine.jobs.naming import Recognition
        from engine.model.networks import Backbones

        self._context = context
        self._backbones = Backbones(context.settings.model)
        views = context.settings.training.views
        self._features = FeaturesAhead(context.workspace, views, self._backbones, load_ahead)
        self._judging: Judge | None = None
        self._pictures = 0
        """Pictures told of so far: whether more came since shows whether a capture goes on."""
        self._make = Recognition
        self._recognition: Recognition | None = None
        self._explained: Recognition | None = None
        """The recognition that explanations are about: the one under way, or the last one."""
        self._run, self._why = 0, False
        self._cameras: set[int] = set()
        """Cameras that still deliver."""
        self._frames = 0
        """Frames of those that do not any more."""
        self._slots = FrameSlots()
        context.replace = self._replace

    def _replace(self, message: object) -> bool:
        """Reader thread: lossy frames go to a slot; one token in the queue stands for it.

        Pictures of a capture go to `FeaturesAhead`, whatever the main loop is at.
        """
        if isinstance(message, PictureKept):
            self._pictures += 1
            self._features.take(message)
            return True
        if isinstance(message, PicturesOver):
            threading.Thread(target=self._over, args=(message,), daemon=True).start()
            return True
        return isinstance(message, FacesFound) and message.lossy and self._slots.offer(message)

    def run(self) -> None:
        """Take messages until told to quit."""
        while True:
            message = self._context.messages.get()
            if isinstance(message, Quit):
                return
            try:
                with self._context.heartbeats.work(MAIN):
                    self._take(message)
            except Exception as error:  # reported in one sentence, details in the log
                self._end(JobEnded.failure(RECOGNISE, self._context.for_operator(error)))

    def _end(self, ended: JobEnded) -> None:
        """The recognition under way is over."""
        self._recognition = None
        self._context.send(RecognitionEnded(run=self._run, ended=ended))

    def _take(self, message: object) -> None:
        context = self._context
        match message:
            case Start(request=TrainRequest() | EvaluateRequest()):
                self._beside(message.job, message.request)
            case Start(request=RecogniseRequest() as request):
                self._run, self._why = message.run, request.why
                self._slots = FrameSlots()
                self._cameras = set(range(len(request.sources)))
                self._frames = 0
                with self._features.paused():
                    self._recognition = self._make(
                        context.workspace,
                        context.settings,
                        context.send,
                        request.keep,
                        self._backbones,
                    )
                self._explained = self._recognition
                context.send(Ready(run=self._run))
            case WhyAsked():
                self._explain(message.track)
            case FirstPictures():
                self._whose(message)
            case LikenessAsked():
                threading.Thread(target=self._compare, args=(message,), daemon=True).start()
            case SessionAsked():
                self._judge(message)
            case PictureKept() | PicturesOver():  # from before `_replace` was there
                self._replace(message)
            case FacesFound():
                faces = self._slots.take(message.camera) if message.lossy else message
                if faces is not None and faces.run == self._run and self._recognition is not None:
                    self._name(faces, self._recognition)
            case FramesEnded() if message.run == self._run and self._recognition is not None:
                self._camera_ended(message, self._recognition)
            case End(job="recognise") if message.run == self._run:
                if self._recognition is not None:
                    self._recognition.flush()
                self._recognition = None
            case _:
                pass

    def _name(self, faces: FacesFound, recognition: Recognition) -> None:
        """Recognise one frame; its camera is told first, so that the next one is found beside."""
        self._context.send(self._slots.wanted(faces))
        began = time.monotonic()
        recognition.take(faces, self._slots.dropped(faces.camera))
        self._slots.took(faces, time.monotonic() - began)

    def _camera_ended(self, message: FramesEnded, recognition: Recognition) -> None:
        """A source is at its end; recognition is with the last one."""
        self._slots.ended(message.camera)
        self._cameras.discard(message.camera)
        self._frames += message.frames
        if not self._cameras:
            recognition.finish(self._frames, why=self._why)
            self._end(JobEnded(job=RECOGNISE, outcome="done"))

    def _over(self, message: PicturesOver) -> None:
        """End a session's features, and say so: the writer lock is held until then."""
        self._features.over(message.session)
        self._context.send(message)
        before = self._pictures

        def idle() -> None:
            if self._pictures == before:
                self._tell_burden()

        timer = threading.Timer(IDLE, idle)
        timer.daemon = True
        timer.start()

    def _explain(self, track: int | None) -> None:
        """Answer with a Why. Reading the enrolled crops may take seconds: faces do not wait."""
        about = self._explained
        evidence = about.memory.of(track) if about is not None else None
        if about is None or evidence is None:
            self._context.send(NothingToExplain(track=track))
            return

        def work() -> None:
            try:
                self._context.send(about.explainer.explain(evidence))
            except Exception:
                log.exception("a decision could not be explained")
                self._context.send(NothingToExplain(track=track))

        threading.Thread(target=work, name="why", daemon=True).start()

    def _compare(self, message: LikenessAsked) -> None:
        """Answer which kept strangers are a person; who could not be compared is left out."""
        from engine.rights.doubts import measure, measured_with

        context, found = self._context, {}
        try:
            with self._features.paused():
                found = measured_with(
                    context.workspace, context.settings, message.ids, self._backbones
                )
        except Exception:  # the operator is asked about all of them, details in the log
            log.exception("kept strangers could not be compared")
            with contextlib.suppress(Exception):
                found = measure(context.workspace, message.ids, None)
        scores = tuple((place, mean, best) for place, (mean, best) in found.items())
        context.send(LikenessFound(number=message.number, scores=scores))

    def _beside(self, job: str, request: TrainRequest | EvaluateRequest) -> None:
        """Run a job in a thread of its own, so that recognition goes on."""
        context = self._context
        context.begin(job)

        def paused(cancel: Cancel) -> None:
            work = work_of(request)
            with self._features.paused():
                work(
                    context.workspace,
                    context.settings,
                    request,
                    cancel,
                    context.send,
                    self._backbones,
                )

        def run() -> None:
            context.run_job(job, paused)
            self._tell_burden()

        threading.Thread(target=run, name=job, daemon=True).start()

    def _tell_burden(self) -> None:
        """Ask to be replaced if TensorFlow was loaded for a job only."""
        wish = self._context.settings.model.runtime
        if "tensorflow" in sys.modules and choose_runtime(wish).name != "keras":
            self._context.send(Burdened())

    def _whose(self, message: FirstPictures) -> None:
        """Report whom the first pictures of a capture look like; trouble must not hold it."""
        from engine.jobs.judging import suspect

        context = self._context
        crops = np.frombuffer(message.crops, np.uint8).reshape(message.count, CROP, CROP, 3)
        found = None
        try:
            with self._features.paused():
                found = suspect(
                    context.workspace,
                    context.settings,
                    message.person,
                    crops,
                    context.send,
                    self._backbones,
                    self._features.recent,
                )
        except FacedeskError as error:
            context.send(Notice(text=f"Not compared with other people: {error}", level="warning"))
        except Exception:  # reported in one sentence, details in the log
            log.exception("the comparison with other people failed")
            context.send(Notice(text="Not compared with other people", level="warning"))
        context.send(TwinReport(other=found.other if found else ""))
        if found:
            context.send(found)

    def _judge(self, message: SessionAsked) -> None:
        """Report whose faces a session shows; trouble must not hold it."""
        context = self._context
        if self._judging is None:
            from engine.jobs.judging import Judge

            self._judging = Judge(
                context.workspace,
                context.settings,
                context.send,
                self._backbones,
                self._features.recent,
            )
        beating = Cancel(lambda: context.heartbeats.beat(MAIN))
        with self._features.paused():
            judged = self._judging.look(message.slug, message.session, beating)
        context.send(judged)


def work_of(request: TrainRequest | EvaluateRequest) -> Callable[..., object]:
    """What carries out a request, loaded only by then."""
    if isinstance(request, TrainRequest):
        from engine.jobs.train import train

        return train
    from engine.jobs.evaluate import evaluate

    return evaluate


def body(context: ChildContext) -> None:
    """Load the network at once, so that it is ready when the operator is."""
    threading.Thread(target=_warm_up, args=(context,), name="warm-up", daemon=True).start()
    ModelBody(context).run()


def _warm_up(context: ChildContext) -> None:
    from engine.model.backbones import prepare

    try:
        prepare(context.settings.model.runtime)
    except Exception:  # the job that needs the network says so to the operator
        log.exception("the network cannot be loaded ahead of time")


if __name__ == "__main__":
    serve("model", body)
