"""Finding one's way: help with every key, those of what is in front first, and jump mode, a letter
on every pane and field in view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Static

from tui.keys import ANSWERS, CONTEXTS, KEYS, keys_of, written
from tui.keys.keymap import ON_THE_DESK, pressed, shown, with_keys
from tui.link import EngineApp
from tui.panes.base import Empty, Pane
from tui.screens.desk import DeskScreen
from tui.screens.dialog import Dialog
from tui.widgets.lists import FilterLine, search_key

ABOUT: dict[str, str] = {
    "people": (
        "People: who is enrolled, with how many pictures. Model says whether the model in "
        "use knows the person: yes, no, or stale (pictures changed since training). What is "
        "deleted, merged or moved lies in the trash for a while: u undoes it."
    ),
    "person": (
        "A person: sessions that unfold into pictures, with the faces of the selected one beside "
        "them. The line below says light (0 to 255), focus, and whether both eyes were found."
    ),
    "sheet": "Pictures of a person: mark those that are wrong, then delete or assign them.",
    "models": "Models: every one that was trained. The model in use names people.",
    "why": "Why: what the decision about the selected face rests on.",
    "dialog": "Fill the fields in; Tab goes to the next one. A source's list opens with its field: "
    "down chooses, Enter takes.",
    "capture": (
        "Capture: the running capture or import. Every frame that is not kept is counted "
        "with its reason, the last measured value and the limit."
    ),
    "split": (
        "Split: edit the three shares and the seed, then press Enter or s. People with "
        "several sessions are split by session, others by blocks in time."
    ),
    "training": (
        "Training: choose recipe and epochs, then press Enter or t. ★ and ▲ mark the best "
        "epoch; the dotted curve is training, the line is validation."
    ),
    "recognition": (
        "Recognition: KNOWN, UNSURE or UNKNOWN for every face in view, with its score "
        "against the threshold and the votes of the last frames."
    ),
    "evaluation": (
        "Evaluation: how good the model in use is on pictures it did not learn from. "
        "Rank-1: the best match is right. TPIR: share of enrolled people named rightly at the "
        "threshold. FPIR: share of strangers named. Intervals hold in 95 of 100 such evaluations."
    ),
    "unknown": (
        "Unknown people: strangers seen while recognising, grouped by likeness. Assigned ones "
        "join a person's pictures; those that are not the person nearest, and ignored ones, "
        "join your own strangers, who check the threshold. Every choice can be undone with u."
    ),
    "group": (
        "An unknown: the newest picture of each sighting. Where one shows somebody else, "
        "mark it: it is split off, or told who it is, alone. Without a mark the selected one is "
        "meant. Those split off are not grouped with the others again."
    ),
    "doctor": (
        "Doctor: what is there and what is wrong, each with the command that mends it. ✓ is "
        "well, i is to know, ! will hurt, ✗ is broken. A camera's line can be measured."
    ),
    "roster": "Roster: names from a CSV file or a folder. Enter enrols the selected one.",
    "activity": "Activity: everything that happened, with the cure where something failed.",
}


class HelpScreen(Dialog[None]):
    """All keys by context. Scrolls; what is typed after the filter key leaves other lines out."""

    AUTO_FOCUS = "#help-body"  # the keys of lists scroll
    TITLE = "Keys"
    HELP = "help"

    def __init__(self, topic: str) -> None:
        super().__init__()
        self._topic = topic

    def body(self) -> ComposeResult:
        """The filter, and one text in a scrolling box."""
        yield FilterLine(self._filter, self._read, id="help-filter", hint="part of a line")
        with VerticalScroll(id="help-body"):
            yield Static(help_text(self._topic), id="help-text", markup=False)

    async def start_filter(self) -> None:
        """Let the operator type what to look for."""
        self.query_one(FilterLine).begin()

    def _filter(self, text: str) -> None:
        self.query_one("#help-text", Static).update(help_text(self._topic, text))

    def _read(self) -> None:
        self.query_one("#help-body").focus()


def help_text(topic: str, wanted: str = "") -> Group:
    """The help with the topic's own keys first; with `wanted` only lines that have it."""
    parts: list[RenderableType] = []
    if not wanted and topic in ABOUT:
        parts.append(Text(ABOUT[topic] + "\n", "italic"))
    first = [topic] if topic in CONTEXTS else []
    if topic not in ON_THE_DESK:
        first += ["dialog", "list"]
    part = search_key(wanted)
    for context in dict.fromkeys([*first, *CONTEXTS]):
        rows = [(shown(key), key.label, key.tooltip) for key in keys_of(context)]
        found = [row for row in rows if part in search_key(" ".join(row))]
        if found:
            table = Table.grid(padding=(0, 2, 0, 0))
            table.add_column(style="bold", min_width=8, no_wrap=True)
            table.add_column(min_width=12, no_wrap=True)
            table.add_column(style="dim")
            for row in found:
                table.add_row(*row)
            parts += [Text(CONTEXTS[context], "bold"), Padding(table, (0, 0, 1, 2))]
    return Group(*parts or ["No key has this text: esc shows all."])


def dead_key(key: str) -> str:
    """What is said of a key that does nothing here."""
    row = next((row for row in KEYS if pressed(row) == key and row.context not in ANSWERS), None)
    if row is None:
        return with_keys("{pressed} does nothing. {key.help} shows the keys.", pressed=written(key))
    place = CONTEXTS[row.context].lower()
    where = "on the desk: close this first" if row.context == "anywhere" else place
    return f"{shown(row)} ({row.label}) works {where}."


LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The keys under the fingers first."""


class Place(NamedTuple):
    """Something to jump to, and the cell that its letter covers."""

    target: Widget
    at: Offset


class JumpScreen(Dialog[Widget]):
    """Lays letters over the screen below; ends with the place that was chosen, or None."""

    DEFAULT_CSS = """
    JumpScreen { background: transparent; align: left top; layers: labels; }
    JumpScreen Static {
        width: auto; height: 1; position: absolute; layer: labels;
        background: $warning; color: $background; text-style: bold;
    }
    JumpScreen:ansi Static {
        background: ansi_default; color: ansi_default; text-style: reverse bold;
    }
    """

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.places = dict(zip(LETTERS, places, strict=False))

    def compose(self) -> ComposeResult:
        """A label a place."""
        for letter, place in self.places.items():
            label = Static(Text(f" {letter} "), markup=False)
            label.styles.offset = (place.at.x, place.at.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """A letter chooses; Esc is the dialog's, and other keys do nothing here."""
        place = self.places.get(event.key)
        if event.is_printable:
            event.stop()
        if place is not None:
            self.dismiss(place.target)


def jump_places(panes: Iterable[Pane]) -> list[Place]:
    """The panes in view, each with the fields in it that take the focus."""
    places = []
    for pane in panes:
        if not pane.region.area or not pane.is_on_screen:
            continue
        places.append(Place(pane, pane.region.offset + Offset(1, 0)))
        for field in pane.query("*").results(Widget):
            stands_for_pane = isinstance(field, Empty) or f"#{field.id}" == pane.MAIN
            if field.focusable and field.region.area and not stands_for_pane:
                places.append(Place(field, field.region.offset))
    return places


class Jump:
    """The key for jump mode."""

    def __init__(self, app: EngineApp, screen: DeskScreen) -> None:
        self.app, self.screen = app, screen

    def action_jump(self) -> None:
        """Letters on panes and fields."""

        def chosen(target: Widget | None) -> None:
            if isinstance(target, Pane):
                self.screen.show_pane(target.NAME)
            elif target is not None:
                target.focus()

        self.app.push_screen(JumpScreen(jump_places(self.screen.query(Pane))), chosen)
