"""Pictures at full quality: which protocol the terminal has, and textual-image used safely.

The protocol is read from the environment. Asking the terminal, as textual-image does when it is
imported, would take keys that the operator types meanwhile, and its answer would go to Textual,
which reads the terminal by then. So textual-image is imported with no terminal in its sight.

The doctor's findings about the terminal are decided where the app decides: what it names is what
the app does.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import io
import os
import struct
import sys
import termios
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from engine.contract import Check, Finding, Found
from engine.contract.requests import Colours
from tui.screens.desk import TALL, WIDE
from tui.terminal.line import colours_of
from tui.widgets.crop import half_blocks

if TYPE_CHECKING:
    from PIL.Image import Image


Protocol = Literal["kitty", "sixel", "cells"]

KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft", "xterm-sixel")
SIXEL_PROGRAMS = frozenset({"WezTerm", "mintty", "iTerm.app", "contour"})
SIXEL_KONSOLE = 220400
"""Konsole's first version with Sixel graphics."""


def protocol(environment: Mapping[str, str], colours: Colours) -> Protocol:
    """The best way to show a picture; half blocks inside tmux or screen, which would eat it.

    Without true colour too: Kitty's placeholders carry a picture's number in it.
    """
    if colours != "true":
        return "cells"
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return "cells"
    if term.startswith(KITTY_TERMS) or program == "ghostty" or "KITTY_WINDOW_ID" in environment:
        return "kitty"
    konsole = environment.get("KONSOLE_VERSION", "")
    if konsole.isdigit() and int(konsole) >= SIXEL_KONSOLE:
        return "sixel"
    return "sixel" if term.startswith(SIXEL_TERMS) or program in SIXEL_PROGRAMS else "cells"


class Cell(NamedTuple):
    """Size of a terminal cell in pixels."""

    width: int
    height: int


def cell() -> Cell:
    """The size of a cell as the terminal's driver knows it; asks the terminal nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
        rows, columns, width, height = struct.unpack("HHHH", answer)
        if rows and columns and width >= columns and height >= rows:
            return Cell(width // columns, height // rows)
    return Cell(10, 20)  # as is usual, where the terminal does not tell


def fitted(picture: tuple[int, int], room: tuple[int, int], size: Cell) -> tuple[int, int]:
    """Columns and rows of a picture (pixels) in a room (cells), proportions kept."""
    width, height = picture[0] / size.width, picture[1] / size.height
    scale = min(room[0] / width, room[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


@contextlib.contextmanager
def _no_terminal() -> Iterator[io.StringIO]:
    """What is written to the standard output is held back; nothing finds a terminal there."""
    held, before = io.StringIO(), sys.__stdout__
    sys.__stdout__ = held  # type: ignore[misc, assignment]
    try:
        yield held
    finally:
        sys.__stdout__ = before  # type: ignore[misc]


def library() -> Any:
    """textual_image.widget, imported without a word to or from the terminal."""
    if "textual_image.widget" not in sys.modules:
        size = cell()
        given = {"TEXTUAL_CELL_WIDTH": str(size.width), "TEXTUAL_CELL_HEIGHT": str(size.height)}
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        try:
            with _no_terminal():
                importlib.import_module("textual_image.widget")
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
    return sys.modules["textual_image.widget"]


class Drawn(NamedTuple):
    """A picture as Rich renders it, and what must reach the terminal before it and after it."""

    renderable: Any
    before: str = ""
    after: str = ""


def draw(image: Image, columns: int, rows: int, how: Protocol, console: Any) -> Drawn:
    """A picture in that many cells, as half blocks or by kitty's protocol."""
    from rich.segment import SegmentLines, Segments

    if how != "kitty":
        # Not by textual-image, whose half blocks ask Pillow for what Pillow 14 has no more.
        small = image.convert("RGB").resize((columns, 2 * rows))
        return Drawn(SegmentLines(half_blocks(small), new_lines=True))
    library()
    from textual_image.renderable import TGPImage

    kitty = TGPImage(image, columns, rows)
    options = console.options.update(width=columns, height=rows)
    with _no_terminal() as sent:
        segments = Segments(console.render(kitty, options))
    with _no_terminal() as removal:
        kitty.cleanup()
    return Drawn(segments, sent.getvalue(), removal.getvalue())


class Terminal(NamedTuple):
    """What a check of the terminal looks at."""

    env: Mapping[str, str]
    columns: int
    lines: int


def terminal_findings(environment: Mapping[str, str], columns: int, lines: int) -> list[Finding]:
    """What every check of the terminal finds."""
    terminal = Terminal(environment, columns, lines)
    return [finding for check in TERMINAL_CHECKS for finding in check.findings(terminal)]


def _size(terminal: Terminal) -> Found:
    value = f"{terminal.columns} columns, {terminal.lines} lines"
    if terminal.columns < 80 or terminal.lines < 24:
        remedy = "Enlarge the window or choose a smaller font: at least 80x24."
        return Found("warning", value, "", remedy)
    return Found("ok", value, f"{WIDE}x{TALL} and more shows every pane at once.")


def _colours(terminal: Terminal) -> Found:
    variables = f"TERM={terminal.env.get('TERM', '')} COLORTERM={terminal.env.get('COLORTERM', '')}"
    match colours_of(terminal.env):
        case "grey":
            return Found("note", "switched off by NO_COLOR", variables, "unset NO_COLOR")
        case "true":
            return Found("ok", "true colour", variables)
        case few:
            return Found("warning", f"{few} colours", variables, "export COLORTERM=truecolor")


def _graphics(terminal: Terminal) -> Found:
    env, colours = terminal.env, colours_of(terminal.env)
    chosen = protocol(env, colours)
    words = {
        "kitty": "Kitty graphics",
        "sixel": "Sixel",
        "cells": "stills are drawn in half blocks",
    }
    detail = f"chosen by TERM={env.get('TERM', '')} TERM_PROGRAM={env.get('TERM_PROGRAM', '')}"
    if chosen == "cells" and colours != "true":
        detail = "graphics need true colour"
    elif chosen == "cells" and (env.get("TMUX") or env.get("STY")):
        detail = "tmux and screen keep graphics from the terminal"
    return Found("ok", words[chosen], detail)


def _multiplexer(terminal: Terminal) -> list[Found]:
    term = terminal.env.get("TERM", "")
    if terminal.env.get("TMUX"):
        if not term.startswith("tmux"):
            remedy = "tmux set -g default-terminal tmux-256color (then open a new window)"
            return [Found("warning", f"tmux as TERM={term}", "", remedy)]
        if colours_of(terminal.env) != "true":
            remedy = "tmux set -as terminal-features ',*:RGB' && export COLORTERM=truecolor"
            return [Found("warning", "tmux without true colour", "", remedy)]
        return [Found("ok", "tmux: a dropped line leaves the desk running")]
    if terminal.env.get("STY"):
        value = "GNU screen: no true colour before version 5"
        return [Found("warning", value, "", "tmux new -s desk", "screen")]
    return []


def _characters(terminal: Terminal) -> Found:
    name = next((n for n in ("LC_ALL", "LC_CTYPE", "LANG") if terminal.env.get(n)), "LANG")
    value = terminal.env.get(name, "")
    if "utf8" in value.lower().replace("-", ""):
        return Found("ok", f"UTF-8 ({name}={value})")
    text = f"{name}={value or '(unset)'} is not UTF-8: names and lines may look broken"
    return Found("warning", text, "", "export LC_ALL=C.UTF-8")


def _remote(terminal: Terminal) -> list[Found]:
    peer = terminal.env.get("SSH_CONNECTION", "").partition(" ")[0]
    if not peer:
        return []
    if terminal.env.get("TMUX") or terminal.env.get("STY"):
        return [Found("ok", f"over SSH from {peer}")]
    value = f"over SSH from {peer}, without tmux: a dropped line ends the desk"
    return [Found("note", value, "", "tmux new -s desk facedesk")]


def _clipboard(terminal: Terminal) -> Found:
    value = "copies by OSC 52, if the terminal allows it"
    if terminal.env.get("TMUX"):
        return Found("note", value, "", "tmux set -s set-clipboard on")
    if terminal.env.get("TERM_PROGRAM") == "Apple_Terminal":
        remedy = "Select with the mouse and Option held, or use another terminal."
        return Found("note", "Apple's Terminal has no OSC 52", "", remedy)
    return Found("ok", value)


TERMINAL_CHECKS: tuple[Check[Terminal], ...] = (
    Check("terminal", "size", "columns and lines, enough for every pane", _size),
    Check("terminal", "colours", "true colour, 256, 16 or grey", _colours),
    Check("terminal", "graphics", "Kitty, Sixel or half blocks", _graphics),
    Check("terminal", "tmux", "tmux or GNU screen, and what they let through", _multiplexer),
    Check("terminal", "characters", "UTF-8", _characters),
    Check("terminal", "SSH", "whether a dropped line ends the app", _remote),
    Check("terminal", "clipboard", "whether copying gets through", _clipboard),
)
