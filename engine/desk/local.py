"""LocalDesk: the engine for the user interface, with its camera and model processes.

Imports neither OpenCV nor TensorFlow. Keeps track of the jobs, holds the workspace's writer lock
while a job writes, and replaces a process that died. What each call does and raises is said in
`contract.desk.Desk`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.camera.source import check_source
from engine.contract import (
    EvaluateDone,
    Event,
    FaceAnswer,
    JobEnded,
    JobStarted,
    Notice,
    ProcessDied,
    Sighted,
    TwinChoice,
)
from engine.contract.desk import Listener
from engine.contract.errors import DataError, FacedeskError, SourceBusy
from engine.contract.messages import (
    Burdened,
    End,
    FaceAnswered,
    FirstPictures,
    FramesEnded,
    LikenessFound,
    PictureKept,
    PicturesOver,
    Ready,
    RecognitionEnded,
    SessionAsked,
    SessionJudged,
    SourceGivenUp,
    Start,
    TwinAnswer,
    WhyAsked,
)
from engine.contract.people import Answers, Erased
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
from engine.desk.calls import QuickCalls
from engine.desk.library import save_evaluation
from engine.desk.processes import (
    CAMERA,
    MODEL,
    NEEDED,
    Child,
    Processes,
    Watchdog,
    is_further,
    starts,
)
from engine.desk.relays import FaceQuestions, FeatureRelay, LikenessQuestions, Sources
from engine.desk.unknown import UnknownWriter
from engine.desk.vitals import death
from engine.jobs.recording import Recorder
from engine.jobs.split import with_pictures
from engine.model.store import ModelStore
from engine.people.permission import permit
from engine.people.person import clean_name
from engine.rights.erase import erase
from engine.rights.upkeep import SeenWriter, Watched, note_settings
from engine.settings import Settings
from engine.text import mask_credentials
from engine.workspace.folder import Workspace
from engine.workspace.owner import OpenDesk, exposures

WRITING_JOBS: frozenset[Job] = frozenset({"enrol", "import", "train", "evaluate"})
"""They hold pictures in memory, and may write them down after an erasure."""


class LocalDesk(QuickCalls):
    """The real `Desk`. All public methods are safe from any thread."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        record: Path | None = None,
        *,
        number: bool = True,
    ) -> None:
        """Camera jobs are recorded under `record` and `number` as `engine.jobs.recording` says."""
        super().__init__(workspace, settings, self._tell)
        self._recorder = Recorder(record, workspace, settings, number=number)
        self._watched = Watched(workspace, settings, self._tell)
        self._listener: Listener = lambda event: None
        self._processes = Processes(workspace, settings, self._received, self._ended)
        self._lock = self._processes.lock
        self._open = OpenDesk(workspace.root)
        self._jobs: dict[Job, str] = {}
        self._writing: set[Job] = set()
        self._run = 0
        self._sources: Sources | None = None
        """Those of the recognition under way."""
        self._features = FeatureRelay(self._processes, self._writer)
        self._faces = FaceQuestions(self._processes, workspace)
        self._likenesses = LikenessQuestions(self._processes, workspace)
        self._keeping = UnknownWriter(workspace, settings, self._writer.hold, self._tell)
        self._seen = SeenWriter(workspace, lambda: self._writer.hold("last seen"))
        self._watchdog = Watchdog(
            settings.processes, lambda: list(self._processes.children.values()), self._tell
        )
        self._routes: dict[type, Callable[[Child, Any], None]] = {
            PictureKept: lambda child, m: self._features.take(child.name, m),
            PicturesOver: lambda child, m: self._features.take(child.name, m),
            FirstPictures: lambda _, m: self._faces.first_pictures(m),
            SessionAsked: lambda _, m: self._faces.session(m),
            SessionJudged: lambda _, m: self._faces.session(m),
            LikenessFound: lambda _, m: self._likenesses.answered(m),
            Ready: self._model_ready,
            Burdened: lambda child, _: self._renew(child),
            RecognitionEnded: self._recognition_ended,
            SourceGivenUp: self._source_given_up,
            JobEnded: lambda _, m: self._job_ended(m),
            Sighted: self._sighted,
            EvaluateDone: self._evaluated,
        }

    @property
    def running(self) -> frozenset[Job]:
        with self._lock:
            return frozenset(self._jobs)

    def start(self, listener: Listener) -> None:
        self._listener = listener
        with contextlib.suppress(FacedeskError):  # Each job that needs the log will say so.
            note_settings(self._workspace, self._settings)
        for name in (CAMERA, MODEL):
            self._processes.get(name)
        self._watchdog.start()
        if self._workspace.cut_short() or self._workspace.outdated():
            # Another process may be writing, the disk may refuse: whoever writes next recovers.
            with contextlib.suppress(FacedeskError), self._writer.hold("recovery"):
                pass
        for each in exposures(self._workspace.root):
            text = f"{each.text}. Remedy: {each.remedy}"
            self._tell(Notice(text=text, level="warning"))

    def other_desk(self) -> str:
        return self._open.claim()

    def _tell(self, event: Event) -> None:
        self._recorder.hear(event)
        self._listener(event)

    def close(self) -> None:
        self._open.release()
        self._watchdog.close()
        self._processes.close()
        self._keeping.close(3.0)
        self._watched.end("stopped")
        self._seen.close(1.0)
        self._recorder.end(None, self._tell)  # of a job whose process had to be killed
        self._writer.release_all()

    def erase(self, name: str, by: str = "", answers: Answers = Answers()) -> Erased:  # noqa: B008
        if busy := sorted(self.running & WRITING_JOBS):
            raise DataError(
                "A job is under way",
                f"{', '.join(busy)} may still write of this person",
                "Stop it (x), then erase.",
            )
        with self._writer.hold("erase"):
            return erase(self._workspace, name, by, answers=answers, compare=self._likenesses.ask)

    # --- jobs ----------------------------------------------------------------------------

    def enrol(self, request: EnrolRequest) -> None:
        clean_name(request.person)
        consent = self._settings.consent
        permit(self._workspace, [request.person], consent, request.consent, request.source)
        check_source(request.source)
        source = mask_credentials(request.source)
        self._begin("enrol", f"Enrolling {request.person} from {source}", request)

    def import_pictures(self, request: ImportRequest) -> None:
        self._begin("import", f"Importing {request.folder}", request)

    def train(self, request: TrainRequest) -> None:
        with_pictures(self._workspace)
        self._begin("train", f"Training recipe {request.recipe}", request)

    def evaluate(self, request: EvaluateRequest) -> None:
        ModelStore(self._workspace).require_current()
        self._begin("evaluate", "Evaluating the model", request)

    def check_recognition(self, request: RecogniseRequest) -> None:
        """Raise as `recognise` does for what can be told before a process has started."""
        for each in request.sources:
            check_source(each, may_come=bool(request.beside))
        ModelStore(self._workspace).require_current()

    def recognise(self, request: RecogniseRequest) -> None:
        self.check_recognition(request)
        source = ", ".join(map(mask_credentials, request.sources))
        self._begin("recognise", f"Recognising from {source}", request)

    def check(self, request: CheckRequest) -> None:
        self._begin("check", f"Measuring {mask_credentials(request.source)}", request)

    def why(self, track: int | None) -> None:
        self._processes.send(MODEL, WhyAsked(track=track))

    def answer_twin(self, choice: TwinChoice) -> None:
        self._processes.send(CAMERA, TwinAnswer(choice=choice))

    def answer_face(self, choice: FaceAnswer) -> None:
        self._processes.send(CAMERA, FaceAnswered(choice=choice))

    def preview(self, wish: PreviewWish) -> None:
        self._processes.preview(wish)

    def stop(self, job: Job) -> None:
        self._end(job, keep=True)

    def cancel(self, job: Job) -> None:
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
                request = self._recorder.begin(job, request, self._tell)
            except BaseException:
                self._written(job)
                self._watched.end("failed")
                raise
            self._jobs[job] = "waiting"
            self._tell(JobStarted(job=job, title=title))
            if job == "recognise":
                self._run += 1
                self._sources = Sources(request)
            # Recognition: the model first, for it may take seconds to load; frames wait for it.
            self._processes.send(NEEDED[job][0], Start(job=job, request=request, run=self._run))

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
            raise DataError("Already running", f"{job} is under way", "Stop it first (Esc).")

    def _end(self, job: Job, *, keep: bool) -> None:
        with self._lock:
            if job not in self._jobs:
                return
            waiting = job == "recognise" and self._jobs[job] == "waiting"
            self._jobs[job] = "stopped" if keep else "cancelled"
            end = End(job=job, keep=keep, run=self._run)
            if waiting or CAMERA not in NEEDED[job]:
                self._processes.send(MODEL, end)
            else:
                self._processes.tell_cameras(end)
            if waiting:
                self._finish(JobEnded(job=job, outcome=self._jobs[job]))

    def _finish(self, ended: JobEnded) -> None:
        """A job's one end: release what it held, tell the listener."""
        job: Any = ended.job
        with self._lock:
            state = self._jobs.pop(job, None)
            if state is None:
                return
            self._written(job)
            if job == "recognise":
                sources, self._sources = self._sources, None
                self._processes.end_further()
            if job != "enrol":  # training is what comes next
                self._renew(None)
        if ended.outcome == "done" and state in ("stopped", "cancelled"):
            ended = JobEnded(job=job, outcome=state)
        if job == "recognise":
            self._watched.end(ended.outcome, **(sources.counted if sources else {}))
        self._recorder.hear(ended)
        self._recorder.end(job, self._listener)
        self._tell(ended)

    def _renew(self, child: Child | None) -> None:
        """Replace a process that holds too much, once no capture and no job needs it."""
        with self._lock:
            # Twins, second faces and features of a capture or an import.
            needed = bool({"enrol", "import"} & set(self._jobs) or self._features.sessions)
            self._processes.replace(child, self._jobs, needed=needed)

    # --- what the processes say ----------------------------------------------------------

    def _received(self, child: Child, message: Any) -> None:
        """Reader threads: relay between the processes, pass events to the listener."""
        if is_further(child.name) and self._processes.children.get(child.name) is not child:
            return  # of a recognition that is over
        if route := self._routes.get(type(message)):
            route(child, message)
        elif isinstance(message, Event):
            if sources := self._sources:
                sources.hear(message)
            if not (sources and sources.replayed):
                self._seen.hear(message)
            self._tell(message)

    def _sighted(self, _child: Child, message: Sighted) -> None:
        self._keeping.offer(message, asked=bool(self._sources and self._sources.request.keep))
        self._tell(message)

    def _evaluated(self, _child: Child, done: EvaluateDone) -> None:
        """The running evaluation holds the writer lock. A full disk must not lose the figures."""
        try:
            save_evaluation(self._workspace, done)
        except DataError as error:
            text = f"The evaluation was not kept. {error}"
            self._tell(Notice(text=text, level="warning"))
        self._tell(done)

    def _model_ready(self, _child: Child, message: Ready) -> None:
        """Let the frames come, unless this recognition was given up while the model loaded."""
        with self._lock:
            if message.run == self._run and self._jobs.get("recognise") == "waiting":
                assert self._sources is not None
                self._jobs["recognise"] = "running"
                for name, start in starts(self._sources.request, self._run).items():
                    self._processes.send(name, start)

    def _job_ended(self, ended: JobEnded) -> None:
        """A job is over. Of a recognition: its one source, or one of its processes, is lost."""
        if ended.job == "recognise":
            end = End(job="recognise", keep=False, run=self._run)
            with self._lock:
                self._processes.tell_cameras(end)
                self._processes.send_if_there(MODEL, end)
        self._finish(ended)

    def _recognition_ended(self, _child: Child, message: RecognitionEnded) -> None:
        """The model process's word on a recognition, or that of its one source's process; of
        interest only if it is the present one."""
        if message.run != self._run:
            return
        if message.ended.outcome == "failed":
            self._job_ended(message.ended)
        else:
            sources = self._sources
            self._finish(sources.outcome(message.ended) if sources else message.ended)

    def _source_given_up(self, _child: Child, message: SourceGivenUp) -> None:
        """One of several sources has failed; it counts if it is one of the present recognition."""
        with self._lock:
            if message.run != self._run or self._sources is None:
                return
            self._sources.hear(message.failed)
        self._tell(message.failed)

    # --- a process that died -------------------------------------------------------------

    def _ended(self, child: Child, status: int) -> None:
        """Reader thread: a process is gone. Fail its jobs, say so, start another."""
        with self._lock:
            if child.expected_end or self._processes.closing:
                return
            further = is_further(child.name)
            # One camera of several: the others go on.
            camera = self._sources.camera_of(child.name) if self._sources else None
            again = self._processes.died(child)
            restarting = (camera is not None or not further) and again
            lost = [job for job in self._jobs if camera is None and child.name in NEEDED[job]]
            if not further:
                self._features.process_died(child.name)
        error = child.fault or death(child.name, status, self._workspace.logs)
        if child.name == MODEL:
            self._faces.model_died(str(error))
        cause = str(child.fault or error.message)
        self._tell(
            ProcessDied(process=child.name, exit_status=status, restarting=restarting, cause=cause)
        )
        for job in lost:
            self._job_ended(JobEnded.failure(job, error))
        if camera is not None:
            self._watch_again(child.name, camera, status, again=restarting)
        if restarting and not further:
            with self._lock:
                if not self._processes.closing:  # meanwhile
                    self._processes.get(child.name)
        elif not further:
            text = f"The {child.name} process keeps dying; it is started again at the next job"
            self._tell(Notice(text=text, level="error"))

    def _watch_again(self, process: str, camera: int, status: int, *, again: bool) -> None:
        """A camera process that watched one of several sources has died: another one watches on,
        or, if it is not to be started `again`, the source is given up."""
        with self._lock:
            if self._jobs.get("recognise") != "running" or self._sources is None:
                return  # not begun, or being ended: the sources that are left will do
            if again:
                self._processes.send(process, starts(self._sources.request, self._run)[process])
                return
            failed = self._sources.given_up(process, camera, status)
            self._processes.send(MODEL, FramesEnded(frames=0, camera=camera, run=self._run))
        self._tell(failed)
