"""Who is taken for whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.evaluate.pictures import (
    ConfusedPair,
    EnrolledPictures,
    confused_pairs,
    confusion_matrix,
)
from engine.recognise.gallery import Searches
from tests.evaluate.made_up import person, probes
from tests.recognise.made_up import near, vectors

SCORES = [[0.6, 0.1, 0.0], [0.2, 0.5, 0.0], [0.1, 0.4, 0.0], [0.2, 0.1, 0.1]]
LABELS = [0, 0, 1, 2]
CENTRES = vectors(3, 7)
GALLERY = EnrolledPictures(
    tuple(person(name, {}) for name in ("Anna", "Bert", "Cleo")),
    np.stack([near(CENTRES[0], 0.9, 1), near(CENTRES[1], 0.5, 2), near(CENTRES[1], 0.9, 3)]),
    np.array([0, 1, 1]),
    ("s1/1.png", "s1/1.png", "s1/2.png"),
    (Path("a.png"), Path("far.png"), Path("close.png")),
)


def pairs(threshold: float = 0.3) -> tuple[ConfusedPair, ...]:
    shown = probes(SCORES, LABELS, embeddings=CENTRES[[0, 1, 1, 2]])
    return confused_pairs(shown, threshold, GALLERY)


def test_rows_are_people_columns_answers_and_the_last_one_nobody() -> None:
    assert confusion_matrix(probes(SCORES, LABELS), 3, 0.3) == (
        (1, 1, 0, 0),
        (0, 1, 0, 0),
        (0, 0, 0, 1),
    )


def test_a_probe_without_a_face_is_named_nobody() -> None:
    found = confusion_matrix(probes(SCORES, LABELS, [(1, "x")]), 3, 0.3)
    assert found[1] == (0, 1, 0, 1)
    assert sum(map(sum, found)) == 5


def test_pairs_come_worst_first_with_the_picture_most_alike() -> None:
    first, *others = pairs()
    assert (first.person, first.other, first.probe) == ("Anna", "Bert", "1.png")
    assert first.score > first.own_score
    assert first.picture == "close.png"
    assert [pair[:2] for pair in others] == [("Cleo", "Anna"), ("Cleo", "Bert")]


def test_a_right_answer_confuses_nobody_unless_the_other_would_be_named_too() -> None:
    assert all(pair.probe != "0.png" for pair in pairs())
    assert ("Anna", "Bert") in {pair[:2] for pair in pairs(threshold=0.05)}


def test_a_pair_is_told_once_with_its_worst_probe() -> None:
    shown = probes([[0.1, 0.2], [0.1, 0.5]], [0, 0], embeddings=CENTRES[:2])
    found = confused_pairs(shown, 0.9, GALLERY)
    assert [(pair.probe, *pair[:2]) for pair in found] == [("1.png", "Anna", "Bert")]


def test_what_a_classifier_proposes_wrongly_is_confused() -> None:
    wrong = Searches(np.float32([[0.6, 0.1]]), np.float32([[0.1, 0.9]]))
    made = probes([[0.6, 0.1]], [0], embeddings=CENTRES[:1])
    found = confused_pairs(replace(made, searches=wrong), 0.9, GALLERY)
    assert [pair[:2] for pair in found] == [("Anna", "Bert")]


def test_another_persons_picture_may_be_unknown() -> None:
    shown = probes([[0.1, 0.0, 0.2]], [0], embeddings=CENTRES[:1])
    (pair,) = confused_pairs(shown, 0.9, GALLERY)
    assert pair.picture == ""
