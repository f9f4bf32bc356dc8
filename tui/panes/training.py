"""Training: recipe and epochs to choose, the epoch table, curves that grow by the epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Checkbox, DataTable, Input, Label, Select

from engine.contract import EpochDone, FeaturesProgress, JobEnded, JobStarted, Threshold, TrainDone
from engine.contract.requests import ModelRow, TrainRequest
from engine.settings import TRAIN_OPTIONS, Recipe, TrainingSettings, train_options
from engine.text import many, percent
from tui.keys.keymap import with_keys
from tui.live import Live
from tui.panes.base import Empty, FieldsPane, line
from tui.widgets.bars import Meter
from tui.widgets.curves import Curves, loss_and_accuracy
from tui.widgets.fields import NumberInput, Tick
from tui.words.events import failed_words
from tui.words.tables import Sheet
from tui.words.text import clean, day, figure, span

COLUMNS: tuple[tuple[str, int, Callable[[EpochDone], str]], ...] = (
    ("Epoch", 5, lambda event: str(event.epoch)),
    ("loss", 7, lambda event: figure(event.loss, ".3f")),
    ("v.loss", 7, lambda event: figure(event.val_loss, ".3f")),
    ("v.acc", 6, lambda event: figure(event.val_accuracy, ".2f")),
    ("TPIR", 6, lambda event: percent(event.tpir)),
    ("FPIR", 6, lambda event: percent(event.fpir)),
    ("rate", 6, lambda event: figure(event.learning_rate, ".0e")),
)
"""Title, width and cell of what the curves beside the table do not show as well; `sheet` has all
figures."""


def option_fields(settings: TrainingSettings) -> Iterator[Widget]:
    """Label and field of each option of a training, with its configured value."""
    for option in TRAIN_OPTIONS:
        value, name = getattr(settings, option.setting), f"training-{option.setting}"
        field: Widget
        if option.kind is bool:
            field = Tick(option.title, value, id=name)
        elif option.choices:
            listed = [(str(choice), choice) for choice in option.choices]
            field = Select[Any](
                listed, value=value, allow_blank=False, compact=True, id=name, tooltip=option.help
            )
        else:
            whole = option.kind is int
            field = NumberInput(f"{value}", whole=whole, id=name, tooltip=option.help)
        label = Label("" if option.kind is bool else option.title)
        for part in (label, field):
            part.add_class(f"option-{option.setting}", update=False)
            yield part


class TrainingPane(FieldsPane):
    """The running or last training."""

    NAME = "training"
    NUMBER = 4
    ACTION = "train"
    TITLE = "Training"
    MAIN = "#training-table"
    EMPTY = (
        "No training yet.\n\n"
        "Split the pictures with {key.split}, then press {key.train}.\n"
        "head: a small head on both networks' features, fast.\n"
        "classic: the textbook recipe, slow, two people or more."
    )

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self.settings = settings
        self.epochs: list[EpochDone] = []
        self.before: tuple[EpochDone, ...] = ()
        """The run before, drawn faintly behind the present one."""
        self.running = False
        self.result: TrainDone | None = None
        """The training of this session that is shown, if there was one."""

    def compose(self) -> ComposeResult:
        """Choices, status, curves, table."""
        with Horizontal(classes="fields"):
            yield Label("Recipe")
            yield Select[str](
                [("head", "head"), ("classic", "classic")],
                value="head",
                allow_blank=False,
                compact=True,
                id="training-recipe",
                tooltip="head: features once, then a small head. classic: the whole network",
            )
            yield from option_fields(self.settings)
        yield line("training-error", "error")
        yield Empty(with_keys(self.EMPTY), id="training-empty")
        yield line("training-status", "status")
        yield line("training-threshold", "detail")
        yield Meter(id="training-meter")
        with Horizontal(id="training-result"):
            with Horizontal(id="training-curves"):
                yield from loss_and_accuracy("curve")
            yield DataTable[Text](
                id="training-table", cursor_type="row", cell_padding=0, zebra_stripes=True
            )

    def on_mount(self) -> None:
        """Start empty."""
        table = self.query_one(DataTable)
        for place, (title, width, _cell) in enumerate(COLUMNS):
            table.add_column(Text(title, justify="right"), width=width, key=str(place))
        self.query_one("#training-result").display = False
        self.query_one(Meter).display = False
        self._show_options()

    @on(Select.Changed, "#training-recipe")
    def _recipe_changed(self, event: Select.Changed) -> None:
        event.stop()
        self._show_options()

    def _show_options(self) -> None:
        """Show the fields of the recipe's options, no others."""
        shown = {option.setting for option in train_options(self._recipe).values()}
        for option in TRAIN_OPTIONS:
            for part in self.query(f".option-{option.setting}"):
                part.display = option.setting in shown

    @property
    def _recipe(self) -> Recipe:
        return cast(Recipe, self.query_one("#training-recipe", Select).value)

    def request(self) -> TrainRequest | None:
        """The training asked for by the fields; None (and the reason shown) if they are wrong."""
        options = {}
        for name, option in train_options(self._recipe).items():
            field = self.query_one(f"#training-{option.setting}", Widget)
            assert isinstance(field, Input | Select | Checkbox)
            try:
                options[name] = option.checked(field.value)
            except ValueError as error:
                self.write("#training-error", str(error))
                return None
        self.write("#training-error", "")
        return TrainRequest(recipe=self._recipe, options=options)

    def started(self, event: JobStarted) -> None:
        """A training begins: clear what the last one left."""
        self.running, self.result = True, None
        if self.epochs:
            self.before = tuple(self.epochs)
        self._clear()
        self.query_one("#training-empty").display = False
        self.query_one("#training-result").display = True
        self.main_appeared()
        meter = self.query_one(Meter)
        meter.display = True
        meter.remove_class("-idle")
        meter.show(0, 0)
        self.border_subtitle = with_keys("{key.stop} stop and keep · {key.cancel} give up")
        self.write("#training-status", Text(f"{clean(event.title)}: preparing", "bold"))
        self._draw()

    def show_model(self, current: ModelRow | None, stored: int) -> None:
        """Show the model in use, unless the training that is shown says the truth about itself."""
        in_use = current.id if current else ""
        result = self.result
        if self.running or (result and (result.model == in_use) == result.promoted):
            return
        self.result = None
        self._clear()
        if current is None:
            if stored:
                models = many(stored, "model")
                self._say(
                    with_keys("No model is in use. {key.models} shows {models}.", models=models)
                )
            return
        for event in current.history:
            self._add(event)
        people = many(current.people, "person", "people")
        about = f"In use: model of {day(current.created)}, {people}, {current.recipe}"
        self._say(f"{about}, best epoch {current.best_epoch} of {current.epochs}.")
        self._draw()

    def _clear(self) -> None:
        self.epochs = []
        self.query_one(DataTable).clear()
        self.query_one("#training-empty").display = True
        self.query_one("#training-result").display = False
        self.query_one(Meter).display = False
        self.write("#training-status", "")
        self.write("#training-threshold", "")
        self.summary = self.nothing

    def _say(self, text: str) -> None:
        """Show what stands here when no training of this session does."""
        self.query_one("#training-empty").display = False
        self.query_one("#training-result").display = bool(self.epochs)
        self.write("#training-status", Text(text, "bold"))
        self.main_appeared()

    def show_live(self, live: Live) -> None:
        """Feature extraction, while no epoch has come yet."""
        features = live.features
        if self.running and features and not self.epochs:
            self.query_one(Meter).show(features.done, features.total)
            self.write("#training-status", Text(features_words(features), "bold"))

    def epoch(self, event: EpochDone) -> None:
        """One more epoch: a row, two points, perhaps a new best."""
        self._add(event)
        self.query_one(Meter).show(event.epoch, event.epochs)
        self.write("#training-status", self._state(event))
        self._draw()

    def _add(self, event: EpochDone) -> None:
        before = self.epochs[-1].best if self.epochs else 0
        self.epochs.append(event)
        table = self.query_one(DataTable)
        table.add_row(*self._cells(event, event.best == event.epoch), key=str(event.epoch))
        if before != event.best:
            self._redo(before, best=False)
            self._redo(event.best, best=True)
        table.move_cursor(row=table.row_count - 1)

    def threshold(self, event: Threshold) -> None:
        """What the new model's threshold means."""
        self.write("#training-threshold", clean(event.brief))

    def done(self, event: TrainDone) -> None:
        """Say how the training ended; that line stays."""
        self.result = event
        style = "bold" if event.promoted else "bold yellow"
        self.write("#training-status", Text(verdict(event), style))

    def ended(self, event: JobEnded) -> None:
        """Training is over; table and curves stay until the next one."""
        self.running = False
        kept = event.outcome in ("done", "stopped")
        next_steps = "{key.recognise} recognise · {key.evaluation} evaluate · {key.models} models"
        self.border_subtitle = with_keys(next_steps) if kept else ""
        self.query_one(Meter).set_class(not kept, "-idle")
        if event.outcome == "failed":
            self.write("#training-status", Text(failed_words(event), "bold red"))
        elif event.outcome == "cancelled":
            self.write("#training-status", Text("Cancelled; the model before stays", "bold"))
        if not self.epochs:
            self.query_one("#training-result").display = False

    def sheet(self) -> Sheet | None:
        """The epoch table with all digits."""
        rows = tuple(
            (
                str(e.epoch),
                *(figure(value, ".6g") for value in (e.loss, e.accuracy, e.val_loss)),
                *(figure(value, ".6g") for value in (e.val_accuracy, e.tpir, e.fpir)),
                figure(e.learning_rate, "g"),
                f"{e.seconds:.2f}",
                "best" if e.epoch == self.epochs[-1].best else "",
            )
            for e in self.epochs
        )
        figures = ("loss", "accuracy", "val_loss", "val_accuracy", "tpir", "fpir")
        header = ("epoch", *figures, "learning_rate", "seconds", "best")
        return Sheet(self.NAME, header, rows) if rows else None

    def _state(self, event: EpochDone) -> Text:
        best = self.epochs[event.best - 1] if 0 < event.best <= len(self.epochs) else event
        text = f"Epoch {event.epoch} of {event.epochs}"
        about = f"best epoch {event.best}, val acc {figure(best.val_accuracy, '.2f')}"
        if math.isfinite(best.fpir):
            about = f"best epoch {event.best}: TPIR {percent(best.tpir)}, FPIR {percent(best.fpir)}"
        return Text.assemble((text, "bold"), f" · {about}")

    def _redo(self, epoch: int, *, best: bool) -> None:
        if not 0 < epoch <= len(self.epochs):
            return
        table = self.query_one(DataTable)
        for place, cell in enumerate(self._cells(self.epochs[epoch - 1], best)):
            table.update_cell(str(epoch), str(place), cell)

    @staticmethod
    def _cells(event: EpochDone, best: bool) -> list[Text]:
        first, *others = (cell(event) for _title, _width, cell in COLUMNS)
        texts = (f"★ {first}" if best else first, *others)
        style = "bold green" if best else ""
        return [Text(text, style, justify="right") for text in texts]

    def _draw(self) -> None:
        epochs = self.epochs
        last = epochs[-1] if epochs else None
        total, best = (last.epochs, last.best) if last else (1, 0)
        if last and not self.running:
            total = len(epochs)
        for curves in self.query(Curves):
            curves.show(epochs, self.before, total, best)


def features_words(features: FeaturesProgress) -> str:
    """What is computed, and how many rows of it were there already."""
    cached = f", {features.cached} cached" if features.cached else ""
    return f"VGG16 features of the pictures{cached}"


def verdict(event: TrainDone) -> str:
    """Whether a new model is in use, and why not, in one line."""
    rightly = f"{event.named_before} -> {event.named_now} of {event.probes}"
    if event.promoted:
        about = f"In use: model of {many(len(event.people), 'person', 'people')}"
        compared = f", {rightly} held-out pictures named rightly" if event.probes else ""
        return f"{about}{compared}, trained in {span(event.seconds)}."
    if event.named_now < event.named_before:
        why = f"the new model is worse ({rightly}); {{key.models}} compares"
    else:
        why = "it names strangers or takes two people for one; {key.models} says more"
    return with_keys(f"NOT in use: {why}.")
