"""What the terminal can do, from its environment: the running app is never disturbed by a query.

Collected in the process that owns the terminal, and decided where the app decides it: what the
doctor names is what the app does.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.events import Finding
from engine.events.checkup import State
from tui.graphics import protocol
from tui.screens.arrangement import TALL, WIDE
from tui.terminal import colours_of

LEAST = (80, 24)


def terminal_findings(environment: Mapping[str, str], columns: int, lines: int) -> list[Finding]:
    """Size, colours, graphics, multiplexer, characters, SSH and clipboard."""
    return [
        _size(columns, lines),
        _colours(environment),
        _graphics(environment),
        *_multiplexer(environment),
        _characters(environment),
        *_remote(environment),
        _clipboard(environment),
    ]


def _size(columns: int, lines: int) -> Finding:
    value = f"{columns} columns, {lines} lines"
    if columns < LEAST[0] or lines < LEAST[1]:
        remedy = "Enlarge the window or choose a smaller font: at least 80x24."
        return _finding("size", "warning", value, "", remedy)
    detail = f"{WIDE}x{TALL} and more shows every pane at once."
    return _finding("size", "ok", value, detail)


def _colours(environment: Mapping[str, str]) -> Finding:
    told = f"TERM={environment.get('TERM', '')} COLORTERM={environment.get('COLORTERM', '')}"
    remedy = "export COLORTERM=truecolor"
    match colours_of(environment):
        case "grey":
            off = "switched off by NO_COLOR"
            return _finding("colours", "note", off, told, "unset NO_COLOR")
        case "true":
            return _finding("colours", "ok", "true colour", told)
        case few:
            value = f"{few} colours"
            return _finding("colours", "warning", value, told, remedy)


def _graphics(environment: Mapping[str, str]) -> Finding:
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
    return _finding("graphics", "ok", words[chosen], detail)


def _multiplexer(environment: Mapping[str, str]) -> list[Finding]:
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        if not term.startswith("tmux"):
            remedy = "tmux set -g default-terminal tmux-256color (then open a new window)"
            return [_finding("tmux", "warning", f"tmux as TERM={term}", "", remedy)]
        if colours_of(environment) != "true":
            remedy = "tmux set -as terminal-features ',*:RGB' && export COLORTERM=truecolor"
            return [_finding("tmux", "warning", "tmux without true colour", "", remedy)]
        return [_finding("tmux", "ok", "tmux: a dropped line leaves the desk running")]
    if environment.get("STY"):
        value = "GNU screen: no true colour before version 5"
        return [_finding("screen", "warning", value, "", "tmux new -s desk")]
    return []


def _characters(environment: Mapping[str, str]) -> Finding:
    name = next(
        (n for n in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(n)),
        "LANG",
    )
    value = environment.get(name, "")
    if "utf8" in value.lower().replace("-", ""):
        return _finding("characters", "ok", f"UTF-8 ({name}={value})")
    text = "{name}={value} is not UTF-8: names and lines may look broken".format(
        name=name, value=value or "(unset)"
    )
    return _finding("characters", "warning", text, "", "export LC_ALL=C.UTF-8")


def _remote(environment: Mapping[str, str]) -> list[Finding]:
    peer = environment.get("SSH_CONNECTION", "").partition(" ")[0]
    if not peer:
        return []
    if environment.get("TMUX") or environment.get("STY"):
        return [_finding("SSH", "ok", f"over SSH from {peer}")]
    value = f"over SSH from {peer}, without tmux: a dropped line ends the desk"
    return [_finding("SSH", "note", value, "", "tmux new -s desk facedesk")]


def _clipboard(environment: Mapping[str, str]) -> Finding:
    value = "copies by OSC 52, if the terminal allows it"
    if environment.get("TMUX"):
        return _finding("clipboard", "note", value, "", "tmux set -s set-clipboard on")
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        remedy = "Select with the mouse and Option held, or use another terminal."
        return _finding("clipboard", "note", "Apple's Terminal has no OSC 52", "", remedy)
    return _finding("clipboard", "ok", value)


def _finding(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="terminal", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )
