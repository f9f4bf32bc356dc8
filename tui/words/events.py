"""What the activity log says about an engine event."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    Recovered,
    SourceLost,
    SourceOpened,
    SourceRestored,
    TapeEnded,
    TapeStarted,
    TrainDone,
    WorkspaceUpgraded,
)
from engine.text import many
from tui.keys.keymap import with_keys
from tui.words.figures import headline
from tui.words.recovery import clock_words, recovery_words, trashed_words, upgrade_words
from tui.words.text import crowded_words, figure, reason_words, span


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
        case Recovered():
            return Line(recovery_words(event, with_keys("{key.train}")), "warning")
        case ClockChanged():
            return Line(clock_words(event), "warning")
        case WorkspaceUpgraded():
            return Line(upgrade_words(event), "warning")
        case JobStarted():
            return Line(event.title)
        case JobEnded():
            return _ended(event, title)
        case ProcessDied():
            text = "The {process} process died ({cause}); it stays down for now"
            if event.restarting:
                text = "The {process} process died ({cause}); it is being restarted"
            cause = event.cause or f"status {event.exit_status}"
            text = text.format(process=event.process, cause=cause)
            return Line(text, "warning", "Nothing kept so far is lost.")
        case ProcessReady():
            return Line(f"The {event.process} process is ready")
        case SourceOpened():
            text = "DEMO source {source}: {detail}"
            if not event.demo:
                text = "Source ({kind}) {source}: {detail}"
            detail = event.detail or f"{event.width}x{event.height}"
            return Line(text.format(kind=event.kind, source=event.source, detail=detail))
        case SourceLost():
            text = f"Source lost: {event.reason}; attempt {event.attempt} in {event.retry_in:.1f} s"
            return Line(text, "warning")
        case SourceRestored():
            text = f"Source is back after {event.seconds:.1f} s"
            return Line(text, "good")
        case TapeStarted():
            return Line(f"Recording to {event.file}", "warning")
        case TapeEnded():
            text = "Recorded {file}: {size:.1f} MB of faces, keep it private"
            return Line(text.format(file=event.file, size=event.megabytes))
        case _:
            return _result(event)


def _result(event: Event) -> Line | None:
    match event:
        case EnrolDone():
            text = "{person}: {pictures} kept"
            if event.ended == "source_ended":
                text = "{person}: {pictures} kept of {target}, the source ended early"
            if event.change:
                return Line(f"{event.person}: {trashed_words(event.given_up)}", "warning")
            pictures = many(event.captured, "picture")
            text = text.format(person=event.person, pictures=pictures, target=event.target)
            refused = ", ".join(f"{reason_words(r)} {n}" for r, n in event.refused.items() if n)
            if refused:
                text += f"; refused: {refused}"
            return Line(text, "good")
        case ImportDone():
            text = "{pictures} of {people} imported, {files} refused".format(
                pictures=many(event.images, "picture"),
                people=many(event.people, "person", "people"),
                files=many(event.refused, "file"),
            )
            if event.crowded:
                text = f"{text}; {crowded_words(event.crowded)}"
            return Line(text, "warning" if event.crowded else "good")
        case EpochDone():
            return Line(_epoch(event))
        case TrainDone(promoted=False):
            text = "Model {model} trained in {time} and kept aside"
            use = "{key.models} shows the models; {key[models.promote]} there puts it in use."
            text = text.format(model=event.model, time=span(event.seconds))
            return Line(text, "warning", with_keys(use))
        case TrainDone():
            text = "Model {model} trained in {time}"
            return Line(text.format(model=event.model, time=span(event.seconds)), "good")
        case EvaluateDone():
            return Line(f"Evaluated: {headline(event)}", "good")
        case RecogniseDone():
            seen = ", ".join(f"{name} {count}" for name, count in event.people.items())
            frames, faces = many(event.frames, "frame"), many(event.faces, "face")
            text = f"Watched {frames}, {faces}"
            return Line(text + (f": {seen}" if seen else ""), "good")
        case _:
            return None


def _epoch(event: EpochDone) -> str:
    text = "Epoch {epoch}/{epochs}: loss {loss}, val loss {val}, val acc {acc}"
    if event.best == event.epoch:
        text = "Epoch {epoch}/{epochs}: loss {loss}, val loss {val}, val acc {acc}, best so far"
    told = text.format(
        epoch=event.epoch,
        epochs=event.epochs,
        loss=figure(event.loss, ".3f"),
        val=figure(event.val_loss, ".3f"),
        acc=figure(event.val_accuracy, ".2f"),
    )
    if not math.isfinite(event.fpir):
        return told
    named = figure(event.tpir, ".1%")
    return told + ", TPIR {named}, FPIR {strangers}".format(
        named=named, strangers=f"{event.fpir:.1%}"
    )


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
