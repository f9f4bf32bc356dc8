"""The job board: what a key may do right after a job."""

from __future__ import annotations

from engine.contract import JobEnded
from tui.board import JobBoard


def test_recognition_is_possible_as_soon_as_a_training_is_over() -> None:
    board = JobBoard()
    board.models, board.people = 0, 1
    assert board.why_not("recognise")
    board.ended(JobEnded(job="train", outcome="done"))
    assert board.why_not("recognise") is None


def test_splitting_is_possible_as_soon_as_the_first_person_is_enrolled() -> None:
    board = JobBoard()
    assert board.why_not("split")
    board.ended(JobEnded(job="enrol", outcome="done"))
    assert board.why_not("split") is None
