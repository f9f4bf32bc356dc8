"""TensorFlow, loaded by a thread while something else is done: to import it takes seconds.

Importing this costs nothing. Only modules are loaded, nothing is computed: threads that TensorFlow
starts later must not inherit the low priority of the thread that loads it.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading

from engine.cancel import Cancel

TRAINERS = ("engine.model.training", "engine.model.training_classic")
NICENESS = 10
POLL = 0.1
"""Seconds between two looks at a token."""

log = logging.getLogger(__name__)

_lock = threading.Lock()
_threads: list[threading.Thread] = []


def load_ahead() -> None:
    """Begin to load what trains, in a thread of low priority, unless that was done before."""
    with _lock:
        if not _threads:
            # Not a daemon: a process that ends in the midst of a library's initialisation crashes.
            _threads.append(threading.Thread(target=_load, name="tensorflow"))
            _threads[0].start()


def wait_loaded(cancel: Cancel) -> None:
    """Return when what was begun is loaded, or has failed, which whoever imports it then hears.

    Raises Cancelled, also for a stop: there is nothing yet to keep.
    """
    for thread in tuple(_threads):
        while thread.is_alive():
            cancel.check()
            thread.join(POLL)


def _load() -> None:
    with contextlib.suppress(AttributeError, OSError):  # only Linux has it a thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    for name in TRAINERS:
        try:
            importlib.import_module(name)
        except Exception:  # the training that needs it says so to the operator
            log.exception("%s cannot be loaded ahead of time", name)
