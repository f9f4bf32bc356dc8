"""Pictures at full quality: the last capture, a person's pictures, the face behind a sighting.

One picture, or a contact sheet to go through with the arrow keys, by the best protocol the
terminal has.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static

from engine.contract import Captured, JobEnded, JobStarted, NothingToExplain, Why
from engine.contract.errors import FacedeskError
from engine.contract.requests import PictureRow
from engine.workspace.files import read_bytes
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.screens.desk import DeskScreen
from tui.screens.dialog import Dialog
from tui.screens.people import People
from tui.terminal import graphics
from tui.terminal.line import colours, send
from tui.widgets.bars import KeyLine
from tui.widgets.lists import Where
from tui.words.text import clean

if TYPE_CHECKING:
    from PIL.Image import Image


CROP = 160
"""Pixels of an aligned crop, each way."""
EDGE = 8
"""Pixels around a picture on a sheet; the chosen one has a light frame there."""
TICK, TICKED = 48, ((10, 24), (20, 36), (38, 12))
"""Pixels of the square with the tick on a marked picture, and the line of the tick."""
TILE_COLUMNS, TILE_ROWS = 18, 9
"""Cells of a picture on a sheet: square where a cell is twice as high as wide."""
LIGHT, DARK, BROKEN, MARKED = (255, 220, 80), (20, 20, 24), (90, 40, 40), (80, 200, 120)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture: a file, an encoded picture, or an aligned crop (RGB uint8 160x160x3)."""

    picture: Path | bytes
    caption: str
    key: str = ""
    """What the desk calls it: "<session>/<file>"; empty where nothing can be done with it."""


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

    def page_of(self, chosen: int, count: int) -> range:
        """The places of the page that the chosen picture is on."""
        first = chosen // self.page * self.page
        return range(first, min(first + self.page, count))


def sheet(stills: Sequence[Still], chosen: int, grid: Grid, marked: Collection[str] = ()) -> Image:
    """A page of pictures, left to right and down, the chosen one (index in `stills`) framed, and a
    tick on those whose key is marked."""
    from PIL import Image, ImageDraw, ImageOps

    side = CROP + 2 * EDGE
    page = Image.new("RGB", (side * grid.columns, side * grid.rows), DARK)
    for place, still in enumerate(stills):
        tile = ImageOps.contain(read(still), (CROP, CROP))
        tile = ImageOps.pad(tile, (CROP, CROP), color=DARK)
        if still.key in marked:
            draw = ImageDraw.Draw(tile)
            draw.rectangle((0, 0, TICK, TICK), MARKED)
            draw.line(TICKED, DARK, 6)
        tile = ImageOps.expand(tile, EDGE, LIGHT if place == chosen else DARK)
        page.paste(tile, (place % grid.columns * side, place // grid.columns * side))
    return page


class StillPicture(Container):
    """Shows a picture as large as fits, in cells or, for Sixel, in a widget of its own. What a
    protocol left in the terminal goes with it."""

    DEFAULT_CSS = """
    StillPicture { width: 1fr; height: 1fr; align: center middle; }
    StillPicture #still-cells { width: auto; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(Static(id="still-cells", markup=False), id="still-picture")
        self._after = ""

    async def show(self, image: Image) -> None:
        """Show a picture (RGB) in place of the one before."""
        if not self.content_size:
            return
        size = graphics.cell()
        columns, rows = graphics.fitted(image.size, self.content_size, size)
        headless = self.app.is_headless
        how = "cells" if headless else graphics.protocol(os.environ, colours(self.app))
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


class StillScreen(Dialog[None]):
    """Shows stills; the caption tells the number, session and file of the chosen one."""

    HELP = "still"

    def __init__(self, title: str, stills: tuple[Still, ...]) -> None:
        super().__init__()
        self.title, self.stills = title, stills
        self.chosen = 0
        self.large = len(stills) == 1
        self.marked: set[str] = set()
        self.grid = Grid(1, 1)

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
            self.grid = Grid.within(*picture.content_size)
            places = self.grid.page_of(self.chosen, len(self.stills))
            page = self.stills[places.start : places.stop]
            chosen = self.chosen - places.start
            marked = frozenset(self.marked)
            image = await in_thread(partial(sheet, page, chosen, self.grid, marked))
        if picture.is_mounted:
            await picture.show(image)

    def action_move(self, across: int, down: int) -> None:
        """Choose another picture."""
        step = across + down * (1 if self.large else self.grid.columns)
        self.chosen = min(max(self.chosen + step, 0), len(self.stills) - 1)
        self.draw()

    def move_to(self, where: Where) -> None:
        """The next picture, the one before, the first or the last."""
        last = len(self.stills)
        self.action_move({"down": 1, "up": -1, "home": -last, "end": last}[where], 0)

    def action_enlarge(self, large: bool) -> None:
        """One picture, or all of them."""
        self.large = large or len(self.stills) == 1
        self.draw()

    def _caption(self) -> Text:
        still = self.stills[self.chosen]
        place = f"{self.chosen + 1} of {len(self.stills)}"
        count = f"{place} · " if len(self.stills) > 1 else ""
        tick = "✓ " if still.key in self.marked else ""
        marked = f"{len(self.marked)} marked · " if self.marked else ""
        return Text(f"{tick}{count}{marked}{clean(still.caption)}")


class PersonSheet(StillScreen):
    """The pictures of a person: mark them, delete them, say whose they are."""

    HELP = "sheet"

    def __init__(self, people: People, person: str, rows: Sequence[PictureRow], at: str) -> None:
        """`at` is the session or picture to begin with; the first one if there is none."""
        super().__init__(person, tuple(map(_still, rows)))
        self._people, self.person = people, person
        self.chosen = next((n for n, s in enumerate(self.stills) if at and s.key.startswith(at)), 0)

    def on_mount(self) -> None:
        """Follow what changes the person."""
        super().on_mount()
        self._people.changed.subscribe(self, self._refresh)

    def _refresh(self, name: str) -> None:
        self.person = name or self.person
        self._people.app.go(self._read())

    async def _read(self) -> None:
        try:
            rows = await in_thread(partial(self._people.desk.pictures, self.person))
        except FacedeskError:
            rows = ()  # nobody of this name any more
        if not self.is_mounted:
            return
        if not rows:
            if self.is_active:  # behind a question they stay in view
                self.dismiss(None)
            return
        chosen = self.stills[self.chosen].key
        self.stills = tuple(map(_still, rows))
        places = {still.key: place for place, still in enumerate(self.stills)}
        self.marked &= places.keys()
        # Another process may have changed the pictures before it: `d` is for the one in view.
        self.chosen = places.get(chosen, min(self.chosen, len(rows) - 1))
        self.draw()

    @property
    def keys(self) -> tuple[str, ...]:
        """The marked pictures, else the chosen one."""
        return tuple(sorted(self.marked)) or (self.stills[self.chosen].key,)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        return self._people.app.allows(action)

    def action_mark_still(self) -> None:
        """Mark the picture, or take the mark away, and go on to the next."""
        self.marked ^= {self.stills[self.chosen].key}
        self.action_move(1, 0)

    def action_delete_pictures(self) -> None:
        """Ask; then delete the marked pictures, or the chosen one."""
        self._people.delete_pictures(self.person, self.keys, len(self.keys))

    def action_move_pictures(self) -> None:
        """The form for the person whose pictures these are."""
        self._people.move_pictures(self.person, self.keys, len(self.keys))

    def action_undo(self) -> None:
        """Undo the newest change."""
        self._people.action_undo()


async def show_pictures(people: People, name: str, at: str = "") -> None:
    """Open the sheet of a person's pictures at a session or picture. Raises FacedeskError."""
    rows = await in_thread(partial(people.desk.pictures, name))
    if rows:
        people.app.push_screen(PersonSheet(people, name, rows, at))
    else:
        people.app.explain(f"There is no picture of {name}.")


class Stills:
    """The key that shows pictures of what is in front."""

    def __init__(self, app: EngineApp, screen: DeskScreen, people: People) -> None:
        self.app, self.screen, self.people = app, screen, people
        self.last_capture: Captured | None = None
        self._face_wanted = False
        """Whether the engine was asked for the picture behind a sighting."""
        app.listen(
            {
                Captured: self._captured,
                JobStarted: self._started,
                JobEnded: self._ended,
                Why: self._face,
                NothingToExplain: self._no_face,
            }
        )

    def _captured(self, event: Captured) -> None:
        self.last_capture = event

    def _started(self, event: JobStarted) -> None:
        if event.job == "enrol":
            self.last_capture = None

    def _ended(self, event: JobEnded) -> None:
        """A capture that was given up took its pictures with it."""
        if (event.job, event.outcome) == ("enrol", "cancelled"):
            self.last_capture = None

    def _face(self, event: Why) -> None:
        if self._face_wanted:
            self._face_wanted = False
            who = clean(event.person or event.candidate)
            score = f"score {event.score:.2f}, threshold {event.threshold:.2f}"
            still = Still(event.crop, f"{event.decision}: {who}, {score}")
            self.app.push_screen(StillScreen("The newest face", (still,)))

    def _no_face(self, _event: NothingToExplain) -> None:
        if self._face_wanted:
            self._face_wanted = False
            self.app.explain("The picture of this face is no longer at hand.")

    def action_still(self) -> None:
        """What there is to see of the pane in front."""
        front = self.screen.front
        if front == "people":
            self._show_person()
        elif front == "recognition":
            self._show_newest_face()
        else:
            self._show_last_capture()

    def _show_newest_face(self) -> None:
        """Ask the engine for the picture behind the newest sighting; the answer shows it."""
        seen = self.screen.recognition.sightings
        if not seen:
            self.app.explain(with_keys("No face has been recognised yet. Press {key.recognise}."))
            return
        newest = max(seen, key=lambda each: each.seen)
        self._face_wanted = True
        self.app.call(self.app.desk.why, newest.face.track)

    def _show_person(self) -> None:
        person = self.screen.people.selected
        if person is None:
            self.app.explain(with_keys("Nobody is enrolled yet. Press {key.new_person}."))
            return
        self.app.go(show_pictures(self.people, person.name))

    def _show_last_capture(self) -> None:
        last = self.last_capture
        if last is None:
            self.app.explain(with_keys("No picture was captured yet. Press {key.new_person}."))
            return

        async def show() -> None:
            rows = await in_thread(partial(self.app.desk.pictures, last.person))
            row = next((r for r in rows if (r.session, r.file) == (last.session, last.file)), None)
            if row is None:
                self.app.explain("The last capture is no longer there.")
            else:
                self.app.push_screen(StillScreen(f"Last kept: {last.person}", (_still(row),)))

        self.app.go(show())


def _still(row: PictureRow) -> Still:
    about = f"session {row.session} · {row.file}"
    return Still(Path(row.path), about, f"{row.session}/{row.file}")
