"""What the user interface asks the engine to do: the jobs and one request class for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.model.record import BackboneName

Job = Literal["enrol", "import", "train", "evaluate", "recognise", "check"]
CAMERA_JOBS: frozenset[Job] = frozenset({"enrol", "import", "recognise", "check"})
"""Jobs that need the camera process: one at a time."""

Recipe = Literal["head", "classic"]
FaceChoice = Literal["central", "largest", "only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """Capture `count` crops of `person` from `source`; `window` opens OpenCV's own preview.

    `tape` is the folder in which the frames are recorded, see `engine.service.tapes`. `consent` is
    who asked the person and notes that they agreed; empty if nobody says so now.
    """

    person: str
    source: str
    count: int
    window: bool = False
    pace: Literal["live", "own", "fast"] = "own"
    tape: str | None = None
    consent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Take pictures from a folder with one sub-folder a person; `consent` as in EnrolRequest.

    The folder's own train, validation and test parts stay what they are in the split, unless
    `redraw`.
    """

    folder: str
    face: FaceChoice = "central"
    consent: str = ""
    redraw: bool = False


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

    `weights` go with backbone `vgg16` only; recipe `classic` needs VGG16, and `unfreeze` and
    `input_side` (of VGG16's input) are recipe `classic`'s.
    """

    recipe: Recipe = "head"
    backbone: BackboneName | None = None
    epochs: int | None = None
    unfreeze: bool = False
    weights: str | None = None
    input_side: Literal[160, 224] | None = None


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
    """Name the people in front of `source` with the current model; `tape` as in EnrolRequest.

    `beside` are further sources watched at the same time, each by a camera process of its own.
    """

    source: str
    each: bool = False
    window: bool = False
    pace: Literal["live", "own", "fast"] = "live"
    tape: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """All sources; a camera's number is its source's place."""
        return self.source, *self.beside


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """Watch one camera, clip or stream for a moment and measure it."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Run a recording again. `into` keeps the pictures of an enrolment with this person."""

    file: str
    into: str | None = None
