"""Opening the app. Nothing heavier than Textual is imported before its first paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.contract.errors import UsageError
from tui.cli.run import Context, takes_context

if TYPE_CHECKING:
    from pathlib import Path

    from engine.contract.requests import EnrolRequest, RecogniseRequest
    from tui.demo import DemoScript


@takes_context(native=False, opening="screen")
def open_app(context: Context, record: Path | None) -> None:
    """`facedesk` without a command. Raises UsageError where there is no terminal."""
    run_app(context, None, record=record)


def run_app(
    context: Context,
    script: DemoScript | None,
    *,
    record: Path | None = None,
    first: EnrolRequest | RecogniseRequest | None = None,
) -> None:
    """Run the app on the context's workspace until the operator quits.

    `record` names the recordings of its camera jobs, `first` is a job to begin with.
    """
    if context.output.as_json:
        raise UsageError("The app prints no JSON", "", "Use a command: `facedesk --help`.")
    from engine.desk.local import LocalDesk
    from tui.app import FacedeskApp
    from tui.terminal.line import need_terminal

    need_terminal()

    context.workspace.prepare()
    desk = LocalDesk(context.workspace, context.settings, record)
    app = FacedeskApp(desk, script, welcome=first is None)
    app.first_job = first
    try:
        app.run(mouse=context.settings.app.mouse)
    finally:
        app.finish()
    if app.return_code:
        raise SystemExit(app.return_code)
