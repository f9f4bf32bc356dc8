"""What follows from a figure: its ratio, and whether it reaches what is aimed at."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.contract import Figure


def figure(**fields: Any) -> Figure:
    return Figure(**{"key": "k", "what": "w", "value": 2.0, "unit": "s", **fields})


def test_half_the_seconds_are_twice_as_good() -> None:
    assert figure(other=4.0).ratio == 2


def test_half_the_rate_is_half_as_good() -> None:
    assert figure(other=4.0, more=True).ratio == 0.5


def test_without_another_there_is_no_ratio() -> None:
    assert math.isnan(figure().ratio)


def test_a_value_of_nothing_has_no_ratio() -> None:
    assert math.isnan(figure(value=0.0, other=4.0).ratio)


@pytest.mark.parametrize(
    ("value", "more", "verdict"),
    [
        (0.9, False, "stretch"),
        (1.0, False, "stretch"),
        (3.0, False, "reached"),
        (5.1, False, "missed"),
        (1.0, True, "missed"),
        (5.0, True, "reached"),
    ],
)
def test_a_value_is_judged_in_its_own_direction(value: float, more: bool, verdict: str) -> None:
    least, stretch = (5.0, 10.0) if more else (5.0, 1.0)
    judged = figure(value=value, more=more, judged="value", least=least, stretch=stretch)
    assert judged.verdict == verdict


@pytest.mark.parametrize(("other", "verdict"), [(5.9, "missed"), (6, "reached"), (20, "stretch")])
def test_a_ratio_is_better_the_larger_it_is(other: float, verdict: str) -> None:
    assert figure(other=other, judged="ratio", least=3, stretch=10).verdict == verdict


def test_what_has_no_aim_has_no_verdict() -> None:
    assert figure(other=4.0).verdict == ""


def test_what_was_not_measured_has_reached_nothing() -> None:
    failed = figure(value=math.nan, judged="value", least=1, stretch=2, failure="it died")
    assert failed.verdict == "failed"


def test_a_number_that_is_none_misses() -> None:
    assert figure(value=math.nan, judged="value", least=1, stretch=2).verdict == "missed"


def test_scripts_get_ratio_and_verdict_too() -> None:
    told = figure(other=4.0, judged="ratio", least=2, stretch=3).to_json()
    assert (told["event"], told["key"]) == ("figure", "k")
    assert (told["ratio"], told["verdict"]) == (2, "reached")
