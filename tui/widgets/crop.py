"""A still crop in half blocks, two pixels a cell, with a caption below it."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.text import shorten


class Crop(Widget):
    """A picture at the largest size that fits, proportions kept; only the caption without one."""

    DEFAULT_CSS = """
    Crop { width: 16; height: 8; }
    """

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._picture: bytes | tuple[bytes, int, int] = b""
        self._caption = ""
        self._drawn: tuple[int, int, list[Strip]] | None = None

    def show(self, png: bytes, caption: str = "") -> None:
        """Show the picture in `png`, empty for none, with a caption of one line."""
        self._show(png, caption)

    def show_pixels(self, pixels: bytes, width: int, height: int, caption: str = "") -> None:
        """The same with the picture as RGB, row by row."""
        self._show((pixels, width, height), caption)

    def _show(self, picture: bytes | tuple[bytes, int, int], caption: str) -> None:
        if (picture, caption) == (self._picture, self._caption):
            return
        self._picture, self._caption = picture, caption
        self._drawn = None
        self.refresh()

    @property
    def caption(self) -> str:
        """The line below the picture."""
        return self._caption

    def render_line(self, y: int) -> Strip:
        """One row of cells: the picture, then the caption."""
        width, height = self.size.width, self.size.height
        if y == height - 1:
            text = shorten(self._caption, width)
            return Strip([Segment(text, self.rich_style)]).adjust_cell_length(
                width, self.rich_style
            )
        if self._drawn is None or self._drawn[:2] != (width, height):
            self._drawn = width, height, _strips(self._picture, width, height - 1, self.rich_style)
        strips = self._drawn[2]
        return strips[y] if y < len(strips) else Strip.blank(width, self.rich_style)


def _strips(
    picture: bytes | tuple[bytes, int, int], columns: int, rows: int, background: Style
) -> list[Strip]:
    """The picture as lines of cells; none if there is no picture or it cannot be read."""
    if not picture or columns < 1 or rows < 1:
        return []
    import io  # here, as Pillow is not needed for the first paint

    from PIL import Image

    try:
        if isinstance(picture, tuple):
            whole = Image.frombytes("RGB", picture[1:], picture[0])
        else:
            whole = Image.open(io.BytesIO(picture), formats=("PNG",))
        with whole as opened:
            factor = min(columns / opened.width, 2 * rows / opened.height)
            across = max(1, int(opened.width * factor))
            down = max(2, int(opened.height * factor) // 2 * 2)
            small = opened.convert("RGB").resize((across, down), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return []
    pixels = small.tobytes()

    def colour(x: int, y: int) -> Color:
        start = (y * across + x) * 3
        return Color.from_rgb(*pixels[start : start + 3])

    return [
        Strip(
            [
                Segment("▀", Style(color=colour(x, y), bgcolor=colour(x, y + 1)))
                for x in range(across)
            ],
            across,
        ).adjust_cell_length(columns, background)
        for y in range(0, down, 2)
    ]
