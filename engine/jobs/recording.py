"""Recording a job: its request and settings, what it reported, and (in `camera.tape`) its frames.

The frames are written by the process that reads the camera, everything else here, into the same
folder. Neither OpenCV nor TensorFlow is needed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from engine import __version__
from engine.camera.tape_folder import EVENTS, FORMAT, FRAMES, SESSION, complete, new_tape
from engine.contract import (
    BakeOffDone,
    CheckupDone,
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
    SplitDone,
    TapeEnded,
    TapeStarted,
    TrainDone,
)
from engine.contract.errors import FacedeskError
from engine.contract.requests import EnrolRequest, RecogniseRequest
from engine.model.store import ModelStore
from engine.people.registry import utc_now
from engine.settings import Settings
from engine.text import mask_credentials
from engine.workspace.audit import Audit, Doing
from engine.workspace.files import FILE_MODE, write_json
from engine.workspace.folder import Workspace

MATTERING = ("camera", "detection", "gates", "enrolment", "recognition")
"""Sections of the settings on which the decisions about a frame depend."""
FOREIGN = (
    BakeOffDone,
    CheckupDone,
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
Request = TypeVar("Request", EnrolRequest, RecogniseRequest)


class JobTape:
    """One job's recording. `hear` may be called from any thread and never raises.

    Raises UsageError where the name is taken, DiskFull and WorkspaceUnusable.
    """

    def __init__(
        self,
        file: Path,
        job: str,
        request: EnrolRequest | RecogniseRequest,
        settings: Settings,
        workspace: Workspace,
        *,
        number: bool = False,
    ) -> None:
        self.job = job
        self._audit = Audit(workspace)
        self._audit.ready()
        self.folder, self.file = new_tape(file, number=number)
        self._doing = self._begun(job)
        self._most = settings.record.most_megabytes * MEGABYTE
        self._written = 0
        self._lock = threading.Lock()
        model = ModelStore(workspace).current()
        session = {
            "format": FORMAT,
            "facedesk": __version__,
            "recorded": utc_now(),
            "job": job,
            "request": _told(request),
            "settings": {name: settings.as_json()[name] for name in MATTERING},
            "model": model.id if model else "",
        }
        write_json(self.folder / SESSION, session)
        handle = os.open(
            self.folder / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE
        )
        self._events = os.fdopen(handle, "w", encoding="utf-8")

    def _begun(self, job: str) -> Doing:
        """Note that something is recorded; where that cannot be noted nothing is."""
        try:
            return self._audit.begin("recording-made", [("", {"job": job})])
        except FacedeskError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def hear(self, event: Event) -> None:
        """Append an event of the job, with the time of day in seconds."""
        if isinstance(event, FOREIGN) or getattr(event, "job", self.job) not in (self.job, ""):
            return
        body = {"time": round(time.time(), 3), "type": type(event).__name__, **event.to_json()}
        line = json.dumps(_plain(body), ensure_ascii=False) + "\n"
        with self._lock, contextlib.suppress(OSError, ValueError):  # full, or over already
            if self._written < self._most:
                self._written += self._events.write(line)
                self._events.flush()

    def close(self) -> TapeEnded | Notice:
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
        return TapeEnded(job=self.job, file=str(self.file), megabytes=round(size / MEGABYTE, 1))


class Tapes:
    """The recordings of one run of the app: `NAME`, `NAME-2` and so on, one a camera job."""

    def __init__(self, file: Path | None, workspace: Workspace, settings: Settings) -> None:
        self._file, self._workspace, self._settings = file, workspace, settings
        self._tape: JobTape | None = None

    def begin(self, job: str, request: Any, tell: Emit) -> Any:
        """The request, made to record if it is one for the camera. Raises as JobTape does."""
        if self._file is None or not isinstance(request, EnrolRequest | RecogniseRequest):
            return request
        if isinstance(request, RecogniseRequest) and request.beside:
            tell(Notice(text="Several sources at once are not recorded", level="warning"))
            return request
        settings, workspace = self._settings, self._workspace
        tape = JobTape(self._file, job, request, settings, workspace, number=True)
        self._tape = tape
        tell(TapeStarted(job=job, file=str(tape.file)))
        return dataclasses.replace(request, tape=str(tape.folder))

    def hear(self, event: Event) -> None:
        """Record an event of the job under way."""
        tape = self._tape
        if tape is not None:
            tape.hear(event)

    def end(self, job: str | None, tell: Emit) -> None:
        """The job is over; None: whichever it was."""
        tape = self._tape
        if tape is None or job not in (tape.job, None):
            return
        self._tape = None
        try:
            tell(tape.close())
        except (FacedeskError, OSError) as error:
            tell(
                Notice(
                    text=f"The recording stays in {tape.folder}: {error}",
                    level="warning",
                )
            )


@contextlib.contextmanager
def recorded(
    file: Path | None,
    job: str,
    request: Request,
    settings: Settings,
    workspace: Workspace,
    emit: Emit,
) -> Iterator[tuple[Request, Emit]]:
    """The request and the listener with which a job is recorded in `file`, for the command line.

    Raises as JobTape does.
    """
    if file is None:
        yield request, emit
        return
    tape = JobTape(file, job, request, settings, workspace)
    emit(TapeStarted(job=job, file=str(tape.file)))

    def both(event: Event) -> None:
        tape.hear(event)
        emit(event)

    try:
        yield dataclasses.replace(request, tape=str(tape.folder)), both
    except FacedeskError as error:
        tape.hear(JobEnded.failure(job, error))
        raise
    finally:
        emit(tape.close())


def _told(request: EnrolRequest | RecogniseRequest) -> dict[str, Any]:
    """The request without credentials and without what belongs to this machine's screen."""
    body = dataclasses.asdict(request)
    body["source"] = mask_credentials(request.source)
    for name in ("tape", "window", "beside", "consent"):
        body.pop(name, None)
    return body


def _plain(value: Any) -> Any:
    """`value` as JSON has it: no NaN, no infinity, no credentials of a URL."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return mask_credentials(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
