"""What both child processes do alike: greet, read requests, report, and never outlive the parent.

A child's stdin is closed and its stdout and stderr are a log file, set by the parent. The reader
thread takes messages at once, so that an end is noticed while a job runs in the main thread.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.camera.masking import mask_credentials
from engine.cancel import Cancel
from engine.config import Settings, load_settings
from engine.errors import Cancelled, FacedeskError
from engine.events import Event, JobEnded, ProcessReady
from engine.i18n import _
from engine.logs import MaskingFormatter, quieten_libraries
from engine.service.messages import End, Hello, Quit
from engine.service.wire import Channel, WireError
from engine.vault import opened
from engine.workspace import Workspace

GRACE = 3.0
"""Seconds a job may take to end after the parent has gone, before the process ends itself."""

log = logging.getLogger(__name__)


class ChildContext:
    """A child's view of its parent: settings in, events out, one cancel token a job."""

    def __init__(self, channel: Channel, hello: Hello) -> None:
        self.channel = channel
        self.workspace = Workspace(Path(hello.workspace))
        opened.take_over(self.workspace.root, hello.vault)
        self.settings: Settings = load_settings(**hello.settings)
        self.inbox: queue.Queue[Any] = queue.Queue()
        self.cancels: dict[str, Cancel] = {}
        self.replace: Callable[[Any], bool] = lambda message: False

    def send(self, message: Any) -> None:
        """Send an event or message to the parent; a parent that has gone ends the process."""
        try:
            self.channel.send(message)
        except OSError:
            leave()

    def emit(self, event: Event) -> None:
        """Report an event."""
        self.send(event)

    def begin(self, job: str) -> Cancel:
        """A fresh cancel token for a job; `End` messages reach it from now on."""
        self.cancels[job] = Cancel()
        return self.cancels[job]

    def run_job(self, job: str, work: Callable[[Cancel], None]) -> None:
        """Run a job and report its one JobEnded, whatever happens inside."""
        cancel = self.cancels.get(job) or self.begin(job)
        try:
            work(cancel)
        except Cancelled:
            ended = JobEnded(job=job, outcome="cancelled")
        except FacedeskError as error:
            ended = JobEnded.failure(job, error)
        except Exception as error:  # an engine fault must reach the operator as one sentence
            log.exception("%s failed", job)
            ended = JobEnded(
                job=job,
                outcome="failed",
                title=_("An internal error"),
                message=mask_credentials(f"{type(error).__name__}: {error}"),
                hint=_("The details are in {logs}.").format(logs=self.workspace.logs),
                exit_code=1,
            )
        else:
            outcome = "cancelled" if cancel.cancelled else "stopped" if cancel.stopping else "done"
            ended = JobEnded(job=job, outcome=outcome)
        self.cancels.pop(job, None)
        self.send(ended)

    def read_requests(self) -> None:
        """Reader thread: pass messages on; at the end of the connection, end the process."""
        while True:
            try:
                message = self.channel.receive()
            except WireError:
                log.exception("the parent sent rubbish")
                message = None
            if message is None or isinstance(message, Quit):
                for job, cancel in list(self.cancels.items()):
                    # Pictures count as they are; a training cut short by a quit leaves no model.
                    (cancel.cancel if job == "train" else cancel.stop)()
                self.inbox.put(Quit())
                threading.Timer(GRACE, leave).start()
                return
            token = self.cancels.get(message.job) if isinstance(message, End) else None
            if token is not None:
                (token.stop if message.keep else token.cancel)()
            elif not self.replace(message):
                self.inbox.put(message)


def leave() -> None:
    """End the process at once: native threads may hang in a driver and cannot be joined."""
    os._exit(0)


def serve(name: str, body: Callable[[ChildContext], None]) -> None:
    """Run a child process named `name` on the socket whose descriptor is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    quieten_libraries()
    faulthandler.enable(sys.stderr)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    hello = channel.receive()
    if not isinstance(hello, Hello):
        leave()
        return
    context = ChildContext(channel, hello)
    threading.Thread(target=context.read_requests, name="requests", daemon=True).start()
    context.send(ProcessReady(process=name, pid=os.getpid()))
    body(context)
    sys.stdout.flush()
    sys.stderr.flush()
    leave()
