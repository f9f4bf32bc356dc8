"""`facedesk bench`: how fast is it here?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command(cls=TakesGlobals)
@click.option("--quick", is_flag=True, help="Less of everything: a minute or so, and rougher.")
@click.option(
    "--only", multiple=True, metavar="NAME", help="One measurement; may be given several times."
)
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add the table, dated, to a Markdown file.",
)
@click.pass_obj
def bench(options: dict[str, Any], quick: bool, only: tuple[str, ...], write: Path | None) -> None:
    """Measure speed and memory on this machine, beside what they are to be compared with.

    Works on the demo's pictures, or with --workspace on those of the people there, in a folder of
    its own that is removed at the end. Measurements: train, add, features, recognise, score,
    start, memory, vault.

    \b
    facedesk bench
    facedesk bench --quick --only score --only start
    facedesk bench --write bench/RESULTS.md
    """

    def job(context: Context) -> None:
        from tui.commands.bench import bench

        bench(context, only, options["workspace"], write, quick=quick)

    run(options, job)
