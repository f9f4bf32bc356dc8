"""What commands print of a job's events while it runs, the same way for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.contract import (
    BenchStep,
    Captured,
    EpochDone,
    Event,
    FeaturesProgress,
    ImportProgress,
    ImportRefused,
    Notice,
    RecordingEnded,
    RecordingStarted,
    Refused,
    SourceLost,
    SourceOpened,
    SourceRestored,
)
from engine.contract.errors import ReviewNeeded
from tui.cli.output import Output, ProgressBar
from tui.words.figures import doubt_words
from tui.words.text import measured, reason_words


def opened_words(event: SourceOpened) -> str:
    """Which source was opened, with its size and rate."""
    label = "Demo camera" if event.demo else event.kind
    rate = f", {event.fps:g} fps" if event.fps else ""
    return f"{label} {event.source}: {event.width}x{event.height}{rate}"


def refusal(event: Refused | ImportRefused) -> str:
    """A refusal in words, with what was measured."""
    words = reason_words(event.reason, imported=isinstance(event, ImportRefused))
    return f"{words} {measured(event.reason, event.value, event.limit)}".strip()


NOTES: Mapping[type[Event], Callable[[Any], tuple[str, str]]] = {
    SourceOpened: lambda e: (opened_words(e), ""),
    SourceLost: lambda e: (
        f"Lost {e.source} ({e.reason}); attempt {e.attempt} to reconnect in {e.retry_in:.1f} s",
        "yellow",
    ),
    SourceRestored: lambda e: (f"{e.source} is back after {e.seconds:.1f} s", "green"),
    RecordingStarted: lambda e: (f"Recording to {e.file}", ""),
    RecordingEnded: lambda e: (
        f"Recorded {e.file}: {e.megabytes:.1f} MB of faces, keep it private",
        "",
    ),
    ImportRefused: lambda e: (f"refused {e.file}: {refusal(e)}", ""),
    Notice: lambda e: (f"{e.text} {e.hint}".rstrip(), "" if e.level == "info" else "yellow"),
}
"""Events that are a line on stderr: its text and its colour."""

STEPS: Mapping[type[Event], Callable[[Any], tuple[int, int, str | None]]] = {
    Captured: lambda e: (e.captured, e.target, None),
    ImportProgress: lambda e: (e.done, e.total, None),
    FeaturesProgress: lambda e: (e.done, e.total, "Features"),
    EpochDone: lambda e: (e.epoch, e.epochs, "Epochs"),
    BenchStep: lambda e: (e.number - 1, e.of, e.measurement),
}
"""Events that move the progress bar: so many of so many, and a new title for it."""


class Listener:
    """Takes the events of a job: JSON lines for a script, notes and progress for a person.

    `handlers` add what one command does about events of a class. With `steps_as_json` False a
    script gets only what the command itself prints at the end. `doubts` are the sentences about
    what somebody must look at.
    """

    def __init__(
        self,
        output: Output,
        bar: ProgressBar | None = None,
        handlers: Mapping[type[Event], Callable[[Any], object]] | None = None,
        *,
        steps_as_json: bool = True,
    ) -> None:
        self.doubts: list[str] = []
        self._output = output
        self._bar = bar
        self._handlers = handlers or {}
        self._steps_as_json = steps_as_json

    def __call__(self, event: Event) -> None:
        """Print an event."""
        kind = type(event)
        if self._steps_as_json:
            self._output.event(event)
        self.doubts.extend(doubt_words(event))
        if note := NOTES.get(kind):
            text, style = note(event)
            self._output.note(text, style=style)
        if self._bar and (step := STEPS.get(kind)):
            self._bar.update(*step(event))
        if handler := self._handlers.get(kind):
            handler(event)


def demand_review(doubts: Sequence[str]) -> None:
    """Raise ReviewNeeded if there is something to look at, so that the exit code says it too."""
    if doubts:
        raise ReviewNeeded("Look at this", "; ".join(doubts), "Everything else is done.")
