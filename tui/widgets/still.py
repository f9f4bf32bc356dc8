"""One picture on the screen, by the best protocol the terminal has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from tui import graphics
from tui.terminal import colours, send

if TYPE_CHECKING:
    from PIL.Image import Image


class StillPicture(Container):
    """Shows a picture as large as fits. What a protocol left in the terminal goes with it."""

    DEFAULT_CSS = """
    StillPicture { width: 1fr; height: 1fr; align: center middle; }
    StillPicture #still-cells { width: auto; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="still-picture")
        self._after = ""

    def compose(self) -> ComposeResult:
        """The cells; Sixel brings a widget of its own."""
        yield Static(id="still-cells", markup=False)

    @property
    def protocol(self) -> graphics.Protocol:
        """How pictures are shown."""
        if self.app.is_headless:
            return "cells"
        return graphics.protocol(os.environ, colours(self.app))

    @property
    def room(self) -> Size:
        """Cells there are for a picture."""
        return self.content_size

    async def show(self, image: Image) -> None:
        """Show a picture (RGB) in place of the one before."""
        if not self.room:
            return
        size = graphics.cell()
        columns, rows = graphics.fitted(image.size, self.room, size)
        how = self.protocol
        cells = self.query_one("#still-cells", Static)
        if how == "sixel":
            cells.display = False
            await self._sixel(image, columns, rows)
            return
        drawn = graphics.draw(image, columns, rows, how, self.app.console)
        send(self.app, self._after + drawn.before)
        self._after = drawn.after
        cells.styles.width, cells.styles.height = columns, rows
        cells.update(drawn.renderable)

    def on_unmount(self) -> None:
        """Take out of the terminal what was put into it."""
        send(self.app, self._after)
        self._after = ""

    async def _sixel(self, image: Image, columns: int, rows: int) -> None:
        await self.query(".sixel").remove()
        picture: Widget = graphics.library().SixelImage(image, classes="sixel")
        picture.styles.width, picture.styles.height = columns, rows
        await self.mount(picture)
