"""What whoever takes the writer lock does first: finish what a crash cut short."""

from __future__ import annotations

from engine.enrol.strangers import tidy
from engine.service.erasure.erase import resume, unfinished
from engine.workspace import Workspace


def recover(workspace: Workspace) -> tuple[str, ...]:
    """Remove unfinished files, finish changes and erasures; what was touched.

    The caller has just taken `Workspace.writer`. Raises DataError for an erasure that cannot be
    finished: whoever asked for it must not be left in the belief that it was done.
    """
    removed = (*workspace.recover(), *tidy(workspace))
    if unfinished(workspace):
        removed += tuple(erased.file for erased in resume(workspace))
    return removed
