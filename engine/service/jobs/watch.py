"""The camera's half of live recognition: find and align every face of every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import numpy as np

from engine.camera.frame import Frame
from engine.camera.reader import Reader
from engine.camera.tape import taped
from engine.cancel import Cancel
from engine.config import Settings
from engine.events import Emit
from engine.faces.align import Face
from engine.faces.detect import FaceFinder
from engine.i18n import _
from engine.service.jobs.view import Viewer
from engine.service.messages import FacesFound
from engine.service.previewing import Wishes
from engine.service.protocol import RecogniseRequest

Deliver = Callable[[FacesFound], None]


def watch(
    settings: Settings,
    request: RecogniseRequest,
    cancel: Cancel,
    emit: Emit,
    deliver: Deliver,
    *,
    preview: Wishes | None,
) -> tuple[int, int]:
    """Deliver the faces of each frame until the source ends or `cancel` is set.

    Returns the numbers of frames read and dropped. Raises SourceError.
    """
    finder = FaceFinder(settings.detection)
    viewer = Viewer(emit, title="Facedesk", window=request.window, preview=preview)
    frames = 0
    try:
        with (
            Reader(request.source, settings.camera, request.pace, emit, cancel) as reader,
            closing(
                taped(reader, cancel, request.tape, settings.record.most_megabytes, emit)
            ) as recorded,
        ):
            photographs = reader.info.kind == "folder"
            for frame in recorded:
                frames += 1
                faces = find_faces(finder, frame, photographs, settings.recognition.most_faces)
                lossy = request.pace == "live"
                deliver(faces_found(frame, faces, reader.dropped, lossy=lossy))
                boxes = tuple(face.box.as_tuple for face in faces)
                text = _("{count} faces, frame {sequence}").format(
                    count=len(faces), sequence=frame.sequence
                )
                if not viewer.show(frame, boxes, (text, _("Enter or Esc: stop")), reader.dropped):
                    cancel.stop()
            return frames, reader.dropped
    finally:
        viewer.close()


def find_faces(finder: FaceFinder, frame: Frame, photographs: bool, most: int) -> tuple[Face, ...]:
    """The faces of one frame, by the search that fits: photographs may be tight or huge."""
    if photographs:
        return finder.find_in_photograph(frame.image)[:most]
    return finder.find(frame.image, most)


def faces_found(frame: Frame, faces: Sequence[Face], dropped: int, *, lossy: bool) -> FacesFound:
    """The message for one frame's faces."""
    crops = b"".join(np.ascontiguousarray(face.crop).tobytes() for face in faces)
    return FacesFound(
        source=frame.label,
        frame=frame.sequence,
        seconds=frame.seconds,
        boxes=tuple(face.box.as_tuple for face in faces),
        crops=crops,
        dropped=dropped,
        lossy=lossy,
        eyes_found=tuple(face.eyes_found for face in faces),
    )
