"""What all panes share: a numbered title, one widget that takes the focus, an empty state.

The activity log: one line for everything that happened, newest last.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, RichLog, Static

from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.widgets.fields import NumberInput
from tui.widgets.preview import FramePreview
from tui.words.tables import Sheet
from tui.words.text import clean, clock

WORDS = 26
"""Cells that the words beside a picture need."""
UNDER = 2
"""Lines under a picture: what to do or who is there, and the count."""
SMALLEST = 48
"""Cells below which a picture is not made narrower for the words beside it."""


def picture_columns(room: tuple[int, int], shape: float, screen: int) -> int:
    """Columns of a picture in a room of cells; the words beside it get what is left, or nothing.

    `shape` is the frames' width over their height, `screen` the cells of the whole terminal. The
    picture is made smaller for the words only while it keeps half of the screen.
    """
    width, height = room
    full = min(width, round(2 * height * shape))
    smaller = width - WORDS - 1
    if full <= smaller:
        return full
    keeps_half = smaller * min(height, smaller / shape / 2) * 2 >= screen
    return smaller if smaller >= SMALLEST and keeps_half else full


def know_size(screen: Screen[None]) -> None:
    """Give a screen that is composed the classes of its size. Textual gives them later, and then
    styles and lays out all that is in it anew."""
    for cells, points in (
        (screen.app.size.width, screen.HORIZONTAL_BREAKPOINTS),
        (screen.app.size.height, screen.VERTICAL_BREAKPOINTS),
    ):
        screen.add_class(max(p for p in points or () if p[0] <= cells)[1], update=False)


class Pane(Vertical):
    """A bordered part of the desk. `NAME` is its id, `NUMBER` its key."""

    NAME: ClassVar[str]
    NUMBER: ClassVar[int]
    TITLE: ClassVar[str]
    EMPTY: ClassVar[str]
    """What to do first, shown while there is nothing to show."""
    MAIN: ClassVar[str]
    """Selector of the widget that takes the focus."""

    summary: reactive[str] = reactive("", init=False)
    """What the pane has to say, in one line, while it is folded."""

    def __init__(self) -> None:
        super().__init__(id=self.NAME, classes="pane")
        self.border_title = f"{self.NUMBER} {self.TITLE}"
        self.set_reactive(Pane.summary, self.nothing)

    @property
    def nothing(self) -> str:
        """The summary while there is nothing to show."""
        return with_keys(self.EMPTY).partition("\n")[0]

    def focus_main(self) -> None:
        """Give the focus to the pane's main widget, or to the empty state while that is hidden."""
        main = self.query_one(self.MAIN, Widget)
        shown = all(node.display for node in main.ancestors_with_self if isinstance(node, Widget))
        # At once: a pane that hides meanwhile must not pass the focus on to a third one first.
        self.screen.set_focus(main if shown else self.query_one(Empty))

    def mark_front(self, front: bool) -> None:
        """Show by the frame whether this pane is in front."""
        self.set_class(front, "-front", update=False)
        # The frame alone: by itself Textual would style all that is in the pane anew.
        self.app.stylesheet.update_nodes([self])

    def main_appeared(self) -> None:
        """The main widget came (or went): the focus on its stand-in follows."""
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        if isinstance(self.screen.focused, Empty) and self in self.screen.focused.ancestors:
            self.focus_main()

    def sheet(self) -> Sheet | None:
        """What the pane shows, to be copied; None if that is nothing."""
        return None

    def on_number_input_left(self, message: NumberInput.Left) -> None:
        """Esc in a field goes back to the pane."""
        message.stop()
        self.focus_main()

    def write(self, selector: str, text: str | Text) -> None:
        """Show text in one of the pane's lines, never as markup. The status is the summary too."""
        line = self.query_one(selector, Static)
        text = text if isinstance(text, Text) else Text(text)
        line.update(text)
        line.display = bool(text)
        if text and selector == f"#{self.NAME}-status":
            self.summary = text.plain


class FieldsPane(Pane):
    """A pane with fields; Enter in one asks for the pane's `ACTION`, a name in the key table."""

    ACTION: ClassVar[str]

    class Asked(Message):
        """Enter was pressed in a field."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Asked(self.ACTION))


class FramePane(Pane):
    """A pane with the camera's frames: the picture, words beside it, two lines under it."""

    def __init__(self) -> None:
        super().__init__()
        self.watching = False
        """Whether frames are shown or awaited."""
        self.shape = 4 / 3
        self._off = False

    def compose(self) -> ComposeResult:
        """The picture and the words, and what stands under both."""
        with Horizontal(classes="watch"):
            yield FramePreview(id=f"{self.NAME}-preview")
            with VerticalScroll(id=f"{self.NAME}-body", can_focus=True):
                yield from self.words()
        yield from self.under()

    @abstractmethod
    def words(self) -> ComposeResult:
        """What stands beside the picture."""

    @abstractmethod
    def under(self) -> ComposeResult:
        """The lines under the picture."""

    @property
    def preview(self) -> FramePreview:
        """The picture."""
        return self.query_one(FramePreview)

    def watch_frames(self, watching: bool) -> None:
        """Make room for frames, or take it back."""
        self.watching = watching
        if not watching:
            self.preview.show(None)
        self.set_class(watching, "-watching", update=False)
        self.app.stylesheet.update_nodes([self])
        self.fit()

    def frames_off(self, off: bool) -> None:
        """Whether the operator wants no frames."""
        if off != self._off:
            self._off = off
            self.fit()

    def source_shape(self, width: int, height: int) -> None:
        """Take the size of the frames that will come."""
        if width > 0 and height > 0:
            self.shape = width / height
            self.fit()

    def on_resize(self) -> None:
        """Another room, another picture."""
        self.fit()

    def fit(self) -> None:
        """Give the picture as much room as there is."""
        preview, body = self.preview, self.query_one(self.MAIN)
        width, height = self.content_size
        columns = picture_columns((width, height - UNDER), self.shape, self.screen.size.area)
        picture = self.watching and not self._off
        words = not picture or width - columns > WORDS
        focused = self.screen.focused
        preview.can_focus = not words
        preview.styles.width = columns
        preview.display = picture
        body.display = words
        for under in self.children:
            if isinstance(under, Static):
                under.styles.height = 1 if self.watching else "auto"
                under.styles.text_wrap = "nowrap" if self.watching else "wrap"
                under.styles.text_overflow = "ellipsis"
        if focused in (preview, body):
            self.focus_main()

    def focus_main(self) -> None:
        """Give the focus to the words, or to the picture where it leaves them no room."""
        if self.query_one(self.MAIN).display:
            super().focus_main()
        else:
            self.screen.set_focus(self.preview)


class Empty(Static):
    """What to do first. Takes the focus where the pane's main widget is hidden meanwhile."""

    def __init__(self, text: str, *, id: str, can_focus: bool = True) -> None:
        super().__init__(text, id=id, classes="empty", markup=False)
        self.can_focus = can_focus


def line(id: str, classes: str = "") -> Static:
    """A line of text for a pane; hidden until `Pane.write` gives it something."""
    made = Static(id=id, classes=classes, markup=False)
    made.display = False
    return made


LEVELS = {
    "info": ("", ""),
    "good": ("", "green"),
    "warning": ("! ", "yellow"),
    "error": (f"{'ERROR'} ", "bold red"),
}
LINES = 1000


class Log(RichLog):
    """Lines wrapped to the width there is; at its end it follows what comes."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, max_lines=LINES, wrap=True, markup=False, min_width=1)
        self._entries: deque[Text] = deque(maxlen=LINES)
        self._wrapped_at = 0
        """Width for which the entries are wrapped; 0 if not all are."""
        self.follows = True

    def add(self, entry: Text) -> None:
        """Append an entry."""
        self._entries.append(entry)
        if self._wrapped_at and self._wrapped_at == self.scrollable_content_region.width:
            self.write(entry, width=self._wrapped_at, scroll_end=self.follows)
        else:
            self._wrapped_at = 0
            self.call_after_refresh(self.rewrap)

    def on_resize(self, event: events.Resize) -> None:
        """Another width wraps anew."""
        self.call_after_refresh(self.rewrap)

    def on_show(self) -> None:
        """What came meanwhile is wrapped now."""
        self.call_after_refresh(self.rewrap)

    def rewrap(self) -> None:
        """Wrap all entries for the present width, and stay at the end if that was in view."""
        width, follows, before = self.scrollable_content_region.width, self.follows, self.scroll_y
        if width and width != self._wrapped_at:
            self._wrapped_at = 0
            self.clear()
            for entry in self._entries:
                self.write(entry, width=width, scroll_end=False)
            self._wrapped_at = width
            self.scroll_to(y=before, animate=False)
        self.follows = follows
        if follows:
            self.scroll_end(animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow while the end is in view."""
        super().watch_scroll_y(old_value, new_value)
        if self._wrapped_at:
            self.follows = self.is_vertical_scroll_end


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the log: its time, what it says, and the lines that it sums up."""

    time: str
    text: str
    details: tuple[str, ...]


class ActivityPane(Pane):
    """Lines with their time. Errors carry their hint."""

    NAME = "activity"
    NUMBER = 6
    TITLE = "Activity"
    MAIN = "#activity-log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("activity")]
    EMPTY = "Ready. {key.help} shows every key, {key.new_person} enrols a person."

    def __init__(self) -> None:
        super().__init__()
        self._entries: deque[LogEntry] = deque(maxlen=LINES)

    def compose(self) -> ComposeResult:
        """The log alone."""
        yield Log(id="activity-log")

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """All lines, the oldest first."""
        return tuple(self._entries)

    @property
    def lines(self) -> list[str]:
        """What the lines say, without their times."""
        return [entry.text for entry in self._entries]

    def add(
        self, text: str, level: str = "info", hint: str = "", details: Sequence[str] = ()
    ) -> None:
        """Append a line. Text is shown as it is, without markup and control characters; `details`
        are lines that Enter shows."""
        sign, style = LEVELS.get(level, ("", ""))
        body = clean(text) + (f" → {clean(hint)}" if hint else "")
        now = clock(time.time())
        self._entries.append(LogEntry(now, f"{sign}{body}", tuple(details)))
        self.summary = f"{now} {sign}{body}"
        self.query_one(Log).add(Text.assemble((now, "dim"), " ", (f"{sign}{body}", style)))

    def sheet(self) -> Sheet | None:
        """All lines with their times."""
        lines = tuple((f"{entry.time} {entry.text}",) for entry in self._entries)
        return Sheet(self.NAME, (), lines) if lines else None
