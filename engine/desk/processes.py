"""The desk's child processes: their names, and how they are started, replaced and ended.

There is one camera process and one model process, and a further camera process for each further
source of a recognition. TensorFlow cannot be unloaded and takes over a gigabyte, and recognition
needs none of it: a model process that had to load it is replaced once nothing needs it any more.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable
from typing import Any

from engine.contract.messages import Hello, Start
from engine.contract.requests import Job, PreviewWish, RecogniseRequest
from engine.desk.child import Child, Deaths
from engine.settings import Settings
from engine.workspace.folder import Workspace
from engine.workspace.vault import opened

CAMERA, MODEL = "camera", "model"

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


def is_further(process: str) -> bool:
    """Whether a process is there for one recognition only."""
    return process.startswith(f"{CAMERA}-")


def starts(request: RecogniseRequest) -> dict[str, Start]:
    """What each camera process of a recognition is told to begin with, by the process's name."""
    return {
        process_name(camera): Start(
            job="recognise",
            request=dataclasses.replace(request, source=source, beside=()),
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
        self._deaths = Deaths()
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
                child = Child(name, hello, self._workspace.logs, self._received, self._ended)
                self.children[name] = child
                if name == CAMERA:
                    child.send(self._wish)
            return self.children[name]

    def send(self, name: str, message: Any) -> None:
        """Send a message to a process, which is started if it is not running."""
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
            self.children.pop(name).leave()

    def died(self, child: Child) -> bool:
        """A process is gone; whether another may take its place at once."""
        self.children.pop(child.name, None)
        return self._deaths.note(child.name)

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
                self.children.pop(child.name).leave()
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
