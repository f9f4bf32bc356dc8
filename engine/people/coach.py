"""The coach of a capture: what it has, what it lacks, and the one thing to do now.

A pure state machine: it is told of every judged frame and knows neither camera nor screen. It
guides and never bars: a camera that only ever shows one pose captures its count all the same.

It counts information. A kept picture counts for a cell (pose and distance) or a light only if it
is different from every picture counted there before (`engine.faces.quality.change`, the measure
of the duplicate gate). A cell remembers at most `MOST` pictures, so a frame costs at most twice
that many comparisons of about a millisecond, and nothing once both its places are full.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.contract import Advice, Coaching
from engine.faces import quality
from engine.faces.pose import LEVEL, Distance, Light, Look, Pose, look, nod
from engine.faces.quality import Verdict
from engine.faces.refusal import GATES, Refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


@dataclass(slots=True, eq=False)
class _Place:
    """The different pictures of one cell or light."""

    crops: list[NDArray[np.uint8]] = field(default_factory=list)

    def take(self, crop: NDArray[np.uint8], least: float) -> bool:
        """Count `crop` if there is room and it differs from all by `least`; whether it did."""
        if len(self.crops) >= MOST:
            return False
        if any(quality.change_between(crop, kept) < least for kept in self.crops):
            return False
        self.crops.append(crop)
        return True

    def __len__(self) -> int:
        return len(self.crops)

    @property
    def filled(self) -> bool:
        return len(self.crops) >= NEED


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
        """Take one judged frame in; what to say, or None if it is what was said last.

        `frame_width` in pixels, `seconds` of any clock that goes on, `kept` whether the picture
        is on disk.
        """
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
        """The next thing to do, from where the person stands now.

        What is missing at the present distance comes before a walk, and the cell the person is
        in is filled before they are asked to leave it.
        """
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
