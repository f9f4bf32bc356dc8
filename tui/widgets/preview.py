"""A frame in half blocks: two pixels a cell, merged runs, cached styles."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from engine.events import Preview


@lru_cache(maxsize=4096)
def _style(upper: int, lower: int) -> Style:
    """Upper and lower pixel as 12-bit RGB (4 bits a channel)."""
    return Style(color=_colour(upper), bgcolor=_colour(lower))


def _colour(packed: int) -> Color:
    return Color.from_rgb((packed >> 8) * 17, (packed >> 4 & 15) * 17, (packed & 15) * 17)


class FramePreview(Widget):
    """The newest frame, scaled into the widget with its proportions kept; nothing without one."""

    DEFAULT_CSS = """
    FramePreview { width: 28; height: 100%; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.frame: Preview | None = None
        self._strips: tuple[tuple[int, int, int], list[Strip]] | None = None

    def show(self, frame: Preview | None) -> None:
        """Take a frame, or None to clear. Hidden widgets draw nothing."""
        if frame is self.frame:
            return
        self.frame = frame
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        frame, width, height = self.frame, self.size.width, self.size.height
        if frame is None or not width or not height:
            return Strip.blank(width)
        key = (id(frame), width, height)
        if self._strips is None or self._strips[0] != key:
            self._strips = (key, self._scale(frame, width, height))
        strips = self._strips[1]
        return strips[y] if y < len(strips) else Strip.blank(width)

    @staticmethod
    def _scale(frame: Preview, columns: int, rows: int) -> list[Strip]:
        """Nearest pixels at the largest size that fits; one cell is one pixel wide, two high."""
        if len(frame.pixels) < frame.width * frame.height * 3:
            return []
        factor = min(columns / frame.width, rows * 2 / frame.height)
        across = max(1, int(frame.width * factor))
        down = max(2, int(frame.height * factor) // 2 * 2)
        lookup = [x * frame.width // across * 3 for x in range(across)]
        pixels = frame.pixels

        def row(y: int) -> list[int]:
            start = y * frame.height // down * frame.width * 3
            return [
                (pixels[start + x] & 0xF0) << 4
                | pixels[start + x + 1] & 0xF0
                | pixels[start + x + 2] >> 4
                for x in lookup
            ]

        strips = []
        for y in range(0, down, 2):
            segments: list[Segment] = []
            run, style = 0, None
            for upper, lower in zip(row(y), row(y + 1), strict=True):
                wanted = _style(upper, lower)
                if wanted is not style and run:
                    segments.append(Segment("▀" * run, style))
                    run = 0
                style, run = wanted, run + 1
            segments.append(Segment("▀" * run, style))
            strips.append(Strip(segments, across).adjust_cell_length(columns))
        return strips
