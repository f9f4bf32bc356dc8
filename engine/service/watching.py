"""That somebody watched, and by which settings: the audit log's entries about recognition.

Not whom the model named: that would be a second register of people's movements.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from engine.audit import Audit
from engine.audit.places import place
from engine.errors import FacedeskError
from engine.events import Emit, Notice
from engine.settings import Settings
from engine.workspace import Workspace

SECTIONS = ("consent", "trash", "inbox", "retention", "record", "privacy")
"""Sections of the settings on which privacy depends."""


def note_settings(workspace: Workspace, settings: Settings) -> None:
    """Note the settings on which privacy depends, if they changed. Raises as `Audit.note`."""
    told: dict[str, Any] = {name: settings.as_json()[name] for name in SECTIONS}
    told |= {"fpir": settings.recognition.fpir, "vault_required": settings.vault.required}
    text = told["consent"].pop("text")  # long; that it changed is what matters
    told["consent"]["text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    Audit(workspace).note_settings(told)


def note_start(
    workspace: Workspace, settings: Settings, sources: Sequence[str], tell: Emit
) -> bool:
    """Note that recognition starts; whether it could be, for in a workspace that may only be read
    watching goes on, and `tell` hears why no entry is made.

    Otherwise raises as `Audit.note`, and then nobody may watch.
    """
    if workspace.read_only:
        text = "The workspace is read-only: this recognition is not in the audit log."
        tell(Notice(text=text, level="warning"))
        return False
    note_settings(workspace, settings)
    audit = Audit(workspace)
    audit.ready()
    audit.note("recognition-started", sources=[place(source) for source in sources])
    return True


@contextlib.contextmanager
def watching(
    workspace: Workspace, settings: Settings, sources: Sequence[str], tell: Emit
) -> Iterator[dict[str, Any]]:
    """Note the start, and when the block is over the end and its outcome.

    The block may add to the last entry's details. Raises and tells as `note_start`.
    """
    noted = note_start(workspace, settings, sources, tell)
    told: dict[str, Any] = {"outcome": "failed"}
    try:
        yield told
        told["outcome"] = "done"
    finally:
        if noted:
            Audit(workspace).note("recognition-ended", **told)


class Watched:
    """The same for the app, where a recognition begins in one call and ends in another."""

    def __init__(self, workspace: Workspace, settings: Settings, tell: Emit) -> None:
        self._workspace, self._settings, self._tell = workspace, settings, tell
        self._open = False

    def begin(self, sources: Sequence[str]) -> None:
        """Note the start. Raises and tells as `note_start`."""
        self._open = note_start(self._workspace, self._settings, sources, self._tell)

    def end(self, outcome: str) -> None:
        """Note the end of what was begun; an entry that cannot be written is told as a Notice."""
        if not self._open:
            return
        self._open = False
        try:
            Audit(self._workspace).note("recognition-ended", outcome=outcome)
        except FacedeskError as error:
            self._tell(
                Notice(
                    text=f"The end of recognition is not in the audit log. {error}",
                    level="error",
                )
            )
