"""Events of split, training, evaluation and recognition, and why a face was decided as it was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

from engine.contract.events_base import BoxTuple, Event, Warned
from engine.text import many


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDone(Event):
    """Pictures in each part; `people` maps a name to its counts in train, validation, test."""

    name: ClassVar[str] = "done"
    train: int
    validation: int
    test: int
    people: Mapping[str, Mapping[str, int]]
    warnings: tuple[Warned, ...]
    mode: str
    seed: int
    shares: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesProgress(Event):
    """Features are ready for `done` of `total` pictures; `cached` of them were before."""

    name: ClassVar[str] = "features"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochDone(Event):
    """One epoch of training. `best` is the best epoch so far (1-based). NaN: no such data.

    `tpir` is the share of held-out pictures of enrolled people that are named rightly at the
    threshold, `fpir` the share of strangers kept out of training who are given a name.
    """

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
    tpir: float = math.nan
    fpir: float = math.nan

    @classmethod
    def from_record(cls, kept: Mapping[str, Any]) -> Self:
        """The event of `to_json`, as a file keeps it: null for NaN, and older files know fewer
        figures. Raises KeyError, TypeError or ValueError for what is none."""

        def figure(value: Any) -> float:
            return math.nan if value is None else float(value)

        names = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")
        return cls(
            epoch=int(kept["epoch"]),
            epochs=int(kept["epochs"]),
            best=int(kept["best"]),
            **{name: figure(kept[name]) for name in names},
            **{name: figure(kept.get(name)) for name in ("tpir", "fpir")},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainDone(Event):
    """A model is complete, on disk and, if `promoted`, in use.

    It is made of `pictures`; a model that had not seen the `held_out` ones among them names `named`
    of these rightly. `why` is a sentence about its use, empty if there was no model before; where
    the two were compared, on `probes` pictures, the model before named `named_before` rightly and
    the new one `named_now`. `warnings` ask for better pictures, `details` are statistics.
    """

    name: ClassVar[str] = "done"
    model: str
    recipe: str
    seconds: float
    epochs: int
    best_epoch: int
    promoted: bool
    people: tuple[str, ...]
    metrics: Mapping[str, float]
    warnings: tuple[Warned, ...] = ()
    details: tuple[Warned, ...] = ()
    pictures: int = 0
    held_out: int = 0
    named: int = 0
    why: str = ""
    probes: int = 0
    named_before: int = 0
    named_now: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Event):
    """The threshold of a model for the people and strangers there are now.

    `job` is train, recognise or strangers. `fpir` is the target; `measured` of the operator's
    own strangers were searched in a gallery of `people`, `fpir_low` and `fpir_high` are
    what that share is at least and at most, each at 95 % (0 and 1 if none were). `sentence` says
    what that means, `brief` says it in a few words, `notes` how the threshold came about.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateDone(Event):
    """How good a model honestly is. Shares are 0..1; counts of pictures unless said otherwise.

    `people` are the gallery's names in the order of `confusion`: row i are the probes of person i,
    column j how many were named person j at the threshold, the last column how many nobody.
    `probes` counts those in which no face was found (`missed`) too, and they count against every
    share; `unread` further ones cannot be read. `strangers` searches by `stranger_people` different
    people; `strangers_from` says whose: `own` (facedesk strangers), `folder` (--strangers),
    `left_out` (every enrolled person once, searched in the gallery without them),
    `own_and_left_out` or `none`. `tpir` maps an FPIR ("0.01") to the TPIR at the threshold that
    these strangers give, only where there are strangers enough for it. `intervals` maps `rank1`,
    `tpir_at_threshold`, `fpir_at_threshold` and `tpir@0.01` and so on to what the share is at least
    and at most (one-sided, each at 95 %, see `engine.recognise.calibration`). `per_person` maps a
    name, `per_session` "name/session", to (probes, right at rank 1, named rightly). `det` are
    (threshold, FPIR, FNIR), thresholds rising. `confused` are the most confused pairs: (probe's
    person, other person, score for the other, score for the own, crop of the probe, crop of the
    other), `suspects` pictures to look at: (person, crop, `two_faces`, `mislabelled`, `blurred`,
    `twin` or `crowd`, a sentence). Crops are paths.
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
    warnings: tuple[Warned, ...] = ()
    report: str = ""
    seconds: float = 0.0
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeOffDone(Event):
    """Ways to recognise, compared on one gallery, one set of probes and the same strangers.

    `rows` hold, each for one contestant: `contestant`; `rank1`; `tpir` at the share `fpir` of
    these strangers; `threshold`, `fpir_at_default` and `tpir_at_default` at its own default
    threshold; `milliseconds` of one core a face (median); `megabytes` on disk. Shares are 0..1,
    NaN where there are no strangers. `strangers` searches by `stranger_people`
    different people, `strangers_from` as in EvaluateDone. `probes` counts those in which no face
    was found (`missed`) too, not the `unread` ones. `notes` are sentences for an operator.
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
    unread: int = 0


WHOSE: Mapping[str, str] = {
    "own": "your own strangers",
    "folder": "the strangers of the folder",
    "left_out": "each enrolled person among the others",
    "own_and_left_out": "your own, and each enrolled person among the others",
    "none": "nobody",
}
"""Whose searches an FPIR was measured on (`strangers_from`), in words."""


def rests_on(done: EvaluateDone | BakeOffDone) -> tuple[str, str]:
    """What the figures rest on, in words: the probes, and the strangers' searches."""
    unread = f", {done.unread} more cannot be read" if done.unread else ""
    probes = f"{many(done.probes, 'probe')}, {done.missed} without a face{unread}"
    if not done.strangers:
        return probes, "no search by a stranger"
    searches = many(done.strangers, "search", "searches")
    people = many(done.stranger_people, "stranger")
    return probes, f"{searches} by {people}: {WHOSE[done.strangers_from]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen(Event):
    """One face in one frame, searched in the gallery.

    `person` is the name that was decided, or None; `decision` is known, unsure or unknown.
    `candidate` is the best match whatever its score, `candidate_id` who that is for good, whatever
    the name (empty in recordings of before). `votes` of the last `of` frames of this
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
    candidate_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFace(Event):
    """No face was found in this picture (folder sources with `--each`), or it is `unread`: it
    cannot be read."""

    name: ClassVar[str] = "no_face"
    source: str
    frame: int
    unread: bool = False


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


class Rule(StrEnum):
    """The rule of `engine.recognise.tracking.decide` that settled a decision."""

    TOO_FEW_FRAMES = "too_few_frames"
    BELOW_THRESHOLD = "below_threshold"
    NO_MAJORITY = "no_majority"
    MAJORITY = "majority"
    SAME_NAME = "same_name"
    """Another face of the frame has the name, and matches better."""


NearCrop = tuple[str, str, float]
"""Name of an enrolled person, path of one of their crops below the workspace, and its likeness:
the cosine of its embedding and the probe's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(Event):
    """What the last decision about a track rests on.

    `rule` is a value of `Rule`; `decision`, `candidate`, the scores and
    votes are those of the track's last `FaceSeen`, and `margin` is score less runner-up score.
    `window` frames at most are fused, `least` at least are needed; both are 1 for a picture that
    stands for itself. `gates` are (refusal, value of the newest crop, limit of enrolment) of the
    quality gates that an operator can judge it by (`engine.faces.refusal`); `eyes_found` is None
    where it is not known. `nearest` are the enrolled crops most like the probe among
    `compared` ones whose features are cached. `opinions` are (network, match 0 to 100 with the
    threshold at 50) of each network by itself.
    `crop` is the probe as a PNG of 160 x 160 pixels.
    """

    name: ClassVar[str] = "why"
    source: str
    frame: int
    seconds: float
    track: int
    decision: str
    rule: str
    person: str | None
    candidate: str
    score: float
    threshold: float
    runner_up: str | None
    runner_up_score: float
    margin: float
    votes: int
    of: int
    window: int
    least: int
    stale: bool
    gates: tuple[tuple[str, float, float], ...]
    eyes_found: bool | None
    nearest: tuple[NearCrop, ...]
    compared: int
    opinions: tuple[tuple[str, float], ...] = ()
    crop: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToExplain(Event):
    """There is no decision about this track (None: about anybody) any more, or not yet."""

    name: ClassVar[str] = "nothing_to_explain"
    track: int | None
