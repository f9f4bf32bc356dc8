"""A child of the tests: the real main of a child, with jobs that go wrong for real."""

from __future__ import annotations

import ctypes
import threading
import time

from engine.cancel import Cancel
from engine.contract.errors import DataError
from engine.contract.messages import Quit, Start
from engine.desk.child_main import ChildContext, serve

PR_GET_DUMPABLE = 3


def waits_without_looking(cancel: Cancel) -> None:
    """As a driver that does not return: other threads go on."""
    threading.Event().wait()


def works_and_looks(cancel: Cancel) -> None:
    """As any long job: many batches."""
    while not cancel.stopping:
        time.sleep(0.001)


def holds_the_interpreter(cancel: Cancel) -> None:
    """As native code that hangs and lets no other thread of Python run."""
    ctypes.PyDLL(None).sleep(600)


def grows(cancel: Cancel) -> None:
    """As a leak: memory that is written to, a little more each time."""
    kept = []
    while not cancel.stopping:
        kept.append(b"\1" * 10_000_000)
        time.sleep(0.02)


def says_whether_it_is_dumpable(cancel: Cancel) -> None:
    """The kernel's own word, as the job's error."""
    raise DataError(str(ctypes.CDLL(None).prctl(PR_GET_DUMPABLE)))


JOBS = {
    job.__name__: job
    for job in (
        waits_without_looking,
        works_and_looks,
        holds_the_interpreter,
        grows,
        says_whether_it_is_dumpable,
    )
}


def body(context: ChildContext) -> None:
    """Run the jobs whose names come."""
    while not isinstance(message := context.messages.get(), Quit):
        assert isinstance(message, Start)
        context.run_job(message.job, JOBS[message.job])


if __name__ == "__main__":
    serve("troubled", body)
