"""Runs one command's job: its context, its errors as sentences, its exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import FacedeskError

if TYPE_CHECKING:
    from tui.cli.context import Context
    from tui.unlock import Opening

DEFAULT_WORKSPACE = Path("data")
DEMO_WORKSPACE = Path("data/demo-run")


def run(
    options: dict[str, Any],
    job: Callable[[Context], None],
    *,
    native: bool = True,
    demo: bool = False,
    opening: Opening = "ask",
) -> None:
    """Run `job` and exit with its code if it fails.

    `native` moves descriptors 1 and 2 into the log, away from what native libraries print.
    `demo` gives the job a workspace of its own if none was named. `opening` says how an encrypted
    workspace is opened before the job.
    """
    from engine.config import load_settings
    from engine.logs import guard_output, quieten_libraries
    from engine.shortage import shortage
    from engine.workspace.exposure import refuse_exposed
    from engine.workspace.folder import Workspace
    from tui.cli.context import Context
    from tui.cli.output import Output
    from tui.unlock import open_workspace

    quieten_libraries()
    named = options["workspace"] or os.environ.get("FACEDESK_WORKSPACE")
    workspace = Workspace(Path(named or (DEMO_WORKSPACE if demo else DEFAULT_WORKSPACE)))
    _refuse_newer(workspace.root, options)
    with contextlib.ExitStack() as stack:
        if native:
            stack.enter_context(guard_output(workspace.logs, "cli"))
        output = Output(sys.stdout, sys.stderr, as_json=options["as_json"], quiet=options["quiet"])
        try:
            settings = load_settings()
            if opening in ("ask", "screen"):
                refuse_exposed(workspace.root, settings.privacy)
            if opening == "screen":
                from tui.terminal.line import need_terminal

                need_terminal()
            open_workspace(workspace, settings, opening)
            job(Context(workspace, settings, output))
        except Exception as error:  # no traceback is ever shown to an operator
            told: FacedeskError | None = shortage(error)
            if told is None and isinstance(error, FacedeskError):
                told = error
            told = told or internal_error(error, workspace.logs)
            output.error(told)
            raise SystemExit(told.exit_code) from None


def _refuse_newer(root: Path, options: dict[str, Any]) -> None:
    """Exit before anything is touched, a log included, where a newer version has written."""
    from engine.contract.errors import DataError, WorkspaceUnusable
    from engine.workspace.folder import format_of

    try:
        format_of(root)
    except WorkspaceUnusable:
        return  # who needs the workspace says so
    except DataError as error:
        say(error, as_json=options["as_json"])
        raise SystemExit(error.exit_code) from None


def internal_error(error: Exception, logs: Path) -> FacedeskError:
    """One sentence for a fault of ours; the traceback goes to the log."""
    from engine.logs import mask_lines, open_log
    from engine.text import mask_credentials, shown_lines
    from engine.workspace.files import make_directory

    details = mask_lines("".join(traceback.format_exception(error)))
    with contextlib.suppress(OSError, FacedeskError):
        make_directory(logs.parent)  # also where there is no workspace yet: it is to be reported
    handle = open_log(logs, "cli")
    os.write(handle, shown_lines(details).encode("utf-8", "replace"))
    os.close(handle)
    return FacedeskError(
        "An internal error",
        mask_credentials(f"{type(error).__name__}: {error}"),
        "Please report it with {file}; what was finished before is kept.".format(
            file=logs / "cli.log"
        ),
    )


def say(error: FacedeskError, *, as_json: bool = False) -> None:
    """Print an error that no job met, the way all errors are printed."""
    from tui.cli.output import Output

    Output(sys.stdout, sys.stderr, as_json=as_json, quiet=False).error(error)
