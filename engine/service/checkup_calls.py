"""The doctor's quick call."""

from __future__ import annotations

from engine.events import Finding
from engine.settings import Settings
from engine.workspace import Workspace


class CheckupCalls:
    """What the real `Desk` finds out about the machine in this process."""

    _workspace: Workspace
    _settings: Settings

    def checkup(self) -> tuple[Finding, ...]:
        """Everything the doctor can find out without opening a camera; seconds at most."""
        from engine.service.checkup.survey import survey

        return survey(self._workspace, self._settings)
