"""`facedesk doctor`: what is there, what is wrong, and the command that mends it."""

from __future__ import annotations

import os
import shutil
from itertools import chain

import click

from engine.contract import DoctorDone, Finding
from engine.contract.errors import DataError, SourceUnreadable
from engine.text import many
from tui.cli.listen import Listener
from tui.cli.options import TakesGlobals
from tui.cli.run import Context, interruptible, takes_context
from tui.words.doctor import GROUPS, SIGNS, WORDS, by_group, verdict


@click.command(cls=TakesGlobals)
@click.option(
    "--camera", metavar="SRC", help="Measure this source: /dev/video0, a clip, a URL, demo:NAME."
)
@takes_context(opening="given")
def doctor(context: Context, camera: str | None) -> None:
    """Look at cameras, files, processor, terminal and disk; say what is wrong and the remedy.

    \b
    facedesk doctor
    facedesk doctor --camera rtsp://camera.local/live
    facedesk doctor --json > report.jsonl
    """
    from engine.doctor.cameras import check_camera
    from engine.doctor.files import survey
    from tui.terminal.graphics import terminal_findings

    output = context.output
    found: list[Finding] = []
    emit = Listener(output, handlers={Finding: found.append})
    size = shutil.get_terminal_size()
    for finding in chain(
        survey(context.workspace, context.settings),
        terminal_findings(os.environ, size.columns, size.lines),
    ):
        emit(finding)
    usable = [f.device for f in found if f.device and f.subject == f.device and f.state == "ok"]
    for source in [camera] if camera else usable:
        output.note(f"Measuring {source}")
        with interruptible(keep=False) as cancel:
            check_camera(source, context.settings, cancel, emit, asked=camera is not None)
    _print(context, found)
    troubles = tuple(finding.subject for finding in found if finding.state == "trouble")
    output.event(DoctorDone(findings=len(found), troubles=troubles))
    if troubles:
        others = any(f.state == "trouble" and f.group != "camera" for f in found)
        kind = DataError if others else SourceUnreadable
        raise kind("Not all is well", ", ".join(troubles), "The remedies stand beside them.")


def _print(context: Context, found: list[Finding]) -> None:
    """The findings by group, each with its sign and remedy."""
    output = context.output
    for group, members in by_group(found).items():
        output.result(GROUPS[group])
        width = max(len(finding.subject) for finding in members)
        for finding in members:
            sign = f"{SIGNS[finding.state]} {WORDS[finding.state]:<8}"
            output.result(f"  {sign} {finding.subject:<{width}}  {finding.value}")
            if finding.remedy:
                output.result(f"    → {finding.remedy}")
    output.result(f"{verdict(found)} ({many(len(found), 'finding')}).")
