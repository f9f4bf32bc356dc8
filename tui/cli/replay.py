"""`facedesk replay`: a recorded session again, on the line or in the app."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace as changed
from pathlib import Path

import click

from engine.contract import Captured, Event, FaceSeen, Refused, ReplayDone
from engine.contract.errors import NoPictures, SourceUnreadable
from engine.contract.requests import EnrolRequest, ReplayRequest
from engine.text import many
from tui.cli.listen import Listener, demand_review, refusal
from tui.cli.options import TakesGlobals
from tui.cli.run import Context, interruptible, takes_context


@click.command(cls=TakesGlobals)
@click.argument("file")
@click.option("--into", metavar="NAME", help="Keep the pictures of an enrolment with this person.")
@click.option("--each-event", is_flag=True, help="Print every decision, not only the summary.")
@click.option("--tui", is_flag=True, help="Run it inside the app, at its own speed.")
@takes_context()
def replay(context: Context, file: str, into: str | None, each_event: bool, tui: bool) -> None:
    """Run a session recorded with --record again, and compare what is decided with what was.

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
