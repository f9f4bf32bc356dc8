"""What the desk's process and its child processes send each other, besides events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.contract import BoxTuple, FaceAnswer, JobEnded, SourceFailed, TwinChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First message to a child: where to work and with which settings (as plain JSON)."""

    workspace: str
    settings: dict[str, Any]
    vault: bytes = field(default=b"", repr=False)
    """What opens an encrypted workspace, as `engine.workspace.vault.opened.pass_on` gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin a job; `request` is one of the classes of `engine.contract.requests`.

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
    """A child is there. `beats` are the heartbeats of its jobs, see `engine.desk.child_main`."""

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
    """Recognition `run` is over: by the model process's word, or that of the camera process of its
    one source, which failed."""

    run: int
    ended: JobEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGivenUp:
    """One of several sources of recognition `run` has failed, by the word of its camera process."""

    run: int
    failed: SourceFailed


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
    and `run` as in `Start`. `single`: the picture stands for itself, and nothing is tracked;
    it is `unread` if it could not be read.
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
    run: int = 0
    single: bool = False
    unread: bool = False


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
class SessionJudged:
    """Whose faces a session shows.

    `faces` are the files of each face: first the one that stays if nobody is asked, then the
    others; `typical`, face by face, its most typical file, and `looks_like` who else is enrolled
    and looks like it, empty if nobody. `earlier` is a picture of the person's earlier sessions,
    below the workspace, if none of the faces is theirs. `why` says why it could not be told, else
    empty.
    """

    slug: str
    session: str
    faces: tuple[tuple[str, ...], ...] = ()
    looks_like: tuple[str, ...] = ()
    typical: tuple[str, ...] = ()
    earlier: str = ""
    why: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether another face than the person's is among them."""
        return len(self.faces) > 1 or bool(self.earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAnswered:
    """The operator's answer to a `SecondFace`: the capture that was held goes on or ends."""

    choice: FaceAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesEnded:
    """No more frames will come from a camera; after the last one the model process sums up."""

    frames: int
    camera: int = 0
    run: int = 0


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
