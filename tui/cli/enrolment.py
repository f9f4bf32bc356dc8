"""`facedesk enroll` and `import`: pictures in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals, consent_option, record_option
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


def _twins_option() -> Callable[[Any], Any]:
    return click.option(
        "--twins",
        type=click.Choice(["ask", "keep", "refuse"]),
        help="When somebody looks like another person (default: ask on a terminal, else keep).",
    )


def _at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _chosen(twins: Any) -> Any:
    """What `--twins` says, or its default. Raises UsageError where nobody can be asked."""
    if twins == "ask" and not _at_terminal():
        raise click.UsageError("--twins ask needs a terminal; keep and refuse do not.")
    return twins or ("ask" if _at_terminal() else "keep")


@click.command(cls=TakesGlobals)
@click.argument("name", required=False)
@click.option("--source", required=True, help="0, /dev/video0, a clip, a folder, a URL, demo:NAME.")
@click.option("--count", type=click.IntRange(1, 10_000), help="Crops to capture (default 100).")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip at its own speed, or as fast as possible.",
)
@record_option()
@_twins_option()
@click.option("--roster", is_flag=True, help="Everybody who waits on the roster; Enter between.")
@consent_option()
@click.pass_obj
def enroll(
    options: dict[str, Any],
    name: str | None,
    source: str,
    count: int | None,
    window: bool,
    pace: Any,
    record: Path | None,
    twins: Any,
    roster: bool,
    consent: str,
) -> None:
    """Capture pictures of NAME from a camera. Enter stops and keeps what was captured.

    \b
    facedesk enroll "Ada Lovelace" --source 0 --consent "Desk one"
    facedesk enroll Grace --source clip.mp4 --count 40
    facedesk enroll --roster --source 0
    """
    if bool(name) == roster:
        raise click.UsageError("Give a NAME, or --roster.")
    terminal = _at_terminal()
    chosen = _chosen(twins)

    def job(context: Context) -> None:
        from engine.contract.requests import EnrolRequest
        from tui.commands.enrolment import enroll
        from tui.commands.roster import enroll_roster

        wanted = count or context.settings.enrolment.count
        request = EnrolRequest(
            person=name or "",
            source=source,
            count=wanted,
            window=window,
            pace=pace,
            consent=consent,
        )
        if roster:
            enroll_roster(context, request, chosen, _ready if terminal else lambda _: True)
        else:
            enroll(context, request, chosen, record)

    run(options, job)


def _ready(name: str) -> bool:
    """Wait until the next person stands in front of the camera; `q` ends the work."""
    answer = click.prompt(f"{name}: Enter when ready, q to end", "", show_default=False, err=True)
    return str(answer).strip().lower() != "q"


@click.command("import", cls=TakesGlobals)
@click.argument("folder", type=click.Path(path_type=Path))
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
@_twins_option()
@consent_option()
@click.pass_obj
def import_command(
    options: dict[str, Any], folder: Path, face: Any, redraw: bool, twins: Any, consent: str
) -> None:
    """Import photographs from FOLDER/NAME/, or from FOLDER/train/NAME/ and its like.

    The split keeps the division into train/, validation/ (val/) and test/, unless --redraw.

    \b
    facedesk import photos/
    facedesk import groups/ --face largest
    facedesk import photos/ --twins refuse
    """
    chosen = _chosen(twins)

    def job(context: Context) -> None:
        from engine.contract.requests import ImportRequest
        from tui.commands.enrolment import import_folder

        request = ImportRequest(folder=str(folder), face=face, consent=consent, redraw=redraw)
        import_folder(context, request, chosen)

    run(options, job)
