"""What the user interface may ask of the engine, and the rows it shows.

`Desk` is the whole contract between `tui` and the engine. `engine.service.client.LocalDesk` is the
real one, with its two child processes; tests of the interface put in their own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.config import Settings
from engine.events import Event, SplitDone
from engine.service.previewing import Colours, PreviewLevel, PreviewWish
from engine.service.requests import (
    CAMERA_JOBS,
    BakeOffRequest,
    EnrolRequest,
    EvaluateRequest,
    FaceChoice,
    ImportRequest,
    Job,
    Recipe,
    RecogniseRequest,
    SplitRequest,
    StrangersRequest,
    TrainRequest,
)
from engine.service.rows import InModel, ModelRow, PersonRow, PictureRow

__all__ = [
    "CAMERA_JOBS",
    "BakeOffRequest",
    "Colours",
    "Desk",
    "EnrolRequest",
    "EvaluateRequest",
    "FaceChoice",
    "ImportRequest",
    "InModel",
    "Job",
    "Listener",
    "ModelRow",
    "PersonRow",
    "PictureRow",
    "PreviewLevel",
    "PreviewWish",
    "Recipe",
    "RecogniseRequest",
    "SplitRequest",
    "StrangersRequest",
    "TrainRequest",
]

Listener = Callable[[Event], None]


class Desk(Protocol):
    """The engine, seen from the user interface. Quick calls return; jobs report by events.

    Quick calls touch only small files; call them from a worker thread all the same, a network
    disk may be slow. They raise FacedeskError subclasses. Events reach the listener on engine
    threads, in order per process. A job ends with exactly one `JobEnded`.
    """

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        ...

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        ...

    @property
    def running(self) -> frozenset[Job]:
        """Jobs under way."""
        ...

    def start(self, listener: Listener) -> None:
        """Begin: events go to `listener`. Starts the child processes, without waiting."""
        ...

    def close(self) -> None:
        """Cancel all jobs and end the children; returns within a few seconds whatever they do."""
        ...

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody enrolled, by name."""
        ...

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        """A person's pictures, session by session in order of capture. Raises PersonNotFound."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Rename a person; pictures and model stay valid."""
        ...

    def delete(self, name: str) -> None:
        """Delete a person's pictures, features and split entries; a model with them is stale."""
        ...

    def current_split(self) -> SplitDone | None:
        """The split on disk, or None if there is none."""
        ...

    def split(self, request: SplitRequest) -> SplitDone:
        """Make and save a new split."""
        ...

    def models(self) -> tuple[ModelRow, ...]:
        """Stored models, newest first."""
        ...

    def promote(self, model: str) -> None:
        """Make a stored model the current one."""
        ...

    def rollback(self) -> str:
        """Go back to the model before the current one; returns its id."""
        ...

    def enrol(self, request: EnrolRequest) -> None:
        """Start capturing. Raises SourceBusy if a camera job is running, NameInvalid, ..."""
        ...

    def import_pictures(self, request: ImportRequest) -> None:
        """Start importing. Raises SourceBusy if a camera job is running."""
        ...

    def train(self, request: TrainRequest) -> None:
        """Start training. Raises DataError if a training is running already."""
        ...

    def evaluate(self, request: EvaluateRequest) -> None:
        """Start an evaluation; it ends with an EvaluateDone. Raises DataError if one is running,
        NoModel, ..."""
        ...

    def recognise(self, request: RecogniseRequest) -> None:
        """Start live recognition. Raises SourceBusy if a camera job is running, NoModel, ..."""
        ...

    def preview(self, wish: PreviewWish) -> None:
        """Say what of the camera's picture can be shown, from now on and for jobs to come."""
        ...

    def stop(self, job: Job) -> None:
        """Ask a job for an orderly end that keeps its result so far (outcome: stopped)."""
        ...

    def cancel(self, job: Job) -> None:
        """Ask a job to give up (outcome: cancelled); what was there before it stays."""
        ...
