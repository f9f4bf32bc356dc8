"""facedesk recognize: who stands in front of the camera."""

from __future__ import annotations

from pathlib import Path

from engine.contract import Event, FaceSeen, NoFace, RecogniseDone, Sighted, Threshold, Why
from engine.contract.requests import RecogniseRequest
from engine.jobs.recording import recorded
from engine.rights.purge import seen_notes
from tui.cli.context import Context, interruptible
from tui.cli.output import Output
from tui.commands import unknown
from tui.commands.enrolment import source_note
from tui.commands.training import threshold_line
from tui.words.coach import sentences
from tui.words.text import STATES


class Lines:
    """Prints a line when what is said about a track changes, not one a frame."""

    def __init__(self, output: Output, *, each: bool, several: bool = False) -> None:
        """`several`: lines say which source, for there is more than one."""
        self._output = output
        self._each = each
        self._several = several
        self._said: dict[int, str | None] = {}

    def take(self, event: FaceSeen) -> None:
        """Say who it is, if that is news."""
        verdict = event.person or STATES.get(event.decision, event.decision)
        if not self._each and self._said.get(event.track) == verdict:
            return
        self._said[event.track] = verdict
        stale = ", " + "pictures changed since training" if event.stale else ""
        place = event.source if self._each else f"{event.seconds:7.1f} s  {f'face {event.track}'}"
        if self._several:
            place = f"{event.source}  {place}"
        near = (
            f"nearest {event.candidate}, score {event.score:.3f}, threshold {event.threshold:.3f}"
        )
        self._output.result(f"{place}  {verdict}  ({near}{stale})")


def recognize(
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

    output = context.output
    output.note("Loading the model")
    lines = Lines(output, each=request.each)
    seen = seen_notes(context.workspace)
    with interruptible(keep=True) as cancel:

        def emit(event: Event) -> None:
            output.event(event)
            source_note(output, event)
            seen.hear(event)
            if isinstance(event, FaceSeen):
                lines.take(event)
            elif isinstance(event, Threshold):
                output.note(threshold_line(event))
            elif isinstance(event, NoFace) and request.each:
                output.result(f"{event.source}  {'no face'}")
            elif isinstance(event, Why):
                explain(output, event)
            elif isinstance(event, Sighted):
                unknown.keep(context, event)
            if output.lost:
                cancel.stop()

        settings, workspace = context.settings, context.workspace
        with recorded(record, "recognise", request, settings, workspace, emit) as (taped, tell):
            done = recognise(workspace, settings, taped, cancel, tell, why=why, keep=keep)
        summarise(output, done)
    return done


def summarise(output: Output, done: RecogniseDone) -> None:
    """One line about a recognition that is over."""
    seen = ", ".join(
        f"{STATES.get(name, name)}: {count}" for name, count in sorted(done.people.items())
    )
    output.result(
        f"{done.frames} frames, {done.faces} faces, {done.fps:.1f} frames a second"
        + (f"; {seen}" if seen else "")
    )


def explain(output: Output, why: Why) -> None:
    """One explanation, with the nearest enrolled pictures as lines."""
    output.result(f"face {why.track} at {why.seconds:.1f} s")
    for sentence in sentences(why):
        output.result(f"  {sentence}")
    for person, path, likeness in why.nearest:
        output.result(f"    {likeness:.2f}  {person}  {path}")
