"""What the app knows about the terminal it draws on: colours, and whether it keeps up."""

from __future__ import annotations

from queue import Queue
from typing import Any

from textual.app import App

from engine.service.protocol import Colours

SYSTEMS: dict[str, Colours] = {"truecolor": "true", "256": "256", "standard": "16"}


def colours(app: App[Any]) -> Colours:
    """The colours that Textual found in COLORTERM and TERM; greys where NO_COLOR is set."""
    if app.no_color:
        return "grey"
    return SYSTEMS.get(app.console.color_system or "", "16")


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
