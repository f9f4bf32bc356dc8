"""The parts of the evaluation screen: overview, people, confusion, curve, doubtful."""

from __future__ import annotations

from abc import abstractmethod

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Static

from engine.contract import EvaluateDone, grouped
from engine.contract.events_model import rests_on
from engine.text import many, percent
from tui.keys.keymap import with_keys
from tui.panes.base import Pane, line
from tui.widgets.lists import Column, Row, Rows
from tui.widgets.plots import Confusion, DetCurve, ShareRow, tpir_over_fpir
from tui.words.figures import headline
from tui.words.text import clean, shorten, span

FPIRS = ("0.001", "0.01", "0.05", "0.1")
"""Rates of strangers at which TPIR may be shown (ISO/IEC 19795-1 style tables)."""
LEAST_NAME, LEAST_TAKEN, TAKEN_FOR = 20, 16, 25
"""Cells of the names, and of the person most often named wrongly: at least, and where there
is room."""


class Part(Pane):
    """A pane of the evaluation screen that shows one side of a result."""

    EMPTY = ""

    @abstractmethod
    def show(self, result: EvaluateDone) -> None:
        """Show this result."""


class OverviewPart(Part):
    """The figures that matter, each with its bounds, and what they rest on."""

    NAME = "overview"
    NUMBER = 1
    TITLE = "Overview"
    MAIN = "#overview-body"

    def compose(self) -> ComposeResult:
        """A sentence, the shares, the facts."""
        with VerticalScroll(id="overview-body"):
            yield line("overview-headline", "headline")
            yield line("overview-sentence", "status")
            yield ShareRow("Right at rank 1", id="share-rank1")
            yield ShareRow("Enrolled named (TPIR)", id="share-tpir")
            yield ShareRow("Strangers named (FPIR)", id="share-fpir")
            for fpir in FPIRS:
                label = f"TPIR at FPIR {percent(float(fpir))}"
                yield ShareRow(label, id=_row_id(fpir))
            yield line("overview-few", "hint")
            yield Static(id="overview-facts", classes="facts", markup=False)
            yield line("overview-look", "advice")

    def show(self, result: EvaluateDone) -> None:
        """Fill in the figures; TPIR stands only for rates that there are strangers enough for."""
        first, rest = (head := headline(result))[0].upper(), head[1:]
        self.write("#overview-headline", f"{first}{rest}.")
        self.write("#overview-sentence", clean(result.sentence))
        ends = result.intervals
        self._row("rank1").show(result.rank1, ends.get("rank1"))
        self._row("tpir").show(result.tpir_at_threshold, ends.get("tpir_at_threshold"))
        fpir = self._row("fpir")
        fpir.show(result.fpir_at_threshold, ends.get("fpir_at_threshold"))
        fpir.display = bool(result.strangers)
        shown = {float(rate): value for rate, value in result.tpir.items()}
        for rate in FPIRS:
            row = self.query_one(f"#{_row_id(rate)}", ShareRow)
            row.display = float(rate) in shown
            row.show(shown.get(float(rate), 0.0), ends.get(f"tpir@{rate}"))
        missing = [percent(float(rate)) for rate in FPIRS if float(rate) not in shown]
        few = f"Too few strangers for FPIR {', '.join(missing)}."
        self.write("#overview-few", few if missing else "")
        self.query_one("#overview-facts", Static).update(_facts(result))
        doubts = [
            many(len(found), word)
            for found, word in (
                (grouped(result.warnings), "warning"),
                (result.confused, "confused pair"),
                (result.suspects, "suspect picture"),
            )
            if found
        ]
        look = with_keys(
            "Look at {key[evaluation.show_part-doubtful]} Doubtful: {doubts}.",
            doubts=", ".join(doubts),
        )
        self.write("#overview-look", look if doubts else "")

    def _row(self, name: str) -> ShareRow:
        return self.query_one(f"#share-{name}", ShareRow)


class PeoplePart(Part):
    """A row a person, and rows of their sessions where there are several."""

    NAME = "persons"
    NUMBER = 2
    TITLE = "People"
    MAIN = "#persons-table"
    COLUMNS = (("Probes", 7), ("Rank 1", 12), ("Named", 12))

    def __init__(self) -> None:
        super().__init__()
        self.result: EvaluateDone | None = None

    @property
    def selected(self) -> str:
        """The person under the cursor; empty if there is none."""
        return self.query_one(Rows).selected or ""

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield Rows(id="persons-table", zebra=True)

    def show(self, result: EvaluateDone) -> None:
        """List the people in the order of the confusion matrix, with its numbers."""
        self.result = result
        self._fill()

    def on_resize(self, _event: events.Resize) -> None:
        """The name column takes the room that is left."""
        self._fill()

    def _fill(self) -> None:
        result, table = self.result, self.query_one(Rows)
        if result is None:
            return
        spare = self.content_size.width - sum(width for _title, width in self.COLUMNS) - 1
        room = max(LEAST_NAME, spare - TAKEN_FOR)
        taken_room = min(TAKEN_FOR, max(LEAST_TAKEN, spare - room))
        columns: list[Column] = [
            ("Name", room),
            *((Text(title, justify="right"), width) for title, width in self.COLUMNS),
            ("  Most taken for", taken_room),
        ]
        digits = len(str(len(result.people)))
        rows = []
        for index, name in enumerate(result.people):
            label = f"{index + 1:>{digits}} {shorten(name, room - digits - 2)}"
            taken = _taken_for(result, index, taken_room)
            counts = _counts(result.per_person.get(name, (0, 0, 0)))
            rows.append(Row((Text(label), *counts, taken), value=name))
            for session, seen in _sessions(result, name).items():
                label = " " * digits + f"  {shorten(session, room - digits - 3)}"
                cells = (Text(label, "dim"), *_counts(seen, "dim"), Text())
                rows.append(Row(cells, name, name))
        table.fill(columns, rows)


class ConfusionPart(Part):
    """The confusion matrix at the threshold, and the cell under the cursor in words."""

    NAME = "confusion"
    NUMBER = 3
    TITLE = "Confusion"
    MAIN = "#confusion-table"

    def compose(self) -> ComposeResult:
        """The matrix, then the sentence."""
        yield Confusion(id="confusion-table")
        yield Static(id="confusion-cell", classes="detail", markup=False)

    def show(self, result: EvaluateDone) -> None:
        """Fill the matrix."""
        self.query_one(Confusion).show(result.people, result.confusion)
        self._describe()

    @on(DataTable.CellHighlighted)
    def _moved(self, event: DataTable.CellHighlighted) -> None:
        event.stop()
        self._describe()

    def _describe(self) -> None:
        self.query_one("#confusion-cell", Static).update(
            Text(self.query_one(Confusion).describe() or " ")
        )


class CurvePart(Part):
    """TPIR over FPIR, and how far it can be trusted."""

    NAME = "curve"
    NUMBER = 4
    TITLE = "Curve"
    MAIN = "#curve-body"

    def compose(self) -> ComposeResult:
        """What is drawn, the curve, what its marks mean."""
        with VerticalScroll(id="curve-body"):
            yield line("curve-title", "hint")
            yield DetCurve(id="det-curve")
            yield line("curve-words", "facts")

    def show(self, result: EvaluateDone) -> None:
        """Draw the curve; without strangers say what it needs."""
        points = tpir_over_fpir(result.det) if result.strangers else ()
        curve = self.query_one(DetCurve)
        curve.display = bool(points)
        if not points:
            self.write("#curve-title", "")
            text = (
                "No strangers were searched, so there is no curve. "
                "Press {key[evaluation.other_pictures]} to give a folder."
            )
            self.write("#curve-words", with_keys(text))
            return
        here = (result.fpir_at_threshold, result.tpir_at_threshold)
        curve.show(points, result.strangers, here, result.fpir)
        self.write("#curve-title", "Enrolled named ↑ over strangers named →")
        marks = f"◆ threshold  ▲ FPIR asked for: {percent(result.fpir)}"
        dotted = f"Dotted: meaningless, below 1 of {many(result.strangers, 'stranger')}"
        self.write("#curve-words", f"{marks}\n{dotted}")


def _row_id(fpir: str) -> str:
    return f"share-{fpir.replace('.', '-')}"


def _facts(result: EvaluateDone) -> Table:
    """What the figures rest on."""
    table = Table.grid(padding=(0, 2, 0, 0))
    share = percent(result.fpir)
    probes, searches = rests_on(result)
    for title, text in (
        ("Threshold", f"{result.threshold:.3f}, set for FPIR {share}"),
        ("Tested on", probes),
        ("", searches),
        ("Model", f"{clean(result.model)}, measured in {span(result.seconds)}"),
        ("Report", clean(result.report)),
    ):
        if text:
            table.add_row(Text(title, "dim"), Text(text))
    return table


def _counts(counts: tuple[int, int, int], style: str = "") -> list[Text]:
    """Probes, right at rank 1, named: counts, the latter two with their share."""
    probes, right, named = counts
    texts = [str(probes)]
    texts += [f"{n} {percent(n / probes) if probes else '-':>6}" for n in (right, named)]
    return [Text(text, style, justify="right") for text in texts]


def _taken_for(result: EvaluateDone, index: int, room: int) -> Text:
    """The other person most often named for this one, with the count."""
    row = result.confusion[index][:-1]
    others = [(count, -j) for j, count in enumerate(row) if j != index and count]
    if not others:
        return Text("  -", "dim")
    count, place = max(others)
    times = f" ({count})"
    return Text(f"  {shorten(result.people[-place], room - 3 - len(times))}{times}")


def _sessions(result: EvaluateDone, name: str) -> dict[str, tuple[int, int, int]]:
    """A person's sessions, if there are several. Names and sessions hold no slash."""
    found = {
        key.removeprefix(f"{name}/"): counts
        for key, counts in result.per_session.items()
        if key.startswith(f"{name}/")
    }
    return found if len(found) > 1 else {}
