"""facedesk recognize with several sources: a process for each camera, and one that names them."""

from __future__ import annotations

import queue

from engine.contract import (
    Event,
    FaceSeen,
    JobEnded,
    JobStarted,
    ProcessDied,
    ProcessReady,
    RecogniseDone,
    SourceFailed,
    Threshold,
)
from engine.contract.errors import FacedeskError, SourceError
from engine.contract.requests import RecogniseRequest
from engine.desk.local import LocalDesk
from tui.cli.context import Context, interruptible
from tui.commands.enrolment import source_note
from tui.commands.recognition import Lines, summarise
from tui.commands.training import threshold_line
from tui.words.events import describe

POLL = 0.2
"""Seconds after which Ctrl+C is noticed."""


class Failed(FacedeskError):
    """A job of an engine process failed; the error is that process's."""

    def __init__(self, ended: JobEnded) -> None:
        super().__init__(ended.title, ended.message, ended.hint)
        self.exit_code = ended.exit_code  # type: ignore[misc]  # the one class that has several


def recognize_together(context: Context, request: RecogniseRequest) -> RecogniseDone | None:
    """Recognise from all sources of `request` at once, until they end or Ctrl+C.

    What was seen, or None if it was interrupted before the first frame. Raises SourceError if
    some sources failed (the others were watched to their end), Failed if all did.
    """
    output = context.output
    output.note(f"Starting {len(request.sources)} camera processes and the model")
    lines = Lines(output, each=False, several=True)
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    done: RecogniseDone | None = None
    failed: list[str] = []
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
                if isinstance(event, JobStarted | ProcessReady):
                    continue
                output.event(event)
                source_note(output, event)
                if isinstance(event, FaceSeen):
                    lines.take(event)
                elif isinstance(event, Threshold):
                    output.note(threshold_line(event))
                elif isinstance(event, RecogniseDone):
                    done = event
                elif isinstance(event, SourceFailed):
                    failed.append(event.source)
                elif isinstance(event, ProcessDied) and (line := describe(event)):
                    output.note(line.text, "yellow")
        finally:
            desk.close()
        if event.outcome == "failed":
            raise Failed(event)
        if done is not None:
            summarise(output, done)
    if failed:
        raise SourceError(
            f"{len(failed)} of {len(request.sources)} sources failed",
            ", ".join(failed),
            "The others were watched to their end.",
        )
    return done
