"""The evaluation screen: how good the model in use honestly is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.events import EvaluateDone
from engine.shown import many
from tui.evaluation import Evaluation
from tui.evaluation_sheets import evaluation_sheet
from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.panes.base import Empty
from tui.screens.doubtful import DoubtfulPart
from tui.screens.evaluation_parts import (
    ConfusionPart,
    CurvePart,
    OverviewPart,
    Part,
    PeoplePart,
)
from tui.sheets import Sheet
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.meter import Meter
from tui.widgets.title_bar import TabStrip

PARTS: tuple[type[Part], ...] = (OverviewPart, PeoplePart, ConfusionPart, CurvePart, DoubtfulPart)
MANY_PEOPLE = 12
"""From this many on the part in front gets most of the room."""
UNMEASURED = (
    "Not measured yet.\n\n"
    "Press {key[evaluation.measure]} to measure the model in use on the pictures that training "
    "did not see, or {key[evaluation.other_pictures]} to measure it on others."
)


class EvaluationScreen(ModalScreen[None]):
    """Shows an `Evaluation`. Wide terminals show all parts at once, narrow ones one at a time.

    Covers the desk and takes its keys; the app does what the keys ask for. `why_not` says why
    measuring is not possible just now.
    """

    HELP = "evaluation"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("evaluation")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(
        self, evaluation: Evaluation, workspace: Path, why_not: Callable[[], str | None]
    ) -> None:
        super().__init__()
        self.evaluation = evaluation
        self.front = OverviewPart.NAME
        self._why_not = why_not
        self._shown: EvaluateDone | None = None
        self.parts: tuple[Part, ...] = (
            OverviewPart(),
            PeoplePart(),
            ConfusionPart(),
            CurvePart(),
            DoubtfulPart(workspace),
        )

    def compose(self) -> ComposeResult:
        """Title, tabs (narrow only), how it stands, the parts in two columns, footer."""
        overview, people, confusion, curve, doubtful = self.parts
        yield Static(id="evaluation-title", markup=False)
        yield TabStrip(tuple((p.NAME, p.TITLE) for p in PARTS), id="evaluation-tabs")
        yield Static(id="evaluation-status", markup=False)
        yield Meter(id="evaluation-meter")
        yield Empty(with_keys(UNMEASURED), id="evaluation-empty")
        with Container(id="evaluation-parts"):
            with Vertical(id="evaluation-left"):
                yield overview
                yield curve
            with Vertical(id="evaluation-right"):
                yield people
                yield confusion
                yield doubtful
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the overview."""
        self.show_part(self.front)
        self.show()

    def show_part(self, name: str) -> None:
        """Bring a part to the front and give it the focus."""
        for part in self.parts:
            self.set_class(name == part.NAME, f"-show-{part.NAME}")
            part.mark_front(name == part.NAME)
        self.front = name
        self.query_one(TabStrip).active = name
        if self.evaluation.result is not None:
            self.call_after_refresh(self._focus)

    def _focus(self) -> None:
        next(part for part in self.parts if self.front == part.NAME).focus_main()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The part with the focus is the one in front."""
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Part) and self.front != node.NAME:
                self.show_part(node.NAME)

    def show(self) -> None:
        """Show how the evaluation stands now."""
        evaluation, result = self.evaluation, self.evaluation.result
        self.query_one("#evaluation-title", Static).update(self._title())
        self._show_status()
        self.query_one("#evaluation-tabs").set_class(result is None, "-nothing")
        self.query_one("#evaluation-parts").display = result is not None
        empty = self.query_one("#evaluation-empty", Empty)
        empty.display = result is None
        if result is None:
            why = None if evaluation.title else self._why_not()
            measuring = (
                "Measuring: the figures come when it is over.\n\n"
                "Esc goes back to the desk, and the evaluation goes on."
            )
            todo = measuring if evaluation.title else with_keys(UNMEASURED)
            empty.update(Text(clean(why) if why else todo))
            empty.focus()
        elif result is not self._shown:
            self._shown = result
            self.set_class(len(result.people) > MANY_PEOPLE, "-many")
            for part in self.parts:
                part.show(result)
            self.call_after_refresh(self._focus)
        self.refresh_bindings()

    def _title(self) -> Text:
        result = self.evaluation.result
        about = ""
        if result is not None:
            people = many(len(result.people), "person", "people")
            about = "│ " + f"model {clean(result.model)} of {people}, {clean(result.recipe)}"
        return Text.assemble((f" {'Evaluation'} ", "bold"), about)

    def _show_status(self) -> None:
        """One line: what runs, what went wrong, or that another model is in use by now."""
        evaluation = self.evaluation
        status, meter = self.query_one("#evaluation-status", Static), self.query_one(Meter)
        features = evaluation.features
        text = Text()
        if evaluation.title:
            doing = "preparing"
            if features is not None:
                count = features.cached
                cached = f", {count} cached" if count else ""
                done = features.done >= features.total
                features_of = "VGG16 features of the pictures" + cached
                doing = "comparing" if done else features_of
            text = Text(f"{clean(evaluation.title)}: {doing}", "bold")
        elif evaluation.trouble:
            text = Text(clean(evaluation.trouble), "bold red")
        elif evaluation.outdated:
            text = Text(
                with_keys("Another model is in use by now: {key[evaluation.measure]} measures it."),
                "bold yellow",
            )
        status.update(text)
        status.display = bool(text)
        meter.display = bool(evaluation.title) and features is not None
        if features is not None:
            meter.show(features.done, features.total)

    def sheet(self) -> Sheet | None:
        """The figures, or the table of the part in front."""
        result = self.evaluation.result
        return evaluation_sheet(result, self.front) if result is not None else None

    def action_show_part(self, name: str) -> None:
        """A number key."""
        self.show_part(name)

    def action_back(self) -> None:
        """Back to the desk; what runs goes on."""
        self.dismiss(None)
