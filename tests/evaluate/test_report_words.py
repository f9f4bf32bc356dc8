"""Figures in sentences that a person can use."""

from __future__ import annotations

from typing import get_args

import pytest

from engine.contract.events_model import WHOSE
from engine.evaluate.figures import Figures, measure
from engine.evaluate.probes import StrangersFrom, together
from engine.evaluate.report import leakage_sentence, proof, summary, too_few
from engine.recognise.calibration import Calibration, bounds
from engine.recognise.threshold import brief, sentence
from tests.evaluate.made_up import probes, strangers
from tui.words.figures import bounds as shown


def figures(count: int = 4, people: int = 12) -> Figures:
    return measure(
        ("Anna", "Bert"),
        probes([[0.5, 0.0]] * count, [0] * count),
        strangers([0.1] * people, range(people)) if people else None,
        0.3,
        0.01,
    )


def test_nobody_named_of_few_strangers_proves_little() -> None:
    assert proof(0, 12, bounds(0, 12)) == (
        "0 of 12 strangers named, so at most 23 % of all would be."
    )


def test_training_evaluation_and_every_table_tell_the_same_bound() -> None:
    """0 of 60: 1 - 0.05^(1/60) = 0.0487."""
    measured = figures(people=60)
    low, high = measured.intervals["fpir_at_threshold"]
    assert high == pytest.approx(1 - 0.05 ** (1 / 60))
    trained = Calibration(0.1, 0.01, 5, (0.0,) * 5, measured=60, fpir_low=low, fpir_high=high)
    assert "at most 4.9 %, measured on 60 strangers" in sentence(trained)
    assert brief(trained) == "false matches at most 4.9 %"
    assert "at most 4.9 %" in summary(measured)
    assert shown((low, high)) == "0.000 to 0.049"


def test_own_strangers_and_those_who_stand_in_are_told_together_and_apart() -> None:
    own, others = strangers([0.5, 0.1, 0.1], [0, 0, 1]), strangers([0.1, 0.5, 0.1, 0.1], range(4))
    both, source = together(own, others)
    assert both is not None
    found = measure(("Anna", "Bert"), probes([[0.5, 0.0]], [0]), both, 0.3, 0.01)
    text = summary(found)
    assert "2 of 6 strangers named" in text
    assert text.endswith("Of your own strangers 1 of 2 are named.")
    assert any(
        "your own ones, and enrolled people" in told.text for told in too_few(found, source, 0.01)
    )


def test_whose_searches_they_are_has_words() -> None:
    assert set(WHOSE) == set(get_args(StrangersFrom))


def test_the_summary_says_who_was_named_and_what_it_proves() -> None:
    text = summary(figures())
    assert text.startswith("4 of 4 pictures of enrolled people are named rightly. 0 of 12")
    assert "at most 23 %" in text


def test_without_strangers_the_summary_does_not_speak_of_an_fpir() -> None:
    assert "not measured" in summary(figures(people=0))


def test_too_few_probes_and_strangers_are_said_in_words() -> None:
    probes_, searches, people = too_few(figures(), "folder", 0.01)
    assert "Only 4 probes" in probes_.text
    assert "100 are needed" in searches.text
    assert "299 strangers" in people.text


def test_enough_data_raise_no_warning() -> None:
    assert too_few(figures(200, 400), "own", 0.01) == ()


def test_stand_ins_for_strangers_are_called_so() -> None:
    assert any("stood in" in each.text for each in too_few(figures(), "left_out", 0.01))


def test_no_strangers_at_all_are_told_once() -> None:
    told = too_few(figures(200, 0), "none", 0.01)
    assert len(told) == 1
    assert "no strangers" in told[0].text


def test_a_better_random_split_is_called_leakage() -> None:
    text = leakage_sentence({"rank1": 0.91, "tpir": 0.8, "random_rank1": 0.97, "random_tpir": 0.9})
    assert "0.91" in text
    assert "0.97" in text
    assert "The difference is leakage" in text


def test_no_difference_is_no_leakage() -> None:
    text = leakage_sentence({"rank1": 0.9, "tpir": 0.8, "random_rank1": 0.9, "random_tpir": 0.8})
    assert "No leakage" in text
    assert leakage_sentence({}) == ""
