"""facedesk doctor: what is there, what is wrong, and the command that mends it."""

from __future__ import annotations

from engine.errors import DataError
from tui.context import Context


def doctor(context: Context) -> None:
    """Print all findings. Raises DataError if one is a fault, so that scripts notice."""
    from engine.service.jobs.checkup import checkup

    findings = checkup(context.workspace, context.settings)
    for finding in findings if context.output.as_json else ():
        context.output.object(
            {
                "event": "finding",
                "subject": finding.subject,
                "state": finding.state,
                "text": finding.text,
                "cure": finding.cure,
            }
        )
    context.output.table(
        ("", "subject", "finding", "cure"),
        [(f.state, f.subject, f.text, f.cure) for f in findings],
    )
    faults = [finding.subject for finding in findings if finding.state == "fault"]
    if context.output.as_json:
        context.output.object({"event": "done", "findings": len(findings), "faults": faults})
    if faults:
        raise DataError("Not all is well", ", ".join(faults), "The cures stand in the table.")
