"""The figures of a bench as a table, for the terminal and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from engine.events import BenchMachine, Figure

VERDICTS = {
    "": "",
    "stretch": "both reached",
    "reached": "first reached",
    "missed": "missed",
    "failed": "failed",
}
COLUMNS = (
    "what",
    "#" + "figure",
    "against",
    "#" + "ratio",
    "aims",
    "result",
)


def row(figure: Figure) -> tuple[str, ...]:
    """One figure in the order of COLUMNS."""
    against = figure.against
    if math.isfinite(figure.other):
        other = measured(figure.other, figure.unit)
        against = f"{against}: {other}"
    return (
        figure.what,
        measured(figure.value, figure.unit),
        against,
        f"{number(figure.ratio)}x" if math.isfinite(figure.ratio) else "",
        aims(figure),
        VERDICTS[figure.verdict],
    )


def aims(figure: Figure) -> str:
    """What is aimed at, at least and at best; empty without an aim."""
    if not figure.judged or figure.failure:
        return ""
    ends = (figure.least,) if figure.least == figure.stretch else (figure.least, figure.stretch)
    unit = "x" if figure.judged == "ratio" else f" {figure.unit}" if figure.unit else ""
    return " / ".join(f"{end:g}" for end in ends) + unit


def measured(value: float, unit: str) -> str:
    """A number with its unit, if it has one."""
    return f"{number(value)} {unit}".strip()


def number(value: float) -> str:
    """Three digits that count, more of a large number; a dash if it was not measured."""
    if not math.isfinite(value):
        return "-"
    if value == 0 or 0.001 <= abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1e}"


def remarks(figure: Figure) -> str:
    """What is to be said of a figure beside its row; empty if nothing is."""
    said = figure.failure or figure.note
    return f"{figure.what}: {said}" if said else ""


def machine_lines(machine: BenchMachine) -> tuple[str, ...]:
    """The machine in three lines."""
    vector = ", ".join(machine.vector) or "unknown vector units"
    packages = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"{machine.processor}: {vector}; {machine.cores} cores may be used, "
        f"{machine.memory / 1e9:.1f} GB of memory",
        packages,
        f"Features by {machine.runtime} in {machine.precision}",
    )


def markdown(day: date, machine: BenchMachine, figures: Sequence[Figure], closing: str) -> str:
    """A section of a Markdown file: a dated heading, the machine, the table, the remarks."""
    heads = [name.lstrip("#") for name in COLUMNS]
    signs = ["---:" if name.startswith("#") else "---" for name in COLUMNS]
    lines = [f"## {day.isoformat()}", "", *(f"- {line}" for line in machine_lines(machine))]
    lines += [f"- {closing}", "", _cells(heads), _cells(signs)]
    lines += [_cells(row(figure)) for figure in figures]
    said = [f"- {text}" for text in map(remarks, figures) if text]
    return "\n".join([*lines, "", *said, ""])


def _cells(texts: Sequence[str]) -> str:
    escaped = (text.replace("|", "\\|").replace("\n", " ") for text in texts)
    return f"| {' | '.join(escaped)} |"
