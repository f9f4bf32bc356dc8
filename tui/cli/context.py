"""What every command gets: workspace, settings, output, and Ctrl+C that ends a job cleanly."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cancel import Cancel
from engine.contract import ClockChanged, Event, Recovered, WorkspaceUpgraded
from engine.contract.errors import Cancelled
from engine.rights.purge import purge
from engine.rights.upkeep import note_settings, writing
from engine.settings import Settings
from engine.workspace.exposure import refuse_exposed
from engine.workspace.folder import Workspace
from engine.workspace.vault.opened import opened
from tui.cli.output import Output
from tui.words.recovery import clock_words, recovery_words, upgrade_words

_WARNED: set[Path] = set()
"""Workspaces whose exposure was told."""
_WORDS: dict[type[Event], Callable[[Any], str]] = {
    WorkspaceUpgraded: upgrade_words,
    ClockChanged: clock_words,
    Recovered: recovery_words,
}
"""What is said of what was done before a command writes."""


@dataclass(frozen=True, slots=True)
class Context:
    """The global options, resolved."""

    workspace: Workspace
    settings: Settings
    output: Output

    def warn_of_exposure(self) -> None:
        """Say once who else may reach the workspace. Raises WorkspaceShared if that is refused."""
        root = self.workspace.root
        found = refuse_exposed(root, self.settings.privacy)
        if root not in _WARNED:
            _WARNED.add(root)
            for each in found:
                self.output.note(f"Warning: {each.text}. Remedy: {each.remedy}")

    def warn_of_plain(self, path: Path) -> None:
        """Say that what was written to `path` from an encrypted workspace is not encrypted."""
        if opened(self.workspace.root) is not None:
            self.output.note(f"{path} is not encrypted: keep it private, or delete it.")

    @contextlib.contextmanager
    def writing(self, what: str, *, purging: bool = True) -> Iterator[None]:
        """Hold the workspace's writer lock; say what was recovered after a run cut short.

        What is due to go goes first, unless `purging` is False: a command that removes such things
        itself counts them.
        """
        self.warn_of_exposure()
        with writing(self.workspace, f"facedesk {what}", self._tell):
            note_settings(self.workspace, self.settings)
            if purging:
                purge(self.workspace, self.settings)
            yield

    def _tell(self, event: Event) -> None:
        """Report what was done before this command may write."""
        self.output.event(event)
        self.output.note(_WORDS[type(event)](event), "yellow")

    @contextlib.contextmanager
    def writing_if_possible(self, what: str) -> Iterator[bool]:
        """`writing`, or without it, and False, where the workspace can only be read."""
        if self.workspace.read_only:
            self.output.note("The workspace is read-only: the result is shown, not kept.")
            yield False
        else:
            with self.writing(what):
                yield True


@contextlib.contextmanager
def interruptible(
    *, keep: bool, enter_stops: bool = False, asking: threading.Event | None = None
) -> Iterator[Cancel]:
    """A cancel token that Ctrl+C and SIGTERM set; a second Ctrl+C ends the process at once.

    `keep` chooses between an orderly end and giving up. With `enter_stops`, Enter on a terminal
    ends the job in order, but not while `asking` is set: the line then answers a question. After
    an interrupted block Cancelled is raised, so that the exit code says it; after Enter nothing
    is. What the job did is therefore said within the block.
    """
    token = Cancel()
    interrupted = threading.Event()

    def on_signal(number: int, frame: Any) -> None:
        if interrupted.is_set():
            os._exit(130)
        interrupted.set()
        (token.stop if keep else token.cancel)()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    finished = threading.Event()
    if enter_stops and sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(
            target=_await_enter, args=(token, finished, asking or threading.Event()), daemon=True
        ).start()
    try:
        yield token
    finally:
        finished.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted.is_set():
        raise Cancelled("Interrupted", "what was finished before is kept")


def _await_enter(token: Cancel, finished: threading.Event, asking: threading.Event) -> None:
    """Stop the job at the first line on stdin that answers no question."""
    while not finished.is_set():
        ready, _, _ = select.select([sys.stdin], [], [], 0.2)
        if ready and asking.is_set():
            finished.wait(0.2)
        elif ready:
            sys.stdin.readline()
            token.stop()
            return
