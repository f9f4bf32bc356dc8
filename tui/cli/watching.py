"""`facedesk recognize`, `doctor` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.contract.errors import UsageError
from tui.cli.options import TakesGlobals, record_option
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command(cls=TakesGlobals)
@click.option(
    "--source",
    "sources",
    required=True,
    multiple=True,
    help="0, /dev/video0, a clip, a folder, a URL, demo:NAME. Given again: all at once.",
)
@click.option("--each", is_flag=True, help="Every picture is its own probe; nothing is tracked.")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["live", "own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip live (newest frame wins), whole, or fast.",
)
@click.option("--why", is_flag=True, help="Explain the last decision about each face at the end.")
@click.option(
    "--keep-unknown",
    is_flag=True,
    help="Keep strangers for `facedesk unknown`, whatever its switch says.",
)
@record_option()
@click.pass_obj
def recognize(
    options: dict[str, Any],
    sources: tuple[str, ...],
    each: bool,
    window: bool,
    pace: Any,
    why: bool,
    keep_unknown: bool,
    record: Path | None,
) -> None:
    """Name the people in front of a camera; strangers are called unknown. Ctrl+C ends it.

    \b
    facedesk recognize --source 0
    facedesk recognize --source photos/ --each --json
    facedesk recognize --source 0 --source 1 --source rtsp://door.local/live --pace live
    """
    alone = {
        "--each": each,
        "--window": window,
        "--why": why,
        "--keep-unknown": keep_unknown,
        "--record": record is not None,
    }

    def job(context: Context) -> None:
        from engine.contract.requests import RecogniseRequest
        from tui.commands.recognition import recognize
        from tui.commands.several_cameras import recognize_together

        request = RecogniseRequest(
            source=sources[0], each=each, window=window, pace=pace, beside=sources[1:]
        )
        if not request.beside:
            recognize(context, request, record, why=why, keep=keep_unknown or None)
            return
        if given := [option for option, is_given in alone.items() if is_given]:
            raise UsageError(
                "{options} needs one source".format(options=", ".join(given)),
                f"{len(sources)} were given",
                "Leave it out, or name one source.",
            )
        recognize_together(context, request)

    run(options, job)


@click.command(cls=TakesGlobals)
@click.option(
    "--camera", metavar="SRC", help="Measure this source: /dev/video0, a clip, a URL, demo:NAME."
)
@click.pass_obj
def doctor(options: dict[str, Any], camera: str | None) -> None:
    """Look at cameras, files, processor, terminal and disk; say what is wrong and the remedy.

    \b
    facedesk doctor
    facedesk doctor --camera rtsp://camera.local/live
    facedesk doctor --json > report.jsonl
    """

    def job(context: Context) -> None:
        from tui.commands.doctor import doctor

        doctor(context, camera)

    run(options, job, opening="given")


@click.command(cls=TakesGlobals)
@click.option("--tui", is_flag=True, help="Play the demo inside the app.")
@click.pass_obj
def demo(options: dict[str, Any], tui: bool) -> None:
    """The whole job on two bundled portraits, without a camera or a network.

    \b
    facedesk demo
    facedesk demo --tui
    """

    def job(context: Context) -> None:
        from tui.commands.demo import demo, demo_in_app

        (demo_in_app if tui else demo)(context)

    run(options, job, native=not tui, demo=True)
