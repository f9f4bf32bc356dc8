"""The camera's half of live recognition: find and align every face of every frame.

The model says when it can take a camera's next frame (`FacesWanted`); until just before that, the
camera's frames go to the preview only. So detection is spent on the newest frames, and on those
that are recognised.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.camera.folder import noted, pictures_of
from engine.camera.reader import Reader
from engine.camera.recording import recorded_frames
from engine.camera.source import Frame
from engine.cancel import Cancel
from engine.contract import BoxTuple, Emit, Notice
from engine.contract.messages import FacesFound, FacesWanted
from engine.contract.requests import RecogniseRequest, Wishes
from engine.faces.align import Face
from engine.faces.detect import FaceFinder, FaceFollower
from engine.faces.quality import lies
from engine.jobs.preview import Viewer
from engine.pictures import Unreadable, read_photograph
from engine.settings import Settings
from engine.text import many

LEARNING = 0.2
"""Weight of the last frame in the running means."""
POLL = 0.2
"""Seconds after which a wait looks whether it was cancelled."""


class FramePace:
    """At most one frame is with the model and one on its way: set on the thread that hears the
    model, used up by the job that has the camera.
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
            self._admitted: float | None = None
            self._gap = self._cost = 0.0

    def take(self, message: Any) -> bool:
        """Take a message if it is the model's; whether it was."""
        if not isinstance(message, FacesWanted):
            return False
        with self._changed:
            self._due = self._clock() + message.after
            self._changed.notify_all()
        return True

    def admit(self) -> bool:
        """Whether the frame at hand is to be looked at. Ask once for each frame.

        It is as soon as a later one would come too late: its faces arrive when the model is ready,
        or waited for the time from one frame to the next.
        """
        with self._changed:
            now = self._clock()
            if self._asked is not None and self._admitted is None:
                self._gap += LEARNING * (now - self._asked - self._gap)
            self._asked, self._admitted = now, None
            if self._due is None or now + self._gap + self._cost < self._due:
                return False
            self._due, self._admitted = None, now
            return True

    def sent(self) -> None:
        """The frame that was looked at is on its way."""
        with self._changed:
            if self._admitted is not None:
                self._cost += LEARNING * (self._clock() - self._admitted - self._cost)

    def wait(self, cancel: Cancel) -> None:
        """Wait until the model takes another frame, for frames of which none may be left out."""
        with self._changed:
            while self._due is None and not cancel.stopping:
                self._changed.wait(POLL)
            self._due = None


NO_PICTURE = np.empty((0, 0, 3), np.uint8)
FRESH = 0.7
"""Seconds that a box may be shown for after the frame it was found in."""
Deliver = Callable[[FacesFound], None]


def watch(
    settings: Settings,
    request: RecogniseRequest,
    cancel: Cancel,
    emit: Emit,
    deliver: Deliver,
    *,
    preview: Wishes | None,
    pace: FramePace | None = None,
    patient: bool = False,
) -> tuple[int, int]:
    """Deliver the faces of each frame until the source ends or `cancel` is set.

    With `pace`, for one who takes the faces in a process of its own, a live source's frames
    are looked at only as they can be taken; the others are shown, and count as dropped. Frames of
    which none may be left out wait instead. `patient` as in Reader. Returns the numbers of frames
    read and dropped. Raises SourceError.
    """
    folder = Path(request.source).expanduser()
    if request.each and os.path.isdir(folder):
        return _each_picture(settings, folder, cancel, emit, deliver, pace), 0
    viewer = Viewer(emit, title="Facedesk", window=request.window, preview=preview)
    seen = _Seen()
    chosen = None if request.frames is None else frozenset(request.frames)
    try:
        with Reader(
            request.source, settings.camera, request.pace, emit, cancel, patient=patient
        ) as reader:
            photographs = reader.info.kind == "folder"
            find = face_search(settings, emit, photographs=photographs)
            lossy = request.pace == "live" and not photographs

            def show(frame: Frame) -> None:
                boxes = seen.boxes(frame)
                text = f"{many(len(boxes), 'face')}, frame {frame.sequence}"
                lines = (text, "Enter or Esc: stop")
                dropped = reader.dropped + seen.skipped
                if not viewer.show(frame, boxes, lines, dropped, seen.searched):
                    cancel.stop()

            def wanted(frame: Frame) -> bool:
                seen.frames += 1
                # A picture that stands still shows nobody who is there now.
                if not reader.still and (pace is None or not lossy or pace.admit()):
                    return True
                seen.skipped += 1
                show(frame)
                return False

            most = settings.record.most_megabytes
            frames = filter(wanted, reader.frames(cancel))
            with closing(
                recorded_frames(frames, reader.info, request.recording, most, emit)
            ) as taken:
                for frame in taken:
                    faces = find(frame.image)
                    seen.note(frame, faces)
                    if not faces or chosen is None or frame.sequence in chosen:
                        if pace is not None and not lossy:
                            pace.wait(cancel)
                        dropped = reader.dropped + seen.skipped
                        deliver(
                            faces_found(frame, faces, dropped, lossy=lossy, single=request.each)
                        )
                        if pace is not None:
                            pace.sent()
                    show(frame)
            return seen.frames, reader.dropped + seen.skipped
    finally:
        viewer.close()


def _each_picture(
    settings: Settings,
    folder: Path,
    cancel: Cancel,
    emit: Emit,
    deliver: Deliver,
    pace: FramePace | None,
) -> int:
    """Deliver the most central face of every picture of a folder, or none; how many pictures."""
    finder = FaceFinder(settings.detection)
    number = 0
    for number, (path, label) in enumerate(pictures_of(folder, emit), 1):
        image = NO_PICTURE
        faces: tuple[Face, ...] = ()
        unread = False
        try:
            image = read_photograph(path, noted(label, emit))
            faces = finder.find_in_photograph(image)[:1]
        except Unreadable as error:
            unread = True
            emit(Notice(text=str(error), level="warning"))
        if pace is not None:
            pace.wait(cancel)
        if cancel.stopping:
            return number - 1
        frame = Frame(image, number - 1, float(number - 1), label)
        found = faces_found(frame, faces, 0, lossy=False, single=True)
        deliver(replace(found, unread=unread))
    return number


@dataclass(slots=True)
class _Seen:
    """What a run has seen: counts, and the faces found last."""

    frames: int = 0
    skipped: int = 0
    """Frames that were not looked at."""
    at: float = -math.inf
    last: tuple[BoxTuple, ...] = ()
    searched: int = 0
    """Number of the frame that `last` is of."""

    def note(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Keep the places of the faces of a frame."""
        self.at, self.searched = frame.seconds, frame.sequence
        self.last = tuple(face.box_in(frame.image).as_tuple for face in faces)

    def boxes(self, frame: Frame) -> tuple[BoxTuple, ...]:
        """Where the faces are in a frame, or were a moment before."""
        return self.last if 0 <= frame.seconds - self.at <= FRESH else ()


def face_search(
    settings: Settings, emit: Emit, *, photographs: bool
) -> Callable[[NDArray[np.uint8]], tuple[Face, ...]]:
    """The search that fits the frames of a source: photographs may be tight or huge.

    In live frames faces narrower than `detection.smallest_face` are left out: they are found, but
    hold too little to be named. A camera that stands on its head or lies on its side is told
    once, by a Notice.
    """
    most = settings.recognition.most_faces
    if photographs:
        finder = FaceFinder(settings.detection)
        return lambda image: finder.find_in_photograph(image)[:most]
    follower = FaceFollower(settings.detection)
    smallest = settings.detection.smallest_face
    told = False

    def find(image: NDArray[np.uint8]) -> tuple[Face, ...]:
        nonlocal told
        faces = follower.find(image, most)
        if not told:
            for face in follower.lying(image) or faces[:1]:
                if gate := lies(face, settings.gates):
                    emit(Notice(text=gate.hint, level="warning"))
                    told = True
        return tuple(face for face in faces if face.box.width >= smallest)

    return find


def faces_found(
    frame: Frame, faces: Sequence[Face], dropped: int, *, lossy: bool, single: bool = False
) -> FacesFound:
    """The message for one frame's faces."""
    crops = b"".join(np.ascontiguousarray(face.crop).tobytes() for face in faces)
    return FacesFound(
        source=frame.label,
        frame=frame.sequence,
        seconds=frame.seconds,
        boxes=tuple(face.box_in(frame.image).as_tuple for face in faces),
        crops=crops,
        dropped=dropped,
        lossy=lossy,
        eyes_found=tuple(face.eyes_found for face in faces),
        aligned=faces[0].aligned if faces else "eyes",
        single=single,
    )
