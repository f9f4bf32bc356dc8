"""What the command line prints: JSON Lines or tables on stdout, everything else on stderr."""

from __future__ import annotations

import codecs
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

from rich.box import SIMPLE
from rich.console import Console
from rich.text import Text

from engine.contract import Event, Preview
from engine.contract.errors import FacedeskError
from engine.text import escaped, plain
from tui.terminal.streams import Stream
from tui.words.text import clean

if TYPE_CHECKING:
    from rich.progress import Progress


UNLIMITED = 10_000
"""Columns of a table that goes to a file or a pipe."""
Row = TypeVar("Row")


class Output:
    """Prints for a person, or for a script with `--json`; `--quiet` leaves results and errors,
    `--verbose` adds statistics."""

    def __init__(
        self, out: TextIO, err: TextIO, *, as_json: bool, quiet: bool, verbose: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose
        self._out = out
        # Of a name nothing may be lost, whatever the locale can write.
        self._ascii = not codecs.lookup(out.encoding or "utf-8").name.startswith("utf-8")
        self._results = Console(file=out, markup=False, highlight=False, soft_wrap=True)
        if not self.on_screen:
            self._results.width = UNLIMITED
        self._notes = Console(file=err, markup=False, highlight=False, soft_wrap=True)
        self._progress: Progress | None = None

    @property
    def lost(self) -> bool:
        """Whether what is printed reaches nobody any more."""
        return isinstance(self._out, Stream) and self._out.lost is not None

    @property
    def on_screen(self) -> bool:
        """Whether results go to a terminal, which has an end on the right."""
        return self._results.is_terminal

    def event(self, event: Event) -> None:
        """One JSON line for an event, under `--json` only."""
        if self.as_json and not isinstance(event, Preview):
            self.object(event.to_json())

    def object(self, value: Mapping[str, Any]) -> None:
        """One JSON line on stdout. NaN and infinity, which JSON does not have, become null."""
        text = json.dumps(plain(value), ensure_ascii=self._ascii)
        self._out.write(escaped(text) + "\n")
        self._out.flush()

    def note(self, *texts: str, style: str = "") -> None:
        """Lines for a person on stderr, above a running progress bar."""
        console = self._progress.console if self._progress else self._notes
        for text in () if self.quiet or self.as_json else texts:
            console.print(Text(clean(text), style=style))

    def warn(self, *texts: str) -> None:
        """Notes on what somebody should look at."""
        self.note(*texts, style="yellow")

    def detail(self, *texts: str) -> None:
        """Lines of statistics on stderr, with `--verbose` only."""
        if self.verbose:
            self.note(*texts)

    def result(self, *texts: str) -> None:
        """Lines for a person on stdout."""
        for text in () if self.as_json else texts:
            self._results.print(Text(clean(text)))

    def done(self, *sentences: str, **facts: Any) -> None:
        """How a command came out: sentences for a person, or the object `done` with its facts."""
        if self.as_json:
            self.object({"event": "done", **facts})
        self.result(*sentences)

    def records(
        self,
        event: str,
        rows: Sequence[Row],
        shown: Mapping[str, Callable[[Row], str]] | Callable[[Row], Sequence[str]],
        *,
        fields: Callable[[Any], Mapping[str, Any]] = asdict,
        empty: str = "",
        title: str = "",
    ) -> None:
        """Print records: under `--json` the object `event` with its `fields` for each.

        A person gets a table of the columns `shown`, by their headings (as in `table`), or the
        lines that `shown` makes of each record; `empty` where there is no record.
        """
        if self.as_json:
            for row in rows:
                self.object({"event": event, **fields(row)})
        elif not rows:
            if empty:
                self.result(empty)
        elif callable(shown):
            for row in rows:
                self.result(*shown(row))
        else:
            cells = [[cell(row) for cell in shown.values()] for row in rows]
            self.table(list(shown), cells, title)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
        """A table for a person on stdout, or a list where the screen is too narrow for it.

        Columns whose name starts with `#` align right, those that start with `!` hold what is typed
        again. Nothing is cut.
        """
        if self.as_json:
            return
        from rich.table import Table

        above = Text(clean(title)) if title else None
        table = Table(box=SIMPLE, title=above, title_justify="left", pad_edge=False)
        for column in columns:
            side: Literal["right", "left"] = "right" if column.startswith("#") else "left"
            table.add_column(Text(clean(column.lstrip("#!"))), justify=side, no_wrap=True)
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        wide = self._results.options.update(max_width=UNLIMITED)
        if self._results.measure(table, options=wide).maximum <= self._results.width:
            self._results.print(table)
        else:
            self._list(columns, rows, title)

    def _list(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
        """Each row as lines: its typed cell, or the first that is not empty, then the others."""
        if title:
            self.result(title)
        for row in rows:
            cells = [(name, cell) for name, cell in zip(columns, row, strict=True) if cell]
            head = next((cell for cell in cells if cell[0].startswith("!")), cells[0])
            self.result(head[1])
            for name, cell in cells:
                if (name, cell) != head:
                    self.result(f"  {name.lstrip('#!')}: {cell}" if name else f"  {cell}")

    def error(self, error: FacedeskError) -> None:
        """The error on stderr as one sentence and a hint; under `--json` also as an object."""
        if self.as_json:
            parts = named(error, "title", "message", "hint", "exit_code")
            self.object({"event": "error", "kind": type(error).__name__, **parts})
        self._notes.print(Text(f"facedesk: {clean(str(error))}.", style="bold red"))
        if error.hint:
            self._notes.print(Text(f"  {clean(error.hint)}"))

    @contextlib.contextmanager
    def progress(self, title: str, total: int | None) -> Iterator[ProgressBar]:
        """A progress bar with the time left on stderr; in a pipe a line a tenth of the way."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        shown = not (self.quiet or self.as_json) and self._notes.is_terminal
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._notes,
            transient=True,
            disable=not shown,
        )
        # How far it is, where no bar is seen.
        tenth = (lambda text: None) if self._notes.is_terminal else self.note
        with bar:
            self._progress = bar if shown else None
            try:
                bar.add_task(clean(title), total=total)
                yield ProgressBar(bar, tenth)
            finally:
                self._progress = None


class ProgressBar:
    """Handle of one running progress bar; where none is seen, `say` gets a line now and then."""

    def __init__(self, bar: Progress, say: Callable[[str], None]) -> None:
        self._bar, self._say = bar, say
        self._task, self._title = bar.tasks[0].id, bar.tasks[0].description
        self._tenths = 0

    def update(self, done: int, total: int | None = None, title: str | None = None) -> None:
        """Move the bar to `done` of `total`; another title begins anew."""
        task = self._bar.tasks[0]
        if title is not None and clean(title) != self._title:
            self._title = clean(title)
            self._bar.reset(self._task, total=total, description=self._title)
            self._tenths = 0
        self._bar.update(self._task, completed=done, total=total or task.total)
        tenths = int(10 * done / task.total) if task.total else 0
        if tenths > self._tenths:
            self._tenths = tenths
            self._say(f"{self._title}: {done} of {task.total:.0f}")

    def retitle(self, title: str) -> None:
        """Change the words beside the bar."""
        self._bar.update(self._task, description=clean(title))


def named(row: object, *names: str) -> dict[str, Any]:
    """These attributes of a record, by name: what a script gets of it."""
    return {name: getattr(row, name) for name in names}
