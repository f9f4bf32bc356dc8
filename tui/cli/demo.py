"""`facedesk demo`: the whole job on two bundled portraits, without a camera or a network."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from engine.contract import RecogniseDone
from engine.contract.errors import DataError
from engine.contract.requests import EnrolRequest, RecogniseRequest, SplitRequest, TrainRequest
from engine.desk import library
from engine.people.changes import delete_people
from tui.cli.enrol import capture
from tui.cli.recognise import recognise
from tui.cli.run import Context, command
from tui.cli.train import make_split, train_model

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
COUNT = 40
"""Crops a person: enough for a split with all three parts."""
FRAMES = 60
"""Frames of each recognition: two seconds of the virtual camera."""


@command(folder=Path("data/demo-run"))
@click.option("--tui", is_flag=True, help="Play the demo inside the app.")
def demo(context: Context, tui: bool) -> None:
    """Try the whole job on two bundled portraits.

    Needs no camera and no network.

    \b
    facedesk demo
    facedesk demo --tui
    """
    people = library.person_rows(context.workspace)
    if {row.name for row in people} - {COLLINS, HOPPER}:
        raise DataError(
            "The demo needs a workspace of its own",
            f"{context.workspace.root} holds other people",
            "Name an empty folder with --workspace, or leave it out.",
        )
    if tui:
        _demo_in_app(context)
        return
    output = context.output
    for row in people:
        with context.writing("demo"):
            delete_people(context.workspace, [row.name], 0)
    _say(context, "DEMO on bundled public-domain portraits; no camera, no network.")
    _say(context, f"1. Enrol {COLLINS}")
    capture(context, _enrol(COLLINS, "demo:collins"))
    _say(context, "2. Train with one person")
    train_model(context, TrainRequest())
    _say(context, f"3. {HOPPER} walks by: nobody knows her yet")
    stranger = recognise(context, _watch("demo:hopper"))
    _say(context, f"4. Enrol {HOPPER} too")
    capture(context, _enrol(HOPPER, "demo:hopper"))
    _say(context, "5. Split")
    make_split(context, SplitRequest(**asdict(context.settings.split)))
    _say(context, "6. Train with both")
    train_model(context, TrainRequest())
    _say(context, "7. Recognise both, on camera paths never seen before")
    first = recognise(context, _watch("demo:collins"))
    second = recognise(context, _watch("demo:hopper"))
    verdicts = (
        (f"{HOPPER} before enrolment", "unknown", stranger),
        (COLLINS, COLLINS, first),
        (HOPPER, HOPPER, second),
    )
    output.table(
        ("who stood there", "expected", "#frames said so", "#others named"),
        [
            (who, expected, str(done.people.get(expected, 0)), str(_named_wrongly(done, expected)))
            for who, expected, done in verdicts
        ],
        "Demo summary",
    )
    output.result(f"The workspace is {context.workspace.root}")
    # After `make demo` there is no `facedesk` on the path.
    name = "facedesk"
    program = name if shutil.which(name) else Path(sys.executable).with_name(name)
    output.result(f"Look at it: {program} --workspace {context.workspace.root}")
    wrong = [who for who, expected, done in verdicts if not _convincing(done, expected)]
    if wrong:  # a demo that quietly fails would prove nothing
        raise DataError("The demo did not come out right", f"for {', '.join(wrong)}")


def _say(context: Context, text: str) -> None:
    """A heading of the demo."""
    if context.output.as_json:
        context.output.object({"event": "demo", "text": text})
    context.output.note(f"\n{text}", style="bold")


def _named_wrongly(done: RecogniseDone, expected: str) -> int:
    """Faces that were given a name other than the expected one."""
    return sum(n for who, n in done.people.items() if who not in (expected, "unknown", "unsure"))


def _convincing(done: RecogniseDone, expected: str) -> bool:
    """Whether most decided faces were as expected and nobody else was named."""
    said = done.people.get(expected, 0)
    decided = sum(count for who, count in done.people.items() if who != "unsure")
    return decided > 0 and said * 2 > decided and _named_wrongly(done, expected) == 0


def _enrol(person: str, source: str) -> EnrolRequest:
    return EnrolRequest(person=person, source=source, count=COUNT, pace="fast")


def _watch(source: str) -> RecogniseRequest:
    return RecogniseRequest(source=f"{source}?seed=7&frames={FRAMES}", pace="fast")


def _demo_in_app(context: Context) -> None:
    """The same inside the app, in a fresh demo workspace."""
    from tui.cli.run import run_app
    from tui.demo import DemoScript

    for folder in (context.workspace.people, context.workspace.features, context.workspace.models):
        shutil.rmtree(folder, ignore_errors=True)
    context.workspace.split_file.unlink(missing_ok=True)
    run_app(context, DemoScript())
