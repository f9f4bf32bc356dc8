"""Ends that are asked for: a token that every long job looks at, and waits that end in time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from queue import Empty, SimpleQueue
from typing import TypeVar

from engine.contract.errors import Cancelled, SourceTimeout


class Cancel:
    """Set from any thread, and by signals. `stop` ends the job and keeps its result so far,
    `cancel` drops it.

    `looked` is called whenever the job looks: a job that looks goes on.
    """

    def __init__(self, looked: Callable[[], object] = lambda: None) -> None:
        self._looked = looked
        self._stopping = self._cancelled = False
        # No Event: a handler runs in the main thread, and would wait for the lock that this holds.
        self._told: SimpleQueue[None] = SimpleQueue()

    def stop(self) -> None:
        """Ask for an orderly end: what was done so far counts."""
        self._stopping = True
        self._told.put(None)

    def cancel(self) -> None:
        """Ask for the job to be given up."""
        self._cancelled = True
        self.stop()

    @property
    def stopping(self) -> bool:
        """Whether an end of either kind was asked for."""
        self._looked()
        return self._stopping

    @property
    def cancelled(self) -> bool:
        """Whether the job is to be given up."""
        self._looked()
        return self._cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep at most `seconds`; True as soon as an end is asked for."""
        self._looked()
        with contextlib.suppress(Empty):
            self._told.get(timeout=max(0.0, seconds))
            self._told.put(None)  # for the next who waits
        return self._stopping

    def check(self) -> None:
        """Raise `Cancelled` if an end of either kind was asked for: there is nothing to keep."""
        self._looked()
        if self._stopping:
            raise Cancelled()

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the job is to be given up; an orderly end is the caller's affair."""
        self._looked()
        if self._cancelled:
            raise Cancelled()


T = TypeVar("T")
POLL = 0.05
"""Seconds between looks at the cancellation token."""
MOST_GIVEN_UP = 6
"""Threads that hang, from which on no source is opened: each holds its source and its pictures."""
_given_up: list[threading.Thread] = []


def give_up(thread: threading.Thread) -> None:
    """Note that `thread` was given up; it counts until it ends by itself."""
    _given_up[:] = [each for each in (*_given_up, thread) if each.is_alive()]


def given_up() -> int:
    """How many threads that were given up still run."""
    return sum(each.is_alive() for each in list(_given_up))


def within(
    seconds: float,
    work: Callable[[], T],
    discard: Callable[[T], None],
    late: SourceTimeout,
    cancel: Cancel | None = None,
) -> T:
    """The result of `work`, run in a daemon thread: a thread inside a native library cannot be
    ended, only abandoned.

    Raises what `work` raised, `late` after `seconds`, or Cancelled. A result that comes after
    that is given to `discard`, in the thread.
    """
    call: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            with contextlib.suppress(InvalidStateError):  # nobody waits any more
                call.set_exception(error)
            return
        try:
            call.set_result(result)
        except InvalidStateError:
            with contextlib.suppress(Exception):
                discard(result)

    thread = threading.Thread(target=run, name="facedesk-open", daemon=True)
    thread.start()
    ends = time.monotonic() + seconds
    while not wait([call], max(0.0, min(POLL, ends - time.monotonic()))).done:
        cancelled = cancel is not None and cancel.stopping
        # Not if the result came at the last moment.
        if (cancelled or time.monotonic() >= ends) and call.cancel():
            give_up(thread)
            raise Cancelled() if cancelled else late
    return call.result()
