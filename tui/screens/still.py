"""Pictures at full quality: one, or a contact sheet to go through with the arrow keys."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from tui.calls import in_thread
from tui.keys import bindings_of
from tui.screens.dialog import Dialog
from tui.stills import Grid, Still, read, sheet
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.still import StillPicture


class StillScreen(Dialog[None]):
    """Shows stills; the caption tells the number, session and file of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("still")]

    def __init__(self, title: str, stills: tuple[Still, ...]) -> None:
        super().__init__()
        self._title, self.stills = title, stills
        self.chosen = 0
        self.large = len(stills) == 1
        self.grid = Grid(1, 1)

    def title_text(self) -> str:
        """Whose pictures these are."""
        return self._title

    def body(self) -> ComposeResult:
        """The picture, its caption, the keys."""
        yield StillPicture()
        yield Static(id="still-caption", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Show once the room for it is known."""
        self.call_after_refresh(self.draw)

    def on_resize(self, _event: events.Resize) -> None:
        """Another size, another sheet."""
        self.call_after_refresh(self.draw)

    @work(exclusive=True, exit_on_error=False)
    async def draw(self) -> None:
        """Read what is on the page and show it."""
        if not self.query(StillPicture):
            return
        picture = self.query_one(StillPicture)
        self.query_one("#still-caption", Static).update(self._caption())
        if self.large:
            image = await in_thread(partial(read, self.stills[self.chosen]))
        else:
            self.grid = Grid.within(*picture.room)
            places = self.grid.around(self.chosen, len(self.stills))
            page = self.stills[places.start : places.stop]
            chosen = self.chosen - places.start
            image = await in_thread(partial(sheet, page, chosen, self.grid))
        if picture.is_mounted:
            await picture.show(image)

    def action_move(self, across: int, down: int) -> None:
        """Choose another picture."""
        step = across + down * (1 if self.large else self.grid.columns)
        self.chosen = min(max(self.chosen + step, 0), len(self.stills) - 1)
        self.draw()

    def action_enlarge(self, large: bool) -> None:
        """One picture, or all of them."""
        self.large = large or len(self.stills) == 1
        self.draw()

    def _caption(self) -> Text:
        still = self.stills[self.chosen]
        place = f"{self.chosen + 1} of {len(self.stills)}"
        count = f"{place} · " if len(self.stills) > 1 else ""
        return Text(f"{count}{clean(still.caption)}")
