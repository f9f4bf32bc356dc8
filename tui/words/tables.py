"""What a pane or screen shows, as text to be copied and as a file.

An evaluation as tables to be copied: the figures, or what the part in front shows.

The figures of a bench as a table, for the terminal and as Markdown.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from engine.contract import BenchMachine, EvaluateDone, Figure
from engine.text import guarded
from tui.words.text import clean, figure


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, or plain lines where there is no header. `what` names the file."""

    what: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def suffix(self) -> str:
        """`csv` for a table, `txt` for lines."""
        return "csv" if self.header else "txt"

    def text(self) -> str:
        """Cells between tabs, a line a row: what spreadsheets and editors take from a clipboard."""
        lines = ((self.header,) if self.header else ()) + self.rows
        return "\n".join("\t".join(clean(cell) for cell in row) for row in lines)

    def file(self) -> str:
        """The file's contents. In a table no cell can be taken for a formula."""
        if not self.header:
            return self.text() + "\n"
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in (self.header, *self.rows):
            writer.writerow([guarded(clean(cell)) for cell in row])
        return out.getvalue()


def lines_of(what: str, lines: Sequence[str]) -> Sheet | None:
    """Plain lines as a sheet; None if there are none."""
    return Sheet(what, (), tuple((line,) for line in lines)) if lines else None


def evaluation_sheet(result: EvaluateDone, part: str) -> Sheet:
    """The table of a part of the evaluation screen; its figures where the part is no table."""
    if part == "persons":
        return _persons(result)
    if part == "confusion":
        header = ("probe of", *result.people, "nobody")
        rows = zip(result.people, result.confusion, strict=False)
        cells = tuple((name, *(str(count) for count in row)) for name, row in rows)
        return Sheet("confusion", header, cells)
    if part == "curve":
        points = tuple(tuple(f"{value:.6g}" for value in point) for point in result.det)
        return Sheet("det-curve", ("threshold", "FPIR", "FNIR"), points)
    return _figures(result)


def _persons(result: EvaluateDone) -> Sheet:
    rows = tuple(
        (name, *(str(count) for count in counts))
        for name, counts in (*result.per_person.items(), *result.per_session.items())
    )
    return Sheet("evaluation-people", ("who", "probes", "right at rank 1", "named rightly"), rows)


def _figures(result: EvaluateDone) -> Sheet:
    ends = result.intervals
    shares = (
        ("rank1", result.rank1),
        ("tpir_at_threshold", result.tpir_at_threshold),
        ("fpir_at_threshold", result.fpir_at_threshold),
        *((f"tpir@{rate}", value) for rate, value in result.tpir.items()),
    )
    rows = [
        (name, figure(value, ".6g"), *(figure(end, ".6g") for end in ends.get(name, ())))
        for name, value in shares
    ]
    rows += [
        ("threshold", figure(result.threshold, ".6g")),
        ("probes", str(result.probes)),
        ("strangers", str(result.strangers)),
        ("model", result.model),
    ]
    padded = tuple((*row, *[""] * (4 - len(row))) for row in rows)
    return Sheet("evaluation", ("figure", "value", "95 % from", "95 % to"), padded)


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
