"""The desk's child processes as their parent sees them: start, send, watch, replace, end.

There is one camera process and one model process, and a further camera process for each further
source of a recognition. TensorFlow cannot be unloaded and takes over a gigabyte, and recognition
needs none of it: a model process that loaded it is replaced once nothing needs it any more.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.contract import Notice
from engine.contract.errors import EngineDied
from engine.contract.messages import (
    FacesFound,
    FacesWanted,
    FramesEnded,
    Hello,
    Ping,
    Pong,
    Quit,
    Start,
    TwinReport,
)
from engine.contract.requests import Job, PreviewWish, RecogniseRequest
from engine.desk.vitals import Limits, Vitals, fault, most_bytes, own_bytes, signs_of
from engine.desk.wire import Channel, WireError
from engine.logs import open_log
from engine.machine import environment, python
from engine.settings import ProcessSettings, Settings
from engine.workspace.audit_words import TTY_VARIABLE, terminal
from engine.workspace.folder import Workspace
from engine.workspace.vault import opened

CAMERA, MODEL = "camera", "model"
QUIT_SECONDS = 1.5
TERMINATE_SECONDS = 1.0
KILL_SECONDS = 5.0
"""A process that is killed inside a driver ends only when the driver lets it; so long it is
waited for. It runs no instruction of its own any more."""
KILLED = -9
"""Exit status of such a process."""


class Child:
    """One engine process. `on_message` and `on_end` are called on its reader thread.

    What is meant for one of the `others` goes to it from there, and past the desk.

    The process has no terminal: stdin is closed, stdout and stderr are `logs/NAME.log`, and it is
    in a session of its own, so that Ctrl+C and hang-ups of the terminal do not reach it.
    """

    MODULE = "engine.desk.{role}_process"
    """What is run, by the part of the name before a number."""

    def __init__(
        self,
        name: str,
        hello: Hello,
        logs: Path,
        on_message: Callable[[Child, Any], None],
        on_end: Callable[[Child, int], None],
        others: Mapping[str, Child],
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
        self._others = others
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

    def end_soon(self) -> None:
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
                elif to := straight_to(message):
                    other = self._others.get(to)
                    # Whoever was replaced, or is of a recognition that is over, has no say.
                    if other is not None and self._others.get(self.name) is self:
                        other.send(message)
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


MOST = 3
WITHIN = 60.0
"""A process that dies more often than MOST in this many seconds is not started again until a job
asks for it."""


NEEDED: dict[Job, tuple[str, ...]] = {
    "enrol": (CAMERA,),
    "import": (CAMERA,),
    "train": (MODEL,),
    "evaluate": (MODEL,),
    "recognise": (MODEL, CAMERA),
    "check": (CAMERA,),
}
"""The processes that a job cannot go on without; the first is told to begin."""


def process_name(camera: int) -> str:
    """The process of a recognition's source, by its place among the sources."""
    return CAMERA if camera == 0 else f"{CAMERA}-{camera + 1}"


def straight_to(message: Any) -> str:
    """The process that another one's message goes straight to; empty: to the desk."""
    match message:
        case FacesFound() | FramesEnded():
            return MODEL
        case FacesWanted():
            return process_name(message.camera)
        case TwinReport():
            return CAMERA
    return ""


def is_further(process: str) -> bool:
    """Whether a process is there for one recognition only."""
    return process.startswith(f"{CAMERA}-")


def starts(request: RecogniseRequest, run: int) -> dict[str, Start]:
    """What each camera process of a recognition is told to begin with, by the process's name."""
    return {
        process_name(camera): Start(
            job="recognise",
            request=dataclasses.replace(request, source=source, beside=()),
            run=run,
            camera=camera,
            together=bool(request.beside),
        )
        for camera, source in enumerate(request.sources)
    }


class Processes:
    """The processes there are, by name. Methods are safe from any thread.

    `lock` guards them, and whatever else of the desk must agree with them. `received` and `ended`
    are called as `Child` calls them.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        received: Callable[[Child, Any], None],
        ended: Callable[[Child, int], None],
    ) -> None:
        self.lock = threading.RLock()
        self.children: dict[str, Child] = {}
        self.closing = False
        self._workspace, self._settings = workspace, settings
        self._received, self._ended = received, ended
        self._deaths: defaultdict[str, list[float]] = defaultdict(list)
        """When each process died of late."""
        self._wish = PreviewWish()
        self._burdened: Child | None = None
        """What is to be replaced as soon as no job needs it."""

    def get(self, name: str) -> Child:
        """The process, started if it is not running."""
        with self.lock:
            if name not in self.children:
                hello = Hello(
                    workspace=str(self._workspace.root),
                    settings=self._settings.as_json(),
                    vault=opened.pass_on(self._workspace.root),
                )
                logs, others = self._workspace.logs, self.children
                child = Child(name, hello, logs, self._received, self._ended, others)
                self.children[name] = child
                if name == CAMERA:
                    child.send(self._wish)
            return self.children[name]

    def send(self, name: str, message: Any) -> None:
        """Send a message to a process, which is started if it is not running and may be."""
        with self.lock:
            if not self.closing:
                self.get(name).send(message)

    def send_if_there(self, name: str, message: Any) -> None:
        """Send a message to a process if it is running."""
        if child := self.children.get(name):
            child.send(message)

    def tell_cameras(self, message: Any) -> None:
        """Send a message to every camera process there is."""
        for name, child in list(self.children.items()):
            if name != MODEL:
                child.send(message)

    def preview(self, wish: PreviewWish) -> None:
        """Tell the camera process, and those to come, what of the picture can be shown.

        Takes no lock: whoever holds it may wait for a disk, and this may not.
        """
        self._wish = wish  # first: a process that starts meanwhile is told this one
        self.send_if_there(CAMERA, wish)

    def end_further(self) -> None:
        """End the processes of further sources without waiting for them."""
        for name in [name for name in self.children if is_further(name)]:
            self.children.pop(name).end_soon()

    def died(self, child: Child) -> bool:
        """A process is gone; whether another may take its place at once."""
        self.children.pop(child.name, None)
        now = time.monotonic()
        recent = [then for then in self._deaths[child.name] if then > now - WITHIN]
        self._deaths[child.name] = [*recent, now]
        return len(recent) < MOST

    def replace(self, child: Child | None, jobs: Iterable[Job], *, needed: bool) -> None:
        """Replace a process by a fresh one in good order (None: the one that waits for it).

        If one of `jobs` needs it, or it is `needed` otherwise, it waits for the next call.
        """
        with self.lock:
            child = child or self._burdened
            self._burdened = None
            if self.closing or child is None or self.children.get(child.name) is not child:
                return
            if needed or any(child.name in NEEDED[job] for job in jobs):
                self._burdened = child
            else:
                self.children.pop(child.name).end_soon()
                self.get(child.name)

    def close(self) -> None:
        """End all processes; at most a few seconds even if one hangs."""
        with self.lock:
            self.closing = True
            children = list(self.children.values())
            self.children.clear()
        enders = [threading.Thread(target=child.end, daemon=True) for child in children]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join(5)


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
                f"{signs_of(child.name, trouble)}; the process is replaced in "
                f"{trouble.limit / WARN_AT - trouble.amount:.0f} s if it goes on"
            )
            self._tell(Notice(text=text, level="warning"))
