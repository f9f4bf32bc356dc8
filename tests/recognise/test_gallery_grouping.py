"""Grouping: who is alike stands together, and one blurred face joins nobody."""

from __future__ import annotations

import numpy as np

from engine.model.face_space import SAME_STRANGER
from engine.model.vectors import unit
from engine.recognise.gallery import group
from tests.recognise.made_up import DIMS, near, vectors

ANNA, BERT = vectors(2, 9)


def test_sightings_of_one_person_stand_together_numbered_by_the_first() -> None:
    rows = np.stack(
        [near(BERT, 0.8, 1), near(ANNA, 0.8, 2), near(BERT, 0.8, 3), near(ANNA, 0.8, 4)]
    )
    assert group(rows).tolist() == [0, 1, 0, 1]


def test_strangers_to_each_other_stay_apart() -> None:
    assert group(vectors(6, 5)).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_face_between_two_people_does_not_chain_them_together() -> None:
    anna = [near(ANNA, 0.95, seed) for seed in range(3)]
    bert = [near(BERT, 0.95, seed + 10) for seed in range(3)]
    between = unit(ANNA + BERT)
    groups = group(np.stack([*anna, *bert, between])).tolist()
    assert len(set(groups[:3])) == len(set(groups[3:6])) == 1
    assert groups[0] != groups[3]
    assert float(between @ ANNA) > SAME_STRANGER < float(between @ BERT)


def test_nobody_makes_no_group_and_one_makes_one() -> None:
    assert group(np.empty((0, DIMS), np.float32)).tolist() == []
    assert group(vectors(1, 1)).tolist() == [0]


def test_a_pair_apart_is_in_no_group_however_alike_it_is() -> None:
    rows = np.stack([ANNA, ANNA, near(ANNA, 0.9, 1)])
    groups = group(rows, apart=[(1, 0)]).tolist()
    assert groups == [0, 1, 0]


def test_two_groups_that_hold_a_pair_apart_never_join() -> None:
    rows = np.stack([*(near(ANNA, 0.95, seed) for seed in range(6)), BERT])
    groups = group(rows, apart=[(0, 3)])
    assert len(set(groups.tolist())) == 3
    assert groups[0] != groups[3]
    assert (group(rows)[:6] == 0).all()
    assert np.array_equal(groups, group(rows, apart=[(3, 0), (0, 3)]))
