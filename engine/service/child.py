"""A child process as its parent sees it: start, send, receive, notice its death, end it."""

from __future__ import annotations

import collections
import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.audit.who import TTY_VARIABLE, terminal
from engine.errors import EngineDied
from engine.interpreter import environment, python
from engine.logs import open_log
from engine.service.messages import FacesFound, Hello, Pong, Quit
from engine.service.vitals import Vitals
from engine.service.wire import Channel, WireError

QUIT_SECONDS = 1.5
TERMINATE_SECONDS = 1.0
KILL_SECONDS = 5.0
"""A process that is killed inside a driver ends only when the driver lets it; so long it is
waited for. It runs no instruction of its own any more."""
KILLED = -9
"""Exit status of such a process."""


class Child:
    """One engine process. `on_message` and `on_end` are called on its reader thread.

    The process has no terminal: stdin is closed, stdout and stderr are `logs/NAME.log`, and it is
    in a session of its own, so that Ctrl+C and hang-ups of the terminal do not reach it.
    """

    MODULE = "engine.service.{role}_process"
    """What is run, by the part of the name before a number."""

    def __init__(
        self,
        name: str,
        hello: Hello,
        logs: Path,
        on_message: Callable[[Child, Any], None],
        on_end: Callable[[Child, int], None],
    ) -> None:
        """Start the process. `hello` is its first message; `name` is "model", "camera", or
        "camera-2" and so on.
        """
        self.name = name
        self.expected_end = False
        self.vitals = Vitals()
        self.fault: EngineDied | None = None
        """Why it was killed, if it was."""
        self._on_message = on_message
        self._on_end = on_end
        self._outgoing: collections.deque[Any] = collections.deque()
        self._wake = threading.Condition()
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        output = open_log(logs, name)
        module = self.MODULE.format(role=name.partition("-")[0])
        found = environment(PYTHONUNBUFFERED="1")
        found[TTY_VARIABLE] = terminal()
        # glibc gives each thread a heap of its own, which keeps what the thread once needed.
        found.setdefault("MALLOC_ARENA_MAX", "2")
        try:
            self._process = subprocess.Popen(
                python("-m", module, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=found,
            )
        finally:
            os.close(output)
            theirs.close()
        self.send(hello)
        threading.Thread(target=self._write, name=f"{name}-writer", daemon=True).start()
        threading.Thread(target=self._read, name=f"{name}-reader", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Queue a message; never blocks. A lossy frame replaces its camera's that still waits."""
        with self._wake:
            if isinstance(message, FacesFound) and message.lossy:
                kept = [m for m in self._outgoing if not _is_lossy(m, message.camera)]
                self._outgoing.clear()
                self._outgoing.extend(kept)
            self._outgoing.append(message)
            self._wake.notify()

    def end(self) -> None:
        """End the process: ask, then terminate, then kill. Returns within about three seconds."""
        self.expected_end = True
        self.send(Quit())
        for seconds, stronger in (
            (QUIT_SECONDS, self._process.terminate),
            (TERMINATE_SECONDS, self._process.kill),
        ):
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                stronger()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(TERMINATE_SECONDS)
        self._channel.close()
        with self._wake:
            self._wake.notify()

    def leave(self) -> None:
        """End the process without waiting for it; its end is expected from now on."""
        self.expected_end = True
        threading.Thread(target=self.end, name=f"{self.name}-end", daemon=True).start()

    def kill(self, fault: EngineDied) -> None:
        """End the process at once, for `fault`. It is reported as any unexpected end."""
        if self.fault is None:
            self.fault = fault
            self._process.kill()
            self._channel.close()  # so that the reader reports it even if the process stays

    def _write(self) -> None:
        """Writer thread: a child that does not read blocks this thread only."""
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._outgoing or self._process.poll() is not None)
                if not self._outgoing:
                    return
                message = self._outgoing.popleft()
            try:
                self._channel.send(message)
            except OSError:
                return

    def _read(self) -> None:
        """Reader thread: pass messages on until the connection ends, then report the end."""
        while True:
            try:
                message = self._channel.receive()
            except WireError:
                self._process.kill()
                message = None
            if message is None:
                break
            with self.vitals.hearing():
                if isinstance(message, Pong):
                    self.vitals.answered(message.beats)
                else:
                    self._on_message(self, message)
        status = self._status()
        with self._wake:
            self._wake.notify()
        self._on_end(self, status)

    def _status(self) -> int:
        try:
            return self._process.wait(KILL_SECONDS if self.fault else None)
        except subprocess.TimeoutExpired:
            return KILLED


def _is_lossy(message: Any, camera: int) -> bool:
    return isinstance(message, FacesFound) and message.lossy and message.camera == camera
