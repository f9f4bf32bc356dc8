"""facedesk doctor: what is there, what is wrong, and the command that mends it."""

from __future__ import annotations

import os
import shutil

from engine.contract import CheckupDone, Event, Finding
from engine.contract.errors import DataError, SourceUnreadable
from engine.text import many
from tui.cli.context import Context, interruptible
from tui.terminal.graphics import terminal_findings
from tui.words.doctor import GROUPS, SIGNS, WORDS, by_group, verdict


def doctor(context: Context, camera: str | None) -> None:
    """Print all findings; measure `camera`, or else every camera that can be used.

    Raises DataError if something needed is broken, so that scripts notice, and SourceUnreadable
    if it is the camera that was asked for.
    """
    from engine.doctor.cameras import check_camera
    from engine.doctor.files import survey

    output = context.output
    found: list[Finding] = []

    def emit(event: Event) -> None:
        output.event(event)
        if isinstance(event, Finding):
            found.append(event)

    size = shutil.get_terminal_size()
    for finding in survey(context.workspace, context.settings):
        emit(finding)
    for finding in terminal_findings(os.environ, size.columns, size.lines):
        emit(finding)
    usable = [f.device for f in found if f.device and f.subject == f.device and f.state == "ok"]
    for source in [camera] if camera else usable:
        output.note(f"Measuring {source}")
        with interruptible(keep=False) as cancel:
            check_camera(source, context.settings, cancel, emit, asked=camera is not None)
    _print(context, found)
    troubles = tuple(finding.subject for finding in found if finding.state == "trouble")
    output.event(CheckupDone(findings=len(found), troubles=troubles))
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
