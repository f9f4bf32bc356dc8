"""The promotion gate: when a new model is put in use, and when it is kept aside."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract.errors import ModelCorrupt
from engine.jobs.gate import (
    Gatekeeper,
    Probes,
    hits_of,
    judge,
    named_of,
    why_not_comparable,
)
from engine.model.face_space import FaceSpace
from engine.model.record import ModelInfo, StoredModel
from engine.recognise.threshold import StrangerSet
from engine.workspace.folder import Workspace
from tests.model.test_store import draft
from tests.recognise.made_up import DIMS, near, vectors

ANNA, BERT, CLEO = vectors(3, 50)
SLUGS = ("anna", "bert", "cleo")
ALL = frozenset(SLUGS)


def answers(*runs: tuple[int, bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Old and new hits: so many probes with this old and this new answer, one run after another."""
    old = [before for count, before, _ in runs for _ in range(count)]
    new = [after for count, _, after in runs for _ in range(count)]
    return np.array(old, bool), np.array(new, bool)


NONE = np.empty(0, bool)


def judged(*runs: tuple[int, bool, bool], strangers: tuple[int, bool, bool] | None = None):
    """The verdict over such probes, and over strangers: so many, named by the old, by the new."""
    named = answers(strangers) if strangers else (NONE, NONE)
    return judge(*answers(*runs), *named)


def model(*people: tuple[str, np.ndarray], **info: Any) -> StoredModel:
    labels = tuple((slug, slug.title(), "r1") for slug, _ in people)
    given = {"recipe": "head", "threshold": 0.2, "calibration": {"fpir": 0.01}, **info}
    return StoredModel(
        ModelInfo(id="m", people=labels, **given), np.stack([c for _, c in people]), {}
    )


def probes(*pairs: tuple[str, np.ndarray]) -> Probes:
    crops = np.zeros((len(pairs), 160, 160, 3), np.uint8)
    return Probes(np.stack([e for _, e in pairs]), [slug for slug, _ in pairs], lambda: crops)


# --- the rule -----------------------------------------------------------------------------------


def test_a_model_that_answers_alike_is_promoted() -> None:
    verdict = judged((40, True, True), (5, False, False))
    assert verdict.promote
    assert (verdict.probes, verdict.old_hits, verdict.new_hits) == (45, 40, 40)
    assert (verdict.lost, verdict.gained) == (0, 0)


@pytest.mark.parametrize(("lost", "promoted"), [(4, True), (5, False), (50, False)])
def test_a_few_losses_may_be_chance_and_five_in_a_row_are_not(lost: int, promoted: bool) -> None:
    assert judged((100, True, True), (lost, True, False)).promote is promoted


@pytest.mark.parametrize(
    ("lost", "gained", "promoted"),
    [(7, 1, False), (6, 1, True), (10, 10, True), (12, 4, False), (11, 4, True), (2, 9, True)],
)
def test_gains_make_up_for_losses_as_the_exact_sign_test_says(
    lost: int, gained: int, promoted: bool
) -> None:
    verdict = judged((30, True, True), (lost, True, False), (gained, False, True))
    assert verdict.promote is promoted
    assert (verdict.lost, verdict.gained) == (lost, gained)
    assert verdict.new_hits - verdict.old_hits == gained - lost


def test_probes_on_which_both_agree_change_nothing() -> None:
    few, many = judged((5, True, False)), judged((5, True, False), (900, True, True))
    assert few.promote is many.promote is False


def test_without_probes_nothing_speaks_against_the_new_one() -> None:
    assert judged().promote


def test_hits_of_other_probes_are_refused() -> None:
    with pytest.raises(ValueError, match="same probes"):
        judge(np.ones(3, bool), np.ones(4, bool), NONE, NONE)


def test_the_sentence_gives_the_counts() -> None:
    sentence = judged((20, True, True), (6, True, False)).sentence
    assert sentence == "It names 20 of 26 held-out pictures rightly, the model before 26."


@pytest.mark.parametrize(("more", "promoted"), [(4, True), (5, False), (40, False)])
def test_a_model_that_names_more_strangers_beyond_chance_is_kept_aside(
    more: int, promoted: bool
) -> None:
    verdict = judged((100, True, True), strangers=(more, False, True))
    assert verdict.promote is promoted
    assert (verdict.strangers, verdict.old_named, verdict.new_named) == (more, 0, more)
    assert ("strangers" in verdict.sentence) is not promoted


def test_a_model_that_names_fewer_strangers_is_promoted() -> None:
    assert judged((100, True, True), strangers=(40, True, False)).promote


# --- hits ---------------------------------------------------------------------------------------


def test_a_hit_is_the_right_person_at_the_threshold(space: FaceSpace) -> None:
    shown = probes(
        ("anna", near(ANNA, 0.8, 1)),  # named
        ("anna", near(ANNA, 0.3, 2)),  # nearest, but below the threshold
        ("bert", near(ANNA, 0.8, 3)),  # named, but wrongly
    )
    found = hits_of(model(("anna", ANNA), ("bert", BERT)), shown, space, 0.01, ALL)
    assert found.tolist() == [True, False, False]


STRICT = {"anna": {"pictures": 20, "mean": 1.7, "low": 1.6}}


def test_each_model_is_judged_at_its_own_thresholds(space: FaceSpace) -> None:
    shown = probes(("anna", near(ANNA, 0.8, 1)))
    strict = model(("anna", ANNA), calibration={"own": STRICT})
    assert hits_of(model(("anna", ANNA)), shown, space, 0.01, ALL).all()
    assert not hits_of(strict, shown, space, 0.01, ALL).any()


def test_the_present_dial_counts_not_that_of_training(space: FaceSpace) -> None:
    shown = probes(("anna", near(ANNA, 0.8, 1)))
    trained_strictly = model(("anna", ANNA), threshold=0.9, calibration={"fpir": 0.0001})
    assert hits_of(trained_strictly, shown, space, 0.05, ALL).all()


# --- strangers ----------------------------------------------------------------------------------


def stand_ins(*people: tuple[str, np.ndarray]) -> StrangerSet:
    """One picture each; an empty slug is a stranger of the operator's own."""
    return StrangerSet(
        np.stack([e for _, e in people]), np.arange(len(people)), tuple(slug for slug, _ in people)
    )


def test_an_enrolled_person_stands_in_without_themselves_in_the_gallery(space: FaceSpace) -> None:
    known = model(("anna", ANNA), ("bert", near(ANNA, 0.9, 5)), ("cleo", CLEO))
    shown = stand_ins(("anna", near(ANNA, 0.9, 1)), ("cleo", near(CLEO, 0.9, 2)))
    assert named_of(known, shown, space, 0.01, ALL).tolist() == [True, False]


def test_a_stranger_is_searched_in_the_whole_gallery(space: FaceSpace) -> None:
    known = model(("anna", ANNA), ("bert", BERT))
    shown = stand_ins(("", near(BERT, 0.9, 1)), ("", vectors(1, 51)[0]))
    assert named_of(known, shown, space, 0.01, ALL).tolist() == [True, False]


def test_one_named_picture_counts_the_person(space: FaceSpace) -> None:
    rows = np.stack([near(BERT, 0.9, 1), vectors(1, 51)[0]])
    shown = StrangerSet(rows, np.zeros(2, np.intp), ("",))
    assert named_of(model(("bert", BERT)), shown, space, 0.01, ALL).tolist() == [True]


def test_who_is_no_longer_enrolled_stands_in_nobodys_way(space: FaceSpace) -> None:
    twins = model(("cleo", near(ANNA, 0.95, 4)), ("anna", near(ANNA, 0.9, 5)))
    shown = probes(("anna", near(ANNA, 0.9, 4)))
    assert not hits_of(twins, shown, space, 0.01, ALL).any()
    assert hits_of(twins, shown, space, 0.01, ALL - {"cleo"}).all()


def test_a_classifier_proposes_and_the_score_decides(space: FaceSpace) -> None:
    shown = probes(("anna", near(ANNA, 0.8, 1)), ("bert", near(BERT, 0.8, 2)))
    known = model(("anna", ANNA), ("bert", BERT), recipe="classic")

    def always_anna(crops: np.ndarray) -> np.ndarray:
        return np.tile(np.array([1.0, 0.0], np.float32), (len(crops), 1))

    assert hits_of(known, shown, space, 0.01, ALL, always_anna).tolist() == [True, False]


def test_a_threshold_that_is_no_number_is_an_error(space: FaceSpace) -> None:
    damaged = model(("anna", ANNA), threshold=float("nan"))
    with pytest.raises(ModelCorrupt):
        hits_of(damaged, probes(("anna", ANNA)), space, 0.01, ALL)


# --- what can be compared -----------------------------------------------------------------------


def test_models_of_one_space_and_one_set_of_weights_are_comparable() -> None:
    old, new = (
        model(("a", centre), details={"face_space": "f", "weights": "w"}) for centre in (ANNA, BERT)
    )
    assert why_not_comparable(old, new, frozenset("a")) == ""


@pytest.mark.parametrize("detail", ["face_space", "weights"])
def test_models_of_other_spaces_or_weights_are_not(detail: str) -> None:
    old, new = (model(("a", ANNA), details={detail: value}) for value in ("one", "other"))
    assert "could not be compared" in why_not_comparable(old, new, frozenset("a"))


def test_models_of_other_dimensions_are_not() -> None:
    other = dataclasses.replace(model(("a", ANNA)), centres=np.ones((1, DIMS + 1), np.float32))
    assert "another face space" in why_not_comparable(other, model(("a", ANNA)), frozenset("a"))


def test_a_model_in_use_of_which_nobody_may_be_named_gives_way_with_a_sentence() -> None:
    why = why_not_comparable(model(("a", ANNA)), model(("b", BERT)), frozenset("b"))
    assert why.startswith("Nobody in the model in use may be named any more")


def test_a_model_of_which_nobody_may_be_named_is_kept_aside(workspace: Workspace) -> None:
    material: Any = SimpleNamespace(workspace=workspace)  # consent was taken back meanwhile
    none: Any = None
    verdict = Gatekeeper(material, {}, none, none, none, 0.01, none).judge(draft(), Cancel())
    assert not verdict.promote
    assert verdict.sentence.startswith("Nobody in it may be named any more")
