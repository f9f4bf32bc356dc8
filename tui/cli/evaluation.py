"""`facedesk evaluate` and `bake-off`: how good is it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command("bake-off", cls=TakesGlobals)
@click.option("--strangers", type=click.Path(path_type=Path), help="People who are not enrolled.")
@click.option("--probes", type=click.Path(path_type=Path), help="Sub-folders named after people.")
@click.option("--fpir", type=float, help="Share of strangers that may be named (default 0.01).")
@click.pass_obj
def bake_off(
    options: dict[str, Any], strangers: Path | None, probes: Path | None, fpir: float | None
) -> None:
    """Compare classic, VGG16, the face network and both on your own gallery, in one table.

    The training part of the split enrols, the test part searches. Without --strangers your own
    strangers are taken, or everybody is left out once. Nothing is trained for keeps.

    \b
    facedesk bake-off --strangers photos-of-others/
    """

    def job(context: Context) -> None:
        from engine.contract.requests import BakeOffRequest
        from tui.commands.bake_off import bake_off

        request = BakeOffRequest(
            probes=None if probes is None else str(probes),
            strangers=None if strangers is None else str(strangers),
            fpir=fpir,
        )
        bake_off(context, request)

    run(options, job)


@click.command(cls=TakesGlobals)
@click.option(
    "--probes",
    type=click.Path(path_type=Path),
    help="Pictures to search with, one sub-folder a person (default: the split's held-out ones).",
)
@click.option(
    "--strangers",
    type=click.Path(path_type=Path),
    help="Pictures of people not enrolled: one sub-folder, or one loose picture, a stranger.",
)
@click.option("--fpir", type=float, help="Share of strangers that may be named (default 0.01).")
@click.option("--report", type=click.Path(path_type=Path), help="Write evaluation.html in here.")
@click.option("--model", "identity", help="A model's id or its start (default: the one in use).")
@click.pass_obj
def evaluate(
    options: dict[str, Any],
    probes: Path | None,
    strangers: Path | None,
    fpir: float | None,
    report: Path | None,
    identity: str | None,
) -> None:
    """Measure how good the model honestly is, and on how many pictures that rests.

    \b
    facedesk evaluate
    facedesk evaluate --strangers photos-of-others/ --report report/
    """

    def job(context: Context) -> None:
        from engine.contract.requests import EvaluateRequest
        from tui.commands.evaluation import evaluate

        request = EvaluateRequest(
            model=identity,
            probes=str(probes) if probes else None,
            strangers=str(strangers) if strangers else None,
            fpir=fpir,
            report=str(report) if report else None,
        )
        evaluate(context, request)

    run(options, job)
