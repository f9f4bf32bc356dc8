"""Drives a real LocalDesk in tests: collects its events and waits for one, without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from engine.contract import Event, JobEnded
from engine.contract.errors import WorkspaceLocked
from engine.contract.requests import PreviewWish
from engine.desk.local import LocalDesk
from engine.settings import Settings
from engine.workspace.folder import Workspace

E = TypeVar("E", bound=Event)
LONGEST = 600.0
"""Seconds a test waits for an event before it fails; loading TensorFlow takes most of it."""


class Collector:
    """A listener that keeps all events and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        with self._news:
            return [event for event in self.events if isinstance(event, kind)]

    def wait(
        self, kind: type[E], test: Callable[[E], bool] = lambda event: True, after: int = 0
    ) -> E:
        """The first event of a kind (from index `after` on) that passes `test`."""
        deadline = time.monotonic() + LONGEST
        with self._news:
            while True:
                for event in self.events[after:]:
                    if isinstance(event, kind) and test(event):
                        return event
                if not self._news.wait(deadline - time.monotonic()):
                    names = [type(event).__name__ for event in self.events][-20:]
                    raise AssertionError(f"no {kind.__name__} came; last events: {names}")

    def wait_end(self, job: str) -> JobEnded:
        """The end of a job, the latest begun."""
        return self.wait(JobEnded, lambda ended: ended.job == job)

    def forget(self) -> None:
        """Drop what came so far, so that the next wait is for something new."""
        with self._news:
            self.events.clear()


def wait_unlocked(workspace: Workspace) -> None:
    """Until another process may write; the features of a capture may be a moment behind its end."""
    deadline = time.monotonic() + LONGEST
    while True:
        try:
            with Workspace(workspace.root).writer("a test"):
                return
        except WorkspaceLocked:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.05)


def started(desk: LocalDesk) -> Collector:
    """Start a desk; the collector that hears it."""
    collector = Collector()
    desk.start(collector)
    return collector


class OneDesk:
    """A started desk for the tests of a module, one after the other: each would else start two
    processes of its own. It replaces a process that a test kills itself.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace, self._settings = workspace, settings
        self.start()

    def start(self) -> None:
        self.desk = LocalDesk(self.workspace, self._settings)
        self.heard = started(self.desk)

    def pid(self, process: str) -> int:
        """The present process of this name."""
        return self.desk._processes.children[process].pid

    def ready(self) -> None:
        """Make it idle, with nothing told yet; a desk that a test has closed is another one."""
        if self.desk._processes.closing:
            self.start()
        for job in self.desk.running:
            self.desk.cancel(job)
            self.heard.wait_end(job)
        self.desk.preview(PreviewWish())
        self.heard.forget()

    def close(self) -> None:
        self.desk.close()
