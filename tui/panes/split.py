"""The split: shares to edit, counts a person, warnings."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import DataTable, Input, Label

from engine.contract import SplitDone, grouped
from engine.contract.requests import SplitRequest
from engine.settings import LEAST_TRAIN, SplitSettings
from engine.text import many
from tui.keys.keymap import with_keys
from tui.panes.base import Empty, FieldsPane, line
from tui.widgets.fields import NumberInput, Wrong
from tui.words.tables import Sheet
from tui.words.text import SPLIT_BY, clean, shorten

PARTS = ("train", "validation", "test")
COLUMNS = (("Train", 6), ("Val", 5), ("Test", 5))


class SplitPane(FieldsPane):
    """Shares of the three parts and what they come to."""

    NAME = "split"
    NUMBER = 3
    ACTION = "split"
    TITLE = "Split"
    MAIN = "#split-table"
    EMPTY = "No split yet.\n\nEnrol people first, then press {key.split} to split their pictures."

    def __init__(self, settings: SplitSettings) -> None:
        super().__init__()
        self.settings = settings
        self.result: SplitDone | None = None

    def compose(self) -> ComposeResult:
        """Fields on top, the table below."""
        settings = self.settings
        with Horizontal(classes="fields"):
            for part, (short, _width) in zip(PARTS, COLUMNS, strict=True):
                yield Label(short)
                yield NumberInput(
                    f"{getattr(settings, part):g}",
                    whole=False,
                    id=f"split-{part}",
                    tooltip=f"Share of {part} pictures, 0 to 1; the three sum to 1",
                )
            yield Label("Seed")
            yield NumberInput(
                str(settings.seed),
                whole=True,
                id="split-seed",
                tooltip="The same seed gives the same split",
            )
        yield line("split-error", "error")
        yield Empty(with_keys(self.EMPTY), id="split-empty")
        yield line("split-status", "status")
        yield DataTable[Text](
            id="split-table", cursor_type="row", cell_padding=0, zebra_stripes=True
        )
        yield line("split-warnings", "advice")

    def on_mount(self) -> None:
        """Start empty."""
        self.show(None)

    def request(self) -> SplitRequest | None:
        """The split asked for by the fields; None (and the reason shown) if they are wrong."""
        try:
            request = self._read()
        except Wrong as wrong:
            self.write("#split-error", str(wrong))
            return None
        self.write("#split-error", "")
        return request

    def _read(self) -> SplitRequest:
        shares: dict[str, float] = {}
        for part in PARTS:
            try:
                shares[part] = float(self.query_one(f"#split-{part}", Input).value)
            except ValueError:
                raise Wrong(f"The share of {part} is not a number.") from None
        total = sum(shares.values())
        if abs(total - 1) > 1e-6:
            raise Wrong(f"The shares sum to {total:g}, not to 1.")
        train, validation, test = shares.values()
        if train < LEAST_TRAIN:
            raise Wrong(f"Training needs a share of {LEAST_TRAIN:g} or more.")
        seed = self.query_one("#split-seed", Input).value
        if not seed or int(seed) > 2**31 - 1:
            raise Wrong("The seed is a whole number from 0 to 2147483647.")
        return SplitRequest(train=train, validation=validation, test=test, seed=int(seed))

    def show(self, result: SplitDone | None) -> None:
        """Show a split, or what to do first."""
        self.result = result
        self.query_one("#split-empty").display = result is None
        self._fill()
        self.main_appeared()
        if result is None:
            self.border_subtitle = ""
            self.summary = self.nothing
            self.write("#split-status", "")
            self.write("#split-warnings", "")
            return
        how = SPLIT_BY.get(result.mode, clean(result.mode))
        total = result.train + result.validation + result.test
        self.border_subtitle = many(total, "picture")
        text = f"{result.train} / {result.validation} / {result.test}, {how}, seed {result.seed}"
        self.write("#split-status", text)
        shares = "/".join(f"{share:.0%}".rstrip("%") for share in result.shares)
        self.summary = f"{shares}, {many(len(result.people), 'person', 'people')}"
        warnings = "\n".join(f"! {clean(warning)}" for warning in grouped(result.warnings))
        self.write("#split-warnings", warnings)

    def sheet(self) -> Sheet | None:
        """Pictures of each person in each part."""
        if self.result is None:
            return None
        rows = tuple(
            (name, *(str(counts.get(part, 0)) for part in PARTS))
            for name, counts in self.result.people.items()
        )
        return Sheet(self.NAME, ("name", *PARTS), rows)

    def on_resize(self, _event: events.Resize) -> None:
        """The name column takes the room that is left."""
        self._fill()

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        table.display = self.result is not None
        table.clear(columns=True)
        if self.result is None:
            return
        room = max(6, self.content_size.width - sum(width for title, width in COLUMNS) - 1)
        table.add_column("Name", width=room)
        for title, width in COLUMNS:
            table.add_column(Text(title, justify="right"), width=width)
        for name, counts in self.result.people.items():
            table.add_row(
                Text(shorten(name, room - 1)),
                *(Text(str(counts.get(part, 0)), justify="right") for part in PARTS),
            )
