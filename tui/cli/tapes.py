"""`facedesk replay`: a recorded session, run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command(cls=TakesGlobals)
@click.argument("file")
@click.option("--into", metavar="NAME", help="Keep the pictures of an enrolment with this person.")
@click.option("--each-event", is_flag=True, help="Print every decision, not only the summary.")
@click.option("--tui", is_flag=True, help="Run it inside the app, at its own speed.")
@click.pass_obj
def replay(
    options: dict[str, Any], file: str, into: str | None, each_event: bool, tui: bool
) -> None:
    """Run a session recorded with --record again, and compare what is decided with what was.

    A recorded enrolment writes no pictures, unless --into says where.

    \b
    facedesk enroll Ada --source 0 --record ada    # makes ada.fdrec
    facedesk replay ada.fdrec
    facedesk replay ada.fdrec --tui
    """

    def job(context: Context) -> None:
        from engine.contract.requests import ReplayRequest
        from tui.commands.tapes import replay, replay_in_app

        request = ReplayRequest(file=file, into=into)
        if tui:
            replay_in_app(context, request)
        else:
            replay(context, request, each_event=each_event)

    run(options, job, native=not tui)
