"""Figures of an evaluation in words: shares, their bounds, whose strangers."""

from __future__ import annotations

import math

from engine.events import EvaluateDone
from engine.shown import many
from tui.text import figure

STRANGERS: dict[str, str] = {
    "own": "the workspace's own strangers",
    "folder": "the folder given",
    "left_out": "each enrolled person among the others",
    "own_and_left_out": "your own, and each enrolled person among the others",
    "none": "no strangers",
}
"""Whose searches the strangers are."""


def share(value: float) -> str:
    """A share with three decimals; a dash if it is not known."""
    return figure(value, ".3f")


def percent(value: float) -> str:
    """A share in whole per cent; a dash if it is not known."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else figure(value, "")


def dial(value: float) -> str:
    """A chosen share in as many digits as it was chosen with: `1 %`, `0.1 %`."""
    return f"{100 * value:.4g} %"


def bounds(ends: tuple[float, float]) -> str:
    """What a share is at least and at most."""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def strangers_named(result: EvaluateDone) -> str:
    """How many searches by strangers gave a name: `0 of 206 searches by 180 strangers named`."""
    if not result.strangers:
        return "no strangers to test with"
    return "{named} of {searches} by {strangers} named".format(
        named=round(result.fpir_at_threshold * result.strangers),
        searches=many(result.strangers, "search", "searches"),
        strangers=many(result.stranger_people, "stranger"),
    )


def headline(result: EvaluateDone) -> str:
    """The result in one sentence."""
    return "rank-1 {rank1}, {share} of enrolled named, {strangers}".format(
        rank1=figure(result.rank1, ".2f"),
        share=percent(result.tpir_at_threshold),
        strangers=strangers_named(result),
    )
