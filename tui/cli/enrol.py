"""`facedesk enroll`, `import` and `roster`: from cameras and folders to pictures of people."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from engine.contract import Coaching, Emit, EnrolDone, Event, LooksEnrolled, Notice, TwinChoice
from engine.contract.errors import (
    FacedeskError,
    NoPictures,
    PersonUnreadable,
    ReviewNeeded,
    UsageError,
)
from engine.contract.requests import EnrolRequest, ImportRequest
from engine.model.store import ModelStore
from engine.people import roster as names
from engine.text import many
from tui.cli.listen import Listener, demand_review
from tui.cli.options import (
    PATH,
    at_terminal,
    complete_newcomers,
    complete_sources,
    consent_option,
    record_option,
)
from tui.cli.output import Output
from tui.cli.run import Context, SubGroup, command, interruptible
from tui.words import coach
from tui.words.figures import doubt_words, matched
from tui.words.text import crowded_words, reason_words, span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.people.coach import TwinGuard


Twins = Literal["ask", "keep", "refuse"]
ENDS = {"stopped": "stopped", "cancelled": "given up", "source_ended": "the source ended early"}
"""Why a capture ended before its last picture, in words."""


def _chosen(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """What `--twins` says, or its default. Raises UsageError where nobody can be asked."""
    if value == "ask" and not at_terminal():
        raise click.UsageError("--twins ask needs a terminal; keep and refuse do not.")
    return value or ("ask" if at_terminal() else "keep")


twins_option = click.option(
    "--twins",
    type=click.Choice(["ask", "keep", "refuse"]),
    callback=_chosen,
    help="When somebody looks like another person (default: ask on a terminal, else keep).",
)


def _one_or_roster(*, name: str | None, roster: bool, **_: Any) -> None:
    if bool(name) == roster:
        raise click.UsageError("Give a NAME, or --roster.")


@command(before=_one_or_roster)
@click.argument("name", required=False, shell_complete=complete_newcomers)
@click.option(
    "--source",
    required=True,
    shell_complete=complete_sources,
    help="0, /dev/video0, a clip, a folder, a URL, demo:NAME.",
)
@click.option("--count", type=click.IntRange(1, 10_000), help="Crops to capture (default 100).")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip at its own speed, or as fast as possible.",
)
@record_option
@twins_option
@click.option("--roster", is_flag=True, help="Everybody who waits on the roster; Enter between.")
@consent_option
def enroll(
    context: Context,
    name: str | None,
    count: int | None,
    record: Path | None,
    twins: Twins,
    roster: bool,
    **wanted: Any,
) -> None:
    """Capture pictures of NAME from a camera. Enter stops and keeps what was captured.

    \b
    facedesk enroll "Ada Lovelace" --source 0 --consent "Desk one"
    facedesk enroll Grace --source clip.mp4 --count 40
    facedesk enroll --roster --source 0
    """
    count = count or context.settings.enrolment.count
    request = EnrolRequest(person=name or "", count=count, **wanted)
    if roster:
        capture_roster(context, request, twins)
    else:
        capture(context, request, twins, record)


def capture(
    context: Context, request: EnrolRequest, twins: Twins = "keep", record: Path | None = None
) -> EnrolDone:
    """Capture one person; prints progress, the refusals and a summary.

    Raises NoPictures if nothing was kept, whatever the reason, and ReviewNeeded.
    """
    from engine.jobs.enrol import enrol, nothing_captured
    from engine.jobs.imports import settled
    from engine.jobs.judging import guard_here
    from engine.jobs.recording import Recorder

    output, settings, workspace = context.output, context.settings, context.workspace
    said: Coaching | None = None
    lookalikes: list[LooksEnrolled] = []
    asking = threading.Event()
    with interruptible(keep=True, enter_stops=True, asking=asking) as cancel:
        with (
            context.writing("enroll"),
            output.progress(f"Enrolling {request.person}", request.count) as bar,
        ):

            def advise(event: Coaching) -> None:
                nonlocal said
                said = event
                why = coach.why_refused(event)
                bar.retitle(f"{coach.advice(event)}{f' ({why})' if why else ''}")

            emit = Listener(output, bar, {Coaching: advise})
            recorder = Recorder(record, workspace, settings)
            with recorder.recording("enrol", request, emit) as (request, tell):

                def hold(event: Event) -> None:
                    if twins != "keep" and isinstance(event, LooksEnrolled):
                        lookalikes.append(event)
                    else:
                        tell(event)

                guard = guard_for(context, request.person, twins, tell, asking, emit.doubts)
                faces = guard_here(workspace, settings, tell)
                done = enrol(workspace, settings, request, cancel, hold, guard, faces=faces)
                for found in lookalikes:  # few pictures, or the other is in no model yet
                    output.warn(*doubt_words(found))
                    asking.set()
                    choice = choice_of(found.other, twins)
                    asking.clear()
                    for event in settled(workspace, settings, found, choice, request.consent):
                        tell(event)
        _summarise(output, done)
        if said is not None and done.captured:
            output.result(coach.coverage(said))
    if not done.captured and not done.aside:
        raise nothing_captured(done)
    demand_review(emit.doubts)
    return done


def _summarise(output: Output, done: EnrolDone) -> None:
    """One line for what was captured, one for what was refused."""
    ended = f" ({ENDS[done.ended]})" if done.ended in ENDS else ""
    output.result(
        f"{done.person}: {done.captured} of {many(done.target, 'picture')} in {span(done.seconds)}"
        + ended
    )
    if done.change:
        output.result(
            f"{many(done.given_up, 'picture')} in the trash; `facedesk trash undo {done.change}` "
            "brings them back"
        )
    if done.refused:
        reasons = ", ".join(f"{n} {reason_words(r)}" for r, n in sorted(done.refused.items()))
        output.result(f"refused frames: {reasons}")


def capture_roster(context: Context, request: EnrolRequest, twins: Twins) -> None:
    """Enrol everybody who waits, with `request`'s source; on a terminal Enter begins each.

    Raises UsageError if nobody waits. A capture that brought nothing is shown; the next follows.
    Raises ReviewNeeded at the end if somebody must look at one, NoPictures if none brought any.
    """
    doubts: list[str] = []
    kept, nothing = 0, ""
    waiting = [row.name for row in names.rows(context.workspace) if not row.done]
    if not waiting:
        raise UsageError(
            "The roster has no name left", hint="Add names: facedesk roster add names.csv"
        )
    for name in waiting:
        if at_terminal():
            question = f"{name}: Enter when ready, q to end"
            answer: str = click.prompt(question, "", show_default=False, err=True)
            if answer.strip().lower() == "q":
                break
        try:
            kept += capture(context, replace(request, person=name), twins).captured
        except (NoPictures, PersonUnreadable) as error:
            context.output.error(error)
            nothing = str(error)
        except ReviewNeeded as error:
            context.output.warn(error.message)
            doubts.append(error.message)
    demand_review(doubts)
    if nothing and not kept:
        raise NoPictures("Nobody was enrolled", nothing, "See `facedesk roster`.")


@command("import")
@click.argument("folder", type=click.Path())
@click.option(
    "--face",
    type=click.Choice(["central", "largest", "only"]),
    default="central",
    show_default=True,
    help="Which face of a photograph counts.",
)
@click.option(
    "--redraw",
    is_flag=True,
    help="Let the split divide anew what FOLDER/train/, validation/ and test/ divide.",
)
@twins_option
@consent_option
def import_command(context: Context, twins: Twins, **wanted: Any) -> None:
    """Import photographs from FOLDER/NAME/.

    FOLDER/train/NAME/, validation/NAME/ (val/) and test/NAME/ work too: the split keeps that
    division, unless --redraw.

    \b
    facedesk import photos/
    facedesk import groups/ --face largest
    facedesk import photos/ --twins refuse
    """
    from engine.jobs.imports import import_pictures
    from engine.jobs.judging import guard_here

    output, settings, workspace = context.output, context.settings, context.workspace
    request = ImportRequest(**wanted)

    def decide(found: LooksEnrolled) -> TwinChoice | None:
        if twins == "keep":
            return None
        output.warn(*doubt_words(found))
        return choice_of(found.other, twins)

    with (
        interruptible(keep=False) as cancel,
        context.writing("import"),
        output.progress("Importing", None) as bar,
    ):
        emit = Listener(output, bar)
        faces = guard_here(workspace, settings, emit)
        done = import_pictures(workspace, settings, request, cancel, emit, faces, decide)
    output.result(
        f"{many(done.images, 'picture')} of {many(done.people, 'person', 'people')} imported, "
        f"{many(done.refused, 'file')} refused, in {span(done.seconds)}."
    )
    if done.crowded:
        output.result(crowded_words(done.crowded))
    demand_review(emit.doubts)


# --- people who look alike -----------------------------------------------------------------------


def guard_for(
    context: Context,
    person: str,
    twins: Twins,
    emit: Emit,
    asking: threading.Event,
    doubts: list[str],
) -> TwinGuard:
    """Compares the first pictures on a thread of its own, where there is a model to do it with.

    `ask` asks on the terminal, `keep` warns, adds to `doubts` and goes on, `refuse` gives the
    capture up. `asking` is set while the terminal is wanted for the answer.
    """
    from engine.people.coach import TwinGuard

    if ModelStore(context.workspace).current() is None:
        return TwinGuard()

    def compare(crops: NDArray[np.uint8]) -> None:
        from engine.jobs.judging import suspect

        found = None
        try:
            found = suspect(context.workspace, context.settings, person, crops, emit)
        except FacedeskError as error:
            emit(Notice(text=f"Not compared with other people: {error}", level="warning"))
        finally:
            asking.set()
            guard.report(found.other if found else "")
        if found:
            emit(found)
            match = matched(found.score, found.threshold)
            words = (
                f"Same person as {found.other}? {found.pictures} of the first {found.of} pictures "
                f"of {person} match (match {match} of 100)."
            )
            context.output.warn(words)
            if twins == "keep":
                doubts.append(words)
            guard.answer(choice_of(found.other, twins))
        asking.clear()

    guard = TwinGuard(
        lambda crops: threading.Thread(target=compare, args=(crops,), daemon=True).start()
    )
    return guard


def choice_of(other: str, twins: Twins) -> TwinChoice:
    """What to do with pictures that look like `other`; asks on the terminal if it is to."""
    if twins != "ask":
        return "different" if twins == "keep" else "stop"
    answers: dict[str, TwinChoice] = {"y": "same", "n": "different", "s": "stop"}
    try:
        given: str = click.prompt(
            f"Same person as {other}? (y same, n different, s stop)",
            type=click.Choice(list(answers)),
            show_choices=False,
            err=True,
        )
    except click.Abort:
        return "stop"
    return answers[given]


@click.group(cls=SubGroup)
def roster() -> None:
    """Names to enrol as people come by. Without a command: list.

    \b
    facedesk roster add names.csv
    facedesk enroll --roster --source 0
    """


@roster.command("list")
def roster_list(context: Context) -> None:
    """Everybody on the roster, waiting or done.

    \b
    facedesk roster list
    """
    rows = names.rows(context.workspace)
    context.output.records(
        "roster",
        rows,
        {
            "!name": lambda row: row.name,
            "state": lambda row: "done" if row.done else "waiting",
            "#pictures": lambda row: str(row.pictures),
            "consent": lambda row: row.consent or "",
        },
        fields=lambda row: {
            "name": row.name,
            "consent": row.consent,
            "state": "done" if row.done else "waiting",
        },
        empty="The roster is empty. Try: facedesk roster add names.csv",
    )
    context.output.done(names=len(rows), waiting=sum(not row.done for row in rows))


@roster.command("add", writes=True)
@click.argument("source", type=PATH)
def roster_add(context: Context, source: Path) -> None:
    """Add the names of a CSV file (column `name`, else the first) or of a folder.

    \b
    facedesk roster add names.csv
    facedesk roster add photographs/
    """
    added = names.add(context.workspace, source)
    context.output.warn(*added.notes)
    context.output.done(
        f"{many(len(added.names), 'name')} added to the roster.",
        added=list(added.names),
        notes=list(added.notes),
    )


@roster.command("clear", writes=True)
def roster_clear(context: Context) -> None:
    """Forget the roster. Nobody who is enrolled is touched.

    \b
    facedesk roster clear
    """
    count = names.clear(context.workspace)
    context.output.done(f"Cleared {many(count, 'name')}.", cleared=count)
