"""Events in words: the lines of the activity log, what was put in order before anything new was
written, and remedies as the app names them, by its keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
from engine.contract.errors import Remedy
from engine.text import many, percent
from tui.keys.keymap import with_keys
from tui.words.figures import headline, seen_words
from tui.words.text import clean, crowded_words, figure, reason_words, span

MOST_NAMED = 3
"""People named in one line."""


def upgrade_words(event: WorkspaceUpgraded) -> str:
    """One line: which format it was and is."""
    return (
        f"The workspace was upgraded from format {event.before} to {event.now}. "
        "Do not use an older Facedesk on it any more."
    )


def clock_words(event: ClockChanged) -> str:
    """One line: how the clock changed, and what follows."""
    before, now = (moment[:16].replace("T", " ") for moment in (event.before, event.now))
    if event.back:
        return f"The clock went back from {before} to {now}. Later times count as now."
    return f"The clock went from {before} to {now}. For a day nothing is removed for its age."


def trashed_words(pictures: int) -> str:
    """Where the pictures of a capture are that was given up, and the key that brings them back."""
    text = "{pictures} in the trash, {key.undo} brings them back"
    return with_keys(text, pictures=many(pictures, "picture"))


PRESS_TRAIN = "Press {key.train} to train"
"""How to train, in the app: for `with_keys`."""


def untrained_words(people: Sequence[tuple[str, int]], train: str) -> str:
    """Whose pictures (name, how many) are not in the model, and how to `train` them."""
    shown = ", ".join(f"{many(count, 'picture')} of {name}" for name, count in people[:MOST_NAMED])
    if more := sum(count for _name, count in people[MOST_NAMED:]):
        others = many(len(people) - MOST_NAMED, "other", "others")
        shown = f"{shown} and {many(more, 'picture')} of {others}"
    return f"Not in the model yet: {shown}. {train}."


def recovery_words(event: Recovered, train: str = "Run `facedesk train`") -> str:
    """One line: what was cut short, removed, finished, kept (`train` says how to train it), and
    what has to wait."""
    told = (
        (event.unfinished, f"Removed: {many(event.unfinished, 'unfinished file')}."),
        (event.leftovers, f"Removed: {many(event.leftovers, 'stray folder')}."),
        (event.finished, f"Finished: {'; '.join(event.finished)}."),
        (event.erased, f"Finished: {many(event.erased, 'erasure')}."),
        (event.kept, untrained_words(event.kept, train)),
        (event.failed, f"The rest waits: {event.failed}."),
    )
    begun = f"{event.interrupted or 'An earlier run'} was cut short."
    parts = (text for there, text in told if there)
    return " ".join((begun, *parts, "Nothing that was kept is lost."))


BEFORE_WRITING: dict[type[Event], Callable[[Any], str]] = {
    WorkspaceUpgraded: upgrade_words,
    ClockChanged: clock_words,
    Recovered: recovery_words,
}
"""What to say of what was done before a command may write."""


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
    detail = event.detail or f"{event.width}x{event.height}"
    if event.demo:
        return Line(f"Demo camera: {detail}.")
    return Line(f"Source ({event.kind}) {event.source}: {detail}")


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
    text = f"Watched {many(event.frames, 'frame')}, {many(event.faces, 'face')}"
    seen = seen_words(event)
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


def failed_words(event: JobEnded) -> str:
    """What a pane says of a job that failed: why, and what helps."""
    why = ". ".join(filter(None, (event.title, event.message)))
    return clean(f"Failed: {why}. {event.hint}".rstrip())


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
    Recovered: lambda event: Line(recovery_words(event, with_keys(PRESS_TRAIN)), "warning"),
    ClockChanged: lambda event: Line(clock_words(event), "warning"),
    WorkspaceUpgraded: lambda event: Line(upgrade_words(event), "warning"),
    JobStarted: lambda event: Line(event.title),
    ProcessDied: _died,
    ProcessReady: lambda event: Line(f"The {event.process} process is ready"),
    SourceOpened: _opened,
    SourceLost: lambda event: Line(
        f"Source lost: {event.reason}; attempt {event.attempt} in {event.retry_in:.1f} s", "warning"
    ),
    SourceRestored: lambda event: Line(f"Source is back after {event.seconds:.1f} s", "good"),
    RecordingStarted: lambda event: Line(f"Recording to {event.file}", "warning"),
    RecordingEnded: lambda event: Line(
        f"Recorded {event.file}: {event.megabytes:.1f} MB of faces, keep it private"
    ),
    EnrolDone: _enrolled,
    ImportDone: _imported,
    EpochDone: _epoch,
    TrainDone: _trained,
    EvaluateDone: lambda event: Line(f"Evaluated: {headline(event)}", "good"),
    RecogniseDone: _watched,
}
"""The line about an event, by its class; `JobEnded` takes the job's title too. Events that are
not here need no line."""


IN_APP: dict[str, str] = {
    Remedy.AGREE_AGAIN: "Ask whether they agree again, then press {key[people.consent]}.",
    Remedy.CONSENT: "Press {key[people.consent]}.",
    Remedy.ENROL: "Press {key.new_person} to enrol somebody first.",
    Remedy.ENROL_TRAIN: "Enrol people with {key.new_person}, then press {key.train}.",
    Remedy.ERASE: "Restore it from a backup, or erase the person.",
    Remedy.ERASE_AGAIN: "Erase the person again, then remove that file.",
    Remedy.MODELS: "Press {key.models} to see the models, or train again.",
    Remedy.PEOPLE: "See the list of people.",
    Remedy.PICTURES: "Press Enter on the person to see the pictures.",
    Remedy.PROBES: "Press {key.split}, then {key.train}, or choose other pictures.",
    Remedy.PROMOTE: "{key.models}, then {key[models.promote]} uses it all the same.",
    Remedy.ROLLBACK: "{key.models}, then {key[models.rollback]} goes back; or train again.",
    Remedy.ROSTER: "Clear the roster.",
    Remedy.SHARED: "Erase only what nobody else holds.",
    Remedy.SPLIT: "Press {key.split}.",
    Remedy.STRANGER: "Restore it from a backup, or remove the stranger.",
    Remedy.STRANGERS: "See the list of strangers.",
    Remedy.STRANGERS_FOLDER: "Choose a folder of strangers.",
    Remedy.TRAIN: "Press {key.train}.",
    Remedy.TRASH: "Nothing else can be undone.",
    Remedy.UNKNOWN: "Press {key.unknown} to see who waits.",
    Remedy.UNSURE: "Say whether these unknown faces are removed too.",
    Remedy.VAULT: "Encrypt the workspace on the command line.",
}


def in_app(hint: str) -> str:
    """A hint as the app says it."""
    return with_keys(IN_APP[hint]) if hint in IN_APP else hint
