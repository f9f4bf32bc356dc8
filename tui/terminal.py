"""What the app knows about the terminal it draws on: colours, and whether it keeps up; and what
it needs of one: that it is there, and that any byte may be typed on it."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from queue import Queue
from typing import Any

import click
from rich.console import Console
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from engine.errors import UsageError
from engine.service.protocol import Colours

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
        return
    error = UsageError(
        "The app needs a terminal",
        "{streams} is not one".format(streams=", ".join(others)),
        "Leave the redirection out, or use a command: `facedesk --help` lists them.",
    )
    if others == ["stderr"]:  # the error goes there, and the operator looks at the terminal
        click.echo(f"facedesk: {error}. {error.hint}")
    raise error


class AnyByteDriver(LinuxDriver):
    """Textual's driver ends the app at a byte that is not UTF-8, as a terminal in another encoding
    sends for an accented letter; here it is read in the encoding of standard input."""

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
