"""From engine threads to the interface: nothing lost that matters, nothing flooded that does not.

The engine's listener may be called hundreds of times a second from several threads. Events that
count (captures, epochs, results, errors) wait in order in a queue; everything that only shows the
present state (previews, rates, refusals, faces) is folded into one `Live` value. The interface is
woken by one message at a time and takes all there is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.contract import (
    Coaching,
    Event,
    FaceSeen,
    FeaturesProgress,
    ImportProgress,
    ImportRefused,
    JobStarted,
    NoFace,
    Preview,
    RecognitionRate,
    Refused,
)

QUEUE = 2000
"""Events that may wait before the engine's thread is held back."""
HOLD = 2.0
"""Longest time an engine thread is held back, seconds; the event is then queued all the same."""
CHANGES = 50
FOLDED = (Refused, ImportRefused, FaceSeen, NoFace, Preview, RecognitionRate)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Frames refused for one reason: how many, and the last measured value with its limit."""

    count: int
    value: float
    limit: float
    last: int
    """Order of the last one among all refusals, to find the newest reason."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tracked face as it stands: its newest event and the time of day its decision began."""

    face: FaceSeen
    since: float
    seen: float


@dataclass(frozen=True, slots=True)
class Live:
    """The present state of the running jobs. Counts are exact, the rest is the newest."""

    preview: Preview | None = None
    coaching: Coaching | None = None
    rate: RecognitionRate | None = None
    importing: ImportProgress | None = None
    features: FeaturesProgress | None = None
    refused: dict[str, Refusals] = field(default_factory=dict)
    import_refused: dict[str, Refusals] = field(default_factory=dict)
    refused_files: tuple[ImportRefused, ...] = ()
    """Files refused since the last look, for the log."""
    sightings: tuple[Sighting, ...] = ()
    changes: tuple[Sighting, ...] = ()
    """Decisions that began since the last look, oldest first."""
    faceless: int = 0


class Bridge:
    """The engine's listener. `wake` is called from engine threads and must be thread-safe."""

    def __init__(self, wake: Callable[[], object], clock: Callable[[], float] = time.time) -> None:
        self._wake = wake
        self._clock = clock
        self._room = threading.Condition()
        self._queue: deque[Event] = deque()
        self._closed = False
        self._awake = False
        self._changed = False
        self._forget_capture()
        self._forget_recognition()
        self._preview: Preview | None = None
        self._features: FeaturesProgress | None = None

    def listener(self, event: Event) -> None:
        """Take one event from an engine thread."""
        with self._room:
            if self._closed:
                return
            if event.lossy or isinstance(event, FOLDED):
                self._fold(event)
                self._changed = True
                return
            if len(self._queue) >= QUEUE:
                self._room.wait_for(lambda: self._closed or len(self._queue) < QUEUE, HOLD)
            if isinstance(event, JobStarted):
                self._begin(event.job)
            self._queue.append(event)
            wake, self._awake = not self._awake, True
        if wake:
            self._wake()

    def take(self) -> tuple[tuple[Event, ...], Live | None]:
        """All waiting events in order, and the present state if it changed. UI thread only."""
        with self._room:
            events = tuple(self._queue)
            self._queue.clear()
            self._awake = False
            live = self._live() if self._changed else None
            self._changed = False
            self._changes.clear()
            self._refused_files.clear()
            self._room.notify_all()
        return events, live

    def close(self) -> None:
        """Ignore everything from now on and let held threads go."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def _begin(self, job: str) -> None:
        if job in ("enrol", "import"):
            self._forget_capture()
        if job == "recognise":
            self._forget_recognition()
        if job in ("train", "evaluate"):
            self._features = None
        else:
            self._preview = None
        self._changed = True

    def _forget_capture(self) -> None:
        self._refused: dict[str, Refusals] = {}
        self._import_refused: dict[str, Refusals] = {}
        self._refused_files: deque[ImportRefused] = deque(maxlen=QUEUE)
        self._importing: ImportProgress | None = None
        self._refusals = 0
        self._coaching: Coaching | None = None

    def _forget_recognition(self) -> None:
        self._rate: RecognitionRate | None = None
        self._tracks: dict[int, Sighting] = {}
        self._changes: deque[Sighting] = deque(maxlen=CHANGES)
        self._faceless = 0

    def _fold(self, event: Event) -> None:
        match event:
            case FaceSeen():
                self._see(event)
            case Refused():
                self._refuse(self._refused, event.reason, event.value, event.limit)
            case ImportRefused():
                self._refuse(self._import_refused, event.reason, event.value, event.limit)
                self._refused_files.append(event)
            case Coaching():
                self._coaching = event
            case Preview():
                self._preview = event
            case RecognitionRate():
                self._rate = event
            case ImportProgress():
                self._importing = event
            case FeaturesProgress():
                self._features = event
            case NoFace():
                self._faceless += not event.unread
            case _:  # a lossy event this interface does not know yet
                pass

    def _refuse(self, tally: dict[str, Refusals], reason: str, value: float, limit: float) -> None:
        self._refusals += 1
        before = tally.get(reason)
        count = before.count + 1 if before else 1
        tally[reason] = Refusals(count, value, limit, self._refusals)

    def _see(self, face: FaceSeen) -> None:
        now = self._clock()
        before = self._tracks.pop(face.track, None)
        same = before is not None and (before.face.decision, before.face.person) == (
            face.decision,
            face.person,
        )
        sighting = Sighting(face, before.since if before is not None and same else now, now)
        self._tracks[face.track] = sighting  # newest last
        if not same:
            self._changes.append(sighting)
        while len(self._tracks) > 64:
            self._tracks.pop(next(iter(self._tracks)))

    def _live(self) -> Live:
        return Live(
            preview=self._preview,
            coaching=self._coaching,
            rate=self._rate,
            importing=self._importing,
            features=self._features,
            refused=dict(self._refused),
            import_refused=dict(self._import_refused),
            refused_files=tuple(self._refused_files),
            sightings=tuple(self._tracks.values()),
            changes=tuple(self._changes),
            faceless=self._faceless,
        )
