"""What the terminal can do, from its environment: the running app is never disturbed by a query.

Collected in the process that owns the terminal. A guess is called one.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.events import Finding
from engine.events.checkup import State
from tui.i18n import _

LEAST = (80, 24)
KITTY = ("kitty", "ghostty", "wezterm", "konsole")
"""Terminals with Kitty's graphics protocol, by parts of TERM or TERM_PROGRAM."""
SIXEL = ("foot", "mlterm", "contour", "mintty", "vscode", "yaft", "xterm-sixel")


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


def colours_of(environment: Mapping[str, str]) -> int:
    """How many colours the environment promises: 0, 8, 16, 256 or 2**24."""
    term = environment.get("TERM", "")
    if environment.get("NO_COLOR") or term in ("", "dumb"):
        return 0
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 1 << 24
    if "direct" in term:
        return 1 << 24
    if "256" in term or term in ("xterm-kitty", "xterm-ghostty", "alacritty", "foot"):
        return 256
    return 8 if term in ("linux", "vt100", "vt220", "ansi") else 16


def graphics_of(environment: Mapping[str, str]) -> str:
    """The protocol for stills: `kitty`, `iterm`, `sixel`, or `blocks` where none is known."""
    names = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}".lower()
    if environment.get("KITTY_WINDOW_ID") or any(name in names for name in KITTY):
        return "kitty"
    if "iterm" in names or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if any(name in names for name in SIXEL) else "blocks"


def _size(columns: int, lines: int) -> Finding:
    value = _("{columns} columns, {lines} lines").format(columns=columns, lines=lines)
    if columns < LEAST[0] or lines < LEAST[1]:
        remedy = _("Enlarge the window or choose a smaller font: at least 80x24.")
        return _finding(_("size"), "warning", value, "", remedy)
    return _finding(_("size"), "ok", value, _("160x45 and more shows every pane at once."))


def _colours(environment: Mapping[str, str]) -> Finding:
    colours = colours_of(environment)
    told = f"TERM={environment.get('TERM', '')} COLORTERM={environment.get('COLORTERM', '')}"
    if environment.get("NO_COLOR"):
        return _finding(_("colours"), "note", _("switched off by NO_COLOR"), told, "unset NO_COLOR")
    if colours == 1 << 24:
        return _finding(_("colours"), "ok", _("true colour"), told)
    if colours == 256:
        return _finding(
            _("colours"), "warning", _("256 colours"), told, "export COLORTERM=truecolor"
        )
    value = _("{colours} colours").format(colours=colours) if colours else _("no colours")
    return _finding(_("colours"), "warning", value, told, "export TERM=xterm-256color")


def _graphics(environment: Mapping[str, str]) -> Finding:
    words = {
        "kitty": _("Kitty graphics"),
        "iterm": _("iTerm2 inline pictures"),
        "sixel": "Sixel",
        "blocks": _("none known: stills are drawn in half blocks"),
    }
    protocol = graphics_of(environment)
    detail = _("guessed from TERM_PROGRAM={program}").format(
        program=environment.get("TERM_PROGRAM", "")
    )
    if protocol != "blocks" and environment.get("TMUX"):
        remedy = "tmux set -g allow-passthrough on"
        value = _("{protocol}, if tmux lets it through").format(protocol=words[protocol])
        return _finding(_("graphics"), "note", value, detail, remedy)
    return _finding(_("graphics"), "ok", words[protocol], detail)


def _multiplexer(environment: Mapping[str, str]) -> list[Finding]:
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        if not term.startswith("tmux"):
            remedy = _("tmux set -g default-terminal tmux-256color (then open a new window)")
            return [
                _finding("tmux", "warning", _("tmux as TERM={term}").format(term=term), "", remedy)
            ]
        if colours_of(environment) < 1 << 24:
            remedy = "tmux set -as terminal-features ',*:RGB' && export COLORTERM=truecolor"
            return [_finding("tmux", "warning", _("tmux without true colour"), "", remedy)]
        return [_finding("tmux", "ok", _("tmux: a dropped line leaves the desk running"))]
    if environment.get("STY"):
        value = _("GNU screen: no true colour before version 5")
        return [_finding("screen", "warning", value, "", "tmux new -s desk")]
    return []


def _characters(environment: Mapping[str, str]) -> Finding:
    name = next(
        (n for n in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(n)),
        "LANG",
    )
    value = environment.get(name, "")
    if "utf8" in value.lower().replace("-", ""):
        return _finding(_("characters"), "ok", f"UTF-8 ({name}={value})")
    text = _("{name}={value} is not UTF-8: names and lines may look broken").format(
        name=name, value=value or _("(unset)")
    )
    return _finding(_("characters"), "warning", text, "", "export LC_ALL=C.UTF-8")


def _remote(environment: Mapping[str, str]) -> list[Finding]:
    peer = environment.get("SSH_CONNECTION", "").partition(" ")[0]
    if not peer:
        return []
    if environment.get("TMUX") or environment.get("STY"):
        return [_finding("SSH", "ok", _("over SSH from {peer}").format(peer=peer))]
    value = _("over SSH from {peer}, without tmux: a dropped line ends the desk").format(peer=peer)
    return [_finding("SSH", "note", value, "", "tmux new -s desk facedesk")]


def _clipboard(environment: Mapping[str, str]) -> Finding:
    value = _("copies by OSC 52, if the terminal allows it")
    if environment.get("TMUX"):
        return _finding(_("clipboard"), "note", value, "", "tmux set -s set-clipboard on")
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        remedy = _("Select with the mouse and Option held, or use another terminal.")
        return _finding(_("clipboard"), "note", _("Apple's Terminal has no OSC 52"), "", remedy)
    return _finding(_("clipboard"), "ok", value)


def _finding(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="terminal", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )
