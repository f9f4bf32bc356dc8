"""The leakage meter on made-up recordings, in which neighbouring frames are near copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.dataset.split import Split, make_split
from engine.evaluate.pictures import EnrolledPictures
from engine.evaluate.suspects import leakage, random_split
from engine.model.face_space import FaceSpace
from engine.people.person import Person
from engine.settings import SplitSettings
from engine.workspace.identity import PARTS
from tests.evaluate.made_up import person
from tests.recognise.made_up import near, vectors

PEOPLE = tuple(person(f"P{n}", {"s1": 40, "s2": 40, "s3": 40}) for n in range(6))
SETTINGS = SplitSettings(train=0.6, validation=0.2, test=0.2)


def recorded(people: tuple[Person, ...], drift: float) -> EnrolledPictures:
    """Each session shows its own place, as far from its person as `drift` says."""
    rows, labels, keys = [], [], []
    for label, who in enumerate(people):
        for number, session in enumerate(who.sessions):
            place = near(vectors(6, 11)[label], drift, 100 * label + number)
            for frame, picture in enumerate(session.pictures):
                rows.append(near(place, 0.8, 10_000 * label + 100 * number + frame))
                labels.append(label)
                keys.append(f"{session.id}/{picture}")
    paths = tuple(Path(key) for key in keys)
    return EnrolledPictures(people, np.stack(rows), np.array(labels), tuple(keys), paths)


def test_a_random_split_looks_better_where_sessions_differ(space: FaceSpace) -> None:
    split = make_split(PEOPLE, SETTINGS)
    found = leakage(recorded(PEOPLE, drift=0.15), split, space, 0.01)
    assert found["random_rank1"] - found["rank1"] > 0.1
    assert found["random_tpir"] - found["tpir"] > 0.1


def test_without_copies_both_splits_agree(space: FaceSpace) -> None:
    split = make_split(PEOPLE, SETTINGS)
    found = leakage(recorded(PEOPLE, drift=0.95), split, space, 0.01)
    assert found["random_rank1"] == pytest.approx(found["rank1"], abs=0.02)
    assert found["random_tpir"] == pytest.approx(found["tpir"], abs=0.05)


def test_the_random_split_has_the_same_pictures_shares_and_seed() -> None:
    split = make_split(PEOPLE, SETTINGS)
    listed = split.people["p0"]
    fewer = Split(
        split.seed,
        split.mode,
        split.shares,
        {**split.people, "p0": {**listed, "train": listed["train"][:5]}},
    )
    mixed = random_split(PEOPLE, fewer)
    assert (mixed.seed, mixed.shares, mixed.mode) == (split.seed, split.shares, "random")
    for who in PEOPLE:
        before = {key for part in PARTS for key in fewer.people[who.slug][part]}
        after = {key for part in PARTS for key in mixed.people[who.slug][part]}
        assert before == after


def test_a_random_split_in_use_has_nothing_to_be_compared_with(space: FaceSpace) -> None:
    split = make_split(PEOPLE, SETTINGS, random=True)
    assert leakage(recorded(PEOPLE, 0.5), split, space, 0.01) == {}


def test_somebody_without_training_pictures_leaves_it_unmeasured(space: FaceSpace) -> None:
    split = make_split(PEOPLE[1:], SETTINGS)
    assert leakage(recorded(PEOPLE, 0.5), split, space, 0.01) == {}
