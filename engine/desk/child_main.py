"""What both child processes do alike: greet, read requests, report, and never outlive the parent.

A child's stdin is closed and its stdout and stderr are a log file, set by the parent. The reader
thread takes messages at once, so that an end is noticed while a job runs in the main thread.

A job shows that it goes on by looking at its `Cancel`, which every long job does once a frame or
batch, and by reporting. Counts of these heartbeats, not times, go to the parent: a count that
stands still does so by the parent's clock, whatever suspended the child meanwhile.
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.cancel import Cancel
from engine.contract import JobEnded, ProcessReady
from engine.contract.errors import Cancelled, FacedeskError
from engine.contract.messages import End, Hello, Ping, Pong, Quit, Start
from engine.desk.vitals import offer_to_the_kernel
from engine.desk.wire import Channel, WireError
from engine.logs import LogHandler, keep_short, quieten_libraries
from engine.machine import forbid_core_dumps, let_the_screen_go_first
from engine.settings import Settings
from engine.shortage import shortage
from engine.text import mask_credentials
from engine.workspace.folder import Workspace
from engine.workspace.vault import opened


class Heartbeats:
    """The jobs of one process. Methods are safe from any thread and wait for nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._beats: dict[str, int] = {}

    @contextlib.contextmanager
    def work(self, job: str) -> Iterator[None]:
        """The job is under way inside the block."""
        with self._lock:
            self._beats[job] = next(self._count)
        try:
            yield
        finally:
            with self._lock:
                self._beats.pop(job, None)

    def beat(self, job: str) -> None:
        """The job goes on. One that is not under way has no heartbeat."""
        with self._lock:
            if job in self._beats:
                self._beats[job] = next(self._count)

    def beats(self) -> dict[str, int]:
        """Of each job under way a number that changes as it goes on."""
        with self._lock:
            return dict(self._beats)


GRACE = 3.0
"""Seconds a job may take to end after the parent has gone, before the process ends itself."""

log = logging.getLogger(__name__)


class ChildContext:
    """A child's view of its parent: settings in, events out, one cancel token a job.

    `early`: a job's token is there as soon as its Start is, so that an end that comes while the
    process still loads, or is at another job, is not lost.
    """

    def __init__(self, channel: Channel, hello: Hello, *, early: bool = False) -> None:
        self._early = early
        self.channel = channel
        self.workspace = Workspace(Path(hello.workspace))
        opened.take_over(self.workspace.root, hello.vault)
        self.settings: Settings = Settings.of_json(hello.settings)
        self.messages: queue.Queue[Any] = queue.Queue()
        self.cancels: dict[str, Cancel] = {}
        self.heartbeats = Heartbeats()
        self.replace: Callable[[Any], bool] = lambda message: False
        self.leaving = False
        """The process is to end: nothing is worth a wait any more."""

    def send(self, message: Any) -> None:
        """Send an event or message to the parent; a parent that has gone ends the process."""
        try:
            self.channel.send(message)
        except OSError:
            end_process()

    def begin(self, job: str) -> Cancel:
        """A fresh cancel token for a job; `End` messages reach it from now on."""
        self.cancels[job] = Cancel(lambda: self.heartbeats.beat(job))
        return self.cancels[job]

    def run_job(self, job: str, work: Callable[[Cancel], None]) -> None:
        """Run a job and report its one JobEnded, whatever happens inside."""
        cancel = self.cancels.get(job) or self.begin(job)
        try:
            with self.heartbeats.work(job):
                work(cancel)
        except Cancelled:
            ended = JobEnded(job=job, outcome="cancelled")
        except Exception as error:  # an engine fault must reach the operator as one sentence
            ended = JobEnded.failure(job, self.for_operator(error))
        else:
            outcome = "cancelled" if cancel.cancelled else "stopped" if cancel.stopping else "done"
            ended = JobEnded(job=job, outcome=outcome)
        self.cancels.pop(job, None)
        self.send(ended)

    def for_operator(self, error: Exception) -> FacedeskError:
        """What the operator reads of an error: itself, a lack of memory behind it, or that it is
        a fault of ours, of which the log has the details."""
        found = shortage(error)
        if found is None and isinstance(error, FacedeskError):
            return error
        log.error("a job failed", exc_info=error)
        return found or FacedeskError(
            "An internal error",
            mask_credentials(f"{type(error).__name__}: {error}"),
            f"The details are in {self.workspace.logs}.",
        )

    def read_requests(self) -> None:
        """Reader thread: pass messages on; at the end of the connection, end the process."""
        while True:
            try:
                message = self.channel.receive()
            except WireError:
                log.exception("the parent sent rubbish")
                message = None
            if message is None or isinstance(message, Quit):
                self.leaving = True
                for job, cancel in list(self.cancels.items()):
                    # Pictures count as they are; a training cut short by a quit leaves no model.
                    (cancel.cancel if job == "train" else cancel.stop)()
                self.messages.put(Quit())
                threading.Timer(GRACE, end_process).start()
                return
            starts = self._early and isinstance(message, Start)
            if starts:
                self.begin(message.job)
            if isinstance(message, Ping):
                self.send(Pong(beats=self.heartbeats.beats()))
                continue
            token = self.cancels.get(message.job) if isinstance(message, End) else None
            if token is not None:
                (token.stop if message.keep else token.cancel)()
            elif not self.replace(message):
                self.messages.put(message)


def end_process() -> None:
    """End the process at once: native threads may hang in a driver and cannot be joined."""
    os._exit(0)


def serve(name: str, body: Callable[[ChildContext], None], *, early: bool = False) -> None:
    """Run a child process named `name` on the socket whose descriptor is the first argument.

    `early` as in ChildContext.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    offer_to_the_kernel()
    let_the_screen_go_first()
    forbid_core_dumps()
    quieten_libraries()
    faulthandler.enable(sys.stderr)
    logging.basicConfig(handlers=[LogHandler(sys.stderr)], level=logging.INFO)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    hello = channel.receive()
    if not isinstance(hello, Hello):
        end_process()
        return
    context = ChildContext(channel, hello, early=early)
    keep_short(context.workspace.logs)
    threading.Thread(target=context.read_requests, name="requests", daemon=True).start()
    context.send(ProcessReady(process=name, pid=os.getpid()))
    body(context)
    sys.stdout.flush()
    sys.stderr.flush()
    end_process()
