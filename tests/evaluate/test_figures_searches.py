"""Single searches are judged as live recognition judges single pictures."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.recognise.gallery import Searches
from engine.recognise.recogniser import Recogniser
from engine.settings import RecognitionSettings
from tests.evaluate.made_up import searches
from tests.recognise.made_up import PaintedExtractor, near, vectors
from tests.recognise.test_recogniser import model_of

BOX = (0, 0, 80, 80)


def test_the_candidate_is_who_scores_best_and_is_named_from_the_threshold_on() -> None:
    found = searches([[0.5, 0.1], [0.1, 0.25], [0.2, 0.1]])
    assert found.candidates.tolist() == [0, 1, 0]
    assert found.named(0.25).tolist() == [True, True, False]


def test_a_classifier_proposes_the_candidate_and_the_candidates_own_score_decides() -> None:
    scores, says = np.float32([[0.9, 0.1]]), np.float32([[0.2, 0.8]])
    found = Searches(scores, says)
    assert found.candidates.tolist() == [1]
    assert found.best.tolist() == scores[:, 1].tolist()
    assert not found.named(0.5).any()
    assert found.candidates_only().tolist() == [[-np.inf, scores[0, 1]]]


def test_a_person_left_out_is_neither_candidate_nor_score() -> None:
    found = searches([[0.9, 0.1, 0.3], [0.2, 0.8, 0.4]]).without(np.array([0, 1]))
    assert found.candidates.tolist() == [2, 2]
    assert found.scores[[0, 1], [0, 1]].tolist() == [-np.inf, -np.inf]


def test_answers_are_those_of_live_recognition_with_every_picture_on_its_own(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, RecognitionSettings())
    faces = [
        near(who, 0.35 + 0.05 * (n % 8), n) for n, who in enumerate(vectors(3, 50).repeat(8, 0))
    ]
    crops = np.stack([painter.paint(face) for face in faces])
    found = recogniser.gallery.search(space.embed(painter.extract(crops)))
    named = found.named(recogniser.threshold)
    for row, crop in enumerate(crops):
        (seen,) = recogniser.observe("a", row, 0, [BOX], crop[None], single=True)
        assert seen.candidate == recogniser.names[found.candidates[row]]
        # A search's score is relative to the gallery's threshold, an event's to the person's own.
        margin = float(found.best[row]) - recogniser.threshold
        assert seen.score - seen.threshold == pytest.approx(margin, abs=1e-6)
        assert (seen.person is not None) == named[row]
    assert 0 < named.sum() < len(named)
