"""facedesk evaluate: how good the model honestly is, in tables and sentences."""

from __future__ import annotations

from pathlib import Path

from engine.events import EvaluateDone, Event, FeaturesProgress, Notice
from engine.service.protocol import EvaluateRequest
from tui import figures
from tui.context import Context, interruptible
from tui.figures import share
from tui.i18n import _
from tui.output import Output
from tui.state_words import SUSPECTS
from tui.text import many


def evaluate(context: Context, request: EvaluateRequest) -> EvaluateDone:
    """Evaluate; figures on stdout, warnings on stderr."""
    from engine.service import evaluations
    from engine.service.jobs.evaluate import evaluate

    output = context.output
    output.note(_("Loading the model"))
    with (
        interruptible(keep=False) as cancel,
        # Features that are missing are computed and kept for the next training.
        context.writing_if_possible("evaluate") as writing,
        output.progress(_("Pictures"), None) as bar,
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
        (_("figure"), "#" + _("value"), "#" + _("95 % bounds")),
        [
            (name, share(value), bounds(done, key))
            for name, value, key in (
                (_("rank-1"), done.rank1, "rank1"),
                (_("TPIR at the threshold"), done.tpir_at_threshold, "tpir_at_threshold"),
                (_("FPIR at the threshold"), done.fpir_at_threshold, "fpir_at_threshold"),
                *(
                    (
                        _("TPIR at FPIR {fpir:.1%}").format(fpir=float(fpir)),
                        value,
                        f"tpir@{fpir}",
                    )
                    for fpir, value in done.tpir.items()
                ),
            )
        ],
        _("Model {model}, recipe {recipe}, {people} people").format(
            model=done.model, recipe=done.recipe, people=len(done.people)
        ),
    )
    output.result(
        _(
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
        (_("person"), "#" + _("probes"), "#" + _("rank-1"), "#" + _("named rightly")),
        [
            (name, str(probes), share(right / probes), share(named / probes))
            for name, (probes, right, named) in done.per_person.items()
        ],
    )
    if done.confused:
        output.table(
            (_("probe of"), _("looks like"), "#" + _("score"), "#" + _("own score")),
            [
                (person, other, f"{score:.3f}", f"{own:.3f}")
                for person, other, score, own, *_rest in done.confused
            ],
            _("Most confused pairs"),
        )
    for person, picture, kind, why in done.suspects:
        output.result(
            _("Look at {picture} of {person}, {kind}: {why}").format(
                picture=tail(picture), person=person, kind=SUSPECTS.get(kind, kind), why=why
            )
        )
    if done.leakage:
        output.result(leakage_sentence(done.leakage))
    for warning in done.warnings:
        output.note(warning, "yellow")
    if done.report:
        output.result(_("Report: {report}").format(report=done.report))


def bounds(done: EvaluateDone, key: str) -> str:
    """The bounds of a figure, or a dash."""
    found = done.intervals.get(key)
    return figures.bounds(found) if found else "-"


def tail(path: str) -> str:
    """The last three parts of a path: person, session, file."""
    return "/".join(Path(path).parts[-3:])
