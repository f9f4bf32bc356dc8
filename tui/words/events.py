"""What the activity log says about an engine event."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.contract import (
    ClockChanged,
    EnrolDone,
    EpochDone,
    EvaluateDone,
    Event,
    ImportDone,
    JobEnded,
    JobStarted,
    Notice,
    ProcessDied,
    ProcessReady,
    RecogniseDone,
    RecordingEnded,
    RecordingStarted,
    Recovered,
    SourceLost,
    SourceOpened,
    SourceRestored,
    TrainDone,
    WorkspaceUpgraded,
)
from engine.text import many, percent
from tui.keys.keymap import with_keys
from tui.words.figures import headline
from tui.words.recovery import clock_words, recovery_words, trashed_words, upgrade_words
from tui.words.text import crowded_words, figure, reason_words, span


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log; `level` is info, good, warning or error, `details` what it sums up."""

    text: str
    level: str = "info"
    hint: str = ""
    details: tuple[str, ...] = ()


def describe(event: Event, title: str = "") -> Line | None:
    """A line about an event, or None if it needs none. `title` is that of the event's job."""
    if isinstance(event, JobEnded):
        return _ended(event, title)
    words = EVENT_WORDS.get(type(event))
    return words(event) if words else None


def _died(event: ProcessDied) -> Line:
    after = "it is being restarted" if event.restarting else "it stays down for now"
    cause = event.cause or f"status {event.exit_status}"
    text = f"The {event.process} process died ({cause}); {after}"
    return Line(text, "warning", "Nothing kept so far is lost.")


def _opened(event: SourceOpened) -> Line:
    what = "DEMO source" if event.demo else f"Source ({event.kind})"
    detail = event.detail or f"{event.width}x{event.height}"
    return Line(f"{what} {event.source}: {detail}")


def _lost(event: SourceLost) -> Line:
    text = f"Source lost: {event.reason}; attempt {event.attempt} in {event.retry_in:.1f} s"
    return Line(text, "warning")


def _recorded(event: RecordingEnded) -> Line:
    size = f"{event.megabytes:.1f} MB"
    return Line(f"Recorded {event.file}: {size} of faces, keep it private")


def _enrolled(event: EnrolDone) -> Line:
    if event.change:
        return Line(f"{event.person}: {trashed_words(event.given_up)}", "warning")
    text = f"{event.person}: {many(event.captured, 'picture')} kept"
    if event.ended == "source_ended":
        text += f" of {event.target}, the source ended early"
    refused = ", ".join(f"{reason_words(r)} {n}" for r, n in event.refused.items() if n)
    return Line(text + (f"; refused: {refused}" if refused else ""), "good")


def _imported(event: ImportDone) -> Line:
    pictures, people = many(event.images, "picture"), many(event.people, "person", "people")
    text = f"{pictures} of {people} imported, {many(event.refused, 'file')} refused"
    if event.crowded:
        return Line(f"{text}; {crowded_words(event.crowded)}", "warning")
    return Line(text, "good")


def _trained(event: TrainDone) -> Line:
    text = f"Model {event.model} trained in {span(event.seconds)}"
    if event.promoted:
        return Line(" ".join(filter(None, (f"{text}.", event.why))), "good")
    use = "{key.models} shows the models; {key[models.promote]} there puts it in use."
    return Line(f"{text}. It is NOT in use. {event.why}", "warning", with_keys(use))


def _watched(event: RecogniseDone) -> Line:
    seen = ", ".join(f"{name} {count}" for name, count in event.people.items())
    text = f"Watched {many(event.frames, 'frame')}, {many(event.faces, 'face')}"
    return Line(text + (f": {seen}" if seen else ""), "good")


def _epoch(event: EpochDone) -> Line:
    loss, val = figure(event.loss, ".3f"), figure(event.val_loss, ".3f")
    text = f"Epoch {event.epoch}/{event.epochs}: loss {loss}, val loss {val}"
    text += f", val acc {figure(event.val_accuracy, '.2f')}"
    if event.best == event.epoch:
        text += ", best so far"
    if math.isfinite(event.fpir):
        text += f", TPIR {percent(event.tpir)}, FPIR {percent(event.fpir)}"
    return Line(text)


def _ended(event: JobEnded, title: str) -> Line | None:
    what = title or event.job
    match event.outcome:
        case "failed":
            why = f"{event.title}: {event.message}" if event.message else event.title
            return Line(f"{what}: {why}", "error", event.hint)
        case "cancelled":
            return Line(f"{what}: cancelled", "warning")
        case "stopped":
            return Line(f"{what}: stopped")
        case _:
            return None


EVENT_WORDS: dict[type[Event], Callable[[Any], Line]] = {
    Notice: lambda event: Line(event.text, event.level, event.hint),
    Recovered: lambda event: Line(recovery_words(event, with_keys("{key.train}")), "warning"),
    ClockChanged: lambda event: Line(clock_words(event), "warning"),
    WorkspaceUpgraded: lambda event: Line(upgrade_words(event), "warning"),
    JobStarted: lambda event: Line(event.title),
    ProcessDied: _died,
    ProcessReady: lambda event: Line(f"The {event.process} process is ready"),
    SourceOpened: _opened,
    SourceLost: _lost,
    SourceRestored: lambda event: Line(f"Source is back after {event.seconds:.1f} s", "good"),
    RecordingStarted: lambda event: Line(f"Recording to {event.file}", "warning"),
    RecordingEnded: _recorded,
    EnrolDone: _enrolled,
    ImportDone: _imported,
    EpochDone: _epoch,
    TrainDone: _trained,
    EvaluateDone: lambda event: Line(f"Evaluated: {headline(event)}", "good"),
    RecogniseDone: _watched,
}
"""The line about an event, by its class; `JobEnded` takes the job's title too. Events that are
not here need no line."""
