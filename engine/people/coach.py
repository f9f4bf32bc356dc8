"""What stands beside a capture: the coach, who says what to do now, and the guards, who ask whose
face it is.

The coach is a pure state machine: it is told of every judged frame and knows neither camera nor
screen. It guides and never bars: a camera that only ever shows one pose captures its count all the
same. It counts information. A kept picture counts for a cell (pose and distance) or a light only if
it is different from every picture counted there before (`engine.faces.quality.change`, the measure
of the duplicate gate). A cell remembers at most `MOST` pictures, so a frame costs at most twice
that many comparisons of about a millisecond, and nothing once both its places are full.

The guards ask whether a capture shows one person (`FaceGuard`), and one who is not enrolled already
(`TwinGuard`). The camera process has no network to tell with: it names the session to whoever has
(`ask`), goes on capturing, and holds where an operator is there to say which face is meant. A
session does not end before the last report of a second face is in, for that spoils the person; a
likeness to somebody else that is not reported in time is kept unasked.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Advice, Coaching, FaceAnswer, TwinChoice
from engine.contract.messages import SessionJudged
from engine.faces import quality
from engine.faces.pose import LEVEL, Distance, Light, Look, Pose, look, nod
from engine.faces.quality import Verdict
from engine.faces.refusal import GATES, Refusal

NEED = 3
"""Different pictures that fill a cell or a light."""
MOST = 6
"""Different pictures a cell or a light counts at most: more of the same view tells little."""
LIGHTS = 2
"""Lights that are asked for; the room decides which."""
_RECENT = 12
"""Kept pictures over which the rate is taken."""

ORDER: tuple[tuple[Pose, Distance], ...] = tuple(
    (pose, distance)
    for distance in (Distance.MIDDLE, Distance.NEAR, Distance.FAR)
    for pose in (Pose.FRONTAL, Pose.LEFT, Pose.RIGHT)
)
"""The cells in the order in which they are asked for: turning is easier than walking."""

NODS: tuple[tuple[Pose, Distance], ...] = ((Pose.UP, Distance.MIDDLE), (Pose.DOWN, Distance.MIDDLE))
"""Cells asked for after those of their distance, where the detector's points tell a nod."""
_LEVEL_OF = 9
"""Kept pictures from which the person's level is taken: a nod is one against their own."""

_TOWARDS = {
    Pose.FRONTAL: Advice.FACE_CAMERA,
    Pose.LEFT: Advice.TURN_LEFT,
    Pose.RIGHT: Advice.TURN_RIGHT,
    Pose.UP: Advice.LOOK_UP,
    Pose.DOWN: Advice.LOOK_DOWN,
}
_FARNESS = {Distance.NEAR: 0, Distance.MIDDLE: 1, Distance.FAR: 2}


class _Place(list[NDArray[np.uint8]]):
    """The different pictures of one cell or light."""

    def take(self, crop: NDArray[np.uint8], least: float) -> None:
        """Count `crop` if there is room and it differs from all by `least`."""
        if len(self) < MOST and all(quality.change_between(crop, kept) >= least for kept in self):
            self.append(crop)

    @property
    def filled(self) -> bool:
        """Whether there are as many as are needed."""
        return len(self) >= NEED


class Coach:
    """Follows one session of `target` pictures; `min_change` as in the duplicate gate."""

    def __init__(self, target: int, min_change: float) -> None:
        self._target = target
        self._least = min_change
        self._cells = {cell: _Place() for cell in ORDER}
        self._nods: list[float] = []
        self._lights = {light: _Place() for light in Light}
        self._captured = 0
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._last: Coaching | None = None

    @property
    def covered(self) -> bool:
        """Whether every cell is filled, and `LIGHTS` lights are."""
        lit = sum(place.filled for place in self._lights.values())
        return lit >= LIGHTS and all(place.filled for place in self._cells.values())

    def take(
        self, verdict: Verdict, frame_width: int, seconds: float, *, kept: bool
    ) -> Coaching | None:
        """Take one judged frame in; what to say, or None if it is what was said last. `frame_width`
        in pixels, `seconds` of any clock that goes on, `kept` whether the picture is on disk."""
        face = verdict.face
        if face and face.points:
            self._ask_for_nods()
        if face and kept and len(self._nods) < _LEVEL_OF:
            self._nods.append(nod(face))
        level = statistics.median(self._nods) if self._nods else LEVEL
        seen = look(face, frame_width, level) if face else None
        if kept and seen and face:
            self._captured += 1
            self._times.append(seconds)
            cell = self._cells.get((seen.pose, seen.distance))
            if cell is None:  # a nod near or far: as good as a view from the front
                cell = self._cells[Pose.FRONTAL, seen.distance]
            cell.take(face.crop, self._least)
            self._lights[seen.light].take(face.crop, self._least)
        said = self._say(verdict, seen)
        if said == self._last:
            return None
        self._last = said
        return said

    def _ask_for_nods(self) -> None:
        """Add the cells of nods behind those of their distance, once."""
        if NODS[0] in self._cells:
            return
        cells = list(self._cells.items())
        place = 1 + max(at for at, (cell, _) in enumerate(cells) if cell[1] is NODS[0][1])
        cells[place:place] = [(cell, _Place()) for cell in NODS]
        self._cells = dict(cells)

    def comparing(self) -> Coaching | None:
        """What to say while the session waits to be compared; None before anything was said."""
        if self._last is None:
            return None
        return replace(
            self._last,
            advice=Advice.COMPARING.value,
            reason="",
            value=0.0,
            limit=0.0,
            seconds_left=None,
        )

    def _say(self, verdict: Verdict, seen: Look | None) -> Coaching:
        refusal = verdict.refusal
        advice = GATES[refusal].advice[0] if refusal else ""
        if not advice and seen:
            advice = self._missing(seen)
            if refusal is Refusal.DUPLICATE and advice is Advice.GO_ON:
                advice = Advice.MOVE_A_LITTLE
        return Coaching(
            cells=tuple(
                (pose.value, distance.value, len(place))
                for (pose, distance), place in self._cells.items()
            ),
            lights=tuple((light.value, len(place)) for light, place in self._lights.items()),
            need=NEED,
            different=sum(len(place) for place in self._cells.values()),
            captured=self._captured,
            target=self._target,
            advice=advice or GATES[Refusal.NO_FACE].advice[0],
            reason=refusal.value if refusal else "",
            value=round(verdict.value, 1),
            limit=round(verdict.limit, 1),
            pose=seen.pose.value if seen else "",
            distance=seen.distance.value if seen else "",
            light=seen.light.value if seen else "",
            seconds_left=self._seconds_left(),
            covered=self.covered,
        )

    def _missing(self, seen: Look) -> Advice:
        """The next thing to do, from where the person stands now. What is missing at the present
        distance comes before a walk, and the cell the person is in is filled before they are asked
        to leave it."""
        empty = [cell for cell, place in self._cells.items() if not place.filled]
        if (seen.pose, seen.distance) in empty:
            return Advice.GO_ON
        if (seen.pose, seen.distance) not in self._cells and (Pose.FRONTAL, seen.distance) in empty:
            return Advice.GO_ON
        here = next((cell for cell in empty if cell[1] is seen.distance), None)
        wanted = here or next(iter(empty), None)
        if wanted is None:
            lit = sum(place.filled for place in self._lights.values())
            return Advice.GO_ON if lit >= LIGHTS else Advice.CHANGE_LIGHT
        pose, distance = wanted
        if distance is not seen.distance:
            nearer = _FARNESS[distance] < _FARNESS[seen.distance]
            return Advice.STEP_CLOSER if nearer else Advice.STEP_BACK
        return _TOWARDS[pose]

    def _seconds_left(self) -> int | None:
        """From the rate of the last kept pictures."""
        if len(self._times) < 3 or self._times[-1] <= self._times[0]:
            return None
        a_picture = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        return math.ceil(max(0, self._target - self._captured) * a_picture)


EVERY = 12
"""Kept pictures after which a capture that an operator watches is looked at again."""
AFTER_A_BREAK = 3
"""The same, once the face was out of sight: somebody else may have taken its place."""
LEAVING_WITHIN = 1.0
"""Seconds the report is waited for once the app closes: its processes have three to end."""

AskFace = Callable[[str, str], None]
"""Takes a person's slug and a session; `FaceGuard.report` is called later, from any thread."""


class FaceGuard:
    """One session's question. `ask` None: nobody can tell. With `answers` an operator is asked."""

    def __init__(
        self,
        ask: AskFace | None = None,
        *,
        answers: bool = False,
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        """`leaving` is true once the process is to end, which waits for nobody."""
        self._ask = ask
        self.answers = answers and ask is not None
        self.leaving = leaving
        self._changed = threading.Condition()
        self._waiting = False
        self._judged: SessionJudged | None = None
        self._answer: FaceAnswer | None = None
        self.holding = False
        """Whether the capture waits for an answer: no frame is kept meanwhile."""
        self._since = 0
        self._broken = False

    @property
    def tells(self) -> bool:
        """Whether there is somebody who can tell."""
        return self._ask is not None

    def kept(self, slug: str, session: str) -> None:
        """A picture was kept; the session is asked about now and then where somebody answers."""
        self._since += 1
        due = self._since >= (AFTER_A_BREAK if self._broken else EVERY)
        if self.answers and due and not self._waiting:
            self._send(slug, session)

    def lost(self) -> None:
        """The face is out of sight, or another is beside it."""
        self._broken = True

    def report(self, judged: SessionJudged) -> None:
        """Whose faces the session shows that was asked about last."""
        with self._changed:
            if self._waiting:
                self._judged, self._waiting = judged, False
            self._changed.notify_all()

    def answer(self, choice: FaceAnswer) -> None:
        """The operator's word."""
        with self._changed:
            self._answer = choice
            self._changed.notify_all()

    def take(self) -> SessionJudged | None:
        """The report, once."""
        with self._changed:
            judged, self._judged = self._judged, None
            return judged

    def answered(self) -> FaceAnswer | None:
        """The answer, once; the capture is held no longer."""
        with self._changed:
            choice, self._answer = self._answer, None
            self.holding = self.holding and choice is None
            return choice

    def last_report(self, slug: str, session: str, cancel: Cancel) -> SessionJudged | None:
        """The session is about to end: what it shows. None if nobody can tell, or the capture is
        given up, or the process is to end, before it is known."""
        if self._ask is None:
            return None
        self._wait(lambda: self._waiting, cancel)  # of earlier pictures
        self.take()
        if cancel.cancelled:
            return None
        self._send(slug, session)
        self._wait(lambda: self._waiting, cancel)
        return self.take()

    def wait_for_answer(self, cancel: Cancel) -> FaceAnswer | None:
        """The answer, as soon as it is there; None as of `last_report`."""
        self._wait(lambda: self._answer is None, cancel)
        return self.answered()

    def _send(self, slug: str, session: str) -> None:
        assert self._ask is not None
        with self._changed:
            self._waiting, self._judged = True, None
        self._since, self._broken = 0, False
        self._ask(slug, session)

    def _wait(self, pending: Callable[[], bool], cancel: Cancel) -> None:
        left = LEAVING_WITHIN
        with self._changed:
            while pending() and not cancel.cancelled and left > 0:
                self._changed.wait(0.1)
                left -= 0.1 * self.leaving()


FIRST = 6
"""Kept crops that are looked at."""
LEAST = 3
"""A session of fewer is not asked about: a majority of two is none."""
REPORT_WITHIN = 60.0
"""Seconds the report may take: loading the network on a busy small machine took 31."""
STOP_WITHIN = 2.0
"""Seconds the report is waited for once the operator has ended the capture: the app may be closing,
and whoever stops is not kept. What is reported later is told, but no longer asked."""

Ask = Callable[[NDArray[np.uint8]], None]
"""Takes crops uint8 (n, 160, 160, 3) RGB; `TwinGuard.report` is called later, from any thread."""


class TwinGuard:
    """One session's question. `ask` None: nobody can tell, so nothing is ever asked."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask
        self._changed = threading.Condition()
        self._crops: list[NDArray[np.uint8]] = []
        self._asked_at: float | None = None
        self._reported = False
        self._choice: TwinChoice | None = None
        self._taken = False
        self.other = ""
        """Who the pictures look like; empty if nobody."""

    @property
    def holding(self) -> bool:
        """Whether the capture waits for an answer: no frame is kept meanwhile."""
        with self._changed:
            return bool(self.other) and self._choice is None

    def kept(self, crop: NDArray[np.uint8]) -> None:
        """A picture was kept; the first few are asked about."""
        if self._ask is not None and self._asked_at is None:
            self._crops.append(crop)
            if len(self._crops) >= FIRST:
                self._send()

    def report(self, other: str) -> None:
        """Who the pictures look like, or empty. A second report changes nothing."""
        with self._changed:
            if not self._reported:
                self._reported, self.other = True, other
            self._changed.notify_all()

    def answer(self, choice: TwinChoice) -> None:
        """The operator's word."""
        with self._changed:
            self._choice = choice
            self._changed.notify_all()

    def settle(self, cancel: Cancel) -> None:
        """The session is about to end: wait for the report and, if it names somebody, an answer."""
        if self._ask is not None and self._asked_at is None and len(self._crops) >= LEAST:
            self._send()
        began = time.monotonic()
        with self._changed:
            while self._waiting() and not cancel.cancelled:
                if cancel.stopping and (self.other or time.monotonic() - began > STOP_WITHIN):
                    return
                self._changed.wait(0.1)

    @property
    def asks_at_the_end(self) -> bool:
        """Whether `settle` would have something to wait for."""
        with self._changed:
            unasked = self._ask is not None and self._asked_at is None
            return self._waiting() or (unasked and len(self._crops) >= LEAST)

    @property
    def unreported(self) -> bool:
        """Whether pictures were asked about and no report has come."""
        with self._changed:
            return self._asked_at is not None and not self._reported

    def take(self) -> TwinChoice | None:
        """The answer, once."""
        with self._changed:
            if self._choice is None or self._taken:
                return None
            self._taken = True
            return self._choice

    def _send(self) -> None:
        assert self._ask is not None
        self._asked_at = time.monotonic()
        crops, self._crops = np.stack(self._crops), []
        self._ask(crops)

    def _waiting(self) -> bool:
        if self._asked_at is None:
            return False
        if not self._reported:
            return time.monotonic() - self._asked_at < REPORT_WITHIN
        return bool(self.other) and self._choice is None
