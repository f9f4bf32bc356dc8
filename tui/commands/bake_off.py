"""facedesk bake-off: ways to recognise, compared on the operator's own gallery."""

from __future__ import annotations

import math

from engine.events import BakeOffDone, EpochDone, Event, FeaturesProgress, Notice
from engine.service.protocol import BakeOffRequest
from tui.context import Context, interruptible
from tui.text import many

WHOSE = {
    "own": "strangers of the workspace",
    "folder": "strangers of the folder",
    "left_out": "every enrolled person left out once",
    "none": "no strangers",
}


def bake_off(context: Context, request: BakeOffRequest) -> BakeOffDone:
    """Compare; under `--json` the one object is the result, without the steps before it."""
    from engine.service.jobs.bake_off import bake_off

    output = context.output
    output.note("Loading TensorFlow")
    with (
        interruptible(keep=False) as cancel,
        context.writing("bake-off"),
        output.progress("Pictures", None) as bar,
    ):

        def emit(event: Event) -> None:
            match event:
                case FeaturesProgress():
                    bar.update(event.done, event.total, "Features")
                case EpochDone():
                    bar.update(event.epoch, event.epochs, "Epochs")
                case Notice():
                    output.note(event.text, "yellow" if event.level != "info" else "")

        done = bake_off(context.workspace, context.settings, request, cancel, emit)
    output.event(done)
    at = percent(done.fpir)
    output.table(
        ("", "#rank-1", f"#TPIR@{at}", "#threshold", "#FPIR", "#TPIR", "#ms", "#MB"),
        [
            (
                row["contestant"],
                share(row["rank1"]),
                share(row["tpir"]),
                f"{row['threshold']:.3f}",
                share(row["fpir_at_default"]),
                share(row["tpir_at_default"]),
                f"{row['milliseconds']:.0f}",
                f"{row['megabytes']:.1f}",
            )
            for row in done.rows
        ],
    )
    output.result(
        f"TPIR@{at}: TPIR where these strangers have FPIR {at}. FPIR and TPIR: at the default "
        "threshold of each. ms: of one core, a face. MB: on disk."
    )
    output.result(
        f"{many(done.people, 'person', 'people')}, {many(done.enrolled, 'picture')} enrolled; "
        f"{many(done.probes, 'probe')}, {done.missed} of them without a face; "
        f"{many(done.strangers, 'search', 'searches')} of "
        f"{many(done.stranger_people, 'person', 'people')}: {WHOSE[done.strangers_from]}; "
        f"{done.seconds:.0f} s"
    )
    for note in done.notes:
        output.note(note, "yellow")
    return done


def share(value: float) -> str:
    """Three decimals, or a dash where there are no data."""
    return f"{value:.3f}" if math.isfinite(value) else "-"


def percent(value: float) -> str:
    """A share in per cent, two digits."""
    return f"{100 * value:.2g} %"
