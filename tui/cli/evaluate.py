"""`facedesk evaluate` and `bake-off`: how good it honestly is, in tables and sentences."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from engine.contract import BakeOffDone, EvaluateDone, grouped
from engine.contract.events_model import rests_on
from engine.contract.requests import BakeOffRequest, EvaluateRequest
from engine.text import many, percent
from tui.cli.listen import Listener
from tui.cli.options import NumberRange, model_option
from tui.cli.output import Output
from tui.cli.run import Context, command, interruptible
from tui.words.figures import matched, share

fpir_option = click.option(
    "--fpir",
    type=NumberRange(0, 1, min_open=True, max_open=True),
    help="Share of strangers that may be named (default 0.01).",
)


@command()
@click.option(
    "--probes",
    type=click.Path(),
    help="Pictures to search with, one sub-folder a person (default: the split's held-out ones).",
)
@click.option(
    "--strangers",
    type=click.Path(),
    help="Pictures of people not enrolled: one sub-folder, or one loose picture, a stranger.",
)
@fpir_option
@click.option("--report", type=click.Path(), help="Write evaluation.html in here.")
@model_option
def evaluate(context: Context, **wanted: Any) -> None:
    """Measure how good the model in use is.

    Says on how many pictures each figure rests.

    \b
    facedesk evaluate
    facedesk evaluate --strangers photos-of-others/ --report report/
    """
    from engine.desk.library import save_evaluation
    from engine.jobs.evaluate import evaluate

    output, request = context.output, EvaluateRequest(**wanted)
    output.note("Loading the model")
    reading = context.workspace.read_only
    if reading:
        output.note("The workspace is read-only: the result is shown, not kept.")
    with (
        interruptible(keep=False) as cancel,
        # Features that are missing are computed and kept for the next training.
        contextlib.nullcontext() if reading else context.writing("evaluate"),
        output.progress("Pictures", None) as bar,
    ):
        emit = Listener(output, bar)
        done = evaluate(context.workspace, context.settings, request, cancel, emit)
        if not reading:
            save_evaluation(context.workspace, done)
    _show(output, done)


def _show(output: Output, done: EvaluateDone) -> None:
    """What an operator needs of an evaluation; with `--verbose` the statistics first."""
    from engine.evaluate.report import KINDS

    if output.verbose:
        _show_statistics(output, done)
    output.result(done.sentence)
    output.table(
        ("person", "#named rightly", "#share"),
        [
            (name, f"{named} of {probes}", percent(named / probes))
            for name, (probes, _right, named) in done.per_person.items()
        ],
    )
    if done.confused:
        output.table(
            ("picture of", "looks like", "#match", "#own match"),
            [
                (person, other, matched(score, done.threshold), matched(own, done.threshold))
                for person, other, score, own, *_rest in done.confused
            ],
            "Most confused pairs",
        )
    for person, path, kind, why in done.suspects:
        picture = "/".join(Path(path).parts[-3:])  # person, session, file
        output.result(f"Look at {picture} of {person}, {KINDS.get(kind, kind)}: {why}")
    output.warn(*grouped(done.warnings))
    if done.report:
        output.result(f"Report: {done.report}")


def _show_statistics(output: Output, done: EvaluateDone) -> None:
    """The figures with their bounds, and what they rest on."""
    from engine.evaluate.report import figure_rows, leakage_sentence

    people = many(len(done.people), "person", "people")
    title = f"Model {done.model}, recipe {done.recipe}, {people}"
    output.table(("figure", "#value", "#95 % bounds"), figure_rows(done), title)
    output.result(f"{'; '.join(rests_on(done))}. Threshold {done.threshold:.3f}.")
    if done.leakage:
        output.result(leakage_sentence(done.leakage))


@command("bake-off")
@click.option("--strangers", type=click.Path(), help="People who are not enrolled.")
@click.option("--probes", type=click.Path(), help="Sub-folders named after people.")
@fpir_option
def bake_off(context: Context, **wanted: Any) -> None:
    """Compare four kinds of model on your own people.

    The training part of the split enrols, the test part searches. Without --strangers your own
    strangers are taken, or everybody is left out once. Nothing is trained for keeps.

    \b
    facedesk bake-off --strangers photos-of-others/
    """
    from engine.jobs.bake_off import bake_off

    output, request = context.output, BakeOffRequest(**wanted)
    output.note("Loading TensorFlow")
    with (
        interruptible(keep=False) as cancel,
        context.writing("bake-off"),
        output.progress("Pictures", None) as bar,
    ):
        emit = Listener(output, bar, steps_as_json=False)
        done = bake_off(context.workspace, context.settings, request, cancel, emit)
    output.event(done)
    _show_contest(output, done)


def _show_contest(output: Output, done: BakeOffDone) -> None:
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
        f"{many(done.people, 'person', 'people')}, {many(done.enrolled, 'picture')} enrolled. "
        f"{'; '.join(rests_on(done))}. {done.seconds:.0f} s."
    )
    output.warn(*done.notes)
