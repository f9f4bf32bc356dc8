"""What the app knows about the terminal it draws on: colours, and whether it keeps up."""

from __future__ import annotations

from typing import Any

from textual.app import App

from engine.service.protocol import Colours

SYSTEMS: dict[str, Colours] = {"truecolor": "true", "256": "256", "standard": "16"}


def colours(app: App[Any]) -> Colours:
    """The colours that Textual found in COLORTERM and TERM; greys where NO_COLOR is set."""
    if app.no_color:
        return "grey"
    return SYSTEMS.get(app.console.color_system or "", "16")


def waiting(app: App[Any]) -> int:
    """How many writes the terminal has not taken in yet.

    Textual's driver hands its output to a thread with a queue of at most 30 writes; where that is
    full, the whole interface stands still. A driver without one is never behind.
    """
    writer = getattr(app._driver, "_writer_thread", None)
    queue = getattr(writer, "_queue", None)
    return int(queue.qsize()) if queue is not None else 0


def send(app: App[Any], text: str) -> None:
    """Write to the terminal in turn with what Textual draws."""
    if text and app._driver is not None:
        app._driver.write(text)
