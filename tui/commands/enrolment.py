"""facedesk enroll, import: from cameras and folders to pictures of people."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from engine.contract import (
    Captured,
    Coaching,
    EnrolDone,
    Event,
    ImportDone,
    ImportProgress,
    ImportRefused,
    LooksEnrolled,
    Notice,
    SetAside,
    SourceLost,
    SourceOpened,
    SourceRestored,
    TapeEnded,
    TapeStarted,
    TwinChoice,
)
from engine.contract.errors import ReviewNeeded
from engine.contract.requests import EnrolRequest, ImportRequest
from engine.jobs.recording import recorded
from engine.text import many
from tui.cli.context import Context, interruptible
from tui.cli.output import Output
from tui.commands.twins import Twins, choice_of, guard_for
from tui.words import coach
from tui.words.figures import doubt_words
from tui.words.text import crowded_words, measured, reason_words


def source_note(output: Output, event: Event) -> None:
    """Say what happens to the source, the same way for every command that has one."""
    match event:
        case SourceOpened():
            label = "DEMO source" if event.demo else event.kind
            rate = f", {event.fps:g} fps" if event.fps else ""
            output.note(f"{label} {event.source}: {event.width}x{event.height}{rate}")
        case SourceLost():
            output.note(
                f"Lost {event.source} ({event.reason}); attempt {event.attempt} to "
                f"reconnect in {event.retry_in:.1f} s",
                "yellow",
            )
        case SourceRestored():
            output.note(
                f"{event.source} is back after {event.seconds:.1f} s",
                "green",
            )
        case TapeStarted():
            output.note(f"Recording to {event.file}")
        case TapeEnded():
            output.note(
                f"Recorded {event.file}: {event.megabytes:.1f} MB of faces, keep it private"
            )
        case Notice():
            output.note(event.text, "yellow" if event.level != "info" else "")


def refusal(reason: str, value: float, limit: float) -> str:
    """A refusal in words, with what was measured."""
    return f"{reason_words(reason)} {measured(reason, value, limit)}".strip()


def enroll(
    context: Context,
    request: EnrolRequest,
    twins: Twins = "keep",
    record: Path | None = None,
) -> EnrolDone:
    """Capture one person; prints progress, the refusals and a summary.

    Raises NoPictures if nothing was kept, whatever the reason, and ReviewNeeded.
    """
    from engine.jobs.enrol import enrol, nothing_captured
    from engine.jobs.judging import guard_here

    output = context.output
    said: Coaching | None = None
    doubts: list[str] = []
    asking = threading.Event()
    with interruptible(keep=True, enter_stops=True, asking=asking) as cancel:
        with (
            context.writing("enroll"),
            output.progress(f"Enrolling {request.person}", request.count) as bar,
        ):

            def emit(event: Event) -> None:
                nonlocal said
                output.event(event)
                source_note(output, event)
                doubts.extend(doubt_words(event))
                if isinstance(event, Captured):
                    bar.update(event.captured)
                elif isinstance(event, Coaching):
                    said = event
                    why = coach.why_refused(event)
                    bar.retitle(f"{coach.advice(event)}{f' ({why})' if why else ''}")

            settings, workspace = context.settings, context.workspace
            with recorded(record, "enrol", request, settings, workspace, emit) as (taped, tell):
                guard = guard_for(context, request.person, twins, tell, asking)
                faces = guard_here(workspace, settings, tell)
                done = enrol(workspace, settings, taped, cancel, tell, guard, faces=faces)
        _summarise(output, done)
        if said is not None and done.captured:
            output.result(coach.coverage(said))
    if not done.captured and not done.aside:
        raise nothing_captured(done)
    refuse_silence(doubts)
    return done


def _summarise(output: Output, done: EnrolDone) -> None:
    """One line for what was captured, one for what was refused."""
    ends = {
        "stopped": "stopped",
        "cancelled": "given up",
        "source_ended": "the source ended early",
    }
    ended = f" ({ends[done.ended]})" if done.ended in ends else ""
    output.result(
        f"{done.person}: {done.captured} of {done.target} pictures in {done.seconds:.1f} s" + ended
    )
    if done.change:
        output.result(
            "{pictures} in the trash; `facedesk trash undo {change}` brings them back".format(
                pictures=many(done.given_up, "picture"), change=done.change
            )
        )
    if done.refused:
        reasons = ", ".join(f"{n} {reason_words(r)}" for r, n in sorted(done.refused.items()))
        output.result(f"refused frames: {reasons}")


def refuse_silence(doubts: Sequence[str]) -> None:
    """Raise ReviewNeeded if there is something to look at, so that the exit code says it too."""
    if doubts:
        raise ReviewNeeded("Look at this", "; ".join(doubts), "The other pictures are enrolled.")


def import_folder(context: Context, request: ImportRequest, twins: Twins = "keep") -> ImportDone:
    """Import a folder of people; every refused file is printed with its reason. `twins` as in a
    capture."""
    from engine.jobs.imports import import_pictures
    from engine.jobs.judging import guard_here

    output = context.output
    doubts: list[str] = []
    with (
        interruptible(keep=False) as cancel,
        context.writing("import"),
        output.progress("Importing", None) as bar,
    ):

        def emit(event: Event) -> None:
            output.event(event)
            match event:
                case ImportProgress():
                    bar.update(event.done, event.total)
                case ImportRefused():
                    reason = refusal(event.reason, event.value, event.limit)
                    output.note(f"refused {event.file}: {reason}")
                case Notice():
                    output.note(event.text)
                case SetAside() | LooksEnrolled():
                    doubts.extend(doubt_words(event))

        def decide(found: LooksEnrolled) -> TwinChoice | None:
            if twins == "keep":
                return None
            for sentence in doubt_words(found):
                output.note(sentence, "yellow")
            return choice_of(found.other, twins)

        settings, workspace = context.settings, context.workspace
        faces = guard_here(workspace, settings, emit)
        done = import_pictures(workspace, settings, request, cancel, emit, faces, decide)
    output.result(
        f"{done.images} pictures of {done.people} people imported, {done.refused} files "
        f"refused, in {done.seconds:.1f} s"
    )
    if done.crowded:
        output.result(crowded_words(done.crowded))
    refuse_silence(doubts)
    return done
