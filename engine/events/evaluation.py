"""How good a model is, and ways to recognise compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateDone(Event):
    """How good a model honestly is. Shares are 0..1; counts of pictures unless said otherwise.

    `people` are the gallery's names in the order of `confusion`: row i are the probes of person i,
    column j how many were named person j at the threshold, the last column how many nobody.
    `probes` counts those in which no face was found (`missed`) too, and they count against every
    share. `strangers` searches by `stranger_people` different people; `strangers_from` says whose:
    `own` (facedesk strangers), `folder` (--strangers), `left_out` (every enrolled person once,
    searched in the gallery without them), `own_and_left_out` or `none`. `tpir` maps an FPIR
    ("0.01") to the TPIR at the threshold that these strangers give, only where there are strangers
    enough for it. `intervals` maps `rank1`, `tpir_at_threshold`, `fpir_at_threshold` and
    `tpir@0.01` and so on to what the share is at least and at most (one-sided, each at 95 %, see
    `engine.recognise.intervals`). `per_person` maps a name, `per_session` "name/session", to
    (probes, right at rank 1, named rightly). `det` are (threshold, FPIR, FNIR), thresholds rising.
    `confused` are the most confused pairs: (probe's person, other person, score for the other,
    score for the own, crop of the probe, crop of the other), `suspects` pictures to look at:
    (person, crop, `two_faces`, `mislabelled`, `blurred`, `twin` or `crowd`, a sentence). Crops are
    paths.
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
