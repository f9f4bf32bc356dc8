"""Which kept strangers are a person who is to be erased, as the model process finds it."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from typing import TYPE_CHECKING

from engine.service.erasure import likeness
from engine.service.erasure.likeness import Scores
from engine.service.messages import LikenessAsked, LikenessFound
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.service.child import Child

LONGEST = 600.0
"""Seconds after which a process that says nothing is given up: it may have to load a network, and
then looks at a few hundred pictures."""
_NUMBERS = itertools.count(1)


class LikenessCalls:
    """A part of the real `Desk`: has the network's process compare faces."""

    _workspace: Workspace
    _lock: threading.RLock
    _children: dict[str, Child]
    _compared: dict[int, queue.SimpleQueue[LikenessFound]]
    """Who waits for an answer, by its number."""

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        raise NotImplementedError

    def _likeness(self, ids: tuple[str, ...]) -> Scores:
        """See `likeness.measure`. Where the process cannot tell, by what is kept: who could not be
        compared is asked about."""
        if next(likeness.kept_strangers(self._workspace), None) is None:
            return {}
        child, number = self._child("model"), next(_NUMBERS)
        waiting: queue.SimpleQueue[LikenessFound] = queue.SimpleQueue()
        self._compared[number] = waiting
        child.send(LikenessAsked(number=number, ids=ids))
        until = time.monotonic() + LONGEST
        try:
            while time.monotonic() < until and self._children.get("model") is child:
                try:
                    found = waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                return {place: (mean, best) for place, mean, best in found.scores}
            return likeness.measure(self._workspace, ids, None)
        finally:
            del self._compared[number]

    def _likeness_found(self, message: LikenessFound) -> None:
        if waiting := self._compared.get(message.number):
            waiting.put(message)
