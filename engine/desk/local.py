"""LocalDesk: the engine for the user interface, with its camera and model processes.

Imports neither OpenCV nor TensorFlow. Relays faces from the camera process to the model process,
keeps track of the jobs, holds the workspace's writer lock while a job writes, and replaces a
process that died.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

from engine.camera.check import check_source
from engine.contract import (
    EvaluateDone,
    Event,
    JobEnded,
    JobStarted,
    Notice,
    ProcessDied,
    Sighted,
    SourceFailed,
)
from engine.contract.desk import Listener
from engine.contract.errors import DataError, EngineDied, FacedeskError, SourceBusy
from engine.contract.messages import (
    Burdened,
    End,
    FacesFound,
    FacesWanted,
    FirstPictures,
    FramesEnded,
    Hello,
    LikenessFound,
    PictureKept,
    PicturesOver,
    Ready,
    RecognitionEnded,
    SessionAsked,
    SessionJudged,
    Start,
    TwinReport,
    WhyAsked,
)
from engine.contract.requests import (
    CAMERA_JOBS,
    CheckRequest,
    EnrolRequest,
    EvaluateRequest,
    ImportRequest,
    Job,
    PreviewWish,
    RecogniseRequest,
    TrainRequest,
)
from engine.desk import evaluations, library, relays
from engine.desk.calls import CheckupCalls, InboxCalls, LikenessCalls, StillCalls
from engine.desk.child import Child, Deaths, death
from engine.desk.people_calls import PeopleCalls
from engine.desk.relays import PROCESSES, FeedCalls, Renewal, Several, TwinCalls
from engine.desk.watchdog import Watchdog
from engine.desk.writer import InboxWriter
from engine.jobs.recording import Tapes
from engine.rights.purge import SeenNotes, SeenWriter
from engine.rights.upkeep import Watched, note_settings
from engine.settings import Settings
from engine.text import mask_credentials
from engine.workspace.exposure import exposures
from engine.workspace.folder import Workspace
from engine.workspace.vault import opened

WRITING_JOBS: frozenset[Job] = frozenset({"enrol", "import", "train", "evaluate"})


class LocalDesk(
    FeedCalls,
    Renewal,
    Several,
    TwinCalls,
    InboxCalls,
    CheckupCalls,
    LikenessCalls,
    PeopleCalls,
    StillCalls,
):
    """The real `Desk`. All public methods are safe from any thread."""

    def __init__(
        self, workspace: Workspace, settings: Settings, record: Path | None = None
    ) -> None:
        """`record`: each camera job is recorded under this name, see `engine.jobs.recording`."""
        super().__init__(workspace, settings)
        self._tapes = Tapes(record, workspace, settings)
        self._watched = Watched(workspace, settings, self._hear)
        self._listener: Listener = lambda event: None
        self._lock = threading.RLock()
        self._children: dict[str, Child] = {}
        self._deaths = Deaths()
        self._jobs: dict[Job, str] = {}
        self._writing: set[Job] = set()
        self._fed = set()
        self._requests: dict[Job, Any] = {}
        self._failed = {}
        self._compared = {}
        self._run = 0
        self._closing = False
        self._keeping = InboxWriter(workspace, settings, self._writer, self._hear)
        notes = SeenNotes(workspace, lambda: self._writer.hold("last seen"))
        self._seen = SeenWriter(notes)
        self._wish = PreviewWish()
        self._watchdog = Watchdog(
            settings.processes,
            lambda: list(self._children.values()),
            self._hear,
        )

    @property
    def running(self) -> frozenset[Job]:
        """Jobs under way."""
        with self._lock:
            return frozenset(self._jobs)

    def start(self, listener: Listener) -> None:
        """Begin: events go to `listener`; both processes start and load in the background.

        If a writer was killed, what it left is put in order, and a Recovered says so.
        """

        def both(event: Event) -> None:
            self._tapes.hear(event)
            listener(event)

        self._listener = both
        with contextlib.suppress(FacedeskError):  # Each job that needs the log will say so.
            note_settings(self._workspace, self._settings)
        for name in ("camera", "model"):
            self._child(name)
        self._watchdog.start()
        if self._workspace.cut_short() or self._workspace.outdated():
            # Another process may be writing, the disk may refuse: whoever writes next recovers.
            with contextlib.suppress(FacedeskError), self._writer.hold("recovery"):
                pass
        for each in exposures(self._workspace.root):
            text = f"{each.text}. Remedy: {each.remedy}"
            listener(Notice(text=text, level="warning"))

    def _hear(self, event: Event) -> None:
        self._listener(event)

    def close(self) -> None:
        """End both processes; at most a few seconds even if one hangs."""
        with self._lock:
            self._closing = True
            children = list(self._children.values())
            self._children.clear()
        self._watchdog.close()
        enders = [threading.Thread(target=child.end, daemon=True) for child in children]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join(5)
        self._keeping.close(1.0)
        self._watched.end("stopped")
        self._seen.close(1.0)
        self._tapes.end(None, self._listener)  # of a job whose process had to be killed
        self._writer.release_all()

    # --- jobs ----------------------------------------------------------------------------

    def enrol(self, request: EnrolRequest) -> None:
        """Start capturing. Raises SourceBusy, NameInvalid, ConsentMissing, WorkspaceLocked."""
        library.check_name(request.person)
        library.check_consent(self._workspace, self._settings, request)
        self._begin(
            "enrol",
            f"Enrolling {request.person} from {mask_credentials(request.source)}",
            request,
        )

    def import_pictures(self, request: ImportRequest) -> None:
        """Start importing. Raises SourceBusy, WorkspaceLocked."""
        self._begin("import", f"Importing {request.folder}", request)

    def train(self, request: TrainRequest) -> None:
        """Start training. Raises DataError if one is running, NoPictures, WorkspaceLocked."""
        library.check_trainable(self._workspace)
        self._begin("train", f"Training recipe {request.recipe}", request)

    def evaluate(self, request: EvaluateRequest) -> None:
        """Start an evaluation. Raises DataError if one is running, NoModel, WorkspaceLocked."""
        library.check_model(self._workspace)
        self._begin("evaluate", "Evaluating the model", request)

    def recognise(self, request: RecogniseRequest) -> None:
        """Start live recognition. Raises SourceBusy, NoModel, and SourceError for a source that
        cannot be there."""
        library.check_model(self._workspace)
        for each in request.sources:
            check_source(each, may_come=bool(request.beside))
        source = ", ".join(map(mask_credentials, request.sources))
        title = f"Recognising from {source}"
        self._begin("recognise", title, request)

    def why(self, track: int | None) -> None:
        """Ask for the explanation of a decision; a `Why` or `NothingToExplain` answers."""
        self._child("model").send(WhyAsked(track=track))

    def check(self, request: CheckRequest) -> None:
        """Start measuring a camera. Raises SourceBusy."""
        source = mask_credentials(request.source)
        self._begin("check", f"Measuring {source}", request)

    def preview(self, wish: PreviewWish) -> None:
        """Say what of the camera's picture can be shown, from now on and for jobs to come."""
        self._wish = wish  # first: a process that starts meanwhile is told this one
        child = self._children.get("camera")
        if child is not None:  # without the lock, which may wait for a disk: this may not
            child.send(wish)

    def stop(self, job: Job) -> None:
        """Ask a job for an orderly end that keeps its result so far."""
        self._end(job, keep=True)

    def cancel(self, job: Job) -> None:
        """Ask a job to give up."""
        self._end(job, keep=False)

    def _begin(self, job: Job, title: str, request: Any) -> None:
        with self._lock:
            self._refuse_if_busy(job)
            # An evaluation keeps its features and figures where it can, and goes on where not.
            writes = job in WRITING_JOBS and not (job == "evaluate" and self._workspace.read_only)
            if writes:
                self._writer.acquire(job)
                self._writing.add(job)
            try:
                if job == "recognise":
                    self._watched.begin(request.sources)
                request = self._tapes.begin(job, request, self._listener)
            except BaseException:
                self._written(job)
                self._watched.end("failed")
                raise
            self._jobs[job] = "waiting"
            self._requests[job] = request
            self._listener(JobStarted(job=job, title=title))
            # Recognition: the model first, for it may take seconds to load; frames wait for it.
            first = "camera" if job in ("enrol", "import", "check") else "model"
            if job == "recognise":
                self._run += 1
                self._failed = {}
            self._child(first).send(Start(job=job, request=request, run=self._run))

    def _written(self, job: Job) -> None:
        if job in self._writing:
            self._writing.remove(job)
            self._writer.release()

    def _refuse_if_busy(self, job: Job) -> None:
        holder = next((j for j in self._jobs if j in CAMERA_JOBS and job in CAMERA_JOBS), None)
        if holder is not None:
            raise SourceBusy(
                "The camera is in use",
                "by recognition" if holder == "recognise" else f"by {holder}",
                "Esc ends it; then try again.",
            )
        if job in self._jobs:
            raise DataError(
                "Already running",
                f"{job} is under way",
                "Stop it first (Esc).",
            )

    def _end(self, job: Job, *, keep: bool) -> None:
        with self._lock:
            if job not in self._jobs:
                return
            waiting = job == "recognise" and self._jobs[job] == "waiting"
            self._jobs[job] = "stopped" if keep else "cancelled"
            end = End(job=job, keep=keep, run=self._run)
            if job in ("train", "evaluate") or waiting:
                self._child("model").send(end)
            else:
                relays.tell_all(self._children, end)
            if waiting:
                self._finish(JobEnded(job=job, outcome=self._jobs[job]))

    def _finish(self, ended: JobEnded) -> None:
        """A job's one end: release what it held, tell the listener."""
        job: Any = ended.job
        with self._lock:
            state = self._jobs.pop(job, None)
            if state is None:
                return
            self._requests.pop(job, None)
            self._written(job)
            if job == "recognise":
                relays.end_further(self._children)
            if job != "enrol":  # training is what comes next
                self._renew_if_idle()
        if ended.outcome == "done" and state in ("stopped", "cancelled"):
            ended = JobEnded(job=job, outcome=state)
        if job == "recognise":
            self._watched.end(ended.outcome)
        self._tapes.hear(ended)
        self._tapes.end(job, self._listener)
        self._listener(ended)

    # --- processes -----------------------------------------------------------------------

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        with self._lock:
            if name not in self._children:
                hello = Hello(
                    workspace=str(self._workspace.root),
                    settings=self._settings.as_json(),
                    vault=opened.pass_on(self._workspace.root),
                )
                self._children[name] = Child(
                    name, hello, self._workspace.logs, self._received, self._ended
                )
                if name == "camera":
                    self._children[name].send(self._wish)
            return self._children[name]

    def _received(self, child: Child, message: Any) -> None:
        """Reader threads: relay between the processes, pass events to the listener."""
        if relays.is_further(child.name) and self._children.get(child.name) is not child:
            return  # of a recognition that is over
        match message:
            case FacesFound() | FramesEnded():
                if "recognise" in self.running:
                    self._child("model").send(message)
            case FacesWanted():
                if camera := self._children.get(relays.process_name(message.camera)):
                    camera.send(message)
            case PictureKept() | PicturesOver():
                self._relay_pictures(child.name, message)
            case FirstPictures() | TwinReport():
                self._relay_twins(message)
            case LikenessFound():
                self._likeness_found(message)
            case SessionAsked() | SessionJudged():
                self._relay_faces(message)
            case Ready():
                self._model_ready(message.run)
            case Burdened():
                self._renew(child)
            case RecognitionEnded():
                self._recognition_ended(message)
            case JobEnded(job="recognise"):
                self._source_failed(message)
            case JobEnded():
                self._finish(message)
            case Sighted():
                self._keeping.offer(message)
            case EvaluateDone():
                self._keep_evaluation(message)
                self._listener(message)
            case SourceFailed():
                self._failed[message.camera] = message
                self._listener(message)
            case Event():
                self._seen.hear(message)
                self._listener(message)

    def _keep_evaluation(self, done: EvaluateDone) -> None:
        """The running evaluation holds the writer lock. A full disk must not lose the figures."""
        try:
            evaluations.save(self._workspace, done)
        except DataError as error:
            self._listener(
                Notice(
                    text=f"The evaluation was not kept. {error}",
                    level="warning",
                )
            )

    def _model_ready(self, run: int) -> None:
        """Let the frames come, unless this recognition was given up while the model loaded."""
        with self._lock:
            if run == self._run and self._jobs.get("recognise") == "waiting":
                self._jobs["recognise"] = "running"
                for name, start in relays.starts(self._requests["recognise"]).items():
                    self._child(name).send(start)

    def _source_failed(self, ended: JobEnded) -> None:
        """The one source of the recognition cannot be opened or is lost: then it is over."""
        end = End(job="recognise", keep=False, run=self._run)
        with self._lock:
            relays.tell_all(self._children, end)
        self._child("model").send(end)
        self._finish(ended)

    def _recognition_ended(self, message: RecognitionEnded) -> None:
        """The model process's word on a recognition; of interest only if it is the present one."""
        if message.run != self._run:
            return
        if message.ended.outcome == "failed":
            relays.tell_all(self._children, End(job="recognise", keep=False))
        self._finish(self._judged(message.ended))

    def _ended(self, child: Child, status: int) -> None:
        """Reader thread: a process is gone. Fail its jobs, say so, start another."""
        with self._lock:
            if child.expected_end or self._closing:
                return
            self._children.pop(child.name, None)
            further = relays.is_further(child.name)
            camera = self._camera_of(child.name)  # of several: the others go on
            restarting = (camera is not None or not further) and self._deaths.note(child.name)
            lost = [job for job in self._jobs if camera is None and child.name in PROCESSES[job]]
            if not further:
                self._feeding_ended(child.name)
        error = death(child.name, status, child.fault, self._workspace.logs)
        if child.name == "model":
            self._nobody_tells(str(error))
        self._listener(
            ProcessDied(
                process=child.name,
                exit_status=status,
                restarting=restarting,
                cause=str(child.fault or error.message),
            )
        )
        for job in lost:
            self._fail(job, child.name, error)
        if camera is not None:
            failed = self._watch_again(child.name, camera, status, again=restarting)
            if failed is not None:
                self._listener(failed)
        if restarting and not further:
            self._child(child.name)
        elif not further:
            text = f"The {child.name} process keeps dying; it is started again at the next job"
            self._listener(Notice(text=text, level="error"))

    def _fail(self, job: Job, process: str, error: EngineDied) -> None:
        if job == "recognise":
            end = End(job=job, keep=False, run=self._run)
            with self._lock:
                relays.tell_all(self._children, end)
                if process != "model" and "model" in self._children:
                    self._children["model"].send(end)
        self._finish(JobEnded.failure(job, error))
