"""A capture's pictures on their way from the camera process to the model process."""

from __future__ import annotations

import threading

from engine.errors import FacedeskError
from engine.service.child import Child
from engine.service.messages import PictureKept, PicturesOver
from engine.service.shared_writer import SharedWriter


class FeedCalls:
    """A part of the real `Desk`: relays kept pictures, and holds the lock for their features.

    A model process that is not there is not started for it: training computes what is missing.
    """

    _lock: threading.RLock
    _writer: SharedWriter
    _children: dict[str, Child]
    _fed: set[str]
    """Sessions whose features may be written at the moment; each holds a share of the lock."""

    def _relay_pictures(self, sender: str, message: PictureKept | PicturesOver) -> None:
        """To the model process; its own word that a session is over frees the lock."""
        with self._lock:
            if sender == "model":
                self._fed_no_more(message.session)
                return
            model = self._children.get("model")
            if model is None or (isinstance(message, PictureKept) and not self._may_feed(message)):
                return
            if message.session in self._fed:
                model.send(message)

    def _may_feed(self, message: PictureKept) -> bool:
        if message.session not in self._fed:
            try:
                self._writer.acquire("features")
            except FacedeskError:  # the capture was the only holder, and has just let go
                return False
            self._fed.add(message.session)
        return True

    def _fed_no_more(self, session: str) -> None:
        if session in self._fed:
            self._fed.remove(session)
            self._writer.release()

    def _feeding_ended(self, process: str) -> None:
        """A process is gone: without the model nothing is written, without the camera no more."""
        with self._lock:
            for session in list(self._fed):
                if process == "camera":
                    self._relay_pictures("camera", PicturesOver(session=session))
                else:
                    self._fed_no_more(session)
