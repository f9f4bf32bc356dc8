"""The calls that answer at once: lists and changes that are file work in this process."""

from __future__ import annotations

from pathlib import Path

from engine.events import Event, SplitDone
from engine.service import library
from engine.service.protocol import ModelRow, PersonRow, SplitRequest
from engine.service.shared_writer import SharedWriter
from engine.settings import Settings
from engine.workspace import Workspace


class QuickCalls:
    """The quick half of the real `Desk`. What changes something holds the writer lock for it."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._writer = SharedWriter(workspace, self._hear)

    def _hear(self, event: Event) -> None:
        """What these calls have to tell; the desk passes it to its listener."""

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        return self._workspace.root

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self._settings

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody enrolled, by name."""
        return library.person_rows(self._workspace, self._settings)

    def rename(self, old: str, new: str) -> None:
        """Rename a person; pictures and model stay valid."""
        with self._writer.hold("rename"):
            library.rename(self._workspace, old, new)

    def current_split(self) -> SplitDone | None:
        """The split on disk, or None."""
        return library.current_split(self._workspace)

    def split(self, request: SplitRequest) -> SplitDone:
        """Make and save a new split."""
        with self._writer.hold("split"):
            return library.split(self._workspace, request)

    def models(self) -> tuple[ModelRow, ...]:
        """Stored models, newest first."""
        return library.model_rows(self._workspace)

    def promote(self, model: str) -> None:
        """Make a stored model the current one."""
        with self._writer.hold("promote"):
            library.promote(self._workspace, model)

    def rollback(self) -> str:
        """Go back to the model before the current one; returns its id."""
        with self._writer.hold("rollback"):
            return library.rollback(self._workspace)
