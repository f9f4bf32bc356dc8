"""A thread that reads a source all the time and keeps only the newest frame."""

from __future__ import annotations

import threading
import time

from engine.camera.deadline import leave
from engine.camera.frame import Frame, Source
from engine.errors import SourceError, SourceUnreadable
from engine.events import Event
from engine.shortage import shortage


class Pump:
    """Reads `source` in a daemon thread, which alone touches it and closes it at the end.

    A capture that is released while another thread reads from it crashes the process; so a
    thread that hangs in `read` is abandoned with its source instead.

    `real_time` waits until each frame's own time, for sources that would deliver at once.
    `keep_all` waits until the consumer has taken a frame before it reads on; nothing is dropped.
    """

    def __init__(self, source: Source, real_time: bool, keep_all: bool = False) -> None:
        self._source = source
        self._real_time = real_time
        self._keep_all = keep_all
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._error: Exception | None = None
        self._ended = False
        self._notes: list[Event] = []
        self._dropped = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facedesk-reader", daemon=True)

    @property
    def dropped(self) -> int:
        """Frames that were replaced by a newer one before anyone took them."""
        return self._dropped

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def note(self, event: Event) -> None:
        """Keep a report of the source for the consumer's thread; called in the pump's thread."""
        with self._changed:
            self._notes.append(event)

    def take_notes(self) -> list[Event]:
        """The source's reports since the last call."""
        with self._changed:
            taken, self._notes = self._notes, []
            return taken

    def take(self, timeout: float) -> Frame | None:
        """The newest frame not taken yet; None after `timeout` seconds or at the end.

        Raises what ended the source, once its last frame has been taken.
        """
        with self._changed:
            self._changed.wait_for(self._settled, timeout)
            if self._frame is not None:
                frame, self._frame = self._frame, None
                self._changed.notify_all()
                return frame
            if self._error is not None:
                raise self._error
            return None

    @property
    def finished(self) -> bool:
        """Whether the source has come to its regular end and everything has been taken."""
        with self._changed:
            return self._ended and self._frame is None and self._error is None

    def stop(self, patience: float) -> None:
        """Ask the thread to end and wait at most `patience` seconds until the source is closed."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(patience)
            leave(self._thread)

    def _settled(self) -> bool:
        return self._frame is not None or self._error is not None or self._ended

    def _run(self) -> None:
        begun: float | None = None
        error: Exception | None = None
        try:
            while not self._stop.is_set():
                frame = self._source.read()
                if frame is None:
                    break
                # A recording's clock need not begin at 0.
                begun = time.monotonic() - frame.seconds if begun is None else begun
                if self._real_time and self._stop.wait(begun + frame.seconds - time.monotonic()):
                    break
                self._put(frame)
        except SourceError as trouble:
            error = trouble
        except Exception as trouble:
            text = f"{type(trouble).__name__}: {trouble}"
            error = shortage(trouble) or SourceUnreadable("The source failed", text)
        finally:
            self._source.close()
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            if self._keep_all:
                self._changed.wait_for(lambda: self._frame is None or self._stop.is_set())
            self._dropped += self._frame is not None
            self._frame = frame
            self._changed.notify_all()
