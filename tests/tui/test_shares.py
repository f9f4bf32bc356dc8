"""Shares given on the command line, completed to three that sum to one."""

from __future__ import annotations

import math

import pytest

from engine.contract.errors import UsageError
from engine.settings import SplitSettings
from tui.cli.train import complete_shares

PARTS = ("train", "validation", "test")
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
    shares = complete_shares(USUAL, **dict(zip(PARTS, given, strict=True)))
    assert tuple(map(shares.get, PARTS)) == pytest.approx(wanted)


@pytest.mark.parametrize("share", [math.nan, math.inf, -1.0, 1.5])
def test_what_is_no_share_is_refused_and_not_divided_with(share: float) -> None:
    with pytest.raises(UsageError):
        complete_shares(USUAL, train=share, validation=None, test=None)


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(UsageError):
        complete_shares(USUAL, train=0.9, validation=0.2, test=None)
