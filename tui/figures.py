"""Figures of an evaluation in words: shares, intervals, whose strangers."""

from __future__ import annotations

import math

from engine.events import EvaluateDone
from tui.text import many

STRANGERS: dict[str, str] = {
    "own": "the workspace's own strangers",
    "folder": "the folder given",
    "left_out": "each enrolled person among the others",
}
"""Whose searches the strangers are."""


def share(value: float) -> str:
    """A share with three decimals; a dash if it is not known."""
    return f"{value:.3f}" if math.isfinite(value) else "-"


def percent(value: float) -> str:
    """A share in whole per cent; a dash if it is not known."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else "-"


def dial(value: float) -> str:
    """A chosen share in as many digits as it was chosen with: `1 %`, `0.1 %`."""
    return f"{100 * value:.4g} %"


def interval(ends: tuple[float, float]) -> str:
    """An interval of shares."""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def strangers_named(result: EvaluateDone) -> str:
    """How many searches by strangers gave a name: `0 of 206 searches by 180 strangers named`."""
    if not result.strangers:
        return "no strangers to test with"
    named = round(result.fpir_at_threshold * result.strangers)
    searches = many(result.strangers, "search", "searches")
    return f"{named} of {searches} by {many(result.stranger_people, 'stranger')} named"


def headline(result: EvaluateDone) -> str:
    """The result in one sentence."""
    return (
        f"rank-1 {result.rank1:.2f}, {percent(result.tpir_at_threshold)} of enrolled named, "
        f"{strangers_named(result)}"
    )
