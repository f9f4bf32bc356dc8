"""Jobs and the processes that do them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.errors import FacedeskError
from engine.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """A line for the activity log. `level` is info, warning or error."""

    name: ClassVar[str] = "notice"
    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """A long job has begun. `job` is one of enrol, import, train, evaluate, recognise."""

    name: ClassVar[str] = "job_started"
    job: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded(Event):
    """A job is over. `outcome` is done, stopped, cancelled or failed; the rest if it failed."""

    name: ClassVar[str] = "job_ended"
    job: str
    outcome: str
    title: str = ""
    message: str = ""
    hint: str = ""
    exit_code: int = 0

    @classmethod
    def failure(cls, job: str, error: FacedeskError) -> JobEnded:
        """The end of a job that met `error`."""
        return cls(
            job=job,
            outcome="failed",
            title=error.title,
            message=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """What a run that was cut short had left was put in order, before anything new is written.

    `interrupted` is that run's name, as in the writer lock, empty if it is not known.
    `unfinished` counts files and folders removed because they were not complete, `leftovers`
    empty sessions, features and split entries of nobody. `finished` says which deletions, moves
    and undoings were completed, `erased` counts people whose erasure was. `kept` are the people
    (name, pictures) whose capture or import was cut short: what it had kept is theirs. `failed` is
    why the rest has to wait, usually a full disk.
    """

    name: ClassVar[str] = "recovered"
    interrupted: str = ""
    unfinished: int = 0
    leftovers: int = 0
    finished: tuple[str, ...] = ()
    erased: int = 0
    kept: tuple[tuple[str, int], ...] = ()
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceUpgraded(Event):
    """A workspace of an older format was brought to this version's, before anything was written."""

    name: ClassVar[str] = "workspace_upgraded"
    before: int
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChanged(Event):
    """The computer's clock jumped since the workspace was last written to, on or `back`.

    `before` and `now` are ISO 8601 in UTC. What is kept for a time is not removed for it.
    """

    name: ClassVar[str] = "clock_changed"
    before: str
    now: str
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDied(Event):
    """An engine process ended unexpectedly; `restarting` says whether it is being replaced.

    `cause` is a sentence about why.
    """

    name: ClassVar[str] = "process_died"
    process: str
    exit_status: int
    restarting: bool
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReady(Event):
    """An engine process has started and takes requests."""

    name: ClassVar[str] = "process_ready"
    process: str
    pid: int
