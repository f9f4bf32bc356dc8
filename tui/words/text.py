"""Text that is not ours, made safe to show; and short forms of times, sizes and reasons."""

from __future__ import annotations

import math
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from engine.faces.refusal import GATES, Refusal
from engine.picture_formats import FORMATS
from engine.text import many, shown

REASONS: dict[str, str] = {
    **{reason: gate.words for reason, gate in GATES.items()},
    "unreadable": "unreadable file",
    "too_large": "file too large",
    **FORMATS,
    "denied": "permission denied",
}


SPLIT_BY = {
    "sessions": "whole sessions",
    "blocks": "blocks in time",
    "mixed": "sessions or blocks",
    "own": "as the imported folders",
    "random": "at random: for comparison only",
}
"""How a split was made, by its mode."""

clean = shown
"""Text on one line, with U+FFFD for control, bidirectional and zero-width characters."""


def shorten(text: str, cells: int) -> str:
    """Cleaned text in at most `cells` terminal cells, with an ellipsis where it was cut."""
    whole = clean(text)
    if cell_len(whole) <= cells:
        return whole
    return set_cell_size(whole, max(0, cells - 1)).rstrip() + "…" if cells > 0 else ""


def reason_words(reason: str, *, imported: bool = False) -> str:
    """A refusal's reason in words. What is imported twice is the same picture, not one like it."""
    if imported and reason == Refusal.DUPLICATE:
        return "here already"
    return REASONS.get(reason, clean(reason).replace("_", " "))


def measured(reason: str, value: float, limit: float) -> str:
    """The measured value of a refusal against its limit, e.g. `38 < 45`; empty if neither."""
    gate = GATES.get(reason)
    if not (gate and gate.shown) or (value == 0 and limit == 0):
        return ""
    sign = ">" if value > limit else "<"
    return f"{number(value)} {sign} {number(limit)}"


def crowded_words(pictures: int) -> str:
    """What to do about imported pictures whose photographs show other faces too."""
    taken = many(pictures, "picture")
    return f"other faces were in {taken}: look whether the right one was taken"


def figure(value: float | None, digits: str) -> str:
    """A figure in `digits` (".2f"), or a dash where there is none: nobody reads `nan`."""
    return "-" if value is None or not math.isfinite(value) else format(value, digits)


def number(value: float) -> str:
    """A measured value in a few characters."""
    return f"{value:.1f}" if abs(value) < 10 and value != int(value) else f"{value:.0f}"


def span(seconds: float) -> str:
    """A duration: `8 s`, `2 min 05 s`, `1 h 03 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """A time of day from seconds since the epoch, local time."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")


def day(iso: str) -> str:
    """The local date and minute of an ISO 8601 time; the cleaned text itself if it is none."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return clean(iso)
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when.tzinfo else f"{when:%Y-%m-%d %H:%M}"
