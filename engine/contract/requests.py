"""What the interface asks for, and the rows that it shows.

One request class for each job; people, models, pictures and unknown people as rows; and what of the
camera's picture the terminal can show (`PreviewWish`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.contract import EpochDone
from engine.contract.people import Consent, State
from engine.settings import BackboneName, Recipe

Job = Literal["enrol", "import", "train", "evaluate", "recognise", "check"]
CAMERA_JOBS: frozenset[Job] = frozenset({"enrol", "import", "recognise", "check"})
"""Jobs that need the camera process: one at a time."""

FaceChoice = Literal["central", "largest", "only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """Capture `count` crops of `person` from `source`; `window` opens OpenCV's own preview.

    `recording` is the folder in which `engine.jobs.recording` records the frames. `consent` is
    who asked the person and notes that they agreed; empty if nobody says so now.
    """

    person: str
    source: str
    count: int
    window: bool = False
    pace: Literal["live", "own", "fast"] = "own"
    recording: str | None = None
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
    """Train a model on the split. `backbone` None means the configured one.

    `weights` go with backbone `vgg16` only; recipe `classic` needs VGG16, and `unfreeze` is recipe
    `classic`'s. `options` are values of the recipe's `engine.settings.train_options` by name; the
    others are as configured.
    """

    recipe: Recipe = "head"
    backbone: BackboneName | None = None
    unfreeze: bool = False
    weights: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


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
    """Name the people in front of `source` with the current model; `recording` as in EnrolRequest.

    `beside` are further sources watched at the same time, each by a camera process of its own. With
    `each`, every picture stands for itself; with `why`, the last decision about each face is
    explained at the end. `keep` says whether strangers are kept, None: as the workspace's switch
    says. `frames` are those whose faces are recognised, None: all.
    """

    source: str
    each: bool = False
    window: bool = False
    pace: Literal["live", "own", "fast"] = "live"
    recording: str | None = None
    beside: tuple[str, ...] = ()
    why: bool = False
    keep: bool | None = None
    frames: tuple[int, ...] | None = None

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


InModel = Literal["yes", "no", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as listed. `in_model` is stale if pictures changed since training; `newest` is
    when the last session began, empty without pictures. `unseen` is the day they were last seen if
    that is longer ago than `retention.people_days`, else empty. `untrained` of the pictures are
    not in the model in use."""

    name: str
    slug: str
    created: str
    pictures: int
    sessions: int
    in_model: InModel
    newest: str = ""
    consent: State = "given"
    unseen: str = ""
    id: str = ""
    """Who they are for good, whatever the name and the folder."""
    untrained: int = 0
    trouble: str = ""
    """Why they cannot be read and what helps; then the name may be the folder's, and nothing else
    is known of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A stored model as listed. `damaged` models cannot be promoted; `damage` is why.

    `aside` is why the promotion gate kept it aside, as a sentence; empty if it did not.
    `history` are the epochs of its training, empty if they were not recorded. `rank1`, `tpir` and
    `fpir` (shares, 0..1) are of its last stored evaluation, None if there is none.
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
    damage: str = ""
    aside: str = ""
    history: tuple[EpochDone, ...] = ()
    rank1: float | None = None
    tpir: float | None = None
    fpir: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """One picture of a person: its session, its file's name, and where it lies."""

    session: str
    file: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """One picture. `brightness` is mean luma 0..255, `sharpness` the variance of the Laplacian,
    both of the aligned crop and NaN where nothing was written down; `label` the photograph's
    file name for an import, and `others` how many other faces of comparable size it shows."""

    file: str
    brightness: float
    sharpness: float
    eyes_found: bool
    label: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session. The medians and the share with eyes found are over pictures with details,
    NaN if there is none."""

    id: str
    source: str
    started: str
    pictures: tuple[PictureFacts, ...]
    brightness: float
    sharpness: float
    eyes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionFacts:
    """How the last evaluation of the model in use went for a person.

    Of `probes` searches `named` named the person rightly at the threshold, `nobody` named nobody,
    and `others` are (name, how many) of those that named somebody else, most first.
    """

    model: str
    probes: int
    named: int
    nobody: int
    others: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """Everything about one person. `confusion` is None if the model was not measured on them."""

    name: str
    slug: str
    created: str
    in_model: InModel
    consent: Consent | None
    sessions: tuple[SessionFacts, ...]
    confusion: ConfusionFacts | None

    @property
    def pictures(self) -> int:
        """How many pictures there are over all sessions."""
        return sum(len(session.pictures) for session in self.sessions)


@dataclass(frozen=True, slots=True)
class SightingRow:
    """One sighting of a group. `at` is ISO 8601, `picture` the path below the workspace of the
    newest of its `crops`."""

    id: str
    at: str
    crops: int
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownGroup:
    """Sightings that look like one stranger, oldest first, and the enrolled person nearest.

    `rows` tell of each sighting; `picture` is the path below the workspace of their newest crop.
    """

    sightings: tuple[str, ...]
    rows: tuple[SightingRow, ...]
    crops: int
    first: str
    last: str
    source: str
    candidate: str
    score: float
    threshold: float
    picture: str

    @property
    def id(self) -> str:
        """The first sighting's id, by which the command line names the group."""
        return self.sightings[0]

    def only(self, ids: Collection[str]) -> UnknownGroup:
        """The group with these of its sightings alone; at least one is in it."""
        rows = tuple(row for row in self.rows if row.id in ids)
        return replace(
            self,
            sightings=tuple(row.id for row in rows),
            rows=rows,
            crops=sum(row.crops for row in rows),
            first=rows[0].at,
            last=rows[-1].at,
            picture=rows[-1].picture,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownView:
    """What waits, newest group first; `undo` says what the last choice was, empty without one."""

    keeping: bool
    days: int
    groups: tuple[UnknownGroup, ...]
    undo: str = ""

    @property
    def waiting(self) -> int:
        """How many sightings wait."""
        return sum(len(group.sightings) for group in self.groups)


Colours = Literal["true", "256", "16", "grey"]
"""What the terminal shows: true colour, one of two palettes, or levels of grey."""
PreviewLevel = Literal["off", "low", "normal"]
PreviewForm = Literal["cells", "png"]
"""Half blocks, or a PNG for a terminal that shows pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewWish:
    """How large, in which colours and how often the preview is wanted. Off: nothing is sent.

    A cell is one pixel wide and two high; of a PNG `cell` pixels (width, height). `rate` is the
    most frames a second.
    """

    columns: int = 0
    rows: int = 0
    colours: Colours = "true"
    level: PreviewLevel = "off"
    rate: float = 0.0
    form: PreviewForm = "cells"
    cell: tuple[int, int] = (1, 2)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to send, and room for it."""
        return self.level != "off" and self.columns > 0 and self.rows > 0 and self.rate > 0


class Wishes:
    """The wish in force, `now`: set on the thread that hears it, read by the running job."""

    def __init__(self) -> None:
        self.now = PreviewWish()

    def take(self, message: Any) -> bool:
        """Take a message if it is a wish; whether it was."""
        if is_wish := isinstance(message, PreviewWish):
            self.now = message
        return is_wish
