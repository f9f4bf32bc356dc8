"""The lines around the panes: title, tabs, folded panes, keys; and the progress bar.

The first line of the screen: what this is, where the data are, what is running.

The last line of a screen: the keys that work now. One widget, drawn as one line.

Textual's own footer makes a widget of each key, again at every change of the focus; on this desk
that was half of the time between a key and its answer.

A progress bar of one line that says its numbers.
"""

from __future__ import annotations

from operator import itemgetter
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.keys.keymap import ROWS, with_keys
from tui.widgets.lists import filtered
from tui.words.text import clean, shorten


class TitleBar(Widget):
    """Name and workspace on the left, running jobs on the right; the right side has priority."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title--name", "title--demo", "title--job"}
    DEFAULT_CSS = """
    TitleBar {
        height: 1;
        background: $panel;
        color: $foreground 70%;
        & > .title--name { color: $accent; text-style: bold; }
        & > .title--demo { color: $background; background: $warning; text-style: bold; }
        & > .title--job { color: $success; text-style: bold; }
    }
    """

    workspace: reactive[str] = reactive("")
    state: reactive[str] = reactive("")
    jobs: reactive[tuple[str, ...]] = reactive(())
    demo: reactive[bool] = reactive(False)
    unknown: reactive[int] = reactive(0)
    """Sightings of strangers that wait in the unknown list."""
    steps: reactive[str] = reactive("")
    """The steps of a quick enrolment while one is under way."""
    recording: reactive[bool] = reactive(False)

    def render(self) -> Text:
        """One line of exactly the widget's width."""
        width = self.size.width
        line = Text(no_wrap=True, overflow="crop")
        line.append(" Facedesk ", self.get_component_rich_style("title--name", partial=True))
        if self.demo:
            line.append(f" {'DEMO'} ", self.get_component_rich_style("title--demo", partial=True))
            line.append(" ")
        if self.recording:
            line.append(f" {'REC'} ", self.get_component_rich_style("title--demo", partial=True))
            line.append(" ")
        right = " · ".join(clean(job) for job in self.jobs)
        if self.steps:
            right = f"{self.steps} · {right}" if right else self.steps
        mark = "" if self.steps else "● "  # the steps carry their own
        right = f" {mark}{right} " if right else f" {clean(self.state)} "
        if self.unknown:
            waiting = f"{self.unknown} unknown"
            right = f" ? {waiting} ·{right}"
        right = shorten(right, max(0, width - line.cell_len - 2))
        left = shorten(f"│ {self.workspace}", max(0, width - line.cell_len - cell_len(right) - 1))
        line.append(left)
        line.append(" " * max(0, width - line.cell_len - cell_len(right)))
        job = self.get_component_rich_style("title--job", partial=True)
        line.append(right, job if self.jobs else "")
        return line


class TabStrip(Widget):
    """The panes by number, for layouts that show one at a time; the shown one is bracketed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--active", "tabs--busy"}
    DEFAULT_CSS = """
    TabStrip {
        height: 1;
        color: $foreground 60%;
        & > .tabs--active { color: $accent; text-style: bold; }
        & > .tabs--busy { color: $success; text-style: bold; }
    }
    """

    active: reactive[str] = reactive("")
    busy: reactive[frozenset[str]] = reactive(frozenset())
    zoomed: reactive[bool] = reactive(False)

    def __init__(self, panes: tuple[tuple[str, str], ...], id: str | None = None) -> None:
        """`panes` are pairs of pane name and title, in the order of their number keys."""
        super().__init__(id=id)
        self.panes = panes

    def render(self) -> Text:
        """All tabs on one line; a dot marks a pane with a running job."""
        line = Text(no_wrap=True, overflow="crop")
        for number, (name, title) in enumerate(self.panes, 1):
            active = name == self.active
            style = self.get_component_rich_style("tabs--active", partial=True) if active else ""
            line.append("[" if active else " ", style)
            line.append(f"{number} {title}", style)
            if name in self.busy:
                line.append("●", self.get_component_rich_style("tabs--busy", partial=True))
            line.append("]" if active else " ", style)
            line.append(" ")
        if self.zoomed:
            line.append(with_keys("{key.zoom} all"), "bold")
        return line


_PANE = "folded_pane"
"""Name in a style's metadata of the pane that a click opens."""


class FoldedLines(Widget):
    """A line for each pane that is not shown: its number, title and what it has to say.

    Two beside each other where the terminal is wide.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"folded--title", "folded--words"}
    DEFAULT_CSS = """
    FoldedLines {
        height: auto;
        padding: 0 1;
        & > .folded--title { color: $foreground 80%; text-style: bold; }
        & > .folded--words { color: $foreground 65%; }
    }
    """

    panes: reactive[tuple[tuple[str, str, str], ...]] = reactive((), layout=True)
    """Name, title and words of each pane."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """So many lines."""
        return -(-len(self.panes) // self._across(width))

    @staticmethod
    def _across(width: int) -> int:
        return 2 if width >= 100 else 1

    def render(self) -> Text:
        """The lines; what does not fit is cut off."""
        title = self.get_component_rich_style("folded--title", partial=True)
        words = self.get_component_rich_style("folded--words", partial=True)
        width = self.content_size.width
        across = self._across(width)
        room = width // across
        text = Text(no_wrap=True, overflow="crop")
        for number, (name, heading, said) in enumerate(self.panes):
            if number:
                text.append("\n" if number % across == 0 else "")
            cell = Text.assemble((f"{heading:<14} ", title), (said, words))
            last = number == len(self.panes) - 1 and number % across == 0
            cell.truncate((width if last else room - 2), overflow="ellipsis")
            cell.pad_right(room - cell.cell_len)
            cell.stylize(Style(meta={_PANE: name}))
            text.append_text(cell)
        return text

    def on_click(self, event: events.Click) -> None:
        """A click opens the pane."""
        name = event.style.meta.get(_PANE)
        if name:
            self.screen.call_later(self.screen.run_action, f"show_pane('{name}')")


_KEY = "key_line_key"
"""Name in a style's metadata of the key that a click stands for."""


class KeyLine(Widget):
    """Key and word of what can be done now."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--word"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        & > .keys--key { color: $footer-key-foreground; text-style: bold; }
        & > .keys--word { color: $footer-description-foreground; }
    }
    """

    def on_mount(self) -> None:
        """Draw again when other keys work."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def render(self) -> Text:
        """The keys of what is in front, then others while there is room; the help on the right."""
        front = self.app.screen  # what is in front takes the keys
        if front is not self.screen and front.query(KeyLine):
            return Text()  # and says so itself
        focus = front.focused or front
        typing = focus.check_consume_key("question_mark", "?")
        help_key = with_keys("{key[anywhere.help-field]}" if typing else "{key.help}")
        right = self._item("f1", help_key, "Help")
        if filtered(focus) is not None and not typing:
            slash = with_keys("{key[list.filter]}")
            right = Text().join((self._item("slash", slash, "Filter"), Text(" "), right))
        line = Text(no_wrap=True, overflow="crop")
        room = self.size.width - right.cell_len
        for binding in self._bindings_in_order():
            item = self._item(binding.key, self.app.get_key_display(binding), binding.description)
            if line.cell_len + item.cell_len < room:
                line.append_text(item).append(" ")
        line.append(" " * max(0, room - line.cell_len))
        return line.append_text(right)

    def _bindings_in_order(self) -> list[Binding]:
        """What can be done now, once an action: what the front pane is for comes first."""
        front = getattr(self.app.screen, "front", "")
        ranked: dict[str, tuple[int, Binding]] = {}
        for active in self.app.screen.active_bindings.values():
            binding, row = active.binding, ROWS.get(active.binding.id or "")
            first = row is not None and bool(front) and front in row.where.split()
            own = row is not None and row.context not in ("list", "dialog") and not row.everywhere
            known = own and (binding.show or binding.action != "dismiss_dialog")
            if not active.enabled or not (first or known or binding.show):
                continue
            rank = 0 if first else 1 if binding.show else 2
            if rank < ranked.get(binding.action, (3, binding))[0]:
                ranked[binding.action] = (rank, binding)
        return [binding for _rank, binding in sorted(ranked.values(), key=itemgetter(0))]

    def _item(self, key: str, shown: str, word: str) -> Text:
        mark = Style(meta={_KEY: key})
        key_style = self.get_component_rich_style("keys--key", partial=True)
        word_style = self.get_component_rich_style("keys--word", partial=True)
        return Text.assemble((shown, key_style + mark), (f" {word}", word_style + mark))

    def on_click(self, event: events.Click) -> None:
        """A click on a key is that key."""
        key = event.style.meta.get(_KEY)
        if key:
            self.app.simulate_key(key)


EIGHTHS = " ▏▎▍▌▋▊▉"


class Meter(Widget):
    """`done` of `total` as a bar with the figures behind it; empty while `total` is 0."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"meter--bar", "meter--rest", "meter--figures"}
    DEFAULT_CSS = """
    Meter {
        height: 1;
        & > .meter--bar { color: $success; }
        & > .meter--rest { color: $foreground 15%; }
        & > .meter--figures { color: $foreground; text-style: bold; }
        &.-idle > .meter--bar { color: $foreground 40%; }
    }
    """

    done: reactive[int] = reactive(0)
    total: reactive[int] = reactive(0)

    def show(self, done: int, total: int) -> None:
        """Set both figures."""
        self.total = total
        self.done = done

    def render(self) -> Text:
        """The bar, as wide as the widget."""
        if self.total <= 0:
            return Text()
        figures = f" {self.done}/{self.total}"
        cells = max(1, self.size.width - len(figures))
        eighths = min(cells * 8, round(cells * 8 * self.done / self.total))
        full, part = divmod(eighths, 8)
        bar = "█" * full + (EIGHTHS[part] if part else "")
        return Text.assemble(
            (bar, self.get_component_rich_style("meter--bar", partial=True)),
            ("─" * (cells - len(bar)), self.get_component_rich_style("meter--rest", partial=True)),
            (figures, self.get_component_rich_style("meter--figures", partial=True)),
            no_wrap=True,
        )
