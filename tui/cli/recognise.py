"""`facedesk recognize` and `replay`: who stands before cameras, now or in a recording."""

from __future__ import annotations

import contextlib
import queue
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cancel import Cancel
from engine.contract import (
    Captured,
    Emit,
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
    SourceFailed,
    Threshold,
    UnknownChanged,
    Why,
)
from engine.contract.errors import NoPictures, SourceError, SourceUnreadable, UsageError
from engine.contract.requests import EnrolRequest, RecogniseRequest, ReplayRequest
from engine.text import many
from tui.cli.listen import Listener, demand_review, refusal
from tui.cli.options import complete_people, complete_recordings, complete_sources, record_option
from tui.cli.output import Output
from tui.cli.run import Context, command, interruptible
from tui.words.coach import sentences
from tui.words.figures import matched, seen_words

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.workspace.folder import Workspace

POLL = 0.2
"""Seconds after which Ctrl+C is noticed."""


@command()
@click.option(
    "--source",
    "sources",
    required=True,
    multiple=True,
    shell_complete=complete_sources,
    help="0, /dev/video0, a clip, a folder, a URL, demo:NAME. Given again: all at once.",
)
@click.option("--each", is_flag=True, help="Decide about every picture by itself.")
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
@record_option
def recognize(
    context: Context,
    sources: tuple[str, ...],
    keep_unknown: bool,
    record: Path | None,
    **wanted: Any,
) -> None:
    """Name the people in front of a camera. Ctrl+C ends it.

    \b
    facedesk recognize --source 0
    facedesk recognize --source photos/ --each --json
    facedesk recognize --source 0 --source 1 --source rtsp://door.local/live --pace live
    """
    alone = {f"--{name}": wanted[name] for name in ("each", "window", "why")}
    alone |= {"--keep-unknown": keep_unknown, "--record": record is not None}
    given = [option for option, is_given in alone.items() if is_given]
    if given and len(sources) > 1:
        raise UsageError(
            f"{', '.join(given)} needs one source",
            f"{len(sources)} were given",
            "Leave it out, or name one source.",
        )
    request = RecogniseRequest(
        source=sources[0], beside=sources[1:], keep=keep_unknown or None, **wanted
    )
    recognise(context, request, record)


def recognise(
    context: Context, request: RecogniseRequest, record: Path | None = None
) -> RecogniseDone:
    """Recognise until the sources end or Ctrl+C; prints what changes, and a summary.

    Raises SourceError if some of several sources failed (the others were watched to their end).
    """
    from tui.words.events import EVENT_WORDS

    output, count = context.output, len(request.sources)
    output.note(
        "Loading the model" if count == 1 else f"Starting {count} camera processes and the model"
    )
    done: list[RecogniseDone] = []
    failed: list[str] = []

    def show_skipped(event: UnknownChanged) -> None:
        if event.why:
            output.warn(f"A stranger was not kept: {event.why}")

    listener = Listener(
        output,
        handlers={
            **shown_faces(output, each=request.each, name_source=count > 1),
            NoFace: lambda event: output.result(f"{event.source}  {what_no_face(event)}"),
            Why: lambda event: _explain(output, event),
            RecogniseDone: done.append,
            SourceFailed: lambda event: failed.append(event.source),
            ProcessDied: lambda event: output.warn(EVENT_WORDS[ProcessDied](event).text),
            UnknownChanged: show_skipped,
        },
    )
    with interruptible(keep=True) as cancel:

        def emit(event: Event) -> None:
            listener(event)
            if output.lost:
                cancel.stop()

        watch(context.workspace, context.settings, request, cancel, emit, record)
        for each in done:
            seen = f"; {words}" if (words := seen_words(each)) else ""
            output.result(
                f"{many(each.frames, 'frame')}, {many(each.faces, 'face')}, "
                f"{each.fps:.1f} frames a second{seen}"
            )
    if failed:
        raise SourceError(
            f"{len(failed)} of {count} sources failed",
            ", ".join(failed),
            "The other sources were watched to their end.",
        )
    return done[0] if done else RecogniseDone(frames=0, faces=0, fps=0.0, dropped=0, people={})


def what_no_face(event: NoFace) -> str:
    """Why a picture shows no face."""
    return "cannot be read" if event.unread else "no face"


def watch(
    workspace: Workspace,
    settings: Settings,
    request: RecogniseRequest,
    cancel: Cancel,
    emit: Emit,
    record: Path | None = None,
) -> None:
    """Recognise on the desk, as the app does, until the sources end or `cancel` is set.

    Raises as `Desk.recognise`, and what ended the recognition, if it failed.
    """
    from engine.desk.local import LocalDesk

    for source in request.sources:
        if source.startswith("demo:"):
            from engine.camera.demo import parse_demo  # OpenCV, which the desk does without

            parse_demo(source)
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    ended: JobEnded | None = None
    asked = False
    desk = LocalDesk(workspace, settings, record, number=False)
    desk.check_recognition(request)
    try:
        desk.start(heard.put)
        desk.recognise(request)
        while ended is None:
            if cancel.stopping and not asked:
                desk.stop("recognise")
                asked = True
            with contextlib.suppress(queue.Empty):
                event = heard.get(timeout=POLL)
                if isinstance(event, JobEnded):
                    ended = event
                elif not isinstance(event, JobStarted | ProcessReady):
                    emit(event)
    finally:
        desk.close()
    while not heard.empty():  # strangers that were still being kept
        emit(heard.get())
    if ended.outcome == "failed":
        raise ended.error()


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
        nearest = "" if event.person else f"nearest {event.candidate}, "
        match = matched(event.score, event.threshold)
        output.result(f"{place}  {verdict}  ({nearest}match {match}{stale})")

    return {FaceSeen: show, Threshold: lambda event: output.note(event.sentence)}


def _explain(output: Output, why: Why) -> None:
    """One explanation, with the nearest enrolled pictures as lines."""
    output.result(f"face {why.track} at {why.seconds:.1f} s")
    output.result(*(f"  {sentence}" for sentence in sentences(why)))
    output.result(*(f"    {likeness:.2f}  {who}  {path}" for who, path, likeness in why.nearest))


@command()
@click.argument("file", shell_complete=complete_recordings)
@click.option(
    "--into",
    metavar="NAME",
    shell_complete=complete_people,
    help="Keep the pictures of an enrolment with this person.",
)
@click.option("--each-event", is_flag=True, help="Print every decision, not only the summary.")
@click.option("--tui", is_flag=True, help="Run it inside the app, at its own speed.")
def replay(context: Context, file: str, into: str | None, each_event: bool, tui: bool) -> None:
    """Run a recorded session again and compare the decisions.

    A recorded enrolment writes no pictures, unless --into says where.

    \b
    facedesk enroll Ada --source 0 --record ada    # makes ada.fdrec
    facedesk replay ada.fdrec
    facedesk replay ada.fdrec --tui
    """
    from engine.jobs.recording import replay as run_again

    request = ReplayRequest(file=file, into=into)
    if tui:
        _replay_in_app(context, request)
        return
    output, listener = context.output, Listener(context.output)
    kept = 0
    with contextlib.ExitStack() as stack:
        cancel = stack.enter_context(interruptible(keep=True))
        if into is not None:
            stack.enter_context(context.writing("replay"))

        def emit(event: Event) -> None:
            nonlocal kept
            listener(event)
            kept += isinstance(event, Captured)
            if each_event and (line := _line(event)):
                output.result(line)

        recognising = partial(watch, context.workspace)
        done = run_again(context.workspace, context.settings, request, cancel, emit, recognising)
        output.result(_summary(done))
        for frame, then, now in done.first:
            output.result(f"  frame {frame}: {then} then, {now} now")
    if done.damage:
        raise SourceUnreadable("The recording breaks off", done.damage, "Up to there it was used.")
    demand_review(listener.doubts)
    if into is not None and not kept:
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
            return f"frame {event.frame}: refused, {refusal(event)}"
        case FaceSeen():
            return f"frame {event.frame}: {event.person or event.decision} ({event.score:.3f})"
        case _:
            return ""


def _replay_in_app(context: Context, request: ReplayRequest) -> None:
    """The app with the recorded job running in it. An enrolment plays in a folder of its own."""
    from engine.jobs.recording import recorded_job
    from engine.workspace.folder import Workspace
    from tui.cli.run import run_app

    recorded = recorded_job(request.file, context.settings, "own", request.into)
    with contextlib.ExitStack() as stack:
        if isinstance(recorded.request, EnrolRequest) and request.into is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="facedesk-replay-"))
            context = changed(context, workspace=Workspace(Path(folder) / "replay"))
        here = changed(context, settings=recorded.settings)
        run_app(here, first=recorded.request)
