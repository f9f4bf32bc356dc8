"""Record a job: its request, settings, events and (in `camera.recording`) frames; and run it again.

The frames are written by the process that reads the camera, everything else here, into the same
folder. A recording is run again on the live path, and what is decided is compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from engine import __version__
from engine.camera.recording_folder import (
    EVENTS,
    FORMAT,
    FRAMES,
    LINES,
    SCHEME,
    SESSION,
    complete,
    new_recording,
    not_whole,
    read_lines,
    read_session,
    recording_path,
)
from engine.cancel import Cancel
from engine.config import checked_settings
from engine.contract import (
    BakeOffDone,
    DoctorDone,
    Emit,
    EpochDone,
    EvaluateDone,
    Event,
    FeaturesProgress,
    Finding,
    ImportProgress,
    ImportRefused,
    JobEnded,
    Notice,
    Preview,
    ProcessReady,
    RecordingEnded,
    RecordingStarted,
    ReplayDone,
    SplitDone,
    TrainDone,
)
from engine.contract.errors import FacedeskError, NoPictures, SourceError
from engine.contract.requests import EnrolRequest, RecogniseRequest, ReplayRequest
from engine.model.store import ModelStore
from engine.people.registry import utc_now
from engine.settings import Settings
from engine.text import mask_credentials, plain
from engine.workspace.audit import Audit
from engine.workspace.files import new_file, write_json
from engine.workspace.folder import Workspace

MATTERING = ("camera", "detection", "gates", "enrolment", "recognition")
"""Sections of the settings on which the decisions about a frame depend."""
FOREIGN = (
    BakeOffDone,
    DoctorDone,
    EpochDone,
    EvaluateDone,
    FeaturesProgress,
    Finding,
    ImportProgress,
    ImportRefused,
    Preview,
    ProcessReady,
    SplitDone,
    TrainDone,
)
"""Events that are of other jobs, or nothing but a picture."""
MEGABYTE = 1_000_000
Request = TypeVar("Request")


class Recorder:
    """Records camera jobs, one at a time, under one name; without a `file` it records nothing.

    With `number` further ones are `NAME-2` and so on. `hear` may be called from any thread and
    never raises.
    """

    def __init__(
        self, file: Path | None, workspace: Workspace, settings: Settings, *, number: bool = False
    ) -> None:
        self._file, self._workspace, self._settings = file, workspace, settings
        self._number = number
        self._recording: _Recording | None = None

    def begin(self, job: str, request: Request, tell: Emit) -> Request:
        """The request, made to record if it is one for the camera.

        Raises UsageError where the name is taken, DiskFull and WorkspaceUnusable.
        """
        if self._file is None or not isinstance(request, EnrolRequest | RecogniseRequest):
            return request
        if isinstance(request, RecogniseRequest) and request.beside:
            tell(Notice(text="Several sources at once are not recorded", level="warning"))
            return request
        recording = _Recording(
            self._file, job, request, self._settings, self._workspace, number=self._number
        )
        self._recording = recording
        tell(RecordingStarted(job=job, file=str(recording.file)))
        return replace(request, recording=str(recording.folder))

    def hear(self, event: Event) -> None:
        """Record an event of the job under way."""
        if (recording := self._recording) is not None:
            recording.hear(event)

    def end(self, job: str | None, tell: Emit) -> None:
        """The job is over; None: whichever it was. What hinders the recording is told."""
        recording = self._recording
        if recording is None or job not in (recording.job, None):
            return
        self._recording = None
        try:
            tell(recording.close())
        except (FacedeskError, OSError) as error:
            text = f"The recording stays in {recording.folder}: {error}"
            tell(Notice(text=text, level="error"))

    @contextlib.contextmanager
    def recording(self, job: str, request: Request, tell: Emit) -> Iterator[tuple[Request, Emit]]:
        """Record the job that runs inside the block, with this request and this listener.

        Raises as `begin`.
        """
        request = self.begin(job, request, tell)

        def both(event: Event) -> None:
            self.hear(event)
            tell(event)

        try:
            yield request, both
        except FacedeskError as error:
            self.hear(JobEnded.failure(job, error))
            raise
        finally:
            self.end(job, tell)


class _Recording:
    """One job's recording on disk."""

    def __init__(
        self,
        file: Path,
        job: str,
        request: EnrolRequest | RecogniseRequest,
        settings: Settings,
        workspace: Workspace,
        *,
        number: bool,
    ) -> None:
        self.job = job
        self._audit = Audit(workspace)
        self._audit.ready()
        self.folder, self.file = new_recording(file, number=number)
        try:  # where it cannot be noted that something is recorded, nothing is
            self._doing = self._audit.begin("recording-made", [("", {"job": job})])
        except FacedeskError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._most = settings.record.most_megabytes * MEGABYTE
        self._written = 0
        self._lock = threading.Lock()
        model = ModelStore(workspace).current()
        session = {
            "format": FORMAT,
            "facedesk": __version__,
            "recorded": utc_now(),
            "job": job,
            "request": _request_of(request),
            "settings": {name: settings.as_json()[name] for name in MATTERING},
            "model": model.id if model else "",
        }
        write_json(self.folder / SESSION, session)
        self._events = os.fdopen(new_file(self.folder / EVENTS), "w", encoding="utf-8")

    def hear(self, event: Event) -> None:
        """Append an event of the job, with the time of day in seconds."""
        if isinstance(event, FOREIGN) or getattr(event, "job", self.job) not in (self.job, ""):
            return
        body = {"time": round(time.time(), 3), "type": type(event).__name__, **event.to_json()}
        # No credentials of a URL in any text of it.
        said = plain(body, lambda each: mask_credentials(each) if isinstance(each, str) else each)
        line = json.dumps(said, ensure_ascii=False) + "\n"
        with self._lock, contextlib.suppress(OSError, ValueError):  # full, or over already
            if self._written < self._most:
                self._written += self._events.write(line)
                self._events.flush()

    def close(self) -> RecordingEnded | Notice:
        """Give the recording its name; one without a frame is removed, so that its name is free.

        Raises DiskFull, WorkspaceUnusable.
        """
        with self._lock, contextlib.suppress(OSError):
            self._events.close()
        if not (self.folder / FRAMES).exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self._audit.give_up(self._doing, "nothing")
            return Notice(text="Nothing was recorded: no frame came", level="warning")
        size = sum(path.stat().st_size for path in self.folder.iterdir())
        complete(self.folder, self.file)
        self._doing.more["bytes"] = size
        self._audit.end(self._doing)
        return RecordingEnded(
            job=self.job, file=str(self.file), megabytes=round(size / MEGABYTE, 1)
        )


def _request_of(request: EnrolRequest | RecogniseRequest) -> dict[str, Any]:
    """The request without credentials and without what belongs to this machine's screen."""
    body = asdict(request)
    body["source"] = mask_credentials(request.source)
    for name in ("recording", "window", "beside", "consent", "why", "keep", "frames"):
        body.pop(name, None)
    return body


DECIDING = ("detection", "gates", "recognition")
"""Those of which the recording's are used when it is run again."""
BEFORE: Mapping[str, Mapping[str, Any]] = {"detection": {"full_scan_every": 1}}
"""What held for recordings that do not tell a setting, because it came later."""
MOST_SHOWN = 10
"""Differences told one by one."""
Decisions = dict[tuple[int, tuple[int, ...]], str]
"""What was decided, by frame and (for a recognition) by the face's box."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording is of: its job, the request that runs it again, and its settings."""

    job: str
    request: EnrolRequest | RecogniseRequest
    settings: Settings
    notes: tuple[str, ...]
    live: bool


def recorded_job(file: str, settings: Settings, pace: Any, into: str | None = None) -> Recorded:
    """Read a recording's session. Settings that decide are the recording's where they still fit.

    Raises SourceNotFound, SourceUnreadable.
    """
    path = recording_path(file)
    session = read_session(path)
    asked, source = session["request"], f"{SCHEME}{path}"
    request: EnrolRequest | RecogniseRequest
    try:
        if session["job"] == "enrol":
            person = into or str(asked["person"])
            request = EnrolRequest(
                person=person, source=source, count=int(asked["count"]), pace=pace
            )
        elif session["job"] == "recognise":
            each = asked["each"] is True
            request = RecogniseRequest(source=source, each=each, pace=pace, keep=False)
        else:
            raise ValueError(f"a job {session['job']!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise not_whole(path, f"its request cannot be run ({error})") from error
    used, notes = _settings_of(session.get("settings"), settings)
    return Recorded(str(session["job"]), request, used, notes, asked.get("pace") == "live")


Recognise = Callable[[Settings, RecogniseRequest, Cancel, Emit], object]
"""Recognises by a request until the source ends."""


def replay(
    workspace: Workspace,
    settings: Settings,
    request: ReplayRequest,
    cancel: Cancel,
    emit: Emit,
    recognise: Recognise,
) -> ReplayDone:
    """Run `request.file` again; returns after emitting ReplayDone.

    An enrolment writes into a folder that is removed at the end, or with `request.into` to that
    person of the workspace, whose lock the caller then holds. A recording that breaks off is
    used up to there. Raises SourceError where there is nothing to run, NoModel, ...
    """
    began = time.monotonic()
    path = recording_path(request.file)
    recorded = recorded_job(request.file, settings, "fast", request.into)
    for note in recorded.notes:
        emit(Notice(text=note, level="warning"))
    heard: list[dict[str, Any]] = []
    damage: list[str] = []

    def both(event: Event) -> None:
        heard.append(event.to_json())
        if isinstance(event, Notice) and event.level == "error":
            damage.append(event.text)
        emit(event)

    then = decisions(read_lines(path / EVENTS))
    again = recorded.request
    try:
        if isinstance(again, EnrolRequest):
            _enrol(workspace, recorded.settings, again, request.into, cancel, both)
        else:
            # Of a live session the model saw only the frames it was quick enough for: the others
            # are left out again, for each would have a vote.
            seen = tuple(sorted({frame for frame, _ in then})) if recorded.live else None
            recognise(recorded.settings, replace(again, frames=seen), cancel, both)
    except NoPictures:
        pass  # as it was recorded: the refusals are what is compared
    except SourceError as error:
        if not any(decision_of(body) for body in heard):
            raise
        damage.append(str(error))
    done = compared(
        then,
        decisions(heard),
        file=str(path),
        job=recorded.job,
        frames=max(0, sum(1 for _ in read_lines(path / LINES)) - 1),
        damage=damage[0] if damage else "",
        seconds=round(time.monotonic() - began, 3),
    )
    emit(done)
    return done


def _enrol(
    workspace: Workspace,
    settings: Settings,
    request: EnrolRequest,
    into: str | None,
    cancel: Cancel,
    emit: Emit,
) -> None:
    from engine.jobs.enrol import enrol

    if into is not None:
        from engine.jobs.judging import guard_here

        guard = guard_here(workspace, settings, emit)
        enrol(workspace, settings, request, cancel, emit, faces=guard)
        return
    with tempfile.TemporaryDirectory(prefix="facedesk-replay-") as folder:
        # Nothing of it is kept, so nobody is enrolled by it.
        rule = replace(settings.consent, required="off")
        enrol(Workspace(Path(folder)), replace(settings, consent=rule), request, cancel, emit)


def _settings_of(told: Any, present: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The recording's settings, checked field by field by the configuration itself."""
    body = present.as_json()
    if not isinstance(told, dict):
        return present, ("The recording tells no settings: yours are used.",)
    for name in DECIDING:
        if isinstance(told.get(name), dict):
            body[name] = {**body[name], **BEFORE.get(name, {}), **told[name]}
    try:
        used = checked_settings(body)
    except ValueError:
        return present, ("The recording's settings do not fit this version: yours are used.",)
    mine = present.as_json()
    changed = [name for name in DECIDING if body[name] != mine[name]]
    names = ", ".join(changed)
    text = f"Run with the recording's own settings of {names}, which differ from yours."
    return used, (text,) if changed else ()


def decisions(bodies: Iterable[Mapping[str, Any]]) -> Decisions:
    """The decisions among events (as JSON objects)."""
    return dict(filter(None, map(decision_of, bodies)))


def decision_of(body: Mapping[str, Any]) -> tuple[tuple[int, tuple[int, ...]], str] | None:
    """Frame, box and what was decided; None for an event that decides nothing."""
    kind, frame, box = body.get("event"), body.get("frame"), body.get("box")
    if type(frame) is not int:
        return None
    if kind == "captured":
        return (frame, ()), "captured"
    if kind == "refused":
        return (frame, ()), f"refused, {body.get('reason')}"
    if kind == "face" and isinstance(box, list | tuple):
        return (frame, tuple(box)), str(body.get("person") or body.get("decision"))
    return None


def compared(then: Decisions, now: Decisions, **about: Any) -> ReplayDone:
    """Decisions of a recording against those of its replay. `about` are ReplayDone's others."""
    both = [(key, then[key], now[key]) for key in then if key in now]
    different = [(key[0], before, after) for key, before, after in both if before != after]
    lost = [key for key in then if key not in now]
    first = [*different, *((key[0], then[key], "nothing") for key in lost)]
    return ReplayDone(
        decisions=len(then),
        agree=len(both) - len(different),
        differ=len(different),
        lost=len(lost),
        new=sum(1 for key in now if key not in then),
        first=tuple(sorted(first)[:MOST_SHOWN]),
        **about,
    )
