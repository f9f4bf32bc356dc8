"""`facedesk recognize` and `replay`: who stands before cameras, now or in a recording."""

from __future__ import annotations

import contextlib
import queue
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import click

from engine.contract import (
    Captured,
    Event,
    FaceSeen,
    JobEnded,
    JobStarted,
    NoFace,
    ProcessDied,
    ProcessReady,
    RecogniseDone,
    Refused,
    ReplayDone,
    Sighted,
    SourceFailed,
    Threshold,
    Why,
)
from engine.contract.errors import (
    FacedeskError,
    NoPictures,
    SourceError,
    SourceUnreadable,
    UsageError,
)
from engine.contract.requests import EnrolRequest, RecogniseRequest, ReplayRequest
from engine.text import many
from tui.cli import complete, unknown
from tui.cli.listen import Listener, demand_review, refusal, threshold_line
from tui.cli.options import TakesGlobals, record_option
from tui.cli.output import Output
from tui.cli.run import Context, interruptible, takes_context
from tui.words.coach import sentences

POLL = 0.2
"""Seconds after which Ctrl+C is noticed."""


@click.command(cls=TakesGlobals)
@click.option(
    "--source",
    "sources",
    required=True,
    multiple=True,
    shell_complete=complete.sources,
    help="0, /dev/video0, a clip, a folder, a URL, demo:NAME. Given again: all at once.",
)
@click.option("--each", is_flag=True, help="Every picture is its own probe; nothing is tracked.")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["live", "own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip live (newest frame wins), whole, or fast.",
)
@click.option("--why", is_flag=True, help="Explain the last decision about each face at the end.")
@click.option(
    "--keep-unknown",
    is_flag=True,
    help="Keep strangers for `facedesk unknown`, whatever its switch says.",
)
@record_option()
@takes_context()
def recognize(
    context: Context,
    sources: tuple[str, ...],
    each: bool,
    window: bool,
    pace: Any,
    why: bool,
    keep_unknown: bool,
    record: Path | None,
) -> None:
    """Name the people in front of a camera. Ctrl+C ends it.

    \b
    facedesk recognize --source 0
    facedesk recognize --source photos/ --each --json
    facedesk recognize --source 0 --source 1 --source rtsp://door.local/live --pace live
    """
    request = RecogniseRequest(
        source=sources[0], each=each, window=window, pace=pace, beside=sources[1:]
    )
    if not request.beside:
        recognise_one(context, request, record, why=why, keep=keep_unknown or None)
        return
    alone = {
        "--each": each,
        "--window": window,
        "--why": why,
        "--keep-unknown": keep_unknown,
        "--record": record is not None,
    }
    if given := [option for option, is_given in alone.items() if is_given]:
        raise UsageError(
            f"{', '.join(given)} needs one source",
            f"{len(sources)} were given",
            "Leave it out, or name one source.",
        )
    recognise_together(context, request)


def recognise_one(
    context: Context,
    request: RecogniseRequest,
    record: Path | None = None,
    *,
    why: bool = False,
    keep: bool | None = None,
) -> RecogniseDone:
    """Recognise until the source ends or Ctrl+C; prints what changes.

    With `why`, the last decision about each face is explained at the end. `keep` says whether
    strangers are kept, None: as the workspace's switch says.
    """
    from engine.jobs.recognise import recognise
    from engine.jobs.recording import recorded
    from engine.rights.purge import seen_notes

    output, settings, workspace = context.output, context.settings, context.workspace
    output.note("Loading the model")
    seen = seen_notes(workspace)

    def show_no_face(event: NoFace) -> None:
        if request.each:
            output.result(f"{event.source}  no face")

    listener = Listener(
        output,
        handlers={
            **shown_faces(output, each=request.each),
            NoFace: show_no_face,
            Why: lambda event: _explain(output, event),
            Sighted: lambda event: unknown.keep(context, event),
        },
    )
    with interruptible(keep=True) as cancel:

        def emit(event: Event) -> None:
            listener(event)
            seen.hear(event)
            if output.lost:
                cancel.stop()

        with recorded(record, "recognise", request, settings, workspace, emit) as (request, tell):
            done = recognise(workspace, settings, request, cancel, tell, why=why, keep=keep)
        _summarise(output, done)
    return done


class SourcesFailed(FacedeskError):
    """A recognition from several sources failed; the error is that of its process."""

    def __init__(self, ended: JobEnded) -> None:
        super().__init__(ended.title, ended.message, ended.hint)
        self.exit_code = ended.exit_code  # type: ignore[misc]  # the one class that has several


def recognise_together(context: Context, request: RecogniseRequest) -> None:
    """Recognise from all sources of `request` at once, until they end or Ctrl+C.

    Raises SourceError if some sources failed (the others were watched to their end), SourcesFailed
    if all did.
    """
    from engine.desk.local import LocalDesk
    from tui.words.events import describe

    output = context.output
    output.note(f"Starting {len(request.sources)} camera processes and the model")
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    done: list[RecogniseDone] = []
    failed: list[str] = []

    def show_death(event: ProcessDied) -> None:
        if line := describe(event):
            output.note(line.text, "yellow")

    emit = Listener(
        output,
        handlers={
            **shown_faces(output, each=False, name_source=True),
            RecogniseDone: done.append,
            SourceFailed: lambda event: failed.append(event.source),
            ProcessDied: show_death,
        },
    )
    desk = LocalDesk(context.workspace, context.settings)
    with interruptible(keep=True) as cancel:
        try:
            desk.start(heard.put)
            desk.recognise(request)
            asked = False
            while True:
                if (cancel.stopping or output.lost) and not asked:
                    desk.stop("recognise")
                    asked = True
                try:
                    event = heard.get(timeout=POLL)
                except queue.Empty:
                    continue
                if isinstance(event, JobEnded):
                    break
                if not isinstance(event, JobStarted | ProcessReady):
                    emit(event)
        finally:
            desk.close()
        if event.outcome == "failed":
            raise SourcesFailed(event)
        for summary in done:
            _summarise(output, summary)
    if failed:
        raise SourceError(
            f"{len(failed)} of {len(request.sources)} sources failed",
            ", ".join(failed),
            "The others were watched to their end.",
        )


def shown_faces(
    output: Output, *, each: bool, name_source: bool = False
) -> Mapping[type[Event], Callable[[Any], object]]:
    """Handlers that print a line when what is said about a track changes, and the threshold.

    With `each` every face is a line; `name_source`: lines name the source too.
    """
    said: dict[int, str] = {}

    def show(event: FaceSeen) -> None:
        verdict = event.person or event.decision
        if not each and said.get(event.track) == verdict:
            return
        said[event.track] = verdict
        stale = ", pictures changed since training" if event.stale else ""
        place = event.source if each else f"{event.seconds:7.1f} s  face {event.track}"
        if name_source:
            place = f"{event.source}  {place}"
        near = (
            f"nearest {event.candidate}, score {event.score:.3f}, threshold {event.threshold:.3f}"
        )
        output.result(f"{place}  {verdict}  ({near}{stale})")

    return {FaceSeen: show, Threshold: lambda event: output.note(threshold_line(event))}


def _summarise(output: Output, done: RecogniseDone) -> None:
    """One line about a recognition that is over."""
    seen = ", ".join(f"{name}: {count}" for name, count in sorted(done.people.items()))
    output.result(
        f"{done.frames} frames, {done.faces} faces, {done.fps:.1f} frames a second"
        + (f"; {seen}" if seen else "")
    )


def _explain(output: Output, why: Why) -> None:
    """One explanation, with the nearest enrolled pictures as lines."""
    output.result(f"face {why.track} at {why.seconds:.1f} s")
    for sentence in sentences(why):
        output.result(f"  {sentence}")
    for person, path, likeness in why.nearest:
        output.result(f"    {likeness:.2f}  {person}  {path}")


@click.command(cls=TakesGlobals)
@click.argument("file", shell_complete=complete.recordings)
@click.option(
    "--into",
    metavar="NAME",
    shell_complete=complete.people,
    help="Keep the pictures of an enrolment with this person.",
)
@click.option("--each-event", is_flag=True, help="Print every decision, not only the summary.")
@click.option("--tui", is_flag=True, help="Run it inside the app, at its own speed.")
@takes_context()
def replay(context: Context, file: str, into: str | None, each_event: bool, tui: bool) -> None:
    """Run a recorded session again and compare the decisions.

    A recorded enrolment writes no pictures, unless --into says where.

    \b
    facedesk enroll Ada --source 0 --record ada    # makes ada.fdrec
    facedesk replay ada.fdrec
    facedesk replay ada.fdrec --tui
    """
    request = ReplayRequest(file=file, into=into)
    if tui:
        _replay_in_app(context, request)
    else:
        _replay_here(context, request, each_event=each_event)


def _replay_here(context: Context, request: ReplayRequest, *, each_event: bool) -> None:
    """Run a recording again; prints how many decisions agree.

    Raises SourceUnreadable at the end if the recording breaks off, ReviewNeeded if pictures that
    were kept must be looked at, NoPictures if none was kept for `request.into`.
    """
    from engine.jobs.recording import replay as run_again

    output = context.output
    listener = Listener(output)
    kept = 0
    with contextlib.ExitStack() as stack:
        cancel = stack.enter_context(interruptible(keep=True))
        if request.into is not None:
            stack.enter_context(context.writing("replay"))

        def emit(event: Event) -> None:
            nonlocal kept
            listener(event)
            kept += isinstance(event, Captured)
            if each_event and (line := _line(event)):
                output.result(line)

        done = run_again(context.workspace, context.settings, request, cancel, emit)
        output.result(_summary(done))
        for frame, then, now in done.first:
            output.result(f"  frame {frame}: {then} then, {now} now")
    if done.damage:
        raise SourceUnreadable("The recording breaks off", done.damage, "Up to there it was used.")
    demand_review(listener.doubts)
    if request.into is not None and not kept:
        raise NoPictures("No picture was kept", "every frame of the recording was refused")


def _summary(done: ReplayDone) -> str:
    """How many decisions agree, in a sentence."""
    frames = many(done.frames, "frame")
    if not done.decisions:
        return f"{frames}; nothing was decided when it was recorded"
    more = ((done.differ, "differ"), (done.lost, "were not made again"), (done.new, "are new"))
    text = f"{frames}; {done.agree} of {done.decisions} decisions agree"
    return ", ".join([text, *(f"{count} {what}" for count, what in more if count)])


def _line(event: Event) -> str:
    match event:
        case Captured():
            return f"frame {event.frame}: captured, number {event.captured}"
        case Refused():
            why = refusal(event.reason, event.value, event.limit)
            return f"frame {event.frame}: refused, {why}"
        case FaceSeen():
            return f"frame {event.frame}: {event.person or event.decision} ({event.score:.3f})"
        case _:
            return ""


def _replay_in_app(context: Context, request: ReplayRequest) -> None:
    """The app with the recorded job running in it. An enrolment plays in a folder of its own."""
    from engine.jobs.recording import recorded_job
    from engine.workspace.folder import Workspace
    from tui.cli.app import run_app

    recorded = recorded_job(request.file, context.settings, "own", request.into)
    with contextlib.ExitStack() as stack:
        if isinstance(recorded.request, EnrolRequest) and request.into is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="facedesk-replay-"))
            context = changed(context, workspace=Workspace(Path(folder) / "replay"))
        here = changed(context, settings=recorded.settings)
        run_app(here, None, first=recorded.request)
