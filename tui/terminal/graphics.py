"""Pictures at full quality: which protocol the terminal has, and textual-image used safely.

The protocol is read from the environment. Asking the terminal, as textual-image does when it is
imported, would take keys that the operator types meanwhile, and its answer would go to Textual,
which reads the terminal by then. So textual-image is imported with no terminal in its sight.

What the terminal can do, from its environment: the running app is never disturbed by a query.

Collected in the process that owns the terminal, and decided where the app decides it: what the
doctor names is what the app does.
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

if TYPE_CHECKING:
    from PIL.Image import Image


Protocol = Literal["kitty", "sixel", "cells"]

KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
KITTY_PROGRAMS = frozenset({"ghostty"})
SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft", "xterm-sixel")
SIXEL_PROGRAMS = frozenset({"WezTerm", "mintty", "iTerm.app", "contour"})
SIXEL_KONSOLE = 220400
"""Konsole's first version with Sixel graphics."""
USUAL_CELL = (10, 20)
"""Pixels of a cell where the terminal does not tell."""


def protocol(environment: Mapping[str, str], colours: Colours) -> Protocol:
    """The best way to show a picture; half blocks inside tmux or screen, which would eat it.

    Without true colour too: Kitty's placeholders carry a picture's number in it.
    """
    if colours != "true":
        return "cells"
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return "cells"
    if (
        term.startswith(KITTY_TERMS)
        or program in KITTY_PROGRAMS
        or "KITTY_WINDOW_ID" in environment
    ):
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
    return Cell(*USUAL_CELL)


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
        given = {
            "TEXTUAL_CELL_WIDTH": str(size.width),
            "TEXTUAL_CELL_HEIGHT": str(size.height),
        }
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
    library()
    from rich.segment import Segments
    from textual_image.renderable import HalfcellImage, TGPImage

    if how != "kitty":
        return Drawn(HalfcellImage(image, columns, rows))
    kitty = TGPImage(image, columns, rows)
    options = console.options.update(width=columns, height=rows)
    with _no_terminal() as sent:
        segments = Segments(console.render(kitty, options))
    with _no_terminal() as removal:
        kitty.cleanup()
    return Drawn(segments, sent.getvalue(), removal.getvalue())


LEAST = (80, 24)


class Terminal(NamedTuple):
    """What a check of the terminal looks at."""

    environment: Mapping[str, str]
    columns: int
    lines: int


def terminal_findings(environment: Mapping[str, str], columns: int, lines: int) -> list[Finding]:
    """What every check of the terminal finds."""
    terminal = Terminal(environment, columns, lines)
    return [finding for check in TERMINAL_CHECKS for finding in check.findings(terminal)]


def _size(terminal: Terminal) -> Found:
    _, columns, lines = terminal
    value = f"{columns} columns, {lines} lines"
    if columns < LEAST[0] or lines < LEAST[1]:
        remedy = "Enlarge the window or choose a smaller font: at least 80x24."
        return Found("warning", value, "", remedy)
    detail = f"{WIDE}x{TALL} and more shows every pane at once."
    return Found("ok", value, detail)


def _colours(terminal: Terminal) -> Found:
    environment = terminal.environment
    variables = f"TERM={environment.get('TERM', '')} COLORTERM={environment.get('COLORTERM', '')}"
    remedy = "export COLORTERM=truecolor"
    match colours_of(environment):
        case "grey":
            off = "switched off by NO_COLOR"
            return Found("note", off, variables, "unset NO_COLOR")
        case "true":
            return Found("ok", "true colour", variables)
        case few:
            value = f"{few} colours"
            return Found("warning", value, variables, remedy)


def _graphics(terminal: Terminal) -> Found:
    environment = terminal.environment
    colours = colours_of(environment)
    chosen = protocol(environment, colours)
    words = {
        "kitty": "Kitty graphics",
        "sixel": "Sixel",
        "cells": "stills are drawn in half blocks",
    }
    detail = "chosen by TERM={term} TERM_PROGRAM={program}".format(
        term=environment.get("TERM", ""), program=environment.get("TERM_PROGRAM", "")
    )
    if chosen == "cells" and colours != "true":
        detail = "graphics need true colour"
    elif chosen == "cells" and (environment.get("TMUX") or environment.get("STY")):
        detail = "tmux and screen keep graphics from the terminal"
    return Found("ok", words[chosen], detail)


def _multiplexer(terminal: Terminal) -> list[Found]:
    environment = terminal.environment
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        if not term.startswith("tmux"):
            remedy = "tmux set -g default-terminal tmux-256color (then open a new window)"
            return [Found("warning", f"tmux as TERM={term}", "", remedy)]
        if colours_of(environment) != "true":
            remedy = "tmux set -as terminal-features ',*:RGB' && export COLORTERM=truecolor"
            return [Found("warning", "tmux without true colour", "", remedy)]
        return [Found("ok", "tmux: a dropped line leaves the desk running")]
    if environment.get("STY"):
        value = "GNU screen: no true colour before version 5"
        return [Found("warning", value, "", "tmux new -s desk", "screen")]
    return []


def _characters(terminal: Terminal) -> Found:
    environment = terminal.environment
    name = next(
        (n for n in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(n)),
        "LANG",
    )
    value = environment.get(name, "")
    if "utf8" in value.lower().replace("-", ""):
        return Found("ok", f"UTF-8 ({name}={value})")
    text = "{name}={value} is not UTF-8: names and lines may look broken".format(
        name=name, value=value or "(unset)"
    )
    return Found("warning", text, "", "export LC_ALL=C.UTF-8")


def _remote(terminal: Terminal) -> list[Found]:
    environment = terminal.environment
    peer = environment.get("SSH_CONNECTION", "").partition(" ")[0]
    if not peer:
        return []
    if environment.get("TMUX") or environment.get("STY"):
        return [Found("ok", f"over SSH from {peer}")]
    value = f"over SSH from {peer}, without tmux: a dropped line ends the desk"
    return [Found("note", value, "", "tmux new -s desk facedesk")]


def _clipboard(terminal: Terminal) -> Found:
    environment = terminal.environment
    value = "copies by OSC 52, if the terminal allows it"
    if environment.get("TMUX"):
        return Found("note", value, "", "tmux set -s set-clipboard on")
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        remedy = "Select with the mouse and Option held, or use another terminal."
        return Found("note", "Apple's Terminal has no OSC 52", "", remedy)
    return Found("ok", value)


TERMINAL_CHECKS: tuple[Check[Terminal], ...] = (
    Check("terminal", "size", "columns and lines, enough for every pane", _size),
    Check("terminal", "colours", "true colour, 256, 16 or grey", _colours),
    Check("terminal", "graphics", "Kitty, Sixel or half blocks", _graphics),
    Check("terminal", "tmux", "tmux or GNU screen, and what they let through", _multiplexer),
    Check("terminal", "characters", "UTF-8", _characters),
    Check("terminal", "SSH", "a line that may drop without tmux", _remote),
    Check("terminal", "clipboard", "whether copying gets through", _clipboard),
)
