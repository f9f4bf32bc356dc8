"""What the activity log says about an engine event."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events import (
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
    SourceLost,
    SourceOpened,
    SourceRestored,
    TapeEnded,
    TapeStarted,
    TrainDone,
)
from tui.figures import headline
from tui.text import many, reason_words, span


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log; `level` is info, good, warning or error."""

    text: str
    level: str = "info"
    hint: str = ""


def describe(event: Event, title: str = "") -> Line | None:
    """A line about an event, or None if it needs none. `title` is that of the event's job."""
    match event:
        case Notice():
            return Line(event.text, event.level)
        case JobStarted():
            return Line(event.title)
        case JobEnded():
            return _ended(event, title)
        case ProcessDied():
            after = "it is being restarted" if event.restarting else "it stays down for now"
            text = f"The {event.process} process died (status {event.exit_status}); {after}"
            return Line(text, "warning", "Nothing kept so far is lost.")
        case ProcessReady():
            return Line(f"The {event.process} process is ready")
        case SourceOpened():
            demo = "DEMO source" if event.demo else f"Source ({event.kind})"
            return Line(f"{demo} {event.source}: {event.detail or f'{event.width}x{event.height}'}")
        case SourceLost():
            text = f"Source lost: {event.reason}; attempt {event.attempt} in {event.retry_in:.1f} s"
            return Line(text, "warning")
        case SourceRestored():
            return Line(f"Source is back after {event.seconds:.1f} s", "good")
        case TapeStarted():
            return Line(f"Recording to {event.file}", "warning")
        case TapeEnded():
            return Line(
                f"Recorded {event.file}: {event.megabytes:.1f} MB of faces, keep it private"
            )
        case _:
            return _result(event)


def _result(event: Event) -> Line | None:
    match event:
        case EnrolDone():
            refused = ", ".join(f"{reason_words(r)} {n}" for r, n in event.refused.items() if n)
            text = f"{event.person}: {many(event.captured, 'picture')} kept"
            if event.ended == "source_ended":
                text += f" of {event.target}, the source ended early"
            return Line(text + (f"; refused: {refused}" if refused else ""), "good")
        case ImportDone():
            return Line(
                f"{many(event.images, 'picture')} of {many(event.people, 'person', 'people')} "
                f"imported, {many(event.refused, 'file')} refused",
                "good",
            )
        case EpochDone():
            best = ", best so far" if event.best == event.epoch else ""
            return Line(
                f"Epoch {event.epoch}/{event.epochs}: loss {event.loss:.3f}, "
                f"val loss {event.val_loss:.3f}, val acc {event.val_accuracy:.2f}{best}"
            )
        case TrainDone(promoted=False):
            text = f"Model {event.model} trained in {span(event.seconds)} and kept aside"
            return Line(text, "warning", "m shows the models; p there puts it in use.")
        case TrainDone():
            return Line(f"Model {event.model} trained in {span(event.seconds)}", "good")
        case EvaluateDone():
            return Line(f"Evaluated: {headline(event)}", "good")
        case RecogniseDone():
            seen = ", ".join(f"{name} {count}" for name, count in event.people.items())
            text = f"Watched {many(event.frames, 'frame')}, {many(event.faces, 'face')}"
            return Line(text + (f": {seen}" if seen else ""), "good")
        case _:
            return None


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
