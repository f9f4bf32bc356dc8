"""The line to the terminal: how much of it the preview may use, colours, whether it keeps up; and
what the app needs of a terminal: that it is there, and that any byte may be typed on it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import termios
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Queue
from typing import Any, Literal

import click
from rich.console import Console
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from engine.contract.errors import UsageError
from engine.contract.requests import Colours, PreviewLevel

Choice = Literal["auto", "normal", "low", "off"]
CHOICES: tuple[Choice, ...] = ("auto", "normal", "low", "off")
"""In the order in which the key goes through them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a level may cost: bytes a second on the line, and frames a second."""

    budget: int
    rate: float


LIMITS: dict[PreviewLevel, Limits] = {
    "off": Limits(0, 0.0),
    "low": Limits(75_000, 4.0),  # 0.6 Mbit/s
    "normal": Limits(250_000, 8.0),  # 2 Mbit/s; the desk looks for news 8 times a second
}
"""What a level may cost over SSH."""
HERE: dict[PreviewLevel, Limits] = {
    "off": Limits(0, 0.0),
    "low": Limits(300_000, 4.0),
    "normal": Limits(2_000_000, 8.0),
}
"""What a level may cost where the terminal is on this machine."""


def limits(level: PreviewLevel, environment: Mapping[str, str]) -> Limits:
    """What a level may cost on this terminal's line."""
    return (LIMITS if "SSH_CONNECTION" in environment else HERE)[level]


LADDER = tuple(LIMITS)
RATES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Frames a second that are asked for: few values, so that the camera is seldom asked."""

SLOWNESS = 0.25
"""Weight of the newest look in the moving share of looks that found the terminal behind."""
TOO_SLOW = 0.5
"""Share from which on a level is given up: three looks one after the other."""
CALM = 0.05
PATIENCE = 15.0
"""Seconds of calm before a higher level is tried; doubled each time that was too early."""
LONGEST_PATIENCE = 240.0


class Chooser:
    """The level in force: what the operator chose, or what the terminal keeps up with."""

    def __init__(self, choice: Choice = "auto") -> None:
        self.choice = choice
        self._automatic: PreviewLevel = "normal"
        self._behind = 0.0
        self._calm_since: float | None = None
        self._raised_at: float | None = None
        self._patience = PATIENCE

    @property
    def level(self) -> PreviewLevel:
        """The level in force."""
        return self._automatic if self.choice == "auto" else self.choice

    def next_choice(self) -> Choice:
        """Go to the next choice; the automatic one begins again at the top."""
        self.choice = CHOICES[(CHOICES.index(self.choice) + 1) % len(CHOICES)]
        self._automatic, self._behind, self._patience = "normal", 0.0, PATIENCE
        self._calm_since = self._raised_at = None
        return self.choice

    def look(self, now: float, behind: bool) -> None:
        """One look at the terminal, a few times a second: does what was written before wait?"""
        if self.choice != "auto":
            return
        self._behind += SLOWNESS * (behind - self._behind)
        place = LADDER.index(self._automatic)
        if self._behind > TOO_SLOW:
            if self._raised_at is not None and now - self._raised_at < self._patience:
                self._patience = min(2 * self._patience, LONGEST_PATIENCE)
            self._automatic = LADDER[max(0, place - 1)]
            self._behind, self._calm_since, self._raised_at = 0.0, None, None
        elif self._behind > CALM:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= self._patience and place < len(LADDER) - 1:
            self._automatic = LADDER[place + 1]
            self._calm_since, self._raised_at = None, now


WINDOW = 2.0
"""Seconds over which the rate is measured."""
BURST = 0.25
"""Seconds of the budget that may be used at once after a pause."""


class Account:
    """Bytes and frames drawn. Says whether one more frame fits the budget.

    A frame may be drawn while some of the allowance is left, and may exceed it: over any time the
    bytes are at most the budget, the burst and one frame.
    """

    def __init__(self) -> None:
        self.budget = 0
        self._allowance = 0.0
        self._last: float | None = None
        self._drawn: deque[tuple[float, int]] = deque()
        self._size = 0.0

    def may_draw(self, now: float) -> bool:
        """Whether a frame may be drawn now."""
        if self._last is not None:
            self._allowance += (now - self._last) * self.budget
        self._last = now
        self._allowance = min(self._allowance, BURST * self.budget)
        return self.budget > 0 and self._allowance >= 0

    def drawn(self, now: float, size: int) -> None:
        """A frame of `size` bytes was drawn."""
        self._allowance -= size
        self._size = size if not self._size else 0.7 * self._size + 0.3 * size
        self._drawn.append((now, size))

    def rate(self, now: float) -> tuple[float, float]:
        """Bytes and frames a second of late."""
        while self._drawn and now - self._drawn[0][0] > WINDOW:
            self._drawn.popleft()
        return sum(size for _, size in self._drawn) / WINDOW, len(self._drawn) / WINDOW

    def affordable(self, most: float) -> float:
        """The highest of RATES, at most `most`, at which frames as of late fit the budget."""
        fits = most if not self._size else min(most, self.budget / self._size)
        return max((rate for rate in RATES if rate <= fits), default=RATES[0])


def rate_words(choice: Choice, level: PreviewLevel, bytes_a_second: float, frames: float) -> str:
    """The preview in a few words: `preview auto normal 1.8 Mbit/s 6 fps`."""
    words = "preview auto" if choice == "auto" else "preview"
    if level == "off":
        return f"{words} off"
    return f"{words} {level} {bytes_a_second * 8 / 1e6:.1f} Mbit/s {frames:.0f} fps"


SYSTEMS: dict[str, Colours] = {"truecolor": "true", "256": "256", "standard": "16"}


def colours(app: App[Any]) -> Colours:
    """The colours that Textual found in COLORTERM and TERM; greys where NO_COLOR is set."""
    return "grey" if app.no_color else _of_system(app.console)


def colours_of(environment: Mapping[str, str]) -> Colours:
    """The same for an app that would run in this environment."""
    if "NO_COLOR" in environment:
        return "grey"
    return _of_system(Console(file=io.StringIO(), force_terminal=True, _environ=environment))


def _of_system(console: Console) -> Colours:
    return SYSTEMS.get(console.color_system or "", "16")


def need_terminal() -> None:
    """Raise UsageError unless the app can be drawn and typed at.

    Textual draws on standard error, and reads and measures the other two.
    """
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    others = [name for name, stream in streams.items() if not (stream and stream.isatty())]
    if not others:
        if os.environ.get("TERM") != "dumb":
            return
        hint = "Set TERM to what the terminal is, or use a command: `facedesk --help` lists them."
        raise UsageError("The app cannot be drawn on this terminal", "TERM is dumb", hint)
    error = UsageError(
        "The app needs a terminal",
        f"{', '.join(others)} {'is not one' if len(others) == 1 else 'are none'}",
        "Leave the redirection out, or use a command: `facedesk --help` lists them.",
    )
    if others == ["stderr"]:  # the error goes there, and the operator looks at the terminal
        click.echo(f"facedesk: {error}. {error.hint}")
    raise error


GIVE_BACK = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What Textual's driver writes as it ends: no pasting, mouse, own keys; main screen, cursor."""


class AnyByteDriver(LinuxDriver):
    """Textual's driver ends the app at a byte that is not UTF-8, as a terminal in another encoding
    sends for an accented letter; here it is read in the encoding of standard input."""

    _held = False
    """Whether the terminal is the app's just now."""

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._held = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the terminal back, once all is written that waits."""
        super().stop_application_mode()
        self._held = False

    def give_back(self) -> None:
        """Give the terminal back at once and in any thread: the interface does not, and its
        process will be ended. A terminal that takes nothing is not waited for."""
        if not self._held:
            return
        with contextlib.suppress(OSError, termios.error):  # the terminal is gone
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            own = os.open(os.ttyname(self.fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            os.write(own, GIVE_BACK.encode())

    def run_input_thread(self) -> None:
        """Read the keyboard until the app ends."""
        encoding = (sys.stdin and sys.stdin.encoding) or "utf-8"
        while True:
            try:
                return super().run_input_thread()
            except UnicodeDecodeError as error:
                typed = error.object.decode(encoding, "ignore")
                for message in XTermParser().feed(typed):
                    self.process_message(message)


def driver_of(found: type[Driver]) -> type[Driver]:
    """What an app is run with where Textual would take `found`."""
    return AnyByteDriver if found is LinuxDriver else found


CROWDED = 4
"""Writes that wait from which on nothing is added: one paint makes up to three."""


def _queue(app: App[Any]) -> Queue[Any] | None:
    """Where Textual's driver hands its output to a thread: at most 30 writes.

    Where it is full, the whole interface stands still. A driver without one is never behind.
    """
    queue = getattr(getattr(app._driver, "_writer_thread", None), "_queue", None)
    return queue if isinstance(queue, Queue) else None


def crowded(app: App[Any]) -> bool:
    """Whether the terminal has more to take in than what was just painted."""
    queue = _queue(app)
    return queue is not None and queue.qsize() >= CROWDED


class Backlog:
    """Notices a terminal that does not keep up: what was written by one look still waits at the
    next. How much waits at a moment says nothing, it may have been written just now."""

    def __init__(self) -> None:
        self._written = 0

    def look(self, app: App[Any]) -> bool:
        """Whether anything written before the last look still waits."""
        queue = _queue(app)
        if queue is None:
            return False
        # The thread never calls `task_done`, so this counts all writes there ever were.
        written, before = queue.unfinished_tasks, self._written
        self._written = written
        return written - queue.qsize() < before


def send(app: App[Any], text: str) -> None:
    """Write to the terminal in turn with what Textual draws."""
    if text and app._driver is not None:
        app._driver.write(text)
