"""What the user interface may ask of the engine, and the rows it shows.

`Desk` is the whole contract between `tui` and the engine. `engine.service.client.LocalDesk` is the
real one, with its two child processes; tests of the interface put in their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from engine.config import Settings
from engine.events import Event, SplitDone
from engine.model.record import BackboneName

Job = Literal["enrol", "import", "train", "evaluate", "recognise"]
CAMERA_JOBS: frozenset[Job] = frozenset({"enrol", "import", "recognise"})
"""Jobs that need the camera process: one at a time."""

InModel = Literal["yes", "no", "stale"]
Recipe = Literal["head", "classic"]
FaceChoice = Literal["central", "largest", "only"]
Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """Capture `count` crops of `person` from `source`; `window` opens OpenCV's own preview."""

    person: str
    source: str
    count: int
    window: bool = False
    pace: Literal["live", "own", "fast"] = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Take pictures from a folder with one sub-folder a person."""

    folder: str
    face: FaceChoice = "central"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangersRequest:
    """Take strangers from a folder, or `count` crops of one from a source.

    `name` None: named after folders and files, the clip, or the time.
    """

    source: str
    count: int = 20
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRequest:
    """Shares sum to 1. `random` mixes consecutive frames: for comparison only."""

    train: float
    validation: float
    test: float
    seed: int = 1
    random: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """Train a model on the split. None means the configured value.

    Backbone `dlib` needs its optional extra; `unfreeze`, `weights` and recipe `classic` are
    VGG16's only.
    """

    recipe: Recipe = "head"
    backbone: BackboneName = "vgg16"
    epochs: int | None = None
    unfreeze: bool = False
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """Measure the model in use (or `model`). None: the split's held-out pictures as probes, the
    workspace's own strangers, the configured FPIR; `report` is the folder for the HTML file.
    """

    model: str | None = None
    probes: str | None = None
    strangers: str | None = None
    fpir: float | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeOffRequest:
    """Compare ways to recognise. None: the split's held-out pictures as probes, the workspace's
    own strangers (everybody left out once if there are none), the configured FPIR.
    """

    probes: str | None = None
    strangers: str | None = None
    fpir: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseRequest:
    """Name the people in front of `source` with the current model."""

    source: str
    each: bool = False
    window: bool = False
    pace: Literal["live", "own", "fast"] = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as listed. `in_model` is stale if pictures changed since training."""

    name: str
    slug: str
    created: str
    pictures: int
    sessions: int
    in_model: InModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A stored model as listed. `damaged` models cannot be promoted.

    `aside` is why the promotion gate kept it aside, as a sentence; empty if it did not.
    """

    id: str
    recipe: str
    created: str
    people: int
    epochs: int
    best_epoch: int
    threshold: float
    val_accuracy: float
    current: bool
    damaged: bool = False
    aside: str = ""


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

    def stop(self, job: Job) -> None:
        """Ask a job for an orderly end that keeps its result so far (outcome: stopped)."""
        ...

    def cancel(self, job: Job) -> None:
        """Ask a job to give up (outcome: cancelled); what was there before it stays."""
        ...
