"""What the user interface's process and its children say to each other besides events.

How the camera is kept from looking at frames that nobody will take.

The model says when it can take the next frame (`FacesWanted`); until just before that, frames go
to the preview only. So detection is spent on frames that are recognised, and on the newest ones.

Whose frame is recognised next: the newest of each camera, one camera after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.cancel import Cancel
from engine.contract import BoxTuple, FaceAnswer, JobEnded, TwinChoice
from engine.people.second_face import SessionJudged as SessionJudged


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First message to a child: where to work and with which settings (as plain JSON)."""

    workspace: str
    settings: dict[str, Any]
    vault: bytes = field(default=b"", repr=False)
    """What opens an encrypted workspace, as `engine.workspace.vault.opened.pass_on` gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin a job; `request` is one of the request classes of `protocol`.

    `run` numbers the recognitions: an answer to one that was given up meanwhile is told from an
    answer to the present one. `camera` numbers the sources of one recognition from 0; with others
    `together`, a source that cannot be opened yet is waited for, and one that fails ends alone.
    """

    job: str
    request: Any
    run: int = 0
    camera: int = 0
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """End a job: keep its result so far, or give it up."""

    job: str
    keep: bool
    run: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit:
    """End the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Are you there? A child's reader thread answers at once, whatever its jobs are at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """A child is there. `beats` is the pulse of its jobs, see `engine.desk.child_main`."""

    beats: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The model process has loaded what recognition `run` needs; frames may come."""

    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Burdened:
    """The model process is idle and holds TensorFlow, which the next job may not need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionEnded:
    """Recognition `run` is over in the model process."""

    run: int
    ended: JobEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyAsked:
    """Explain the last decision about a track (None: about the face seen last) by a `Why`."""

    track: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesFound:
    """Aligned faces of one frame, camera process to model process.

    `crops` holds len(boxes) pictures of 160 x 160 x 3 uint8 RGB, one after the other. `lossy`
    frames may be replaced by newer ones. `eyes_found` says of each crop whether it was turned
    upright by its eyes, `aligned` by what all of them were aligned: "eyes" or "points". `camera`
    as in `Start`.
    """

    source: str
    frame: int
    seconds: float
    boxes: tuple[BoxTuple, ...]
    crops: bytes = field(repr=False)
    dropped: int
    lossy: bool
    eyes_found: tuple[bool, ...] = ()
    aligned: str = "eyes"
    camera: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesWanted:
    """The model process can take a camera's next frame in about `after` seconds.

    Sent as it begins a frame of that camera: until then no other is worth looking at.
    """

    camera: int
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPictures:
    """The first kept crops of a capture, camera process to model process: whose are they?

    `crops` holds `count` pictures as in `FacesFound`.
    """

    person: str
    count: int
    crops: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureKept:
    """A picture of a capture is on disk, camera process to model process: features may begin."""

    slug: str
    session: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesOver:
    """A session that pictures were kept of is closed, or was given up; the model process sends it
    back once nothing more is written about it.
    """

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinReport:
    """The model process's answer: whom the pictures look like, or empty. Holds the capture."""

    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinAnswer:
    """The operator's answer, a `TwinChoice`: a capture that was held goes on or ends."""

    choice: TwinChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAsked:
    """Whose faces does this session show? Camera process to model process, which answers by a
    `SessionJudged`."""

    slug: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAnswered:
    """The operator's answer to a `SecondFace`: the capture that was held goes on or ends."""

    choice: FaceAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesEnded:
    """No more frames will come from a camera; after the last one the model process sums up."""

    frames: int
    dropped: int
    seconds: float
    camera: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LikenessAsked:
    """Compare the kept strangers with a person of these identities who is to be erased."""

    number: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LikenessFound:
    """The answer: of each stranger that could be compared the folder below the workspace, the mean
    and the best likeness."""

    number: int
    scores: tuple[tuple[str, float, float], ...]


LEARNING = 0.2
"""Weight of the last frame in the running means."""
POLL = 0.2
"""Seconds after which a wait looks whether it was cancelled."""


class Credit:
    """At most one frame is with the model and one on its way: set on the thread that hears the
    model, spent by the job that has the camera.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self.begin()

    def begin(self) -> None:
        """A job begins: its first frame is wanted at once."""
        with self._changed:
            self._due: float | None = self._clock()
            self._asked: float | None = None
            self._spent: float | None = None
            self._gap = self._cost = 0.0

    def take(self, message: Any) -> bool:
        """Take a message if it is the model's; whether it was."""
        if not isinstance(message, FacesWanted):
            return False
        with self._changed:
            self._due = self._clock() + message.after
            self._changed.notify_all()
        return True

    def spend(self) -> bool:
        """Whether the frame at hand is to be looked at. Ask once for each frame.

        It is as soon as a later one would come too late: its faces arrive when the model is ready,
        or waited for the time from one frame to the next.
        """
        with self._changed:
            now = self._clock()
            if self._asked is not None and self._spent is None:
                self._gap += LEARNING * (now - self._asked - self._gap)
            self._asked, self._spent = now, None
            if self._due is None or now + self._gap + self._cost < self._due:
                return False
            self._due, self._spent = None, now
            return True

    def sent(self) -> None:
        """The frame that was looked at is on its way."""
        with self._changed:
            if self._spent is not None:
                self._cost += LEARNING * (self._clock() - self._spent - self._cost)

    def wait(self, cancel: Cancel) -> None:
        """Wait until the model takes another frame, for frames of which none may be left out."""
        with self._changed:
            while self._due is None and not cancel.stopping:
                self._changed.wait(POLL)
            self._due = None


LEARNING_TURNS = 0.3
"""Weight of the last frame in the running mean of the seconds a face takes."""


class Turns:
    """Slots between the reader thread and the main loop: a camera's lossy frames replace each
    other, and the place in the queue stays, so that no camera gets more turns than another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, FacesFound] = {}
        self._dropped: dict[int, int] = {}
        self._faces: dict[int, int] = {}
        """Faces in the last frame of each camera under way."""
        self._each = 0.0
        """Seconds that a face takes."""

    def offer(self, faces: FacesFound) -> bool:
        """Put a frame in; True if its camera had one waiting already (the older is dropped)."""
        with self._lock:
            occupied = faces.camera in self._waiting
            self._dropped[faces.camera] = self._dropped.get(faces.camera, 0) + occupied
            self._waiting[faces.camera] = faces
            return occupied

    def take(self, camera: int) -> FacesFound | None:
        """Take a camera's waiting frame out."""
        with self._lock:
            return self._waiting.pop(camera, None)

    def dropped(self, camera: int) -> int:
        """Frames of a camera that newer ones replaced in here."""
        with self._lock:
            return self._dropped.get(camera, 0)

    def wanted(self, faces: FacesFound) -> FacesWanted:
        """Ask for the frame after `faces`, which is recognised now, then one of each other
        camera."""
        self._faces[faces.camera] = len(faces.boxes)
        return FacesWanted(
            camera=faces.camera, after=round(self._each * sum(self._faces.values()), 4)
        )

    def took(self, faces: FacesFound, seconds: float) -> None:
        """Learn how long recognising a frame took."""
        if faces.boxes:
            each = seconds / len(faces.boxes)
            self._each += (LEARNING_TURNS if self._each else 1.0) * (each - self._each)

    def ended(self, camera: int) -> None:
        """No more frames come from a camera."""
        self._faces.pop(camera, None)
