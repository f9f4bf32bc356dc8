"""Shares, intervals and curves from chosen scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.evaluate.figures import FPIRS, Figures, Trial, enough, fpir_bounds, measure
from engine.recognise.calibration import bounds
from tests.evaluate.made_up import probes, strangers

NAMES = ("Anna", "Bert")
FOUR = [[0.5, 0.0], [0.2, 0.0], [0.0, 0.4], [0.3, 0.1]]
"""Right and named, right and below the threshold, right and named, wrong and named."""


def figures(threshold: float = 0.3, **more: object) -> Figures:
    given = {
        "probes": probes(FOUR, [0, 0, 1, 1]),
        "strangers": strangers([0.1, 0.2, 0.35, 0.25], [0, 0, 1, 2]),
        **more,
    }
    return measure(NAMES, threshold=threshold, dial=0.01, **given)  # type: ignore[arg-type]


def test_rank_one_asks_for_the_right_person_whatever_the_score() -> None:
    assert figures().rank1 == 0.75


def test_tpir_at_the_threshold_asks_for_the_right_name() -> None:
    assert figures().tpir_at_threshold == 0.5
    assert figures(threshold=0.1).tpir_at_threshold == 0.75


def test_fpir_at_the_threshold_counts_searches() -> None:
    assert figures().fpir_at_threshold == 0.25
    assert figures().named_people == 1


def test_a_probe_without_a_face_counts_against_every_share() -> None:
    found = figures(probes=probes(FOUR, [0, 0, 1, 1], [(1, "Bert/x")]))
    assert (found.probes, found.missed) == (5, 1)
    assert (found.rank1, found.tpir_at_threshold) == (0.6, 0.4)
    assert found.per_person["Bert"] == (3, 1, 1)
    assert found.per_session["Bert/x"] == (1, 0, 0)


def test_counts_are_told_for_each_person_and_session() -> None:
    assert figures().per_person == {"Anna": (2, 2, 1), "Bert": (2, 1, 1)}
    assert figures().per_session == {"person 0/session": (2, 2, 1), "person 1/session": (2, 1, 1)}


def test_a_tpir_is_told_only_where_the_strangers_can_show_its_fpir() -> None:
    assert figures().tpir == {}
    found = figures(strangers=strangers([0.0] * 18 + [0.25, 0.45], range(20)))
    assert found.tpir == {"0.05": 0.5, "0.1": 0.75}


@pytest.mark.parametrize(
    ("searches", "fpir", "well"),
    [
        (1000, 0.001, True),
        (999, 0.001, False),
        (100, 0.01, True),
        (20, 0.05, True),
        (9, 0.1, False),
    ],
)
def test_an_fpir_needs_as_many_searches_as_one_of_them_is_its_share(
    searches: int, fpir: float, well: bool
) -> None:
    assert enough(searches, fpir) is well


def test_tpirs_are_those_of_the_trial_at_the_dial_too() -> None:
    random = np.random.default_rng(1)
    own, other = random.normal(0.4, 0.2, 300), random.normal(0, 0.1, 300)
    best = random.normal(0, 0.1, 1000)
    trial = Trial(np.stack([own, other], 1), np.zeros(300, int), np.stack([best, best - 1], 1))
    found = measure(
        NAMES,
        probes(np.stack([own, other], 1).tolist(), [0] * 300),
        strangers(best.tolist(), range(1000)),
        0.3,
        0.02,
    )
    assert found.tpir == {f"{f:g}": trial.tpir_at(f) for f in sorted((*FPIRS, 0.02))}
    assert found.rank1 == trial.rank1()


def test_bounds_of_shares_of_probes_take_each_probe_for_a_trial() -> None:
    found = figures().intervals
    assert found["rank1"] == bounds(3, 4)
    assert found["tpir_at_threshold"] == bounds(2, 4)


def test_the_bounds_of_the_fpir_takes_each_stranger_for_a_trial() -> None:
    found = figures(strangers=strangers([0.1] * 30, [0, 1, 2] * 10)).intervals
    assert found["fpir_at_threshold"] == bounds(0, 3)


def test_a_stranger_named_once_counts_as_named_for_the_upper_bound_only() -> None:
    low, high = fpir_bounds(0.1, named_people=10, people=10)
    assert high == 1.0
    assert low == bounds(1, 10)[0] < 0.1


def test_the_bounds_of_the_fpir_holds_the_share_even_if_one_stranger_made_most_searches() -> None:
    low, high = fpir_bounds(100 / 109, named_people=1, people=10)
    assert low < 100 / 109 < high


def test_without_strangers_there_is_no_fpir() -> None:
    found = figures(strangers=None)
    assert math.isnan(found.fpir_at_threshold)
    assert found.tpir == {}
    assert found.det == ()
    assert "fpir_at_threshold" not in found.intervals


def test_without_a_face_in_any_probe_every_share_is_zero() -> None:
    nothing = probes(np.empty((0, 2)), [], [(0, "Anna/x"), (1, "Bert/x")])
    found = figures(probes=nothing)
    assert (found.probes, found.rank1, found.tpir_at_threshold) == (2, 0, 0)


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="no probe"):
        figures(probes=probes(np.empty((0, 2)), []))


def test_the_det_curve_runs_from_everybody_named_to_nobody() -> None:
    det = figures().det
    thresholds, fpirs, fnirs = zip(*det, strict=True)
    assert list(thresholds) == sorted(thresholds)
    assert list(fpirs) == sorted(fpirs, reverse=True)
    assert list(fnirs) == sorted(fnirs)
    assert (fpirs[0], fnirs[0]) == (1.0, 0.25)
    assert (fpirs[-1], fnirs[-1]) == (0.0, 1.0)


def test_the_det_curve_stays_short() -> None:
    many = np.random.default_rng(2).normal(size=3000).tolist()
    found = figures(strangers=strangers(many, range(3000)))
    assert 150 < len(found.det) <= 200
