"""Everything the engine reports, as frozen dataclasses.

One class an event. `name` is the event's name in `--json` output; `lossy` events may be
dropped when the reader is slow (newest wins), all others always arrive. Fields are plain
JSON types, tuples of them, or one `bytes` field, so that events cross process borders without
pickle (see `engine.service.wire`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from engine.errors import FacedeskError

BoxTuple = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame; x and y of the top left corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    name: ClassVar[str] = "event"
    lossy: ClassVar[bool] = False

    def to_json(self) -> dict[str, Any]:
        """The event as one JSON object with an `event` field; binary fields are left out."""
        body = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"event": self.name, **{k: v for k, v in body.items() if not isinstance(v, bytes)}}


Emit = Callable[[Event], None]
"""Receives a job's events, in order, on the job's own thread."""


# --- jobs and processes -------------------------------------------------------------------


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
class ProcessDied(Event):
    """An engine process ended unexpectedly; `restarting` says whether it is being replaced."""

    name: ClassVar[str] = "process_died"
    process: str
    exit_status: int
    restarting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReady(Event):
    """An engine process has started and takes requests."""

    name: ClassVar[str] = "process_ready"
    process: str
    pid: int


# --- sources ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOpened(Event):
    """A source delivers frames. Sizes in pixels, `fps` as the source reports it (0: unknown)."""

    name: ClassVar[str] = "source_opened"
    source: str
    kind: str
    width: int
    height: int
    fps: float
    live: bool
    demo: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLost(Event):
    """A live source stopped delivering; it is tried again in `retry_in` seconds."""

    name: ClassVar[str] = "source_lost"
    source: str
    reason: str
    attempt: int
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRestored(Event):
    """A lost live source delivers again after `seconds`."""

    name: ClassVar[str] = "source_restored"
    source: str
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSkipped(Notice):
    """A picture of a folder source could not be decoded; `reason` is unreadable or too_large."""

    name: ClassVar[str] = "picture_skipped"
    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Event):
    """A frame scaled for display. `pixels` is RGB, width * height * 3 bytes, row by row."""

    name: ClassVar[str] = "preview"
    lossy: ClassVar[bool] = True
    width: int
    height: int
    pixels: bytes
    sequence: int
    dropped: int


# --- enrolment and import -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured(Event):
    """Crop number `captured` of `target` was kept and is safely on disk."""

    name: ClassVar[str] = "captured"
    person: str
    session: str
    captured: int
    target: int
    file: str
    frame: int
    box: BoxTuple
    brightness: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """A frame was not kept: `reason` (a `Refusal` value), the measured value and its limit."""

    name: ClassVar[str] = "refused"
    person: str
    reason: str
    value: float
    limit: float
    frame: int
    box: BoxTuple | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolDone(Event):
    """The session is over; `ended` is complete, stopped, cancelled or source_ended."""

    name: ClassVar[str] = "done"
    person: str
    session: str
    captured: int
    target: int
    refused: Mapping[str, int]
    seconds: float
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress(Event):
    """File `done` of `total` has been looked at."""

    name: ClassVar[str] = "import_progress"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRefused(Event):
    """A file held no usable face; `reason` is a `Refusal` value, `unreadable` or `too_large`."""

    name: ClassVar[str] = "refused"
    file: str
    reason: str
    value: float = 0.0
    limit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangersAdded(Event):
    """Own strangers were added: `added` new ones with `images` pictures; `strangers` now."""

    name: ClassVar[str] = "done"
    added: int
    images: int
    refused: int
    strangers: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDone(Event):
    """The import is over. Counts of people, kept pictures and refused files."""

    name: ClassVar[str] = "done"
    people: int
    images: int
    refused: int
    seconds: float


# --- split and training -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDone(Event):
    """Pictures in each part; `people` maps a name to its counts in train, validation, test."""

    name: ClassVar[str] = "done"
    train: int
    validation: int
    test: int
    people: Mapping[str, Mapping[str, int]]
    warnings: tuple[str, ...]
    mode: str
    seed: int
    shares: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesProgress(Event):
    """VGG16 features are ready for `done` of `total` pictures; `cached` of them were before."""

    name: ClassVar[str] = "features"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochDone(Event):
    """One epoch of training. `best` is the best epoch so far (1-based). NaN: no such data."""

    name: ClassVar[str] = "epoch"
    epoch: int
    epochs: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    best: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainDone(Event):
    """A model is complete, on disk and, if `promoted`, in use."""

    name: ClassVar[str] = "done"
    model: str
    recipe: str
    seconds: float
    epochs: int
    best_epoch: int
    promoted: bool
    people: tuple[str, ...]
    metrics: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Event):
    """The threshold of a model for the people and strangers there are now.

    `job` is train, recognise or strangers. `fpir` is the target; `measured` of the operator's
    own strangers were searched in a gallery of `people`, and `fpir_low` to `fpir_high` is the
    95 % interval of the share of them that is named (0 to 1 if none were). `sentence` says what
    that means, `brief` says it in a few words, `notes` how the threshold came about.
    """

    name: ClassVar[str] = "threshold"
    job: str
    threshold: float
    fpir: float
    people: int
    measured: int
    fpir_low: float
    fpir_high: float
    sentence: str
    brief: str
    notes: tuple[str, ...] = ()


# --- evaluation ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateDone(Event):
    """How good a model honestly is. Shares are 0..1; counts of pictures unless said otherwise.

    `people` are the gallery's names in the order of `confusion`: row i are the probes of person i,
    column j how many were named person j at the threshold, the last column how many nobody.
    `probes` counts those in which no face was found (`missed`) too, and they count against every
    share. `strangers` searches by `stranger_people` different people; `strangers_from` says whose:
    `own` (facedesk strangers), `folder` (--strangers), `left_out` (every enrolled person once,
    searched in the gallery without them) or `none`. `tpir` maps an FPIR ("0.01") to the TPIR at
    the threshold that these strangers give, only where there are strangers enough for it.
    `intervals` maps `rank1`, `tpir_at_threshold`, `fpir_at_threshold` and `tpir@0.01` and so on
    to 95 % Clopper-Pearson intervals. `per_person` maps a name, `per_session` "name/session", to
    (probes, right at rank 1, named rightly). `det` are (threshold, FPIR, FNIR), thresholds rising.
    `confused` are the most confused pairs: (probe's person, other person, score for the other,
    score for the own, crop of the probe, crop of the other), `suspects` pictures to look at:
    (person, crop, `mislabelled`, `blurred` or `twin`, a sentence). Crops are paths.
    `leakage` holds `rank1` and `tpir` of the split in use and `random_rank1`, `random_tpir` of a
    random one of the same pictures; empty if it was not measured.
    """

    name: ClassVar[str] = "done"
    model: str
    recipe: str
    people: tuple[str, ...]
    probes: int
    missed: int
    strangers: int
    stranger_people: int
    strangers_from: str
    fpir: float
    threshold: float
    rank1: float
    tpir: Mapping[str, float]
    fpir_at_threshold: float
    tpir_at_threshold: float
    intervals: Mapping[str, tuple[float, float]]
    per_person: Mapping[str, tuple[int, int, int]]
    per_session: Mapping[str, tuple[int, int, int]]
    confusion: tuple[tuple[int, ...], ...]
    det: tuple[tuple[float, float, float], ...]
    confused: tuple[tuple[str, str, float, float, str, str], ...] = ()
    suspects: tuple[tuple[str, str, str, str], ...] = ()
    leakage: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""
    warnings: tuple[str, ...] = ()
    report: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeOffDone(Event):
    """Ways to recognise, compared on one gallery, one set of probes and the same strangers.

    `rows` hold, each for one contestant: `contestant`; `rank1`; `tpir` at the share `fpir` of
    these strangers; `threshold`, `fpir_at_default` and `tpir_at_default` at its own default
    threshold; `milliseconds` of one core a face (median); `megabytes` on disk. Shares are 0..1,
    NaN where there are no strangers. `strangers` searches by `stranger_people`
    different people, `strangers_from` as in EvaluateDone. `probes` counts those in which no face
    was found (`missed`) too. `notes` are sentences for an operator.
    """

    name: ClassVar[str] = "done"
    rows: tuple[Mapping[str, Any], ...]
    people: int
    enrolled: int
    probes: int
    missed: int
    strangers: int
    stranger_people: int
    strangers_from: str
    fpir: float
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


# --- recognition --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen(Event):
    """One face in one frame, searched in the gallery.

    `person` is the name that was decided, or None; `decision` is known, unsure or unknown.
    `candidate` is the best match whatever its score. `votes` of the last `of` frames of this
    track agree. `stale` says that the person's pictures changed since the model was trained.
    """

    name: ClassVar[str] = "face"
    source: str
    frame: int
    seconds: float
    box: BoxTuple
    track: int
    candidate: str
    score: float
    threshold: float
    runner_up: str | None
    runner_up_score: float
    person: str | None
    decision: str
    votes: int
    of: int
    stale: bool
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFace(Event):
    """No face was found in this picture (folder sources with `--each`)."""

    name: ClassVar[str] = "no_face"
    source: str
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionRate(Event):
    """How recognition keeps up: frames a second, frames dropped so far, faces in view."""

    name: ClassVar[str] = "rate"
    lossy: ClassVar[bool] = True
    fps: float
    frames: int
    dropped: int
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseDone(Event):
    """Recognition is over. `people` maps a name (or "unknown") to the faces so decided."""

    name: ClassVar[str] = "done"
    frames: int
    faces: int
    fps: float
    dropped: int = 0
    people: Mapping[str, int] = field(default_factory=dict)
