"""The capture's grid: views by pose and distance, and lights, each with a sign that fills."""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.text import Text
from textual.widget import Widget

from engine.events import Coaching
from tui.coach_words import place

FULL, EMPTY = "■", "·"
_NAME, _CELL, _LIGHT = 7, 10, 6
"""Cells of the names on the left, of one view, and of a light's name."""


def sign(different: int, need: int, *, here: bool) -> str:
    """`■■·` for two of three; in brackets where the person is just now."""
    seen = min(different, need)
    marks = FULL * seen + EMPTY * (need - seen)
    return f"[{marks}]" if here else f" {marks} "


class Coverage(Widget):
    """Six lines of 33 cells, seven with nods: they fit beside a preview too. Signs carry the
    meaning."""

    DEFAULT_CSS = """
    Coverage { height: auto; width: 100%; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.said: Coaching | None = None

    def show(self, said: Coaching) -> None:
        """Take what the coach said."""
        self.said = said
        self.refresh(layout=True)

    def render(self) -> Text:
        """The grid."""
        return drawn(self.said) if self.said else Text()


def drawn(said: Coaching) -> Text:
    """The grid as text: a row a distance, one for nods where they are asked for, the lights."""
    poses = tuple(dict.fromkeys(pose for pose, _, _ in said.cells))
    distances = ("near", "middle", "far")
    counts = {(pose, distance): count for pose, distance, count in said.cells}
    order = [pose for pose in ("left", "frontal", "right") if pose in poses]
    text = Text(" " * _NAME, no_wrap=True)
    for pose in order:
        text.append(" " + set_cell_size(place(pose), _CELL - 1), "dim")
    for distance in distances:
        text.append("\n" + set_cell_size(place(distance), _NAME), "dim")
        for pose in order:
            count = counts.get((pose, distance), 0)
            here = (pose, distance) == (said.pose, said.distance)
            text.append_text(_cell(count, said.need, here=here))
            text.append(" " * (_CELL - said.need - 2))
    nods = [(pose, far) for pose, far, _count in said.cells if pose in ("up", "down")]
    for number, cell in enumerate(nods):
        text.append("\n" + set_cell_size("nod", _NAME) if number == 0 else "", "dim")
        text.append(" " + set_cell_size(place(cell[0]), _LIGHT), "dim")
        here = cell == (said.pose, said.distance)
        text.append_text(_cell(counts[cell], said.need, here=here))
    for number, (light, count) in enumerate(said.lights):
        if number % 2 == 0:
            text.append("\n" + set_cell_size("light" if number == 0 else "", _NAME), "dim")
        text.append(" " + set_cell_size(place(light), _LIGHT), "dim")
        text.append_text(_cell(count, said.need, here=light == said.light))
    return text


def _cell(count: int, need: int, *, here: bool) -> Text:
    style = "green" if count >= need else "yellow" if count else ""
    return Text(sign(count, need, here=here), f"bold {style}".strip() if here else style)
