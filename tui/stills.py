"""Pictures to look at: read from files or bytes, many of them put on one contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import FacedeskError
from engine.files import read_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

CROP = 160
"""Pixels of an aligned crop, each way."""
EDGE = 8
"""Pixels around a picture on a sheet; the chosen one has a light frame there."""
TILE_COLUMNS, TILE_ROWS = 18, 9
"""Cells of a picture on a sheet: square where a cell is twice as high as wide."""
LIGHT, DARK, BROKEN = (255, 220, 80), (20, 20, 24), (90, 40, 40)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture: a file, an encoded picture, or an aligned crop (RGB uint8 160x160x3)."""

    picture: Path | bytes
    caption: str


def read(still: Still) -> Image:
    """The picture as RGB. One that cannot be read is a dark red square: the caption says which."""
    import io

    from PIL import Image

    picture = still.picture
    try:
        if isinstance(picture, bytes) and len(picture) == CROP * CROP * 3:
            return Image.frombytes("RGB", (CROP, CROP), picture)
        encoded = picture if isinstance(picture, bytes) else read_bytes(picture)
        with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG")) as opened:
            return opened.convert("RGB")
    except (OSError, FacedeskError, SyntaxError, ValueError, Image.DecompressionBombError):
        return Image.new("RGB", (CROP, CROP), BROKEN)


@dataclass(frozen=True, slots=True)
class Grid:
    """Pictures on a sheet: so many beside and below each other."""

    columns: int
    rows: int

    @classmethod
    def within(cls, width: int, height: int) -> Grid:
        """As many as fit into a room of cells, at least one."""
        return cls(max(1, width // TILE_COLUMNS), max(1, height // TILE_ROWS))

    @property
    def page(self) -> int:
        """Pictures a page."""
        return self.columns * self.rows

    def around(self, chosen: int, count: int) -> range:
        """The places of the page that the chosen picture is on."""
        first = chosen // self.page * self.page
        return range(first, min(first + self.page, count))


def sheet(stills: Sequence[Still], chosen: int, grid: Grid) -> Image:
    """A page of pictures, left to right and down, the chosen one (index in `stills`) framed."""
    from PIL import Image, ImageOps

    side = CROP + 2 * EDGE
    page = Image.new("RGB", (side * grid.columns, side * grid.rows), DARK)
    for place, still in enumerate(stills):
        tile = ImageOps.contain(read(still), (CROP, CROP))
        tile = ImageOps.pad(tile, (CROP, CROP), color=DARK)
        tile = ImageOps.expand(tile, EDGE, LIGHT if place == chosen else DARK)
        page.paste(tile, (place % grid.columns * side, place // grid.columns * side))
    return page
