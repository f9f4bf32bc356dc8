"""Shares given on the command line, completed to three that sum to one."""

from __future__ import annotations

from typing import get_args

import pytest

from engine.contract.errors import UsageError
from engine.dataset.split import Mode
from engine.settings import SplitSettings
from tui.cli.train import complete_shares
from tui.words.text import SPLIT_BY, reason_words

USUAL = SplitSettings(train=0.7, validation=0.15, test=0.15)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((None, None, None), (0.7, 0.15, 0.15)),
        ((0.8, None, None), (0.8, 0.1, 0.1)),
        ((0.6, 0.2, None), (0.6, 0.2, 0.2)),
        ((None, 0.3, 0.3), (0.4, 0.3, 0.3)),
        ((1.0, None, None), (1.0, 0.0, 0.0)),
        ((0.5, 0.1, 0.1), (0.5, 0.1, 0.1)),
    ],
)
def test_missing_shares_are_filled_from_the_rest(
    given: tuple[float | None, float | None, float | None], wanted: tuple[float, float, float]
) -> None:
    assert complete_shares(USUAL, *given) == pytest.approx(wanted)


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(UsageError):
        complete_shares(USUAL, 0.9, 0.2, None)


def test_every_way_of_splitting_has_words() -> None:
    assert set(SPLIT_BY) == set(get_args(Mode))


def test_a_file_imported_twice_is_here_already_and_a_frame_is_like_the_last() -> None:
    assert reason_words("duplicate", imported=True) == "here already"
    assert reason_words("duplicate") == "too like the last picture"
