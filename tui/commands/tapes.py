"""facedesk replay: a recorded session again, on the line or in the app."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace as changed
from pathlib import Path

from engine.contract import Captured, Event, FaceSeen, Refused, ReplayDone
from engine.contract.errors import NoPictures, SourceUnreadable
from engine.contract.requests import EnrolRequest, ReplayRequest
from engine.text import many
from engine.workspace.folder import Workspace
from tui.cli.context import Context, interruptible
from tui.commands.enrolment import refusal, refuse_silence, source_note
from tui.words.figures import doubt_words
from tui.words.text import STATES


def replay(context: Context, request: ReplayRequest, *, each_event: bool) -> ReplayDone:
    """Run a recording again; prints how many decisions agree.

    Raises SourceUnreadable at the end if the recording breaks off, ReviewNeeded if pictures that
    were kept must be looked at, NoPictures if none was kept for `request.into`.
    """
    from engine.jobs.replay import replay as run_again

    output = context.output
    doubts: list[str] = []
    kept = 0
    with contextlib.ExitStack() as stack:
        cancel = stack.enter_context(interruptible(keep=True))
        if request.into is not None:
            stack.enter_context(context.writing("replay"))

        def emit(event: Event) -> None:
            nonlocal kept
            output.event(event)
            source_note(output, event)
            kept += isinstance(event, Captured)
            doubts.extend(doubt_words(event))
            if each_event and (line := _line(event)):
                output.result(line)

        done = run_again(context.workspace, context.settings, request, cancel, emit)
        output.result(summary(done))
        for frame, then, now in done.first:
            output.result("  " + f"frame {frame}: {then} then, {now} now")
    if done.damage:
        raise SourceUnreadable("The recording breaks off", done.damage, "Up to there it was used.")
    refuse_silence(doubts)
    if request.into is not None and not kept:
        raise NoPictures("No picture was kept", "every frame of the recording was refused")
    return done


def summary(done: ReplayDone) -> str:
    """How many decisions agree, in a sentence."""
    if not done.decisions:
        return "{frames}; nothing was decided when it was recorded".format(
            frames=many(done.frames, "frame")
        )
    text = "{frames}; {agree} of {decisions} decisions agree".format(
        frames=many(done.frames, "frame"), agree=done.agree, decisions=done.decisions
    )
    more = [
        (done.differ, "{count} differ"),
        (done.lost, "{count} were not made again"),
        (done.new, "{count} are new"),
    ]
    return ", ".join([text, *(what.format(count=count) for count, what in more if count)])


def _line(event: Event) -> str:
    match event:
        case Captured():
            return f"frame {event.frame}: captured, number {event.captured}"
        case Refused():
            why = refusal(event.reason, event.value, event.limit)
            return f"frame {event.frame}: refused, {why}"
        case FaceSeen():
            return (
                f"frame {event.frame}: "
                f"{event.person or STATES.get(event.decision, event.decision)} "
                f"({event.score:.3f})"
            )
        case _:
            return ""


def replay_in_app(context: Context, request: ReplayRequest) -> None:
    """The app with the recorded job running in it. An enrolment plays in a folder of its own."""
    from engine.jobs.replay import recorded_job
    from tui.commands.application import run_app

    recorded = recorded_job(request.file, context.settings, "own", request.into)
    with contextlib.ExitStack() as stack:
        if isinstance(recorded.request, EnrolRequest) and request.into is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="facedesk-replay-"))
            context = changed(context, workspace=Workspace(Path(folder) / "replay"))
        here = changed(context, settings=recorded.settings)
        run_app(here, None, first=recorded.request)
