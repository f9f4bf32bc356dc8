"""The figures of searches in the gallery: shares with their bounds, and the DET curve.

Terms of ISO/IEC 19795-1: TPIR is the share of enrolled people's probes that return the right
person at or above the threshold, FPIR the share of strangers' searches that return anybody.
`Trial` has these formulas; the rest is persons as the trials of strangers, and how many data a
figure needs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array, Float32, Labels
from engine.recognise.calibration import Bounds, at_least, at_most, bounds
from engine.recognise.gallery import Searches


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One gallery's searches: `genuine` (n, p) scores of probes whose person is `labels` (n,),
    `strangers` (s, p) scores, `lost` probes in which no face was found (they count as missed).
    """

    genuine: Array
    labels: NDArray[np.integer]
    strangers: Array
    lost: int = 0

    @property
    def probes(self) -> int:
        """Probes, with those in which no face was found."""
        return len(self.labels) + self.lost

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the best person is the right one."""
        return np.asarray(self.genuine.argmax(1) == self.labels)

    def rank1(self) -> float:
        """Share of probes whose best match is the right person."""
        return float(self.right.sum() / self.probes)

    def threshold_at(self, fpir: float) -> float:
        """The score that the share `fpir` of these very strangers exceeds (rounded down)."""
        best = np.sort(self.strangers.max(1))[::-1]
        return float(best[int(fpir * len(best))])

    def tpir_above(self, threshold: float) -> float:
        """Share of probes that return the right person above `threshold`."""
        return float((self.right & (self.genuine.max(1) > threshold)).sum() / self.probes)

    def fpir_above(self, threshold: float) -> float:
        """Share of strangers that return anybody above `threshold`."""
        return float((self.strangers.max(1) > threshold).mean())

    def tpir_at(self, fpir: float) -> float:
        """TPIR at the threshold that gives `fpir` on these strangers."""
        return self.tpir_above(self.threshold_at(fpir))


FPIRS = (0.001, 0.01, 0.05, 0.1)
"""FPIRs at which the TPIR is told, where there are strangers enough."""
MOST_POINTS = 200
"""Points of the DET curve."""


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Searches for people of the gallery, and where they come from.

    `labels` (n,) are the right people, `groups` (n,) says "name/session", `embeddings` (n, dims)
    and `paths` (n,) are what was searched with. `missed` are probes without a face: (person,
    group); they were not searched, and count against every share.
    """

    searches: Searches
    labels: Labels
    groups: tuple[str, ...]
    embeddings: Float32
    paths: tuple[Path, ...]
    missed: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """Searches by people who are not in the gallery; `people` (s,) says by whom, 0, 1, ...

    The first `own` of them are the operator's own strangers, where others stand in beside them.
    """

    searches: Searches
    people: Labels
    own: int = 0

    @property
    def count(self) -> int:
        """How many different people they are."""
        return len(np.unique(self.people))


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; the meaning of each is that of the same field of `EvaluateDone`.

    `named_people` counts the strangers of whom at least one picture was named; `own_people` of the
    strangers are the operator's own, with others beside them, and `own_named` of those were named.
    """

    probes: int
    missed: int
    rank1: float
    tpir: Mapping[str, float]
    fpir_at_threshold: float
    tpir_at_threshold: float
    strangers: int
    stranger_people: int
    named_people: int
    intervals: Mapping[str, Bounds]
    per_person: Mapping[str, tuple[int, int, int]]
    per_session: Mapping[str, tuple[int, int, int]]
    det: tuple[tuple[float, float, float], ...]
    own_people: int = 0
    own_named: int = 0


def measure(
    names: Sequence[str], probes: Probes, strangers: Strangers | None, threshold: float, dial: float
) -> Figures:
    """All figures of one evaluation; `names` are the gallery's, `dial` the FPIR asked for.

    Without strangers every FPIR is NaN. The bounds of rank-1 and of TPIRs take each probe for
    a trial. A TPIR at an FPIR takes the threshold as given, as usual: how sure the
    strangers make the threshold itself is told by the bounds of the FPIR.
    """
    right = probes.searches.candidates == probes.labels
    named = right & probes.searches.named(threshold)
    total = len(probes.searches) + len(probes.missed)
    if not total:
        raise ValueError("nothing to measure: there is no probe")
    trial = Trial(
        probes.searches.candidates_only(),
        probes.labels,
        np.empty((0, len(names)), np.float32)
        if strangers is None
        else strangers.searches.candidates_only(),
        len(probes.missed),
    )
    tpir = {
        f"{fpir:g}": trial.tpir_at(fpir)
        for fpir in sorted({*FPIRS, dial})
        if enough(len(trial.strangers), fpir)
    }
    intervals = {
        "rank1": bounds(int(right.sum()), total),
        "tpir_at_threshold": bounds(int(named.sum()), total),
        **{f"tpir@{f}": bounds(round(s * total), total) for f, s in tpir.items()},
    }
    fpir, stranger_people, named_people, own_named = math.nan, 0, 0, 0
    if strangers is not None:
        stranger_people = strangers.count
        passed = strangers.searches.named(threshold)
        fpir = float(passed.mean())
        reached = np.unique(strangers.people[passed])
        named_people, own_named = len(reached), int((reached < strangers.own).sum())
        intervals["fpir_at_threshold"] = fpir_bounds(fpir, named_people, stranger_people)
    return Figures(
        probes=total,
        missed=len(probes.missed),
        rank1=trial.rank1(),
        tpir=tpir,
        fpir_at_threshold=fpir,
        tpir_at_threshold=float(named.sum() / total),
        strangers=len(trial.strangers),
        stranger_people=stranger_people,
        named_people=named_people,
        intervals=intervals,
        per_person=_counted(
            [names[label] for label in probes.labels],
            [names[label] for label, _ in probes.missed],
            right.tolist(),
            named.tolist(),
        ),
        per_session=_counted(
            probes.groups, [group for _, group in probes.missed], right.tolist(), named.tolist()
        ),
        det=det_points(trial) if strangers is not None else (),
        own_people=strangers.own if strangers is not None else 0,
        own_named=own_named,
    )


def enough(searches: int, fpir: float) -> bool:
    """Whether so many strangers' searches can show an FPIR at all: one of them is its share."""
    return round(searches * fpir, 9) >= 1


def fpir_bounds(fpir: float, named_people: int, people: int) -> Bounds:
    """The 95 % bounds of an FPIR seen on the searches of `people` strangers.

    The share itself is of searches, as ISO/IEC 19795-1 has it. But pictures of one person are
    near copies, so the independent trial is the stranger: the upper bound takes every stranger of
    whom any picture was named (`named_people`) as wholly named, or the share of searches if
    that says more; the lower end takes the lesser of the two. So the interval always holds the
    share seen, and is never narrower than so many people allow (Clopper and Pearson).
    """
    exact = round(fpir * people, 9)
    low = at_least(min(named_people, math.floor(exact)), people)
    return low, at_most(max(named_people, math.ceil(exact)), people)


def det_points(trial: Trial) -> tuple[tuple[float, float, float], ...]:
    """(threshold, FPIR, FNIR) at rising thresholds, MOST_POINTS at most.

    The thresholds are those at which something changes, the scores seen, thinned evenly; the
    first lies below all of them, where everybody is named.
    """
    seen = np.concatenate([trial.genuine.max(1), trial.strangers.max(1)]).astype(np.float32)
    steps = np.unique(seen)
    picked = np.unique(np.linspace(0, len(steps) - 1, MOST_POINTS - 1).round().astype(int))
    # The next float32 below: scores are float32, a smaller step would be lost on them.
    below = np.nextafter(steps[0], np.float32(-np.inf))
    thresholds = [float(below), *steps[picked].tolist()]
    return tuple((t, trial.fpir_above(t), 1 - trial.tpir_above(t)) for t in thresholds)


def _counted(
    groups: Sequence[str], missed: Sequence[str], right: Sequence[bool], named: Sequence[bool]
) -> dict[str, tuple[int, int, int]]:
    """(probes, right at rank 1, named rightly) of each group, in order of its name."""
    probes = Counter([*groups, *missed])
    of_right, of_named = Counter(compress(groups, right)), Counter(compress(groups, named))
    return {group: (probes[group], of_right[group], of_named[group]) for group in sorted(probes)}
