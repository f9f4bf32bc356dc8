"""`facedesk enroll` and `import`: pictures in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.runner import run

if TYPE_CHECKING:
    from tui.context import Context


@click.command(cls=TakesGlobals)
@click.argument("name")
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
@click.pass_obj
def enroll(
    options: dict[str, Any], name: str, source: str, count: int | None, window: bool, pace: Any
) -> None:
    """Capture pictures of NAME from a camera. Enter stops and keeps what was captured.

    \b
    facedesk enroll "Ada Lovelace" --source 0
    facedesk enroll Grace --source clip.mp4 --count 40
    """

    def job(context: Context) -> None:
        from engine.service.protocol import EnrolRequest
        from tui.commands.enrolment import enroll

        wanted = count or context.settings.enrolment.count
        request = EnrolRequest(person=name, source=source, count=wanted, window=window, pace=pace)
        enroll(context, request)

    run(options, job)


@click.command("import", cls=TakesGlobals)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--face",
    type=click.Choice(["central", "largest", "only"]),
    default="central",
    show_default=True,
    help="Which face of a photograph counts.",
)
@click.pass_obj
def import_command(options: dict[str, Any], folder: Path, face: Any) -> None:
    """Import photographs from FOLDER/NAME/, or from FOLDER/train/NAME/ and its like.

    \b
    facedesk import photos/
    facedesk import groups/ --face largest
    """

    def job(context: Context) -> None:
        from engine.service.protocol import ImportRequest
        from tui.commands.enrolment import import_folder

        import_folder(context, ImportRequest(folder=str(folder), face=face))

    run(options, job)
