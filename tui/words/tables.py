"""Tables: the columns of the people list, what is copied of a pane or screen, a bench's figures."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.contract import BenchMachine, EvaluateDone, Figure
from engine.contract.requests import ModelRow, PersonRow
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


def evaluation_sheet(result: EvaluateDone, part: str) -> Sheet:
    """The table of a part of the evaluation screen; its figures where the part is no table."""
    if part == "persons":
        people = (*result.per_person.items(), *result.per_session.items())
        rows = tuple((name, *map(str, counts)) for name, counts in people)
        header = ("who", "probes", "right at rank 1", "named rightly")
        return Sheet("evaluation-people", header, rows)
    if part == "confusion":
        counted = zip(result.people, result.confusion, strict=False)
        cells = tuple((name, *map(str, counts)) for name, counts in counted)
        return Sheet("confusion", ("probe of", *result.people, "nobody"), cells)
    if part == "curve":
        points = tuple(tuple(f"{value:.6g}" for value in point) for point in result.det)
        return Sheet("det-curve", ("threshold", "FPIR", "FNIR"), points)
    return _figures(result)


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


Sort = tuple[str, Callable[[PersonRow], Any], bool]
"""Words for a list's title, key, and whether it runs downwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the people list.

    `title` heads it in the app, where it is `width` cells wide (0: the app leaves it out), `name`
    on the command line and in a copy; there the first `most` characters of `value` are shown.
    `sign` as `Output.table` takes it. `style` of a cell, by its value. By `sort` the list can be
    sorted.
    """

    name: str
    value: Callable[[PersonRow], str]
    sign: str = ""
    most: int | None = None
    title: str = ""
    width: int = 0
    style: Mapping[str, str] = field(default_factory=dict)
    sort: Sort | None = None

    def printed(self, row: PersonRow) -> str:
        """Return the cell on the command line; of who cannot be read only the name is known."""
        if row.trouble:
            return {"name": row.name, "in the model": "cannot be read"}.get(self.name, "")
        return self.value(row)[: self.most]


COLUMNS: tuple[Column, ...] = (
    Column(name="name", value=lambda row: row.name, sign="!"),
    Column(
        name="pictures",
        value=lambda row: str(row.pictures),
        sign="#",
        title="Pics",
        width=5,
        sort=("most pictures", lambda row: row.pictures, True),
    ),
    Column(name="sessions", value=lambda row: str(row.sessions), sign="#", title="Ses", width=4),
    Column(
        name="in the model",
        value=lambda row: row.in_model,
        title="Model",
        width=6,
        style={"yes": "green", "stale": "yellow", "no": "dim"},
        sort=("not in the model first", lambda row: row.in_model == "yes", False),
    ),
    Column(name="enrolled", value=lambda row: row.created, most=10),
)
"""The name is first and takes the room that is left; the rest stand in order."""
SORTS: tuple[Sort, ...] = (
    ("", lambda row: (), False),
    ("newest first", lambda row: row.newest, True),
    *(column.sort for column in COLUMNS if column.sort),
)
"""The rows come by name, and sorting keeps that order between equals."""


def model_state(row: ModelRow) -> tuple[str, str]:
    """A word about a model, and its style."""
    if row.damaged:
        return "damaged", "bold red"
    if row.current:
        return "in use", "bold green"
    return ("aside", "bold yellow") if row.aside else ("", "")


VERDICTS = {"stretch": "both reached", "reached": "first reached"}
"""Verdicts on a figure that are not their own word."""
BENCH_COLUMNS = ("what", "#figure", "against", "#ratio", "aims", "result")


def row(figure: Figure) -> tuple[str, ...]:
    """One figure in the order of BENCH_COLUMNS."""
    against = figure.against
    if math.isfinite(figure.other):
        against += f": {measured(figure.other, figure.unit)}"
    return (
        figure.what,
        measured(figure.value, figure.unit),
        against,
        f"{number(figure.ratio)}x" if math.isfinite(figure.ratio) else "",
        aims(figure),
        VERDICTS.get(figure.verdict, figure.verdict),
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
    heads = [name.lstrip("#") for name in BENCH_COLUMNS]
    signs = ["---:" if name.startswith("#") else "---" for name in BENCH_COLUMNS]
    lines = [f"## {day.isoformat()}", "", *(f"- {line}" for line in machine_lines(machine))]
    lines += [f"- {closing}", "", _cells(heads), _cells(signs)]
    lines += [_cells(row(figure)) for figure in figures]
    said = [f"- {text}" for text in map(remarks, figures) if text]
    return "\n".join([*lines, "", *said, ""])


def _cells(texts: Sequence[str]) -> str:
    escaped = (text.replace("|", "\\|").replace("\n", " ") for text in texts)
    return f"| {' | '.join(escaped)} |"
