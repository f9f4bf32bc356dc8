"""The watchdog: ends a child that hangs or grows, so that another takes its place.

It looks once a second. What is wrong is a typed error that the operator reads; ending the child,
failing its jobs and starting another go the way of any other death.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from engine.contract import Notice
from engine.contract.errors import EngineDied, EngineHung, EngineTooLarge
from engine.contract.messages import Ping
from engine.desk.child import Child, Limits, Trouble, most_bytes, own_bytes
from engine.settings import ProcessSettings

TICK = 1.0
"""Seconds between two looks."""
WARN_AT = 0.5
"""Share of the silent time after which the operator is told to expect an end."""


class Watchdog:
    """Looks after the children that `children` names, on a thread of its own."""

    def __init__(
        self,
        settings: ProcessSettings,
        children: Callable[[], Iterable[Child]],
        tell: Callable[[Notice], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = Limits(
            silent=settings.silent_seconds,
            still=settings.still_seconds,
            most_bytes=most_bytes(settings.most_megabytes),
        )
        self._children = children
        self._tell = tell
        self._clock = clock
        self._looked = clock()
        self._warned: set[Child] = set()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _run(self) -> None:
        self._looked = self._clock()
        while not self._over.wait(TICK):
            self.look()

    def look(self) -> None:
        """Look at every child once."""
        now = self._clock()
        # However long it was: the app may have been suspended, and the children with it.
        passed, self._looked = min(now - self._looked, 2 * TICK), now
        children = [child for child in self._children() if not child.expected_end]
        self._warned &= set(children)
        for child in children:
            if child.vitals.waited(passed):
                child.send(Ping())
            trouble = child.vitals.trouble(self._limits, own_bytes(child.pid))
            if trouble is not None:
                child.kill(fault(child.name, trouble))
            else:
                self._warn(child)

    def _warn(self, child: Child) -> None:
        """Say once that a child does not answer, and that its end is near."""
        limits = self._limits
        soon = Limits(limits.silent * WARN_AT, limits.still * WARN_AT, 0)
        trouble = child.vitals.trouble(soon, None)
        if trouble is None:
            self._warned.discard(child)
        elif child not in self._warned:
            self._warned.add(child)
            text = (
                f"{_what(child.name, trouble)}; the process is replaced in "
                f"{trouble.limit / WARN_AT - trouble.amount:.0f} s if it goes on"
            )
            self._tell(Notice(text=text, level="warning"))


def fault(process: str, trouble: Trouble) -> EngineDied:
    """The error that a child's trouble is told as."""
    if trouble.sign == "large":
        return EngineTooLarge(
            f"The {process} process took too much memory",
            f"{trouble.amount / 1e6:.0f} MB, and {trouble.limit / 1e6:.0f} MB are "
            "allowed; it was ended",
            "Nothing kept is lost. `processes.most_megabytes` allows more or less.",
        )
    return EngineHung(
        f"The {process} process hung",
        f"{_what(process, trouble)}; it was ended",
        "Nothing kept is lost. On a very slow machine, raise `processes.{setting}`.".format(
            setting=f"{trouble.sign}_seconds"
        ),
    )


def _what(process: str, trouble: Trouble) -> str:
    if trouble.sign == "still":
        return f"{trouble.job} has not gone on for {trouble.amount:.0f} s"
    return f"The {process} process has not answered for {trouble.amount:.0f} s"
