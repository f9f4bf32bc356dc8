"""Reads one source as its consumer needs it: newest frame wins, or every frame, at some pace.

A live source that is lost is opened again with growing pauses; each step is reported.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Literal, Self

from engine.camera.open import open_source
from engine.camera.picture_watch import PictureWatch
from engine.camera.source import REMOTE, Frame, Report, Source, SourceInfo, kind_of
from engine.cancel import POLL, Cancel, give_up
from engine.contract import Event, SourceLost, SourceOpened, SourceRestored
from engine.contract.errors import (
    Cancelled,
    SourceDenied,
    SourceError,
    SourceTimeout,
    SourceUnreadable,
)
from engine.settings import CameraSettings
from engine.shortage import shortage
from engine.text import mask_credentials


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
        self.notes: deque[Event] = deque()
        """What the source reported in the pump's thread, for the consumer's."""
        self.dropped = 0
        """Frames that were replaced by a newer one before anyone took them."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facedesk-reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

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
            give_up(self._thread)

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
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify_all()


Pace = Literal["live", "own", "fast"]
LAST_READ = 1.0
"""Seconds that closing waits for a read in progress, so that the device is free afterwards."""
TOLD = ("kind", "width", "height", "fps", "live", "demo", "detail")
"""What an operator hears of a source as it was opened."""
STEADY = 25
"""Pictures after which a source that came back counts as sound, and has all its attempts again."""


class Reader:
    """A context manager; entering opens the source.

    `pace`: "live" plays files and demos in real time and drops what the consumer is too slow
    for; "own" gives every frame, none sooner than its time; "fast" gives every frame at once.
    Webcams and live streams are always live, and folders, which have no pace, always fast.
    `report` hears SourceOpened once, SourceLost, SourceRestored, and notices of the source
    (PictureSkipped, PictureDoubted), always in the consumer's thread. `cancel` ends a slow
    opening. `patient`: a webcam or stream that cannot be opened is tried again like one that
    was lost. Entering raises SourceError or Cancelled.
    """

    info: SourceInfo
    """The source as it was opened. Only inside the `with` block."""

    def __init__(
        self,
        text: str,
        settings: CameraSettings,
        pace: Pace,
        report: Report,
        cancel: Cancel | None = None,
        *,
        patient: bool = False,
    ) -> None:
        self._text = text
        self._settings = settings
        self._pace = pace
        self._report = report
        self._cancel = cancel
        self._patient = patient
        self._doubts = PictureWatch()
        self._source: Source | None = None
        self._pump: Pump | None = None
        self._attempts: Iterator[tuple[int, float]] = iter(())
        self._good = STEADY
        """Pictures since the source last came back."""
        self._dropped = 0
        self._next = 0
        self._last = -1
        self._first: float | None = None
        """When a live source's first frame arrived, by its own clock, which counts from boot."""

    def __enter__(self) -> Self:
        self._source = self._opened()
        self.info = info = self._source.info
        told = {name: getattr(info, name) for name in TOLD}
        self._report(SourceOpened(source=info.text, **told))
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def dropped(self) -> int:
        """Frames so far that the consumer was too slow for."""
        return self._dropped + (self._pump.dropped if self._pump else 0)

    @property
    def still(self) -> bool:
        """Whether a live source has sent the very same picture for so long that it is none."""
        return self._doubts.still

    def frames(self, cancel: Cancel) -> Iterator[Frame]:
        """Frames until the source ends or an end is asked for (noticed within 0.2 s). Those of a
        live source count their seconds from its first.

        Raises SourceError where the source fails, or is lost and does not come back.
        """
        live = self._pace == "live" and self.info.kind != "folder"
        threaded = live or self.info.kind in REMOTE
        return self._threaded(cancel) if threaded else self._every(cancel)

    def close(self) -> None:
        """Close the source; waits a moment for a read in progress. May be called twice."""
        self._drop_pump()
        if self._source is not None:
            self._source.close()
            self._source = None

    def _opened(self) -> Source:
        """The source, opened; patiently if it is one that may come later."""
        cancel = self._cancel or Cancel()
        pauses, attempt = self._pauses(), 0
        while True:
            try:
                return open_source(self._text, self._settings, self._tell, self._cancel)
            except SourceError as error:
                remote = self._patient and kind_of(self._text) in REMOTE
                pause = next(pauses, None) if remote and not _final(error, self._text) else None
                if pause is None:
                    raise
                attempt += 1
                self._lost(mask_credentials(self._text), error, attempt, pause)
                if cancel.wait(pause):
                    raise Cancelled() from error

    def _lost(self, source: str, error: SourceError, attempt: int, pause: float) -> None:
        reason = str(error)
        self._report(SourceLost(source=source, reason=reason, attempt=attempt, retry_in=pause))

    def _pauses(self) -> Iterator[float]:
        """Seconds before each attempt to reconnect: doubled each time, up to the longest."""
        pause = self._settings.reconnect_first
        for _unused in range(self._settings.reconnect_attempts):
            yield pause
            pause = min(pause * 2, self._settings.reconnect_longest)

    # --- every frame ------------------------------------------------------------------------

    def _every(self, cancel: Cancel) -> Iterator[Frame]:
        begun: float | None = None
        while self._source is not None and not cancel.stopping:
            frame = self._source.read()
            if frame is None:
                return
            if self._pace == "own" and self.info.fps > 0:
                begun = time.monotonic() - frame.seconds if begun is None else begun
                if cancel.wait(max(0.0, begun + frame.seconds - time.monotonic())):
                    return
            yield frame

    # --- from a thread -------------------------------------------------------------------

    def _threaded(self, cancel: Cancel) -> Iterator[Frame]:
        if self._pump is None and self._source is not None:
            self._begin(self._source)
        while self._pump is not None and not cancel.stopping:
            try:
                frame = self._await(self._pump, cancel)
            except SourceError as error:
                if not self.info.live or self.info.demo:
                    raise
                frame = self._recover(error, cancel)
            while self._pump is not None and self._pump.notes:
                self._report(self._pump.notes.popleft())
            if frame is None:
                return
            if self.info.live and self.info.kind in REMOTE:
                for doubt in self._doubts.take(frame):
                    self._report(doubt)
            self._good += 1
            yield frame

    def _begin(self, source: Source) -> None:
        """Give the source to a new pump, which closes it from now on."""
        self._source = None
        self._doubts = PictureWatch()
        info = source.info
        recorded = info.demo or not info.live  # and so would deliver faster than in real time
        self._pump = Pump(
            source,
            real_time=recorded and self._pace != "fast",
            keep_all=recorded and self._pace != "live",
        )
        self._next = self._last + 1
        self._pump.start()

    def _await(self, pump: Pump, cancel: Cancel) -> Frame | None:
        """The next frame; None at the end or when cancelled. Raises SourceTimeout if nothing
        comes in time, even where the read itself hangs."""
        limit = self._settings.read_timeout if self.info.kind in REMOTE else math.inf
        ends = time.monotonic() + limit
        while not cancel.stopping:
            frame = pump.take(POLL)
            if frame is not None:
                return self._numbered(frame)
            if pump.finished:
                return None
            if time.monotonic() >= ends:
                said = f"{self.info.text} gave no picture for {limit:g} s"
                hint = "Check cable, power and network."
                raise SourceTimeout("The source is silent", said, hint)
        return None

    def _numbered(self, frame: Frame) -> Frame:
        """The frame with a number and a time that go on after a reconnection."""
        self._last = frame.sequence + self._next
        seconds = frame.seconds
        if self.info.live and not self.info.demo:
            self._first = seconds if self._first is None else self._first
            seconds -= self._first
        return dataclasses.replace(frame, sequence=self._last, seconds=seconds)

    def _recover(self, error: SourceError, cancel: Cancel) -> Frame | None:
        """The first frame after the source came back, or None if cancelled meanwhile.

        One good picture does not give the attempts back: a camera that breaks off again and again
        is given up. Raises the last error then, and at once where more can only do harm.
        """
        begun = time.monotonic()
        if self._good >= STEADY:
            self._attempts = enumerate(self._pauses(), 1)
        self._good = 0
        for attempt, pause in self._attempts:
            self._lost(self.info.text, error, attempt, pause)
            self._drop_pump()
            if cancel.wait(pause):
                return None
            try:
                self._begin(open_source(self._text, self._settings, self._tell, cancel))
                frame = self._await(self._pump, cancel) if self._pump else None
            except Cancelled:
                return None
            except SourceError as again:
                error = again
                if _final(error, self._text):
                    break
                continue
            if frame is not None:
                source, seconds = self.info.text, time.monotonic() - begun
                self._report(SourceRestored(source=source, attempts=attempt, seconds=seconds))
            return frame
        raise error

    def _drop_pump(self) -> None:
        if self._pump is not None:
            self._pump.stop(LAST_READ)
            self._dropped += self._pump.dropped
            self._pump = None

    # --- reports ----------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        """A report of the source; from a pump's thread it waits for the consumer's."""
        if self._pump is not None:
            self._pump.notes.append(event)
        else:
            self._report(event)


def _final(error: SourceError, text: str) -> bool:
    """Whether it makes no sense to try again: a wrong password is not right the next time, and
    cameras lock out who goes on. A device's access may be set a moment after it is plugged in."""
    return isinstance(error, SourceDenied) and kind_of(text) == "stream"
