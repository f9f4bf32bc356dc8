"""facedesk bake-off: ways to recognise, compared on the operator's own gallery."""

from __future__ import annotations

from engine.contract import BakeOffDone, EpochDone, Event, FeaturesProgress, Notice
from engine.contract.requests import BakeOffRequest
from engine.text import many
from tui.cli.context import Context, interruptible
from tui.words.figures import STRANGERS, share


def bake_off(context: Context, request: BakeOffRequest) -> BakeOffDone:
    """Compare; under `--json` the one object is the result, without the steps before it."""
    from engine.jobs.bake_off import bake_off

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
        (
            "",
            "#" + "rank-1",
            f"#TPIR@{at}",
            "#" + "threshold",
            "#FPIR",
            "#TPIR",
            "#ms",
            "#MB",
        ),
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
        f"TPIR@{at}: TPIR where these strangers have FPIR {at}. FPIR and TPIR: "
        "at the default threshold of each. ms: of one core, a face. MB: on "
        "disk."
    )
    output.result(
        (
            "{people}, {pictures} enrolled; {probes}, {missed} of them without a "
            "face; {searches} of {stranger_people}: {whose}; {seconds:.0f} s"
        ).format(
            people=many(done.people, "person", "people"),
            pictures=many(done.enrolled, "picture"),
            probes=many(done.probes, "probe"),
            missed=done.missed,
            searches=many(done.strangers, "search", "searches"),
            stranger_people=many(done.stranger_people, "person", "people"),
            whose=STRANGERS[done.strangers_from],
            seconds=done.seconds,
        )
    )
    for note in done.notes:
        output.note(note, "yellow")
    return done


def percent(value: float) -> str:
    """A share in per cent, two digits."""
    return f"{100 * value:.2g} %"
