"""Pictures of the gallery that deserve a look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluate.pictures import EnrolledPictures
from engine.evaluate.suspects import MOST_SUSPECTS, Suspect, own_excluded_scores, suspects
from engine.model.face_space import FaceSpace
from engine.model.vectors import class_centres, cohort_scores
from tests.evaluate.made_up import person
from tests.recognise.made_up import near, vectors

PEOPLE = tuple(person(name, {}) for name in ("Anna", "Bert", "Cleo"))
EACH = 8
THRESHOLD = 0.2


def pictured(rows: NDArray[np.float32], labels: list[int]) -> EnrolledPictures:
    keys = tuple(f"s/{n}.png" for n in range(len(rows)))
    return EnrolledPictures(PEOPLE, rows, np.array(labels, int), keys, tuple(map(Path, keys)))


def gathered(labels: list[int] | None = None, who: list[int] | None = None) -> EnrolledPictures:
    """Eight pictures of each person; `who` is in them, `labels` says whose they are."""
    centres = vectors(4, 90)
    shown = who or [0] * EACH + [1] * EACH + [2] * EACH
    rows = np.stack([near(centres[person], 0.75, n) for n, person in enumerate(shown)])
    given = labels or [0] * EACH + [1] * EACH + [2] * EACH
    return pictured(rows, given)


def found(
    pictures: EnrolledPictures,
    space: FaceSpace,
    soft: tuple[int, ...] = (),
    crowded: tuple[int, ...] = (),
) -> tuple[Suspect, ...]:
    """`soft` are blurred, `crowded` from photographs with two other faces."""
    sharpness = np.full(len(pictures.labels), 400.0)
    sharpness[list(soft)] = 50.0
    others = np.zeros(len(pictures.labels), np.int64)
    others[list(crowded)] = 2
    return suspects(pictures, space, THRESHOLD, None, lambda _: sharpness, lambda _: others)


def test_a_clean_gallery_has_no_suspects(space: FaceSpace) -> None:
    assert found(gathered(), space) == ()


def test_a_picture_of_somebody_else_is_mislabelled(space: FaceSpace) -> None:
    who = [0] * EACH + [1] * EACH + [2] * EACH
    who[3] = 1
    (suspect,) = found(gathered(who=who), space)
    assert suspect[:3] == ("Anna", "s/3.png", "mislabelled")
    assert "looks like Bert" in suspect.sentence


def test_a_picture_of_an_unknown_third_person_is_not_called_mislabelled(space: FaceSpace) -> None:
    who = [0] * EACH + [1] * EACH + [2] * EACH
    who[3] = 3
    assert found(gathered(who=who), space) == ()


def test_a_person_enrolled_twice_is_a_twin_and_not_mislabelled(space: FaceSpace) -> None:
    (suspect,) = found(gathered(who=[0] * EACH + [1] * EACH + [0] * EACH), space)
    assert (suspect.person, suspect.kind) == ("Anna", "twin")
    assert "Anna and Cleo" in suspect.sentence


def test_a_picture_far_softer_than_the_others_is_blurred(space: FaceSpace) -> None:
    (suspect,) = found(gathered(), space, soft=(9,))
    assert suspect[:3] == ("Bert", "s/9.png", "blurred")
    assert "is 50" in suspect.sentence


def test_a_person_with_a_soft_camera_is_blurred_beside_the_others(space: FaceSpace) -> None:
    kinds = {suspect.person for suspect in found(gathered(), space, soft=tuple(range(EACH)))}
    assert kinds == {"Anna"}


def test_the_list_stays_short(space: FaceSpace) -> None:
    rng_labels = [0] * 30 + [1] * 70
    rows = np.stack([near(vectors(1, 5)[0], 0.5, n) for n in range(100)])
    assert len(found(pictured(rows, rng_labels), space, soft=tuple(range(25)))) == MOST_SUSPECTS


def test_two_pictures_are_too_few_to_judge_one_by_the_other(space: FaceSpace) -> None:
    pictures = gathered(labels=[0] * 2 + [1] * (2 * EACH - 2), who=[0, 1] + [1] * (2 * EACH - 2))
    assert [s for s in found(pictures, space) if s.kind == "mislabelled"] == []


def test_no_pictures_no_suspects(space: FaceSpace) -> None:
    assert found(pictured(np.empty((0, 64), np.float32), []), space) == ()


def test_a_pictures_own_centre_is_made_without_it(space: FaceSpace) -> None:
    pictures = gathered()
    scores = own_excluded_scores(pictures, space)
    rest = np.arange(len(pictures.labels)) != 4
    centres = class_centres(pictures.embeddings[rest], pictures.labels[rest], 3)
    wanted = cohort_scores(pictures.embeddings[4:5], centres, space.cohort)[0]
    assert scores[4].tolist() == pytest.approx(wanted.tolist(), abs=1e-5)


def test_a_picture_of_somebody_unknown_from_a_crowd_is_told(space: FaceSpace) -> None:
    who = [0] * EACH + [1] * EACH + [2] * EACH
    who[5] = 3
    (suspect,) = found(gathered(who=who), space, crowded=(5,))
    assert suspect[:3] == ("Anna", "s/5.png", "crowd")
    assert "2 more faces" in suspect.sentence


def test_a_picture_from_a_crowd_that_looks_like_its_person_is_no_suspect(space: FaceSpace) -> None:
    assert found(gathered(), space, crowded=(0, 9)) == ()
