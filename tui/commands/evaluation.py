"""facedesk evaluate: how good the model honestly is, in tables and sentences."""

from __future__ import annotations

from pathlib import Path

from engine.contract import EvaluateDone, Event, FeaturesProgress, Notice
from engine.contract.requests import EvaluateRequest
from engine.text import many
from tui.cli.context import Context, interruptible
from tui.cli.output import Output
from tui.words import figures
from tui.words.figures import share
from tui.words.text import SUSPECTS


def evaluate(context: Context, request: EvaluateRequest) -> EvaluateDone:
    """Evaluate; figures on stdout, warnings on stderr."""
    from engine.desk import evaluations
    from engine.jobs.evaluate import evaluate

    output = context.output
    output.note("Loading the model")
    with (
        interruptible(keep=False) as cancel,
        # Features that are missing are computed and kept for the next training.
        context.writing_if_possible("evaluate") as writing,
        output.progress("Pictures", None) as bar,
    ):

        def emit(event: Event) -> None:
            output.event(event)
            match event:
                case FeaturesProgress():
                    bar.update(event.done, event.total)
                case Notice():
                    output.note(event.text, "yellow" if event.level != "info" else "")

        done = evaluate(context.workspace, context.settings, request, cancel, emit)
        if writing:
            evaluations.save(context.workspace, done)
    show(output, done)
    return done


def show(output: Output, done: EvaluateDone) -> None:
    """The whole evaluation for a person."""
    from engine.evaluate.words import WHOSE, leakage_sentence

    output.table(
        ("figure", "#" + "value", "#" + "95 % bounds"),
        [
            (name, share(value), bounds(done, key))
            for name, value, key in (
                ("rank-1", done.rank1, "rank1"),
                ("TPIR at the threshold", done.tpir_at_threshold, "tpir_at_threshold"),
                ("FPIR at the threshold", done.fpir_at_threshold, "fpir_at_threshold"),
                *(
                    (
                        f"TPIR at FPIR {float(fpir):.1%}",
                        value,
                        f"tpir@{fpir}",
                    )
                    for fpir, value in done.tpir.items()
                ),
            )
        ],
        f"Model {done.model}, recipe {done.recipe}, {len(done.people)} people",
    )
    output.result(
        (
            "{probes}, {missed} without a face. {searches} by {strangers}: {whose}. Threshold "
            "{threshold:.3f}."
        ).format(
            probes=many(done.probes, "probe"),
            missed=done.missed,
            searches=many(done.strangers, "search", "searches"),
            strangers=many(done.stranger_people, "stranger"),
            whose=WHOSE[done.strangers_from],
            threshold=done.threshold,
        )
    )
    output.result(done.sentence)
    output.table(
        ("person", "#" + "probes", "#" + "rank-1", "#" + "named rightly"),
        [
            (name, str(probes), share(right / probes), share(named / probes))
            for name, (probes, right, named) in done.per_person.items()
        ],
    )
    if done.confused:
        output.table(
            ("probe of", "looks like", "#" + "score", "#" + "own score"),
            [
                (person, other, f"{score:.3f}", f"{own:.3f}")
                for person, other, score, own, *_rest in done.confused
            ],
            "Most confused pairs",
        )
    for person, picture, kind, why in done.suspects:
        output.result(f"Look at {tail(picture)} of {person}, {SUSPECTS.get(kind, kind)}: {why}")
    if done.leakage:
        output.result(leakage_sentence(done.leakage))
    for warning in done.warnings:
        output.note(warning, "yellow")
    if done.report:
        output.result(f"Report: {done.report}")


def bounds(done: EvaluateDone, key: str) -> str:
    """The bounds of a figure, or a dash."""
    found = done.intervals.get(key)
    return figures.bounds(found) if found else "-"


def tail(path: str) -> str:
    """The last three parts of a path: person, session, file."""
    return "/".join(Path(path).parts[-3:])
