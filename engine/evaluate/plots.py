"""Plots as SVG text to be put into an HTML page, which colours them by its style sheet.

No script, no font file, nothing is loaded. Classes used: axis, grid, line, dial, area, own,
other, stranger, cell, right, wrong, nobody, count, strong. What draws without a style sheet
(attributes) is overruled by one. All text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.text import percent, shown

WIDTH, HEIGHT = 480, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 46
"""Margins of a plot for its labels, pixels."""

DET_TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
"""Shares marked on both axes of a DET plot; its first and last are the plot's edges."""

COLOURS = {
    "own": "#1a7f4b",
    "other": "#b45309",
    "stranger": "#6d4fc4",
    "right": "#1a7f4b",
    "wrong": "#c0392b",
    "nobody": "#667085",
}
"""Fill of a class of scores or of a kind of answer where no style sheet says otherwise."""

Scores = NDArray[np.floating[Any]]


def det_plot(
    points: Sequence[tuple[float, float, float]], threshold: float, seen: tuple[float, float]
) -> str:
    """The DET curve: FNIR over FPIR, both on normal deviate scales (Martin et al., 1997).

    `points` are (threshold, FPIR, FNIR), `seen` is (FPIR, FNIR) at the model's `threshold`,
    marked by a dot. Shares beyond the scale's ends lie on its edges.
    """
    parts = _det_axes()
    steps = [f"{_det_x(fpir):.1f},{_det_y(fnir):.1f}" for _, fpir, fnir in points]
    parts.append(
        f'<polyline class="line" fill="none" stroke="#1f5fbf" points="{" ".join(steps)}"/>'
    )
    x, y = _det_x(seen[0]), _det_y(seen[1])
    title = f"threshold {threshold:.3f}: FPIR {percent(seen[0])}, FNIR {percent(seen[1])}"
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="5"'
    parts.append(f'<circle class="dial" fill="#b45309" {place}>{_title(title)}</circle>')
    return _svg(WIDTH, HEIGHT, "DET curve", parts)


def histogram_plot(samples: Mapping[str, Scores], threshold: float) -> str:
    """Shares of scores by class (own, other, stranger) in 40 steps, and the threshold."""
    present = {name: scores for name, scores in samples.items() if len(scores)}
    everything = np.concatenate([*present.values(), np.array([threshold])])
    low, high = float(everything.min()), float(everything.max())
    high = max(high, low + 1e-6)
    edges = np.linspace(low, high, 41)
    shares = {name: np.histogram(s, edges)[0] / len(s) for name, s in present.items()}
    most = max(float(share.max()) for share in shares.values())
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(score: float) -> float:
        return LEFT + (score - low) / (high - low) * inner_width

    floor = HEIGHT - BOTTOM
    parts = []
    for name, share in shares.items():
        steps = [f"M{x(low):.1f},{floor}"]
        for i, value in enumerate(share.tolist()):
            y = floor - value / most * inner_height
            steps.append(f"L{x(edges[i]):.1f},{y:.1f} L{x(edges[i + 1]):.1f},{y:.1f}")
        parts.append(
            f'<path class="area {name}" fill="{COLOURS[name]}" fill-opacity="0.35" '
            f'd="{" ".join(steps)} L{x(high):.1f},{floor}z"/>'
        )
    line = f'x1="{x(threshold):.1f}" x2="{x(threshold):.1f}" y1="{TOP}" y2="{floor}"'
    title = _title(f"threshold {threshold:.3f}")
    parts.append(f'<line class="dial" stroke="#555" stroke-dasharray="5 3" {line}>{title}</line>')
    for score in _round_steps(low, high):
        parts.append(_text(x(score), floor + 16, f"{score:.2f}", "middle"))
    base = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"'
    parts.append(f'<line class="axis" stroke="#555" {base}/>')
    parts.append(_text(LEFT + inner_width / 2, HEIGHT - 8, "score", "middle"))
    parts.append(_text(LEFT - 8, TOP + 10, percent(most), "end"))
    parts.append(_text(LEFT - 8, floor, "0 %", "end"))
    return _svg(WIDTH, HEIGHT, "Histogram of scores", parts)


def confusion_plot(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """The confusion matrix: a row a person, a column each answer, the last one nobody.

    A cell's strength is its share of the row; its count stands in it.
    """
    people, nobody = len(names), "nobody"
    size = max(16, min(40, 640 // (people + 1)))
    label = min(180, 20 + 7 * max(len(_short(name)) for name in (*names, nobody)))
    parts = []
    for row, (name, own) in enumerate(zip(names, counts, strict=True)):
        top = label + row * size
        parts.append(_text(label - 6, top + size / 2 + 4, _short(name), "end"))
        for column, count in enumerate(own):
            share = count / max(sum(own), 1)
            # Even one probe in a hundred must be seen.
            strength = 0.06 if share == 0 else 0.25 + 0.75 * share
            kind = "right" if column == row else "nobody" if column == people else "wrong"
            answer = names[column] if column < people else nobody
            left = label + column * size
            title = f"{name} named {answer}: {count} of {sum(own)}"
            parts.append(
                f'<rect class="cell {kind}" fill="{COLOURS[kind]}" x="{left}" y="{top}" '
                f'width="{size - 1}" height="{size - 1}" fill-opacity="{strength:.2f}">'
                f"{_title(title)}</rect>"
            )
            if count:
                middle = left + (size - 1) / 2
                strong = " strong" if share > 0.5 else ""
                parts.append(
                    _text(middle, top + size / 2 + 4, str(count), "middle", f"count{strong}")
                )
    for column, name in enumerate((*names, nobody)):
        x = label + column * size + size / 2 + 4
        turn = f' transform="rotate(-90 {x:.1f} {label - 6})"'
        parts.append(f'<text x="{x:.1f}" y="{label - 6}"{turn}>{safe(_short(name))}</text>')
    width, height = label + (people + 1) * size + 4, label + people * size + 4
    return _svg(width, height, "Confusion matrix", parts)


def _det_axes() -> list[str]:
    parts = []
    for share in DET_TICKS:
        x, y = _det_x(share), _det_y(share)
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts.append(
            f'<line class="grid" stroke="#ccc" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>'
        )
        parts.append(
            f'<line class="grid" stroke="#ccc" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        shown = f"{share * 100:g}"
        parts.append(_text(x, bottom + 16, shown, "middle"))
        parts.append(_text(LEFT - 6, y + 4, shown, "end"))
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    turned = f'<g transform="rotate(-90 16 {middle})">'
    parts.append(_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 8, "FPIR, %", "middle"))
    parts.append(turned + _text(16, middle, "FNIR, %", "middle") + "</g>")
    return parts


def _det_x(share: float) -> float:
    return LEFT + _deviate(share) * (WIDTH - LEFT - RIGHT)


def _det_y(share: float) -> float:
    return HEIGHT - BOTTOM - _deviate(share) * (HEIGHT - TOP - BOTTOM)


def _deviate(share: float) -> float:
    """Place of a share between the scale's ends, 0..1, by the inverse normal distribution."""
    normal = NormalDist()
    low, high = normal.inv_cdf(DET_TICKS[0]), normal.inv_cdf(DET_TICKS[-1])
    inside = min(max(share, DET_TICKS[0]), DET_TICKS[-1])
    return (normal.inv_cdf(inside) - low) / (high - low)


def _round_steps(low: float, high: float) -> list[float]:
    """Round numbers inside low..high, about six of them."""
    wanted = (high - low) / 6
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if s >= wanted), 1.0)
    return [n * step for n in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _short(name: str) -> str:
    return name if len(name) <= 22 else name[:21] + "…"


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'


def _title(text: str) -> str:
    return f"<title>{safe(text)}</title>"


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-size="11" font-family="sans-serif" role="img" '
        f'aria-label="{safe(title)}">' + "".join(parts) + "</svg>"
    )


def safe(text: str) -> str:
    """Text as HTML and SVG take it, without what would not show."""
    return html.escape(shown(text))
